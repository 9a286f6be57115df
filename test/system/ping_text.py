# SPDX-License-Identifier: MIT
"""Reads what `sounder ping` prints for people. One place that knows the format."""
import dataclasses
import re

NUMBER = r"\d+(?:\.\d+)?"
HEADER = re.compile(r"^PING (?P<target>\S+) \((?P<address>[^)]+)\)(?: (?P<bytes>\d+) bytes)?.*, every (?P<every>[^, ]+)(?:, [^,\n]+)*, [a-z]+(?: [a-z]+)* timestamps(?: on \w+)?$", re.M)
REPLY = re.compile(
    rf"^(?:\[(?P<stamp>\d+\.\d+)\] )?(?:(?P<bytes>\d+) bytes|answer) from (?P<address>[0-9a-fA-F.:%\w]+): seq=(?P<seq>\d+)"
    rf"(?: ttl=(?P<ttl>\d+))? time=(?P<time>{NUMBER}) ms(?P<rest>.*)$",
    re.M,
)
LOST = re.compile(r"^(?:\[\d+\.\d+\] )?no answer from (?P<address>\S+): seq=(?P<seq>\d+) \((?P<why>.+)\)$", re.M)
REFUSED = re.compile(r"^(?:\[\d+\.\d+\] )?refused by (?P<address>\S+): seq=(?P<seq>\d+) \((?P<why>.+)\)$", re.M)
UNSENT = re.compile(r"^(?:\[\d+\.\d+\] )?not sent: seq=(?P<seq>\d+) \((?P<why>.+)\)$", re.M)
STATISTICS = re.compile(r"^--- (?P<target>\S+) ping statistics ---$", re.M)
TOTALS = re.compile(
    rf"^(?P<sent>\d+) packets transmitted, (?P<received>\d+) received, (?P<loss>{NUMBER})% packet loss, time (?P<time>\d+)ms$", re.M
)
RTT = re.compile(rf"^rtt min/avg/max/mdev = ({NUMBER})/({NUMBER})/({NUMBER})/({NUMBER}) ms$", re.M)
QUANTILES = re.compile(rf"^rtt (?P<names>p50(?:/p[\d.]+)*) = (?P<values>{NUMBER}(?:/{NUMBER})*) ms$", re.M)
JITTERS = re.compile(
    rf"^jitter (?P<rfc3550>{NUMBER}) ms \(RFC 3550\)(?: · ipdv avg/max = (?P<ipdv>{NUMBER})/(?P<ipdv_max>{NUMBER}) ms)?"
    rf" · pdv p50/(?:p99/)?max = (?P<pdv>{NUMBER}(?:/{NUMBER})+) ms$",
    re.M,
)
LOSSES = re.compile(r"^(?P<runs>\d+) loss runs?, (?P<outages>\d+) of more than one, longest (?P<longest>\d+)$", re.M)
STAMPS = re.compile(r"^timestamps: (?P<takers>\d+ by \w+(?:, \d+ by \w+)*)?(?:, )?(?:(?P<distrusted>\d+) contradicted the clock)?$", re.M)
INTERVAL = re.compile(
    rf"^(?:\[\d+\.\d+\] )?interval (?P<number>\d+)(?: of (?P<target>\S+))?, (?P<span>[^:]+): (?P<received>\d+)/(?P<sent>\d+) packets"
    rf"(?:, (?P<loss>{NUMBER})% packet loss)?(?:, min/avg/max/mdev = (?P<rtt>{NUMBER}(?:/{NUMBER}){{3}}) ms)?$",
    re.M,
)
PART = re.compile(rf"^(?P<name>[a-z: ()]+?) {{2,}}(?P<figures>(?:{NUMBER}|-)(?: +(?:{NUMBER}|-)){{3}})(?:  \(unknown for (?P<unknown>{NUMBER})%\))?$", re.M)


@dataclasses.dataclass
class Jitters:
    """In ms; None where the sample does not have it."""

    rfc3550: float
    ipdv: float
    ipdv_max: float
    pdv: tuple


def jitters(out):
    """The three jitters of the first summary."""
    found = JITTERS.search(out)
    assert found, out
    single = [float(found[name]) if found[name] else None for name in ("rfc3550", "ipdv", "ipdv_max")]
    return Jitters(*single, tuple(map(float, found["pdv"].split("/"))))


def anatomy(out):
    """The parts of the round trips: name to (mean, p50, p99, max) in us, those that are known."""
    return {m["name"].strip(): tuple(map(float, m["figures"].split())) for m in PART.finditer(out) if "-" not in m["figures"]}


@dataclasses.dataclass
class Summary:
    """The statistics of one target."""

    target: str
    sent: int
    received: int
    loss: float
    rtt: tuple  # min, avg, max, mdev in ms; None without answers
    text: str

    def count(self, name):
        """How many `late`, `duplicate`, `junk`, `refused`, `unsent` … it speaks of; 0 when it does not."""
        found = re.search(rf"(\d+) {name}|{name}\w* (\d+)", self.text)
        return int(found[1] or found[2]) if found else 0


def summaries(out):
    """All summaries of an output, in order."""
    heads = list(STATISTICS.finditer(out))
    ends = [head.start() for head in heads[1:]] + [len(out)]
    return [_summary(head["target"], out[head.end() : end]) for head, end in zip(heads, ends)]


def _summary(target, text):
    totals = TOTALS.search(text)
    if totals:
        sent, received, loss = int(totals["sent"]), int(totals["received"]), float(totals["loss"])
    else:  # nothing was sent: loss has no value
        sent, received = map(int, re.search(r"(\d+) packets transmitted, (\d+) received", text).groups())
        loss = None
    rtt = RTT.search(text)
    return Summary(target, sent, received, loss, tuple(map(float, rtt.groups())) if rtt else None, text)


def summary(result):
    """The only summary of a Result."""
    found = summaries(result.out)
    assert len(found) == 1, result
    return found[0]


def seqs(pattern, out):
    """Sequence numbers of all lines that match one of the patterns above."""
    return [int(match["seq"]) for match in pattern.finditer(out)]
