# SPDX-License-Identifier: MIT
"""peer_servers: the servers of others that ours is measured beside, as people run them."""

import contextlib
import getpass
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile

from servers import Server, free_port, running, wait_ready

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
    """A server of others: its command is made from a port and a directory of its own. `line` is what it is
    asked and what it answers, where it is no echo server."""

    def __init__(self, bench, name, command, line=None, shown=None, transport=socket.SOCK_STREAM):
        self.bench = bench
        self.name = name
        self.command = command
        self.shown = shown
        self.transport = transport
        self.line = line
        self.options = ["--say", line[0], "--hear", line[1]] if line else []

    @property
    def absent(self):
        """The program that is missing, or None."""
        program = self.command(0, "")[0] if self.shown is None else self.shown[0]
        return None if shutil.which(program) else program

    def _ready(self, process, errors, port):
        question, answer = [f"{text}\r\n".encode() for text in self.line] if self.line else (b"ready?", None)
        wait_ready(process, errors, self.transport, port, question, answer)

    @contextlib.contextmanager
    def start(self):
        port = free_port(self.transport)
        with tempfile.TemporaryDirectory(prefix="bench-") as directory, \
                tempfile.TemporaryFile() as errors:
            words = self.command(port, directory)
            self.bench.note(self.bench.pinned(self.bench.server_cpu,
                                              self.shown or [word.replace(str(port), "PORT").replace(directory, "DIR")
                                                             for word in words]))
            with running(self.bench.pinned(self.bench.server_cpu, words), errors) as process:
                self._ready(process, errors, port)
                yield Server(process, port)


def redis(bench):
    return Peer(bench, "redis PING", lambda port, directory:
                ["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no",
                 "--dir", directory, "--tcp-backlog", "4096", "--protected-mode", "no"], line=("PING", "+PONG"))


def memcached(bench):
    """Its answer to `version` names the version; one thread, as ours has one worker."""
    found = shutil.which("memcached")
    said = subprocess.run([found, "-V"], capture_output=True, text=True, check=False).stdout if found else ""
    number = re.search(r"\d\S*", said)
    return Peer(bench, "memcached version", lambda port, _:
                ["memcached", "-u", getpass.getuser(), "-l", "127.0.0.1", "-p", str(port), "-U", "0", "-t", "1",
                 "-c", "4096", "-b", "4096"], line=("version", f"VERSION {number[0] if number else ''}"))


def _xinetd(port, directory):
    path = os.path.join(directory, "xinetd.conf")
    if directory:
        with open(path, "w", encoding="utf-8") as file:
            file.write(XINETD.format(port=port))
    return ["xinetd", "-dontfork", "-f", path, "-pidfile", os.path.join(directory, "pid")]


def xinetd(bench):
    return Peer(bench, "xinetd", _xinetd)


def socat(bench):
    return Peer(bench, "socat", lambda port, _:
                ["socat", f"TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr,fork,nodelay,backlog=4096", "PIPE"])


def ncat(bench):
    return Peer(bench, "ncat", lambda port, _:
                ["ncat", "-l", "-k", "-m", "5000", "--exec", "/bin/cat", "127.0.0.1", str(port)])


def threads(bench):
    return Peer(bench, "Python, threads", lambda port, _: [sys.executable, "-c", THREADED, str(port)],
                shown=["python3", "threaded_echo.py", "PORT"])
