# SPDX-License-Identifier: MIT
"""bench_accuracy: how far is each reported round-trip time from the one on the wire?

Client and server stand in two namespaces joined by a veth pair, each pinned to its own CPU; beside
the client run busy loops. What the wire saw is taken by wire_truth. Ours and the references take
turns, run by run.
"""

import collections
import contextlib
import itertools
import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile
import time

import netns
import wire_truth
from figures import Figure, heading, median, quantile, rank, ratio, say, table, verdict, verdicts
from servers import BenchError, Server, announced_port, free_port, running

KINDS = ("icmp", "udp-echo", "tcp-echo", "tcp")
LOOPS = (0, 1, 2, 4)
INTERVAL_MS = 10
SPARE_SECONDS = 60  # beside busy loops a client may need them
SETTLE_SECONDS = 0.2  # for the kernel to begin stamping, and for loops to have used up their credit
PATIENCE_SECONDS = 10

# At most so far from the wire, ns: median without loops, median beside them, p99.
BOUNDS = {"icmp": (2500, 1500, 5000), "udp-echo": (2500, 1500, 5000),
          "tcp-echo": (2500, 1500, 5000), "tcp": (15000, 35000, None)}
RATIO, ALLOWANCE = 1.2, 200  # against the reference: RATIO × its error + ALLOWANCE


# --- who reports: a command, and how to read its rtts (ns, in the order of sending; None: lost) ---


def records(output):
    found = []
    for line in output.splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            raise BenchError(f"not a JSON record: {line[:120]}") from None
    return found


def echoes(key):
    return lambda wire: wire.journeys(key)


def streams(size):
    return lambda wire: wire.streams(size)


def common(size):
    """How the journeys of each kind are found, for echoes of so many bytes."""
    return {"icmp": echoes(wire_truth.echo_key), "udp-echo": echoes(wire_truth.echo_key),
            "tcp-echo": streams(size), "tcp": echoes(wire_truth.handshake_key)}


class Sounder:
    name = "sounder"
    journeys = common(56)

    def __init__(self, bench):
        self.program = bench.program("sounder")

    def command(self, kind, server, probes):
        host = server.host if kind == "icmp" else f"{server.host}:{server.port}"
        return [self.program, "ping", "-J", "-c", str(probes), "-i", f"{INTERVAL_MS}ms",
                f"{kind}://{host}"]

    @staticmethod
    def read(output, probes):
        by_seq = {record["seq"]: record for record in records(output)
                  if record["type"] in ("reply", "loss", "refused")}
        return [by_seq[seq].get("rtt_ns") if by_seq[seq]["type"] == "reply" else None
                for seq in sorted(by_seq)]

    @staticmethod
    def fates(output):
        """How many of each fate; answers by who took the stamps, `sent/received`."""
        seen = collections.Counter()
        for record in records(output):
            if record["type"] == "reply":
                unmeasured = "" if "rtt_ns" in record else ", no rtt"
                seen[f"{record['tx_stamp']}/{record['rx_stamp']}{unmeasured}"] += 1
            elif record["type"] in ("loss", "refused", "unsent", "late", "duplicate", "junk"):
                seen[record["type"]] += 1
        return seen


class Reference:
    name = "ref_probe"
    journeys = common(64)
    modes = {"icmp": "icmp", "udp-echo": "udp", "tcp-echo": "tcp", "tcp": "connect"}

    def __init__(self, bench):
        self.program = bench.reference("ref_probe")

    def command(self, kind, server, probes):
        return [self.program, self.modes[kind], server.host, str(server.port),
                str(INTERVAL_MS * 1_000_000), str(probes)]

    @staticmethod
    def read(output, probes):
        return [None if record["lost"] or not record["tx"] else record["rtt_ns"]
                for record in records(output) if "seq" in record]


class Iputils:
    name = "iputils ping"
    journeys = {"icmp": echoes(wire_truth.echo_key)}

    def __init__(self, bench):
        pass

    def command(self, kind, server, probes):
        return ["ping", "-n", "-c", str(probes), "-i", str(INTERVAL_MS / 1000), server.host]

    @staticmethod
    def read(output, probes):
        found = {int(seq): round(float(time_) * 1e6) for seq, time_ in
                 re.findall(r"icmp_seq=(\d+) .*time=([\d.]+) ms$", output, re.M)}
        return [found.get(seq) for seq in range(1, probes + 1)]


def irtt_key(packet):
    """An irtt test packet: magic, flags (1 opens, 4 closes, 2 replies), token, sequence number."""
    data = packet.payload
    if packet.protocol != "udp" or data[:3] != b"\x14\xa7\x5b" or data[3] & 5:
        return None
    return data[12:16], not data[3] & 2


class Irtt:
    name = "irtt"
    journeys = {"udp-echo": echoes(irtt_key)}

    def __init__(self, bench):
        pass

    def command(self, kind, server, probes):
        return ["irtt", "client", "-Q", "-i", f"{INTERVAL_MS}ms", "-d", f"{INTERVAL_MS * probes}ms",
                "--wait=200ms", "-o", "-", f"{server.host}:{server.irtt_port}"]

    @staticmethod
    def read(output, probes):
        trips = json.loads(output)["round_trips"]
        return [trip["delay"].get("rtt") if trip["lost"] == "false" else None for trip in trips]


# --- the ground ----------------------------------------------------------------------------------


class Ground:
    """The two namespaces, and the servers that are asked."""

    def __init__(self, bench, client, server):
        self.bench = bench
        self.client = client
        self.server = server
        self.host = server.address
        self.port = None
        self.irtt_port = None

    @contextlib.contextmanager
    def serving(self, kind):
        """`sounder serve`: tcp-echo for handshakes too; by icmp the kernel answers."""
        service = "tcp-echo" if kind in ("tcp", "icmp") else kind
        words = [self.bench.program("sounder"), "serve", "--workers", "1", service,
                 "--host", self.host, "--port", "0"]
        with self._running(self.server, self.bench.server_cpu, words) as (process, errors):
            server = Server(process, announced_port(process, errors))
            self.port = server.port
            yield server

    @contextlib.contextmanager
    def irtt(self):
        self.irtt_port = self.server.call(free_port, 2)
        words = ["irtt", "server", "-b", f"{self.host}:{self.irtt_port}", "-i", "0"]
        with self._running(self.server, self.bench.server_cpu, words):
            yield

    @contextlib.contextmanager
    def busy(self, loops):
        """Busy loops on the client's CPU; they end by themselves should nobody end them."""
        words = ["timeout", "600", "sh", "-c", "while :; do :; done"]
        with contextlib.ExitStack() as stack:
            for _ in range(loops):
                stack.enter_context(self._running(self.client, self.bench.client_cpu, words))
            time.sleep(SETTLE_SECONDS)
            yield

    @contextlib.contextmanager
    def _running(self, where, cpu, words):
        command = where.command(self.bench.pinned(cpu, words))
        with tempfile.TemporaryFile() as errors, running(command, errors) as process:
            yield process, errors

    def ask(self, asker, kind, probes):
        """Runs one client under capture: its rtts, the wire's, its output."""
        words = self.bench.pinned(self.bench.client_cpu, asker.command(kind, self, probes))
        self.bench.note(["PORT" if word == str(self.port) else word for word in words])
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            with wire_truth.Wire(self.client, self.server) as wire:
                time.sleep(SETTLE_SECONDS)
                self._run(words, output, errors, probes)
            output.seek(0)
            errors.seek(0)
            text = output.read().decode(errors="replace")
            said = errors.read().decode(errors="replace").strip()
        if kind.startswith("tcp") and not wire.clean:
            raise BenchError("no TCX links here (Linux 6.6): TCP's truth is not to be had")
        reported = asker.read(text, probes)
        truth = [journey.rtt for journey in asker.journeys[kind](wire)]
        if not reported or len(reported) != len(truth):
            raise BenchError(f"{shlex.join(words)}: {len(reported)} probes reported, {len(truth)} "
                             f"requests on the wire; {said or text[-300:]}")
        return reported, truth, text

    def _run(self, words, output, errors, probes):
        try:
            subprocess.run(self.client.command(words), stdin=subprocess.DEVNULL, stdout=output,
                           stderr=errors, check=False,
                           timeout=probes * INTERVAL_MS / 1000 + SPARE_SECONDS)
        except subprocess.TimeoutExpired:
            raise BenchError(f"no end: {shlex.join(words)}") from None


# --- figures -------------------------------------------------------------------------------------


class Error:
    """One run: how far its rtts are from the wire's, in ns."""

    def __init__(self, reported, truth):
        signed = [ours - wire for ours, wire in zip(reported, truth) if ours is not None and wire]
        if not signed:
            raise BenchError("not one probe was answered")
        absolute = [abs(error) for error in signed]
        self.median = median(absolute)
        self.p99 = quantile(absolute, 0.99)
        self.worst = max(absolute)
        self.bias = median(signed)
        self.wire = median(wire for wire in truth if wire)
        self.missing = len(reported) - len(signed)


def middle(runs, name):
    """The median over the runs."""
    return median(getattr(run, name) for run in runs)


def micros(*values):
    """In µs; the first of them is the figure."""
    return Figure(" / ".join(f"{value / 1000:.2f}" for value in values), values[0], "ns")


def shown(runs):
    return None if not runs else micros(middle(runs, "median"), middle(runs, "p99"))


def judged(kind, loops, runs, references):
    """Which of the bounds are met."""
    idle, beside, tail = BOUNDS[kind]
    limit = beside if loops else idle
    said = [verdict(f"median ≤ {limit / 1000:g}", middle(runs, "median") <= limit)]
    if tail:
        said.append(verdict(f"p99 ≤ {tail / 1000:g}", middle(runs, "p99") <= tail))
    if references:
        least = RATIO * middle(references, "median") + ALLOWANCE
        said.append(verdict("reference", middle(runs, "median") <= least))
    return verdicts(said)


def row(kind, loops, results):
    ours, references = results["sounder"], results.get("ref_probe")
    beside_it = ratio(middle(ours, "median"), max(1, middle(references, "median"))) if references else None
    return [kind, loops, micros(middle(ours, "wire")), shown(ours), shown(references), beside_it,
            micros(middle(ours, "bias")), micros(max(run.worst for run in ours)),
            sum(run.missing for run in ours), judged(kind, loops, ours, references)]


def measure(ground, askers, kind, loops, options):
    """All runs of one kind beside so many loops: {name: [Error, …]}, and our probes' fates."""
    results, fates = {}, collections.Counter()
    fit = [asker for asker in askers if kind in asker.journeys]
    with ground.busy(loops):
        for _, asker in itertools.product(range(options.rounds), fit):
            reported, truth, text = ground.ask(asker, kind, options.probes)
            results.setdefault(asker.name, []).append(Error(reported, truth))
            if asker.name == "sounder":
                fates += asker.fates(text)
    return results, fates


def peer_rows(kind, loops, results):
    return [[kind, loops, name, shown(runs), micros(middle(runs, "bias")), micros(max(run.worst for run in runs))]
            for name, runs in results.items() if name != "ref_probe"]


PEERS = {"ping": Iputils, "irtt": Irtt}  # by their programs


def present(options, program):
    return not options.no_peers and shutil.which(program) is not None


def chosen(bench, options):
    askers = [] if bench.twin else [Sounder(bench)]
    if bench.references:
        askers.append(Reference(bench))
        if bench.twin:
            twin = Reference(bench)
            twin.name = "sounder"
            twin.fates = lambda output: collections.Counter()
            askers.insert(0, twin)
    askers += [asker(bench) for program, asker in PEERS.items() if present(options, program)]
    return askers


@contextlib.contextmanager
def beside(cpu):
    """This process, whose threads read the captures, keeps to the server's CPU."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cpu})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def run(bench, options):
    askers = chosen(bench, options)
    rows, peers, fates = [], [], []
    with (netns.pair() as (client, server), beside(bench.server_cpu),
          contextlib.ExitStack() as stack):
        # The reference knows only ping sockets.
        client.sysctl("net.ipv4.ping_group_range=0 2147483647")
        ground = Ground(bench, client, server)
        if present(options, "irtt"):
            stack.enter_context(ground.irtt())
        for kind in KINDS:
            with ground.serving(kind):
                for loops in LOOPS:
                    results, taken = measure(ground, askers, kind, loops, options)
                    rows.append(row(kind, loops, results))
                    fates.append([kind, loops, ", ".join(f"{fate} × {count}" for fate, count
                                                         in sorted(taken.items()))])
                    if any(kind in asker.journeys for asker in PEERS.values()):
                        peers += peer_rows(kind, loops, results)
    absent = [name for name in PEERS if not present(options, name)]
    why = "left out" if options.no_peers else "not installed"
    speak(options, rows, peers + [[None, None, name, why, None, None] for name in absent], fates)


def speak(options, rows, peers, fates):
    heading(2, "Error against the wire")
    say("How far the reported rtt is from the wire's, in µs, median / p99; veth pair between two "
        f"namespaces, {options.probes} probes at {INTERVAL_MS} ms, busy loops on the client's CPU, each "
        f"figure the median of {options.rounds} runs, taken in turn. Reference: no more than "
        f"{RATIO:g} × its median + {ALLOWANCE / 1000:g} µs.")
    table(["kind", "loops", "wire's rtt", "sounder", "ref_probe", "ratio of medians", "bias",
           "worst", "unanswered", "bounds"], rows, key="accuracy")
    table(["kind", "loops", "sounder's probes: stamps (sent/received), fates of the others"], fates, key="accuracy-fates")
    table(["kind", "loops", "program", "error", "bias", "worst"], peers, key="accuracy-peers",
          ranked=rank({"error": "least"}, name=2))
