# SPDX-License-Identifier: MIT
"""bench_guards: what the guards of the datagram services spend on a datagram."""

import json
import shlex
import subprocess

from figures import median, table
from servers import BenchError

RUNS = 9
DATAGRAMS = 1000000


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
    print("## The cost of the guards\n")
    print(f"Source port, TTL, rate and repeats together, on datagrams of 64 bytes that all differ, {DATAGRAMS} "
          f"in each of {RUNS} runs, on CPU {bench.server_cpu}. Judged: the guards alone, no system call, processor time. Served: "
          "received, judged and answered over loopback in batches of 32, the median batch; what the guards add "
          "there has the kernel's part in it.\n")
    table(["what", "median", "least", "most", "wanted"], [
        [what, f"{median(spent):.1f} ns", f"{min(spent):.1f} ns", f"{max(spent):.1f} ns",
         "≤ 80 ns" if what.startswith("judged") else ""]
        for what, spent in measure(bench).items()])
