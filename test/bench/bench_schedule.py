# SPDX-License-Identifier: MIT
"""bench_schedule: do probes leave when they are due, to the last one?

A capture on the loopback interface says when each request left. Probe k is due (k - 1) intervals
after the first, so the lag of the first is 0 by definition and any drift shows in the last.
"""

import contextlib
import json
import os
import re
import shlex
import signal
import struct
import subprocess
import tempfile
import time

from figures import heading, median, micro, quantile, say, table, verdict
from servers import BenchError, Ours

INTERVAL = 10_000_000
SHORT = 1_000_000  # of the lag that a run tells of itself
SLACK = 1_000_000  # ns by which a packet may seem early: the first had a lag of its own
LAG_MOST = 100_000  # p99, ns
LAST_MOST = 1_000_000
PCAP_NANOSECONDS = 0xA1B23C4D
READY_SECONDS = 10
SPARE_SECONDS = 15  # for a command to end after its deadline


@contextlib.contextmanager
def capturing(bench, expression, output):
    """tcpdump on lo, seen to listen; stopped so that it has written all it saw."""
    command = bench.pinned(bench.server_cpu, [
        "tcpdump", "-i", "lo", "-n", "-s", "64", "--time-stamp-precision=nano",
        "--immediate-mode", "-w", "-", expression])
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=said)
        try:
            until = time.monotonic() + READY_SECONDS
            while b"listening on" not in os.pread(said.fileno(), 4096, 0):
                if process.poll() is not None or time.monotonic() > until:
                    why = os.pread(said.fileno(), 4096, 0).decode(errors="replace").strip()
                    raise BenchError(f"tcpdump does not capture: {why}")
                time.sleep(0.01)
            yield
            time.sleep(0.2)
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(READY_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def capture_times(capture):
    """The instants (ns) of the packets in a capture file of nanosecond precision."""
    magic, = struct.unpack_from("<I", capture)
    if magic != PCAP_NANOSECONDS:
        raise BenchError("tcpdump did not write nanoseconds in this machine's byte order")
    times = []
    at = 24
    while at + 16 <= len(capture):
        seconds, nanoseconds, held, _ = struct.unpack_from("<IIII", capture, at)
        times.append(seconds * 1_000_000_000 + nanoseconds)
        at += 16 + held
    return times


def places(times, scheduled):
    """Each packet with its place in the schedule. A probe that was skipped, because this machine
    stood still for more than an interval, leaves its place empty; if the places so found do not
    end where the schedule does, there was drift, and none is taken for skipped."""
    found = [(then - times[0] + SLACK) // INTERVAL for then in times]
    if found[-1] != scheduled - 1:
        found = range(len(times))
    return zip(found, times)


def probe(bench, command, expression, seconds):
    """Runs a pinging command under capture; the row it earns."""
    pinned = bench.pinned(bench.client_cpu, command)
    with tempfile.TemporaryFile() as output:
        with capturing(bench, expression, output):
            try:
                done = subprocess.run(pinned, capture_output=True, text=True, check=False,
                                      timeout=seconds + SPARE_SECONDS)
            except subprocess.TimeoutExpired:
                raise BenchError(f"no end: {shlex.join(pinned)}") from None
        output.seek(0)
        times = capture_times(output.read())

    counts = re.search(r"(\d+) packets transmitted, (\d+) received", done.stdout)
    if not counts or not times:
        raise BenchError(f"no summary or no packets: {shlex.join(pinned)}: "
                         f"{done.stderr.strip() or done.stdout.strip()[-200:]}")
    sent, received = int(counts[1]), int(counts[2])
    skipped = re.search(r"(\d+) unsent", done.stdout)
    unsent = int(skipped[1]) if skipped else 0
    lags = [then - times[0] - place * INTERVAL for place, then in places(times, sent + unsent)]
    return [f"`{bench.line(command)}`", sent, unsent, len(times), sent - received, micro(lags[-1]),
            micro(median(lags)), micro(quantile(lags, 0.99)), micro(max(lags)), micro(min(lags)),
            (verdict("none lost, the last within 1 ms", sent == received and abs(lags[-1]) <= LAST_MOST)
             if command[0] == bench.program("sounder") else None)]


def ours(bench, seconds):
    sounder = bench.program("sounder")
    pace = ["-q", "-i", "10ms", "-w", f"{seconds}s"]
    with Ours(bench, "udp-echo").start() as server:
        yield probe(bench, [sounder, "ping", *pace, f"udp-echo://127.0.0.1:{server.port}"],
                    f"udp and dst port {server.port}", seconds)
    # An address of its own keeps other people's pings out of the capture.
    yield probe(bench, [sounder, "ping", *pace, "icmp://127.77.0.1"],
                "icmp[icmptype] == icmp-echo and dst host 127.77.0.1", seconds)


# --- the lag that a run tells of itself --------------------------------------------------------


@contextlib.contextmanager
def busy(bench, loops):
    """So many processes that never rest, on the client's CPU."""
    with contextlib.ExitStack() as stack:
        for _ in range(loops):
            process = subprocess.Popen(bench.pinned(bench.client_cpu, ["sh", "-c", "while :; do :; done"]))
            stack.callback(process.wait)
            stack.callback(process.kill)
        yield


def told(bench, command, seconds, loops):
    """A run by its own records: how late each probe was handed over, and how close two came."""
    with busy(bench, loops):
        done = subprocess.run(bench.pinned(bench.client_cpu, command), capture_output=True, text=True,
                              check=False, timeout=seconds + SPARE_SECONDS)
    records = [json.loads(line) for line in done.stdout.splitlines()]
    sent = {record["seq"]: record["lag_ns"] for record in records if "lag_ns" in record}
    unsent = sum(record["type"] == "unsent" for record in records)
    if not sent:
        raise BenchError(f"no probe left: {shlex.join(command)}: {done.stderr.strip()}")
    instants = [seq * SHORT + lag for seq, lag in sorted(sent.items())]
    gaps = [later - earlier for earlier, later in zip(instants, instants[1:])]
    last = max(sent)
    return [loops, len(sent), f"{unsent} ({unsent / (unsent + len(sent)):.2%})", micro(median(sent.values())),
            micro(quantile(sent.values(), 0.99)), micro(max(sent.values())), micro(sent[last]), micro(min(gaps)),
            lag_verdict(quantile(sent.values(), 0.99), min(gaps), loops)]


def lag_verdict(tail, gap, loops):
    if loops:
        return verdict("no gap below half an interval", gap >= SHORT / 2)
    return verdict(f"p99 ≤ {LAG_MOST / 1e3:g} µs", tail <= LAG_MOST)


def lag(bench, seconds):
    heading(2, "Lag")
    say(f"{seconds} s at one probe each ms, by the records of the run; busy loops on its CPU. Wanted: p99 ≤ 100 µs "
        "without loops; beside them no drift (the last), no burst (no gap below half an interval), and the share unsent told.")
    with Ours(bench, "udp-echo").start() as server:
        command = [bench.program("sounder"), "ping", "-J", "-i", "1ms", "-w", f"{seconds}s",
                   f"udp-echo://127.0.0.1:{server.port}"]
        rows = [told(bench, command, seconds, loops) for loops in (0, 4)]
    table(["loops", "sent", "unsent", "lag p50", "lag p99", "lag max", "lag of the last", "least gap", "bound"], rows,
          key="lag")


def run(bench, options):
    seconds = options.seconds
    heading(2, "Keeping the schedule")
    say(f"{seconds} s at one probe each 10 ms; lag against the first packet + (k - 1) × 10 ms, "
        "from a capture on lo. Wanted: none lost, the last within 1 ms. Unsent: skipped, since this "
        "machine stood still for more than an interval.")
    rows = [] if bench.twin else list(ours(bench, seconds))
    rows.append(probe(bench, ["ping", "-q", "-i", "0.01", "-w", str(seconds), "127.77.0.2"],
                      "icmp[icmptype] == icmp-echo and dst host 127.77.0.2", seconds))
    table(["command", "sent", "unsent", "captured", "lost", "lag of the last", "lag p50", "lag p99",
           "lag max", "lag min", "bound"], rows, key="schedule")
    if not bench.twin:
        lag(bench, seconds)
