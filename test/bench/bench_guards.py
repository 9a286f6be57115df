# SPDX-License-Identifier: MIT
"""bench_guards: what the guards of the datagram services spend on a datagram."""

import json
import shlex
import subprocess

from figures import heading, median, nano, say, table, verdict
from servers import BenchError

RUNS = 9
DATAGRAMS = 1000000
MOST = 80  # ns, the guards alone


def measure(bench):
    """ns per datagram of each run, by what was measured."""
    command = bench.pinned(bench.server_cpu, [bench.program("guard_bench"), str(DATAGRAMS), str(RUNS)])
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BenchError(f"{shlex.join(command)} failed: {done.stderr.strip()}")
    spent = {}
    for line in map(json.loads, done.stdout.splitlines()):
        spent.setdefault(line["what"], []).append(line["ns"])
    return spent


def run(bench, _options):
    heading(2, "The cost of the guards")
    say(f"Source port, TTL, rate and repeats together, on datagrams of 64 bytes that all differ, {DATAGRAMS} "
        f"in each of {RUNS} runs, on CPU {bench.server_cpu}. Judged: the guards alone, no system call, processor time. Served: "
        "received, judged and answered over loopback in batches of 32, the median batch; what the guards add "
        "there has the kernel's part in it.")
    table(["what", "median", "least", "most", "wanted"], [
        [what, nano(median(spent)), nano(min(spent)), nano(max(spent)),
         verdict(f"≤ {MOST} ns", median(spent) <= MOST) if what.startswith("judged") else None]
        for what, spent in measure(bench).items()], key="guards")
