# SPDX-License-Identifier: MIT
"""bench_load_peers: `sounder load` beside redis-benchmark and sockperf."""

import csv
import pathlib
import re
import shlex
import shutil
import socket
import time

import peer_servers
from figures import heading, median, micro, milli, per_second, rank, say, table
from load_client import loaded, weigh
from peer_servers import Peer
from servers import READY_SECONDS, BenchError, Ours, said

PEERS = ("redis-server", "redis-benchmark", "sockperf")
CONNECTIONS = 50  # as redis-benchmark has them unless told otherwise
REQUESTS_A_SECOND = 60_000  # about; redis-benchmark is told a number, not a time
SIZE = 64
CPU = "client's CPU per round trip"
BETTER = {"round trips": "most", "p50": "least", "p99": "least", CPU: "least"}


def absent(name, columns):
    return [name, "not installed", *[None] * (columns - 2)]


# --- redis ---------------------------------------------------------------------------------------


def redis_benchmark(bench, server, seconds):
    words = ["redis-benchmark", "-h", "127.0.0.1", "-p", str(server.port), "-t", "ping_inline", "-c", str(CONNECTIONS),
             "-n", str(REQUESTS_A_SECOND * seconds), "--csv"]
    weighed = weigh(bench, words, seconds, server)
    for line in csv.DictReader(weighed.out.splitlines()):
        if line["test"].startswith("PING_INLINE"):
            answered = REQUESTS_A_SECOND * seconds
            return {"rate": float(line["rps"]), "p50": float(line["p50_latency_ms"]) * 1e6,
                    "p99": float(line["p99_latency_ms"]) * 1e6, "cpu": weighed.cpu / answered}
    raise BenchError(f"{shlex.join(words)}: {weighed.said.strip() or weighed.out[-300:]}")


def by_lines(bench, server, seconds):
    run = loaded(bench, "line", ["-c", str(CONNECTIONS), "--send", "PING", "--expect", "+PONG"], seconds, server)
    return {"rate": run["answered"] / (run["wall"] / 1e9), "p50": run["p50"], "p99": run["p99"],
            "cpu": run["cpu"] / max(1, run["answered"])}


def measured(name, runs):
    def middle(figure):
        values = [run[figure] for run in runs if run[figure] is not None]
        return median(values) if values else None

    p50, p99 = middle("p50"), middle("p99")
    return [name, per_second(middle("rate")), p50 and milli(p50), p99 and milli(p99), micro(middle("cpu"))]


def redis(bench, options):
    heading(3, f"redis' PING over {CONNECTIONS} connections")
    say(f"Both against one redis-server, in turn, about {options.load_seconds} s each, the median of {options.rounds} runs.")
    clients = {"sounder load": by_lines, "redis-benchmark": redis_benchmark}
    missing = [name for name in ("redis-server", "redis-benchmark") if not shutil.which(name)]
    if "redis-benchmark" in missing:
        del clients["redis-benchmark"]
    runs = {name: [] for name in clients}
    if "redis-server" not in missing:
        with peer_servers.redis(bench).start() as server:
            for number in range(options.rounds):
                for name in clients if number % 2 == 0 else reversed(clients):
                    runs[name].append(clients[name](bench, server, options.load_seconds))
    rows = [measured(name, each) for name, each in runs.items() if each]
    heads = ["client", "round trips", "p50", "p99", CPU]
    table(heads, rows + [absent(name, len(heads)) for name in missing], key="load-redis",
          ranked=rank(BETTER, ours="sounder load"))


# --- sockperf ------------------------------------------------------------------------------------


class Sockperf(Peer):
    """Its server; it answers its own messages alone, so whether it is there is told by its port."""

    def __init__(self, bench, transport, more):
        tcp = ["--tcp"] if transport == socket.SOCK_STREAM else []
        super().__init__(bench, "sockperf", lambda port, _:
                         ["sockperf", "server", "-i", "127.0.0.1", "-p", str(port), *tcp, *more], transport=transport)
        self.more = [*tcp, *more]

    def _ready(self, process, errors, port):
        until = time.monotonic() + READY_SECONDS
        while not bound(self.transport, port):
            if process.poll() is not None or time.monotonic() > until:
                raise BenchError(f"sockperf does not serve: {said(errors)}")
            time.sleep(0.01)


def bound(transport, port):
    """Whether somebody has the port: listens to it, where it is TCP's."""
    name, state = ("tcp", "0A") if transport == socket.SOCK_STREAM else ("udp", "07")
    lines = pathlib.Path(f"/proc/net/{name}").read_text(encoding="ascii").splitlines()[1:]
    return any(line.split()[1].endswith(f":{port:04X}") and line.split()[3] == state for line in lines)


def sockperf_client(bench, server, seconds, more):
    words = ["sockperf", "ping-pong", "-i", "127.0.0.1", "-p", str(server.port), "-t", str(seconds), "-m", str(SIZE),
             "--full-rtt", *more]
    weighed = weigh(bench, words, seconds, server)
    duration = re.search(r"\[Valid Duration\] RunTime=([\d.]+) sec; SentMessages=\d+; ReceivedMessages=(\d+)", weighed.out)
    quantiles = dict(re.findall(r"percentile ([\d.]+) =\s*([\d.]+)", weighed.out))
    if not duration or "99.000" not in quantiles:
        raise BenchError(f"{shlex.join(words)}: {weighed.said.strip() or weighed.out[-300:]}")
    return {"rate": int(duration[2]) / float(duration[1]), "p50": float(quantiles["50.000"]) * 1e3,
            "p99": float(quantiles["99.000"]) * 1e3, "cpu": weighed.cpu / max(1, int(duration[2]))}


def one_at_a_time(bench, kind, server, seconds):
    run = loaded(bench, kind, ["-c", "1", "-s", str(SIZE)], seconds, server)
    return {"rate": run["answered"] / (run["wall"] / 1e9), "p50": run["p50"], "p99": run["p99"],
            "cpu": run["cpu"] / max(1, run["answered"])}


def sockperf_case(bench, options, kind, transport):
    sides = {"sounder load": (Ours(bench, kind), lambda server: one_at_a_time(bench, kind, server, options.load_seconds))}
    for name, more in (("sockperf", []), ("sockperf --nonblocked", ["--nonblocked"])):
        if shutil.which("sockperf"):
            peer = Sockperf(bench, transport, more)
            sides[name] = (peer, lambda server, more=peer.more: sockperf_client(bench, server, options.load_seconds, more))
    runs = {name: [] for name in sides}
    for number in range(options.rounds):
        for name in sides if number % 2 == 0 else reversed(sides):
            with sides[name][0].start() as server:
                runs[name].append(sides[name][1](server))
    heads = ["client and its server", "round trips", "p50", "p99", CPU]
    rows = [measured(name, each) for name, each in runs.items()]
    heading(3, f"One {kind.partition('-')[0].upper()} message at a time")
    table(heads, rows if "sockperf" in sides else [*rows, absent("sockperf", len(heads))], key=f"load-sockperf-{kind}",
          ranked=rank(BETTER, ours="sounder load"))


def run(bench, options):
    if bench.twin:
        return
    heading(2, "Load, beside other generators")
    redis(bench, options)
    say(f"{SIZE}-byte messages, one under way, each client against its own server (sockperf's answers nobody else), "
        f"{options.load_seconds} s each, in turn, the median of {options.rounds} runs. With --nonblocked sockperf's client and "
        "server never sleep: they look for messages without end.")
    sockperf_case(bench, options, "udp-echo", socket.SOCK_DGRAM)
    sockperf_case(bench, options, "tcp-echo", socket.SOCK_STREAM)
