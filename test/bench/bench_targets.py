# SPDX-License-Identifier: MIT
"""bench_targets: many targets on the loopback interface, as fast as it goes.

All stand in a namespace of their own, whose limits of ICMP are lifted and whose ping sockets are
open to all, so that nothing of the machine's is changed; all are pinned to the client's CPU, and
take turns.
"""

import contextlib
import ipaddress
import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import tempfile

import netns
from figures import Figure, heading, median, micro, per_second, rank, ratio, say, table, verdict
from servers import BenchError

PEERS = ("fping",)
ROUNDS_OF_PINGS = 5
FIRST = ipaddress.IPv4Address("127.1.0.0")
LIMIT_SECONDS = 120
FEW_PROBES = 2000
LAUNCH = pathlib.Path(__file__).with_name("launch.c")


class Run:
    """What one command cost, and what it said of its pings."""

    def __init__(self, cost, sent, received, mean=None, stamps=None):
        self.rate = received / (cost["wall"] / 1e9)
        self.cpu = cost["cpu"] / max(1, received)
        self.rss = cost["rss"] / 1024
        self.sent = sent
        self.lost = sent - received
        self.mean = mean  # ns
        self.stamps = stamps


class Ground:
    """The namespace, the list, and the launcher that weighs what it starts."""

    def __init__(self, bench, namespace, directory, targets):
        self.bench = bench
        self.namespace = namespace
        self.directory = pathlib.Path(directory)
        self.targets = targets
        self.list = self.directory / "LIST"
        self.list.write_text("".join(f"{FIRST + number}\n" for number in range(targets)))
        self.launch = self.directory / "launch"
        compiler = ["cc", "-O2", str(LAUNCH), "-o", str(self.launch)]
        if subprocess.run(compiler, check=False).returncode != 0:
            raise BenchError(f"cannot compile '{LAUNCH}'")

    def weigh(self, words, codes=(0,)):
        """Runs a command to its end: its cost, stdout, stderr."""
        words = self.bench.pinned(self.bench.client_cpu, words)
        self.bench.note([os.path.relpath(word, self.directory) if word == str(self.list) else word
                         for word in words])
        note = self.directory / "cost"
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            self._run(self.namespace.command([str(self.launch), str(note), *words]), output, errors)
            said = []
            for file in (output, errors):
                file.seek(0)
                said.append(file.read().decode(errors="replace"))
        cost = {name: int(value) for name, value in
                (pair.split("=") for pair in note.read_text().split())}
        if cost["status"] not in codes:
            raise BenchError(f"{shlex.join(words)}: exit {cost['status']}: "
                             f"{said[1].strip()[-300:]}")
        return cost, *said

    @staticmethod
    def _run(words, output, errors):
        with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=output, stderr=errors,
                              process_group=0) as process:
            try:
                process.wait(LIMIT_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                raise BenchError(f"no end after {LIMIT_SECONDS} s: {shlex.join(words)}") from None


# --- those that ping -----------------------------------------------------------------------------


def fping(ground):
    """fping at its best rate: no wait between packets, none between rounds."""
    cost, _, said = ground.weigh(["fping", "-q", f"-c{ROUNDS_OF_PINGS}", "-p1", "-i0",
                                  "-f", str(ground.list)], codes=(0, 1))
    counts = [(int(sent), int(back)) for sent, back in
              re.findall(r"xmt/rcv/%loss = (\d+)/(\d+)/", said)]
    means = [float(mean) * 1e6 for mean in re.findall(r"min/avg/max = [\d.]+/([\d.]+)/", said)]
    return Run(cost, sum(sent for sent, _ in counts), sum(back for _, back in counts),
               sum(means) / len(means) if means else None, "kernel, of receipt only")


def mping(ground):
    """The reference: one send each, receipts in batches."""
    cost, said, _ = ground.weigh([ground.bench.reference("mping"), "raw1", str(FIRST),
                                  str(ground.targets), str(ROUNDS_OF_PINGS)])
    found = re.search(r"sent=(\d+) got=(\d+) .*meanrtt=([\d.]+)us", said)
    if not found:
        raise BenchError(f"mping said nothing of its pings: {said}")
    return Run(cost, int(found[1]), int(found[2]), float(found[3]) * 1e3, "kernel, of receipt only")


def sounder(ground):
    cost, said, _ = ground.weigh(_sounder(ground, "-q"))
    sent, back = totals(said)
    mean = re.findall(r"^rtt min/avg/max/mdev = [\d.]+/([\d.]+)/", said, re.M)
    return Run(cost, sent, back, float(mean[-1]) * 1e6 if mean else None)


def _sounder(ground, *options):
    return [ground.bench.program("sounder"), "ping", *options, f"-c{ROUNDS_OF_PINGS}", "-f",
            "--targets", str(ground.list)]


def totals(said):
    """Transmitted and received: one line for all targets, or for a single one."""
    pairs = [(int(sent), int(back)) for sent, back in
             re.findall(r"^(\d+) packets transmitted, (\d+) received", said, re.M)]
    if not pairs:
        raise BenchError(f"sounder said nothing of its pings: {said[-300:]}")
    return sum(sent for sent, _ in pairs), sum(back for _, back in pairs)


# --- the mean rtt --------------------------------------------------------------------------------


def told(said):
    """Mean rtt in ns and who took the stamps, of the summaries in a stream of JSON records."""
    records = [json.loads(line) for line in said.splitlines()]
    answered = [record for record in records if record["type"] == "summary" and record["received"]]
    if not answered:
        raise BenchError(f"no answers: {said[-300:]}")
    received = sum(record["received"] for record in answered)
    takers = {f"{record['tx_stamp']}/{record['rx_stamp']}" for record in records
              if record["type"] == "start"}
    unlike = sum(record.get("user_stamps", 0) for record in answered)
    return (sum(record["avg_ns"] * record["received"] for record in answered) / received,
            f"{', '.join(sorted(takers))}; {unlike} of {received} by user")


def flood_mean(ground):
    _, said, _ = ground.weigh(_sounder(ground, "-J", "-q"))
    return told(said)


def few_mean(ground, pace, targets):
    """The first targets alone."""
    _, said, _ = ground.weigh([ground.bench.program("sounder"), "ping", "-J", "-q", pace,
                               f"-c{FEW_PROBES // targets}",
                               *(str(FIRST + number) for number in range(targets))])
    return told(said)


def means(ground, rounds):
    """Rows of (what, mean rtt, stamps). Two targets flooded are asked one by one, since on the
    loopback interface an answer has come before the call that sent returns, and with the stamps
    that many get; one target, and an easy pace, have a kernel's stamp of sending too."""
    asked = {f"{ground.targets} targets, -f": lambda: flood_mean(ground),
             "2 targets, -f": lambda: few_mean(ground, "-f", 2),
             "1 target, -f": lambda: few_mean(ground, "-f", 1),
             "1 target, -i1ms": lambda: few_mean(ground, "-i1ms", 1)}
    found = {what: [] for what in asked}
    for _ in range(rounds):
        for what, ask in asked.items():
            found[what].append(ask())
    return [(what, median(mean for mean, _ in runs), runs[0][1]) for what, runs in found.items()]


# --- figures -------------------------------------------------------------------------------------


def middle(runs, name):
    values = [getattr(run, name) for run in runs if getattr(run, name) is not None]
    return median(values) if values else None


def row(name, runs):
    mean = middle(runs, "mean")
    return [name, per_second(middle(runs, "rate")), micro(middle(runs, "cpu")),
            megabytes(middle(runs, "rss")), micro(mean) if mean else None,
            sum(run.sent for run in runs), sum(run.lost for run in runs)]


def megabytes(amount):
    return Figure(f"{amount:.1f} MB", amount, "MB")


def against_fping(results, name):
    """Rate and CPU per ping, as shares of fping's; None where it is not installed."""
    if "fping" not in results:
        return None, None
    return tuple(ratio(middle(results[name], what), middle(results["fping"], what))
                 for what in ("rate", "cpu"))


def judged(name, value, meets):
    return [name, value, verdict("", None if value is None else meets(value.value))]


def bounds(results, many, few):
    rate, cpu = against_fping(results, "sounder")
    rows = [judged("pings/s : fping's ≥ 2", rate, lambda value: value >= 2),
            judged("CPU per ping : fping's ≤ 0.6", cpu, lambda value: value <= 0.6),
            judged("RSS ≤ 8 MB", megabytes(middle(results["sounder"], "rss")), lambda value: value <= 8),
            judged("mean rtt − that of 2 targets, ± 1 µs", micro(many - few), lambda value: abs(value) <= 1000)]
    if "mping" in results:
        rate, cpu = against_fping(results, "mping")
        rows += [["mping's pings/s : fping's", rate, None], ["mping's CPU per ping : fping's", cpu, None]]
    return rows


def measure(ground, options):
    pingers = {"fping": fping, "sounder": sounder, "mping": mping}
    if not shutil.which("fping"):
        del pingers["fping"]
    if ground.bench.twin:
        del pingers["sounder"]
    if ground.bench.references is None:
        del pingers["mping"]
    results = {name: [] for name in pingers}
    for _ in range(options.rounds):
        for name, pinger in pingers.items():
            results[name].append(pinger(ground))
    return results


def speak(ground, results, rounds):
    heading(2, "Many targets")
    say(f"{ground.targets} loopback targets × {ROUNDS_OF_PINGS}, each figure the median of "
        f"{rounds} runs, taken in turn, start and end of the process included. fping and mping "
        "stamp the sending in user space.")
    table(["program", "pings/s", "CPU per ping", "peak RSS", "mean rtt", "sent", "lost"],
          [row(name, runs) for name, runs in results.items()]
          + [[name, "not installed", *[None] * 5] for name in PEERS if name not in results], key="targets",
          ranked=rank({"pings/s": "most", "CPU per ping": "least", "peak RSS": "least", "mean rtt": "least"}))


def compare_means(ground, results, rounds):
    rows = means(ground, rounds)
    table(["sounder", "mean rtt", "stamps (sent/received)"],
          [[what, micro(mean), stamps] for what, mean, stamps in rows], key="targets-mean")
    table(["bound", "measured", ""], bounds(results, rows[0][1], rows[1][1]), key="targets-bounds")


def run(bench, options):
    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-"))
        namespace = stack.enter_context(netns.Namespace("targets"))
        namespace.sysctl("net.ipv4.ping_group_range=0 2147483647", "net.ipv4.icmp_ratemask=0",
                         "net.ipv4.icmp_ratelimit=0")
        ground = Ground(bench, namespace, directory, options.targets)
        results = measure(ground, options)
        speak(ground, results, options.rounds)
        if not bench.twin:
            compare_means(ground, results, options.rounds)
