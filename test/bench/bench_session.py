# SPDX-License-Identifier: MIT
"""bench_session: what the session itself spends on a probe, without system calls."""

import json
import shlex
import subprocess

from figures import heading, median, nano, say, table, verdict
from servers import BenchError

RUNS = 9
PROBES = 1000000
MOST = 200  # ns


def measure(bench, targets):
    """ns per probe of each run, by who took the stamps."""
    command = bench.pinned(bench.client_cpu, [bench.program("session_bench"), str(targets),
                                              str(PROBES), str(RUNS)])
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BenchError(f"{shlex.join(command)} failed: {done.stderr.strip()}")
    spent = {}
    for line in map(json.loads, done.stdout.splitlines()):
        spent.setdefault(line["stamps"], []).append(line["ns"])
    return spent


def run(bench, _options):
    heading(2, "The session's own cost")
    say(f"An unmodified session and a kind that answers after 50 µs of virtual time: {PROBES} "
        f"probes, {RUNS} runs, on CPU {bench.client_cpu}, no system call, no sink. Each probe "
        "is two wake-ups: one to send, one to hear.")
    table(["targets", "stamps", "CPU per probe", "least", "most", "wanted"], [
        [targets, stamps, nano(median(spent)), nano(min(spent)), nano(max(spent)),
         verdict(f"≤ {MOST} ns", median(spent) <= MOST)]
        for targets in (1, 10000)
        for stamps, spent in measure(bench, targets).items()], key="session")
