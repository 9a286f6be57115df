# SPDX-License-Identifier: MIT
"""bench_stamp: `sounder ping stamp://` against `sounder serve stamp`: how far from the wire, and how fast.

Sender and reflector stand in two namespaces joined by a veth pair, each pinned to its own CPU. A veth
pair carries a packet within the call that sends it: on the wire either direction takes no time, so what
is reported of it beyond its least is error, and so is all of the round trip without the residence.
"""

import contextlib
import itertools
import pathlib
import re
import subprocess
import tempfile

import netns
import wire_truth
from bench_accuracy import Ground, beside, records
from bench_serve import disturbed, rate
from figures import heading, median, micro, per_second, quantile, ratio, say, table, verdict
from servers import BenchError, Ours, announced_port, running

LOOPS = (0, 4)
# Options of the reflector, ms between probes: caches that are still warm, and cold ones.
WAYS = ((("--spin",), 1), ((), 1), ((), 10))
LOSS_PROBES, LOSS_INTERVAL_MS = 10_000, 2
FORWARD_PERCENT, REVERSE_PERCENT = 5, 2
KEY = "0123456789abcdef"  # as test/bench/requests.h has it
SESSIONS = 100_000

# At most, ns: median, p99.
BOUNDS = {"T4 − T1": (2500, 5000), "forward variation": (2500, 5000), "net rtt, by T3": (4000, 10000),
          "reverse variation, by T3": (4000, 10000), "net rtt, followed up": (2500, 6000),
          "reverse variation, followed up": (2500, 6000), "departure − T3": (None, 10000)}


def stamp_key(port):
    """Number and T1 of a request, or what a reply has copied of them."""

    def key(packet):
        if packet.protocol != "udp" or port not in packet.ports or len(packet.payload) < 44:
            return None
        asked = packet.ports[1] == port
        return (packet.payload[:12] if asked else packet.payload[24:36]), asked

    return key


class Reflector(Ground):
    """The two namespaces, and `sounder serve stamp` in one of them."""

    @contextlib.contextmanager
    def reflecting(self, *more):
        words = [self.bench.program("sounder"), "serve", "--workers", "1", *more, f"stamp://{self.host}:0"]
        with self._running(self.server, self.bench.server_cpu, words) as (process, errors):
            self.port = announced_port(process, errors)
            yield

    def sender(self, probes, interval_ms, *more):
        return [self.bench.program("sounder"), "ping", "-J", "-c", str(probes), "-i", f"{interval_ms}ms", *more,
                f"stamp://{self.host}:{self.port}"]

    def run(self, words, seconds):
        command = self.client.command(self.bench.pinned(self.bench.client_cpu, words))
        self.bench.note(self.bench.pinned(self.bench.client_cpu, words))
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds)
        if not done.stdout:
            raise BenchError(f"no records: {done.stderr.strip()}")
        return records(done.stdout)


# --- how far from the wire -----------------------------------------------------------------------


def errors_of(told, journeys):
    """{what: [how far from the truth, ns]} of one run."""
    replies = {record["seq"]: record for record in told if record["type"] == "reply"}
    sent = sorted(record["seq"] for record in told if record["type"] in ("reply", "loss", "refused"))
    if len(journeys) < len(sent):
        raise BenchError(f"{len(sent)} probes reported, {len(journeys)} requests on the wire")
    truth = {seq: journey.rtt for seq, journey in zip(sent, journeys)}  # closing probes come behind
    timed = [reply for reply in replies.values() if "residence_ns" in reply]
    followed = [record for record in told if record["type"] == "follow_up"]
    return {
        "T4 − T1": [abs(reply["rtt_ns"] + reply["residence_ns"] - truth[reply["seq"]])
                    for reply in timed if truth[reply["seq"]]],
        "forward variation": [each["forward_pdv_ns"] for each in timed if "forward_pdv_ns" in each],
        "net rtt, by T3": [each["rtt_ns"] for each in timed],
        "reverse variation, by T3": [each["reverse_pdv_ns"] for each in timed if "reverse_pdv_ns" in each],
        "net rtt, followed up": [each["rtt_ns"] for each in followed],
        "reverse variation, followed up": [each["reverse_pdv_ns"] for each in followed if "reverse_pdv_ns" in each],
        "departure − T3": [each["residence_ns"] - replies[each["seq"]]["residence_ns"]
                           for each in followed if "residence_ns" in replies.get(each["seq"], {})],
    }


def ask(ground, probes, interval_ms):
    with wire_truth.Wire(ground.client, ground.server) as wire:
        told = ground.run(ground.sender(probes, interval_ms), probes * interval_ms / 1000 + 60)
    return errors_of(told, wire.journeys(stamp_key(ground.port)))


def judged(name, middle, tail):
    most = BOUNDS[name]
    within = (most[0] is None or middle <= most[0]) and tail <= most[1]
    bound = " / ".join("–" if each is None else f"{each / 1000:g}" for each in most)
    return verdict(f"≤ {bound}", within)


def accuracy(ground, options):
    rows = []
    for loops, (more, interval_ms) in itertools.product(LOOPS, WAYS):
        with ground.reflecting(*more), ground.busy(loops):
            runs = [ask(ground, options.probes, interval_ms) for _ in range(options.rounds)]
        how = loops, interval_ms, " ".join(more) or None
        for name in BOUNDS:
            fit = [run[name] for run in runs if run[name]]
            if not fit:
                rows.append([name, *how, None, None, "nothing was told of it"])
                continue
            middle = median(median(run) for run in fit)
            tail = median(quantile(run, 0.99) for run in fit)
            rows.append([name, *how, micro(middle), micro(tail), judged(name, middle, tail)])
    heading(3, "Error against the wire")
    say(f"{options.probes} probes in each run, busy loops on the sender's CPU, each figure the median of "
        f"{options.rounds} runs.")
    table(["what", "loops", "ms apart", "reflector", "median", "p99", "bound, µs"], rows, key="stamp-error")


# --- loss by direction ---------------------------------------------------------------------------


def drop(where, rule):
    text = ("add table inet bench\nadd chain inet bench input { type filter hook input priority 0; }\n"
            f"add rule inet bench input {rule} counter drop\n")
    done = subprocess.run(where.command(["nft", "-f", "-"]), input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BenchError(f"nft: {done.stderr.strip()}")


def dropped(where):
    listed = subprocess.run(where.command(["nft", "list", "ruleset"]), capture_output=True, text=True, check=False).stdout
    return sum(map(int, re.findall(r"counter packets (\d+)", listed)))


def loss(ground, options):
    probes = min(LOSS_PROBES, 10 * options.probes)
    drop(ground.server, f"udp dport {ground.port} numgen random mod 100 < {FORWARD_PERCENT}")
    drop(ground.client, f"udp sport {ground.port} numgen random mod 100 < {REVERSE_PERCENT}")
    told = ground.run(ground.sender(probes, LOSS_INTERVAL_MS, "-q"), probes * LOSS_INTERVAL_MS / 1000 + 60)
    summary = next(record for record in told if record["type"] == "summary")
    truth = dropped(ground.server), dropped(ground.client)
    said = summary.get("forward_lost"), summary.get("reverse_lost")
    # Closing probes may be dropped too, and are no losses.
    spare = summary["closing_probes"]
    exact = summary["undetermined"] == 0 and all(one is not None and 0 <= real - one <= spare for one, real in zip(said, truth))
    heading(3, "Loss by direction")
    say(f"{summary['transmitted']} probes at {LOSS_INTERVAL_MS} ms; nft drops {FORWARD_PERCENT} % of the requests and "
        f"{REVERSE_PERCENT} % of the replies at random, and counts them.")
    table(["", "told", "dropped"], [["forward", said[0], truth[0]], ["reverse", said[1], truth[1]],
                                    ["undetermined", summary["undetermined"], None], ["closing probes", spare, None],
                                    ["exact", verdict("", exact), None]], key="stamp-loss")


# --- how fast ------------------------------------------------------------------------------------


class Stamp(Ours):
    def __init__(self, bench, name, *more):
        super().__init__(bench, "stamp")
        self.name = name
        self.command += more


def throughput(bench, options):
    heading(3, "Replies a second, 64 outstanding")
    say("One worker on a CPU of its own, on loopback; the client's requests are made in advance and sent in batches. "
        "It looks for replies without sleeping: the server pays for no wake-up.")
    with tempfile.TemporaryDirectory() as directory:
        keys = pathlib.Path(directory) / "keys"
        keys.write_text(f"* text:{KEY}\n")
        keys.chmod(0o600)
        load = ["--in-flight", "64", "--spin", "1", "--warm-up", "8000", "--rounds", str(40 * options.probes)]
        sides = [(Ours(bench, "udp-echo"), "udp", ["--size", "64"], None),
                 (Stamp(bench, "stamp"), "stamp", ["--size", "64"], 0.75),
                 (Stamp(bench, "stamp, stateless", "--stamp-stateless"), "stamp", ["--size", "64"], None),
                 (Stamp(bench, "stamp, authenticated", "--stamp-keys", str(keys)), "stamp",
                  ["--size", "112", "--sealed", "1"], 0.5)]
        runs = [[] for _ in sides]
        for _ in range(options.runs):
            for (side, mode, more, _), kept in zip(sides, runs):
                with side.start() as server:
                    kept.append(bench.load(server, mode, [*load, *more]))
    rows, first = [], None
    for (side, _, more, least), kept in zip(sides, runs):
        speed = median(map(rate, kept))
        first = first or speed
        name = "udp-echo" if side is sides[0][0] else side.name
        share = speed / first
        judged_as = None if least is None else verdict(f"≥ {least:g}", share >= least)
        rows.append([name, more[1], per_second(speed), micro(median(run["cpu"] / max(1, run["answered"]) for run in kept)),
                     ratio(speed, first), sum(run["lost"] + run["corrupt"] + run["strange"] for run in kept),
                     sum(map(bool, map(disturbed, kept))), judged_as])
    table(["service", "octets", "replies", "CPU of each", "beside udp-echo", "unanswered", "runs disturbed", "bound"], rows,
          key="stamp-rate")


def memory(bench):
    words = [bench.program("sounder"), "serve", "-v", "--workers", "1", "--stamp-sessions", str(SESSIONS), "stamp://127.0.0.1:0"]
    with tempfile.TemporaryFile() as errors, running(words, errors) as process:
        announced_port(process, errors)
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
        errors.seek(0)
        said = [re.sub(r"^t=\S+ level=\S+ ", "", line) for line in errors.read().decode().splitlines()
                if re.search("memory|session", line)]
    heading(3, f"Memory at {SESSIONS} sessions")
    table(["what the reflector says", ""], [[line, ""] for line in said] +
          [["resident before the first request", re.search(r"VmRSS:\s*(.*)", status)[1]]], key="stamp-memory")


def run(bench, options):
    heading(2, "STAMP")
    with netns.pair() as (client, server), beside(bench.server_cpu):
        ground = Reflector(bench, client, server)
        accuracy(ground, options)
        with ground.reflecting():
            loss(ground, options)
    throughput(bench, options)
    memory(bench)
