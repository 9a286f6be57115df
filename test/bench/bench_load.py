# SPDX-License-Identifier: MIT
"""bench_load: what `sounder load` costs, how fast it is, and whether it sees what a frozen server did."""

import contextlib
import itertools
import os
import signal
import socket
import tempfile
import time

from bench_serve import ATTEMPTS, Pairs, at_most, heads, rate, row, unanswered_row
from figures import Figure, heading, median, micro, milli, per_second, ratio, say, table, verdict
from load_client import RULE, disturbed, least, loaded, of_type, part, sounder_load
from servers import BenchError, Ours, Reference, Server, free_port, running, wait_ready

CONNECTIONS, SIZE = 64, 64
CPU_MOST = 1.1  # of the least a client can spend
UDP_LEAST = 350_000  # a second, where the reference reaches that
OUTSTANDING = 64
UDP_ROUNDS, UDP_WARM_UP = 400_000, 20_000

FREEZE_NS = 200_000_000
FROZEN_RATE, FROZEN_SECONDS = 20_000, 4
FROZEN_MAX_LEAST = 190_000_000
FROZEN_P99_WITHIN = 10_000_000

ROOM_CONNECTIONS, ROOM_DEPTH = 16, 1 << 16  # a million in flight, the most that so few can have
ROOM_MOST = 32 << 20

SERVICE_NS = 100_000  # of the server whose capacity is looked for
FIND_PROMISE = "p99<50ms"  # a fortieth of a step: reached at 1.025 of the capacity, and not by a stall of the machine
FIND_WITHIN = 0.1
FIND_SECONDS = 120


def tcp_server(bench):
    """Both clients are measured against the least a server can do, where it is there."""
    if bench.references is None:
        return Ours(bench, "tcp-echo")
    return Reference(bench, "ref_epoll", socket.SOCK_STREAM, ["PORT", "1"])


def udp_server(bench):
    if bench.references is None:
        return Ours(bench, "udp-echo")
    return Reference(bench, "ref_udp", socket.SOCK_DGRAM, ["PORT", "mm", "1"])


def take_turns(names, sides, server, wanted):
    """Pairs of runs of two clients against one and the same server; a side is called with the server."""
    pairs = Pairs(names)
    for attempt in range(wanted * ATTEMPTS):
        runs = [None] * len(sides)
        for place in range(len(sides)) if attempt % 2 == 0 else reversed(range(len(sides))):
            runs[place] = sides[place](server)
        (pairs.thrown if any(map(disturbed, runs)) else pairs.kept).append(runs)
        if len(pairs.kept) == wanted:
            break
    pairs.settle()
    return pairs


# --- what the generator costs --------------------------------------------------------------------


def generator(bench, options):
    seconds = options.load_seconds
    sides = [
        lambda server: loaded(bench, "tcp-echo", ["-c", str(CONNECTIONS), "-s", str(SIZE)], seconds, server),
        lambda server: least(bench, CONNECTIONS, SIZE, seconds, server)]
    with tcp_server(bench).start() as server:
        pairs = take_turns(["sounder load", "least_client"], sides, server, options.runs)
    heading(3, f"The generator's CPU, {CONNECTIONS} TCP connections")
    say(f"{SIZE}-byte round trips in a closed loop for {seconds} s, both clients in turn against one server. CPU is "
        "the kernel's account of the whole process, from its start to its end, by the answers it counted. The least "
        "client looks at nothing but the length of an answer.")
    table(heads(pairs), [
        row(pairs, "CPU per round trip", lambda run: run["cpu"] / max(run["answered"], 1), micro, at_most(CPU_MOST)),
        row(pairs, "the same by its own account", lambda run: run["told_cpu"] / max(run["answered"], 1), micro),
        row(pairs, "round trips", rate, per_second),
        row(pairs, "p50", lambda run: run["p50"], milli),
        row(pairs, "p99", lambda run: run["p99"], milli),
        unanswered_row(pairs)], key="load-cpu")
    say(f"{pairs.account()}.")


# --- datagrams -----------------------------------------------------------------------------------


def echo_bench(bench, server):
    return bench.load(server, "udp", ["--in-flight", str(OUTSTANDING), "--size", str(SIZE), "--warm-up",
                                      str(UDP_WARM_UP), "--rounds", str(UDP_ROUNDS)])


def datagram_bound(pairs):
    ours, theirs = pairs.each(rate)
    if theirs < UDP_LEAST:
        return verdict(f"≥ {UDP_LEAST / 1000:g} k/s where the reference reaches that", None)
    return verdict(f"≥ {UDP_LEAST / 1000:g} k/s", ours >= UDP_LEAST)


def datagrams(bench, options):
    sides = [
        lambda server: loaded(bench, "udp-echo", ["-c", "1", "--depth", str(OUTSTANDING), "-s", str(SIZE)],
                              options.load_seconds, server),
        lambda server: echo_bench(bench, server)]
    with udp_server(bench).start() as server:
        pairs = take_turns(["sounder load", "echo_bench"], sides, server, options.runs)
    heading(3, f"UDP, {OUTSTANDING} outstanding")
    say(f"One flow of {SIZE}-byte datagrams. echo_bench sends and receives whole batches, and does nothing else.")
    table(heads(pairs), [
        row(pairs, "round trips", rate, per_second, lambda *_: datagram_bound(pairs)),
        row(pairs, "p50", lambda run: run["p50"], micro),
        row(pairs, "p99", lambda run: run["p99"], micro),
        unanswered_row(pairs)], key="load-udp")
    say(f"{pairs.account()}.")


# --- a frozen server -----------------------------------------------------------------------------


class Freeze:
    """Stops the server in the middle of a run, and measures for how long."""

    def __init__(self, pid):
        self.pid = pid
        self.span = 0

    def __call__(self):
        time.sleep(FROZEN_SECONDS / 2)
        begun = time.monotonic_ns()
        os.kill(self.pid, signal.SIGSTOP)
        try:
            time.sleep(FREEZE_NS / 1e9)
        finally:
            os.kill(self.pid, signal.SIGCONT)
        self.span = time.monotonic_ns() - begun


def freezing(bench, options, frozen):
    """One run, its server frozen or not: its summary, and for how long."""
    with Ours(bench, "tcp-echo").start() as server:
        freeze = Freeze(server.pid) if frozen else None
        records, _ = sounder_load(bench, "tcp-echo", ["-c", str(CONNECTIONS), *options, "--warmup", "0",
                                                      "-d", f"{FROZEN_SECONDS}s"], FROZEN_SECONDS, server, freeze)
    return of_type(records, "load_summary"), freeze.span if freeze else 0


def time_or_none(values, show=milli):
    values = [value for value in values if value is not None]
    return show(median(values)) if values else None


def frozen_row(name, runs, judge=None):
    def column(times, figure):
        return time_or_none([part(summary, times, figure) for summary, _ in runs])

    return [name, milli(median(span for _, span in runs)), column("corrected", "p99_ns"), column("corrected", "max_ns"),
            column("uncorrected", "p99_ns"), column("uncorrected", "max_ns"),
            sum(summary["failed"] for summary, _ in runs), judge(runs) if judge else None]


def frozen_bound(runs):
    """A frozen span F delays what is due in it by up to F, evenly: p99 of the whole run is F less a hundredth of the
    run, which is 160 ms of 200."""
    expected = median(span for _, span in runs) - FROZEN_SECONDS * 10_000_000
    tails = [part(summary, "corrected", "p99_ns") for summary, _ in runs]
    worst = [part(summary, "corrected", "max_ns") for summary, _ in runs]
    if None in tails or None in worst:
        return verdict("nothing corrected was told", False)
    met = median(worst) >= FROZEN_MAX_LEAST and abs(median(tails) - expected) <= FROZEN_P99_WITHIN
    return verdict(f"corrected: max ≥ {FROZEN_MAX_LEAST / 1e6:g} ms, p99 within {FROZEN_P99_WITHIN / 1e6:g} ms of "
                   f"{expected / 1e6:.0f} ms", met)


def freezes(bench, options):
    cases = {f"open loop, {FROZEN_RATE} a second": (["-R", str(FROZEN_RATE)], True, frozen_bound),
             "closed loop": ([], True, None), "closed loop, never frozen": ([], False, None)}
    runs = {name: [] for name in cases}
    for _, (name, (more, frozen, _)) in itertools.product(range(min(options.rounds, 3)), cases.items()):
        runs[name].append(freezing(bench, more, frozen))
    heading(3, f"A server that is frozen for {FREEZE_NS / 1e6:g} ms")
    say(f"{FROZEN_SECONDS} s over {CONNECTIONS} TCP connections; in their middle the server is stopped (SIGSTOP). Who waits "
        "for an answer before asking again asks a frozen server little, and so sees little of it: the closed loop's p99 "
        "is that of a server that was never frozen. Corrected: from the instant at which a request was due.")
    table(["", "frozen for", "corrected p99", "corrected maximum", "uncorrected p99", "uncorrected maximum", "failed",
           "bound"], [frozen_row(name, runs[name], judge) for name, (_, _, judge) in cases.items()], key="load-frozen")


# --- memory --------------------------------------------------------------------------------------


def room(bench):
    with Ours(bench, "udp-echo").start() as server:
        records, _ = sounder_load(bench, "udp-echo", ["-c", str(ROOM_CONNECTIONS), "--depth", str(ROOM_DEPTH), "-R", "1000",
                                                      "--warmup", "0", "-d", "1s"], 1, server)
    start = of_type(records, "load_start")
    entries, octets = start["in_flight_most"], start["in_flight_bytes"]
    heading(3, "Memory of what is in flight")
    say(f"As it says itself at the start, for {ROOM_CONNECTIONS} sockets with {ROOM_DEPTH} in flight each.")
    table(["in flight", "entries", "memory", "bytes of each entry", "bound"],
          [[ROOM_CONNECTIONS * ROOM_DEPTH, entries, Figure(f"{octets / (1 << 20):.1f} MiB", octets, "bytes"),
            f"{octets / max(1, entries):.1f}", verdict(f"≤ {ROOM_MOST >> 20} MiB", octets <= ROOM_MOST)]], key="load-room")


# --- a rate that is looked for -------------------------------------------------------------------


@contextlib.contextmanager
def paced(bench):
    """A server that takes exactly SERVICE_NS for each message."""
    port = free_port(socket.SOCK_STREAM)
    words = bench.pinned(bench.server_cpu, [bench.program("paced_server"), "PORT", str(SIZE), str(SERVICE_NS)])
    bench.note(words)
    command = [str(port) if word == "PORT" else word for word in words]
    with tempfile.TemporaryFile() as errors, running(command, errors) as process:
        wait_ready(process, errors, socket.SOCK_STREAM, port, b"r" * SIZE)
        yield Server(process, port)


def found_rate(records):
    """What the search has come to."""
    for kind in ("load_found", "load_find"):
        record = of_type(records, kind)
        if record:
            return record.get("rate", 0.0)  # none kept it
    raise BenchError("`sounder load --find` told of no rate it found")


def find(bench, options):
    capacity, rows = 1e9 / SERVICE_NS, []
    with paced(bench) as server:
        for _ in range(min(options.rounds, 3)):
            records, weighed = sounder_load(bench, "tcp-echo", ["-c", str(CONNECTIONS), "-s", str(SIZE), "--find",
                                                                FIND_PROMISE], FIND_SECONDS, server)
            found = found_rate(records)
            rows.append([per_second(found), per_second(capacity), ratio(found, capacity), f"{weighed.wall / 1e9:.0f} s",
                         verdict(f"within {FIND_WITHIN:.0%}", abs(found / capacity - 1) <= FIND_WITHIN)])
    heading(3, "The highest rate that is kept")
    say(f"A server that takes {SERVICE_NS / 1000:g} µs for each message, one after the other, whoever asks; `--find "
        f"'{FIND_PROMISE}'` looks for the highest rate at which that is kept.")
    table(["found", "capacity", "ratio", "took", "bound"], rows, key="load-find")


def run(bench, options):
    if bench.twin:
        return  # the references are no generators of their own
    heading(2, "Load")
    say(RULE)
    for measure in (generator, datagrams, freezes):
        measure(bench, options)
    room(bench)
    find(bench, options)
