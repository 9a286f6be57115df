# SPDX-License-Identifier: MIT
"""load_client: clients that load a server, run to their end and weighed from outside.

What a client cost is taken from the kernel's account of it, not from what it says: a client that has
ended is left in the process table until its accounts were read.
"""

import contextlib
import json
import os
import pathlib
import resource
import shlex
import subprocess
import tempfile
import threading
import time

from servers import BenchError

SPARE_SECONDS = 30
WAIT_PART = 0.02  # of a run, for client or server to be kept from its CPU
STEAL_PART = 0.02
STEAL_TICK = 1_000_000_000 // os.sysconf("SC_CLK_TCK")

RULE = (f"A pair is thrown away when, in either of its runs, client or server waited for its CPU for more than "
        f"{WAIT_PART:.0%} of the run, or the hypervisor took more than {STEAL_PART:.0%} of it (and more than one "
        f"tick). The order within a pair alternates.")


class Weighed:
    """What one command said, and what it cost, in ns."""

    def __init__(self, out, said, code):
        self.out, self.said, self.code = out, said, code
        self.wall = self.cpu = self.wait = self.server_wait = self.steal = 0


def waited(pid):
    """How long the threads of a process were ready and did not run; 0 when that is not to be had."""
    total = 0
    with contextlib.suppress(OSError):
        for account in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"):
            total += int(account.read_text().split()[1])
    return total


def children_cpu():
    """Of all that have ended and been waited for: the kernel's account, to the microsecond."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return round((used.ru_utime + used.ru_stime) * 1e9)


def stolen():
    return int(pathlib.Path("/proc/stat").read_text().split()[8]) * STEAL_TICK


def _ended(process, seconds):
    """Waits until it has ended, and leaves it to be weighed; kills it when it takes too long."""
    late = threading.Event()

    def stop():
        late.set()
        process.kill()

    timer = threading.Timer(seconds, stop)
    timer.start()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    timer.cancel()
    return not late.is_set()


def weigh(bench, words, seconds, server=None, meanwhile=None):
    """Runs a command on the client's CPU, for about so many seconds; `meanwhile` is called beside it."""
    command = bench.pinned(bench.client_cpu, words)
    bench.note(["PORT" if server and word == str(server.port) else word for word in command])
    steal, server_wait, begun = stolen(), waited(server.pid) if server else 0, time.monotonic_ns()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=errors) as process:
            if meanwhile:
                meanwhile()
            in_time = _ended(process, seconds + SPARE_SECONDS)
            wall, own_wait = time.monotonic_ns() - begun, waited(process.pid)
            before = children_cpu()
            process.wait()
            cpu = children_cpu() - before
        texts = []
        for file in (out, errors):
            file.seek(0)
            texts.append(file.read().decode(errors="replace"))
    if not in_time:
        raise BenchError(f"no end: {shlex.join(command)}")
    run = Weighed(*texts, process.returncode)
    run.wall, run.wait, run.steal = wall, own_wait, stolen() - steal
    run.server_wait = waited(server.pid) - server_wait if server else 0
    run.cpu = cpu
    return run


def disturbed(run):
    return (max(run["wait"], run["own_wait"]) > WAIT_PART * run["wall"]
            or run["steal"] > max(STEAL_PART * run["wall"], STEAL_TICK))


def _figures(weighed, more):
    """A run as bench_serve.Pairs knows it."""
    return {"cpu": weighed.cpu, "span": weighed.wall, "wait": weighed.server_wait, "own_wait": weighed.wait,
            "steal": weighed.steal, "lost": 0, "corrupt": 0, "strange": 0, **more}


# --- sounder load --------------------------------------------------------------------------------


def sounder_load(bench, kind, options, seconds, server, meanwhile=None):
    """The records of `sounder load -J OPTIONS KIND://SERVER`, and what it cost."""
    words = [bench.program("sounder"), "load", "-J", *options, f"{kind}://127.0.0.1:{server.port}"]
    weighed = weigh(bench, words, seconds, server, meanwhile)
    records = []
    for line in weighed.out.splitlines():
        try:
            records.append(json.loads(line))
        except ValueError:
            raise BenchError(f"not a JSON record: {line[:120]}") from None
    if not any(record["type"] == "load_summary" for record in records):
        raise BenchError(f"no summary: {shlex.join(words)}: {weighed.said.strip()[-300:] or weighed.code}")
    return records, weighed


def of_type(records, kind):
    """The last record of that type; None when there is none."""
    return next((record for record in reversed(records) if record["type"] == kind), None)


def part(summary, times, name):
    """A figure of `corrected` or `uncorrected`, ns; None where the run does not support it."""
    return summary.get(times, {}).get(name)


def loaded(bench, kind, options, seconds, server):
    """A closed loop as a run. All that it asks is counted, since all that it costs is."""
    records, weighed = sounder_load(bench, kind, [*options, "--warmup", "0", "-d", f"{seconds}s"], seconds, server)
    summary = of_type(records, "load_summary")
    return _figures(weighed, {
        "answered": summary["answered"], "wall": summary["measured_ns"], "told_cpu": summary["generator"]["cpu_ns"],
        "p50": part(summary, "uncorrected", "p50_ns"), "p99": part(summary, "uncorrected", "p99_ns"),
        "max": part(summary, "uncorrected", "max_ns"),
        "lost": summary["failed"], "corrupt": summary["corrupt"], "strange": summary["duplicates"] + summary["late"]})


# --- references ----------------------------------------------------------------------------------


def pairs_of(line):
    return {name: int(value) for name, value in (pair.split("=") for pair in line.split())}


def least(bench, connections, size, seconds, server):
    """The client that does the least."""
    words = [bench.program("least_client"), str(server.port), str(connections), str(size),
             str(1000 * seconds)]
    weighed = weigh(bench, words, seconds, server)
    if weighed.code != 0:
        raise BenchError(f"{shlex.join(words)}: {weighed.said.strip()}")
    told = pairs_of(weighed.out)
    return _figures(weighed, {**told, "told_cpu": weighed.cpu, "max": None})
