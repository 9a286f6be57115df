# SPDX-License-Identifier: MIT
"""bench_peers: sounder serve beside the echo servers that people run, and beside redis' PING."""

import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile

from bench_serve import rate, show_rate
from figures import median, milli, table
from servers import BenchError, Ours, Reference, Server, free_port, running, wait_ready

CONNECTIONS = (1, 64, 1000)
ROUNDS = {1: 20000, 64: 100000, 1000: 100000}
WARM_UP = {1: 2000, 64: 10000, 1000: 20000}
NEAR_THE_BEST = 0.95

THREADED = """
import socket, socketserver, sys
class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while data := self.request.recv(65536):
            self.request.sendall(data)
class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
    request_queue_size = 4096
    def handle_error(self, request, client_address):
        pass
Server(("127.0.0.1", int(sys.argv[1])), Echo).serve_forever()
"""

XINETD = """
defaults
{{
    instances = UNLIMITED
    per_source = UNLIMITED
    cps = 100000 1
}}
service echo
{{
    type = INTERNAL UNLISTED
    id = echo-stream
    socket_type = stream
    protocol = tcp
    port = {port}
    bind = 127.0.0.1
    user = root
    wait = no
    flags = NODELAY
}}
"""


class Peer:
    """A server of others: its command is made from a port and a directory of its own."""

    def __init__(self, bench, name, command, ping=False, shown=None):
        self.bench = bench
        self.name = name
        self.command = command
        self.shown = shown
        self.options = ["--ping", "1"] if ping else []
        self.question = b"PING\r\n" if ping else b"ready?"

    @contextlib.contextmanager
    def start(self):
        port = free_port(socket.SOCK_STREAM)
        with tempfile.TemporaryDirectory(prefix="bench-") as directory, \
                tempfile.TemporaryFile() as errors:
            words = self.command(port, directory)
            self.bench.note(self.bench.pinned(self.bench.server_cpu,
                                              self.shown or [w.replace(str(port), "PORT").replace(directory, "DIR")
                                                             for w in words]))
            with running(self.bench.pinned(self.bench.server_cpu, words), errors) as process:
                wait_ready(process, errors, socket.SOCK_STREAM, port, self.question)
                yield Server(process, port)


def xinetd(port, directory):
    path = os.path.join(directory, "xinetd.conf")
    with open(path, "w", encoding="utf-8") as file:
        file.write(XINETD.format(port=port))
    return ["xinetd", "-dontfork", "-f", path, "-pidfile", os.path.join(directory, "pid")]


def peers(bench):
    """All that are measured, ours first."""
    ours = Ours(bench, "tcp-echo")
    ours.options = []
    reference = []
    if bench.references is not None:
        reference = [Reference(bench, "ref_epoll", socket.SOCK_STREAM, ["PORT", "1"])]
        reference[0].options = []
    return [ours, *reference,
            Peer(bench, "redis PING", lambda port, directory:
                 ["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no",
                  "--dir", directory, "--tcp-backlog", "4096", "--protected-mode", "no"], ping=True),
            Peer(bench, "xinetd", xinetd),
            Peer(bench, "socat", lambda port, _:
                 ["socat", f"TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr,fork,nodelay,backlog=4096", "PIPE"]),
            Peer(bench, "ncat", lambda port, _:
                 ["ncat", "-l", "-k", "-m", "5000", "--exec", "/bin/cat", "127.0.0.1", str(port)]),
            Peer(bench, "Python, threads", lambda port, _: [sys.executable, "-c", THREADED, str(port)],
                 shown=["python3", "threaded_echo.py", "PORT"])]


def install():
    """The peers come from Debian."""
    deps = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "deps"
    missing = [name for name in ("redis-server", "xinetd", "socat", "ncat") if not shutil.which(name)]
    if missing and subprocess.run([str(deps), "bench"], stdout=sys.stderr,
                                  check=False).returncode != 0:
        raise BenchError(f"cannot install {', '.join(missing)}")


def load(bench, party, connections):
    options = ["--connections", str(connections), "--in-flight", str(connections), "--size", "64",
               "--warm-up", str(WARM_UP[connections]), "--rounds", str(ROUNDS[connections]), *party.options]
    with party.start() as server:
        return bench.load(server, "tcp", options)


def verdict(connections, figures):
    """What the issue of each table is: (what was wanted, what came of it)."""
    (ours_rate, ours_p99), *others = [figures[name] for name in figures if name != "ref_epoll"]
    best = max(value for value, _ in others)
    if connections == 1:
        return ["round trips ≥ 0.95 × the best peer's", f"{ours_rate / best:.2f}",
                "met" if ours_rate >= NEAR_THE_BEST * best else "NOT MET"]
    least = min(value for _, value in others)
    return ["more round trips and a lower p99 than each peer",
            f"{ours_rate / best:.2f} × the best rate, {ours_p99 / least:.2f} × the lowest p99",
            "met" if ours_rate > best and ours_p99 < least else "NOT MET"]


def compare(bench, connections, rounds):
    parties = peers(bench)
    runs = {party.name: [] for party in parties}
    for number in range(rounds):
        for party in parties if number % 2 == 0 else reversed(parties):
            runs[party.name].append(load(bench, party, connections))
    print(f"### {connections} TCP connection{'s' if connections > 1 else ''}\n")
    rows, figures = [], {}
    for name, each in runs.items():
        figures[name] = (median([rate(run) for run in each]), median([run["p99"] for run in each]))
        rows.append([name, show_rate(figures[name][0]), milli(median([run["p50"] for run in each])),
                     milli(figures[name][1]), milli(median([run["max"] for run in each])),
                     sum(run["lost"] + run["corrupt"] for run in each)])
    table(["server", "round trips", "p50", "p99", "maximum", "unanswered"], rows)
    table(["bound", "measured", ""], [verdict(connections, figures)])


def run(bench, options):
    install()
    print("## Beside other servers\n")
    print(f"64-byte round trips, one under way on each connection, each figure the median of {options.rounds} runs, "
          "taken in turn, each with a freshly started server; redis answers the line PING. Servers on one CPU, "
          "the client on the other; ours with one worker.\n")
    for connections in CONNECTIONS:
        compare(bench, connections, options.rounds)
