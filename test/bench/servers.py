# SPDX-License-Identifier: MIT
"""servers: starting what is measured, ours and the references, and the client that measures."""

import contextlib
import os
import pathlib
import random
import re
import select
import shlex
import socket
import subprocess
import tempfile
import time

READY_SECONDS = 10
STOP_SECONDS = 8
CLIENT_SECONDS = 180


class BenchError(Exception):
    """Something could not be measured; the text is the sentence for the person."""


class Bench:
    """Where everything is, and on which CPU it runs."""

    def __init__(self, build, references, server_cpu, client_cpu, twin):
        self.build = pathlib.Path(build)
        self.references = references
        self.server_cpu = server_cpu
        self.client_cpu = client_cpu
        self.twin = twin
        self.seen = []  # command lines that were used, each once
        self.compiled = tempfile.TemporaryDirectory(prefix="bench-")

    def close(self):
        self.compiled.cleanup()

    def program(self, name):
        path = self.build / name
        if not path.exists():
            raise BenchError(f"no '{path}': build the release preset first")
        return str(path)

    def reference(self, name):
        """Compiles a reference once; its path."""
        path = pathlib.Path(self.compiled.name) / name
        if not path.exists():
            source = self.references / f"{name}.c"
            command = ["cc", "-w", "-O2", str(source), "-o", str(path), "-lpthread", "-lm"]
            if subprocess.run(command, check=False).returncode != 0:
                raise BenchError(f"cannot compile the reference '{source}'")
        return str(path)

    def pinned(self, cpu, command):
        return ["taskset", "-c", str(cpu), *command]

    def line(self, command):
        """A command line as it is shown: programs and files by their bare names, ports by that word, so that
        it is the same whenever it is run."""
        ours = (str(self.build), tempfile.gettempdir())
        return shlex.join(re.sub(r":[1-9]\d{3,4}$", ":PORT", os.path.basename(word) if word.startswith(ours) else word)
                          for word in command)

    def note(self, command):
        """Remembers a command line for the list at the end."""
        line = self.line(command)
        if line not in self.seen:
            self.seen.append(line)

    def client(self, mode, arguments):
        """Runs echo_bench on the client's CPU; its lines, each a dictionary."""
        command = self.pinned(self.client_cpu, [self.program("echo_bench"), mode, *arguments])
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False,
                                  timeout=CLIENT_SECONDS)
        except subprocess.TimeoutExpired:
            raise BenchError(f"no end after {CLIENT_SECONDS} s: {shlex.join(command)}") from None
        if done.returncode != 0:
            raise BenchError(f"{shlex.join(command)}: {done.stderr.strip()}")
        return [{name: int(value) for name, value in (pair.split("=") for pair in line.split())}
                for line in done.stdout.splitlines()]

    def load(self, server, mode, options):
        """One measured run of echo_bench against a running server."""
        where = ["--port", str(server.port), "--pid", str(server.pid)]
        self.note(self.pinned(self.client_cpu, ["echo_bench", mode, "--port", "PORT",
                                                "--pid", "PID", *options]))
        return self.client(mode, [*where, *options])[0]


class Server:
    """A process that has been seen to answer."""

    def __init__(self, process, port):
        self.process = process
        self.pid = process.pid
        self.port = port


@contextlib.contextmanager
def running(command, errors):
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=errors)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def said(errors):
    errors.seek(0)
    return errors.read().decode(errors="replace").strip() or "it said nothing"


def announced_port(process, errors):
    """Waits for the line `listening on KIND://ADDRESS:PORT`."""
    until = time.monotonic() + READY_SECONDS
    heard = b""
    while True:
        found = re.search(rb"listening on \S+:(\d+)\n", heard)
        if found:
            return int(found[1])
        ready, _, _ = select.select([process.stdout], [], [],
                                    max(0, until - time.monotonic()))
        piece = os.read(process.stdout.fileno(), 4096) if ready else b""
        if not piece:
            raise BenchError(f"{shlex.join(process.args)} does not listen: {said(errors)}")
        heard += piece


def free_port(transport):
    """A free port below the kernel's own range (32768 on): no outgoing connection takes it before
    the server does, and a client that knocks too early cannot connect to itself."""
    while True:
        port = random.randrange(10000, 30000)
        with socket.socket(socket.AF_INET, transport) as probe:
            with contextlib.suppress(OSError):
                probe.bind(("", port))
                return port


def answers(transport, port, question, answer):
    with socket.socket(socket.AF_INET, transport) as probe:
        probe.settimeout(0.2)
        try:
            probe.connect(("127.0.0.1", port))
            probe.send(question)
            return probe.recv(64) == answer
        except OSError:
            return False


def wait_ready(process, errors, transport, port, question=b"ready?", answer=None):
    """Until it answers the question, by an echo unless an answer is given."""
    until = time.monotonic() + READY_SECONDS
    while not answers(transport, port, question, answer or question):
        if process.poll() is not None or time.monotonic() > until:
            raise BenchError(f"{shlex.join(process.args)} does not answer: {said(errors)}")
        time.sleep(0.01)


class Ours:
    """`sounder serve` of one kind."""

    name = "sounder"

    def __init__(self, bench, kind, host="127.0.0.1"):
        self.bench = bench
        self.command = [bench.program("sounder"), "serve", "--workers", "1", kind,
                        "--host", host, "--port", "0"]

    @contextlib.contextmanager
    def start(self):
        command = self.bench.pinned(self.bench.server_cpu, self.command)
        self.bench.note(command)
        with tempfile.TemporaryFile() as errors, running(command, errors) as process:
            yield Server(process, announced_port(process, errors))


class Reference:
    """One of the reference servers; `PORT` among its arguments stands for the port."""

    def __init__(self, bench, name, transport, arguments):
        self.bench = bench
        self.name = name
        self.transport = transport
        self.arguments = arguments

    @contextlib.contextmanager
    def start(self):
        port = free_port(self.transport)
        pattern = self.bench.pinned(self.bench.server_cpu,
                                    [self.bench.reference(self.name), *self.arguments])
        self.bench.note(pattern)
        command = [str(port) if word == "PORT" else word for word in pattern]
        with tempfile.TemporaryFile() as errors, running(command, errors) as process:
            wait_ready(process, errors, self.transport, port)
            yield Server(process, port)


def parties(bench, kind, host="127.0.0.1"):
    """Those that are compared in one kind of service: ours first, then the reference."""
    if bench.references is None:
        return [Ours(bench, kind, host)]
    if kind == "tcp-echo":
        reference = Reference(bench, "ref_epoll", socket.SOCK_STREAM, ["PORT", "1"])
    else:
        reference = Reference(bench, "ref_udp", socket.SOCK_DGRAM, ["PORT", "mm", "1"])
    return [reference if bench.twin else Ours(bench, kind, host), reference]
