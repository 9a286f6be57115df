#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A seeded, ill-mannered TCP echo client that knows what must come back.

    random_tcp_echo.py --host 127.0.0.1 --port 8888 --requests 30000 --seed 1

One request is one write. Every visitor draws its whole plan from (seed, its number), so a
failure names what is needed to see it again. Whatever is read must be what was written, byte
for byte; after a half-close all of it must come, then the end of the stream.
"""
import random
import select
import socket
import sys
import threading

if __package__:
    from . import tools
else:
    import tools

THREADS = 6
LOITERERS = 12
SIZES = ((1, 40), (64, 40), (1000, 12), (9000, 5), (70_000, 2), (300_000, 1))


class Wrong(Exception):
    """The server broke the protocol."""


def draw_size(rng):
    top = rng.choices([size for size, _ in SIZES], [weight for _, weight in SIZES])[0]
    return rng.randint(1, top)


def pump(sock, data, reads_late):
    """Write all of `data` and read it back; a late reader reads only when it cannot write."""
    view, written, got = memoryview(data), 0, bytearray()
    sock.setblocking(False)
    while written < len(data) or len(got) < len(data):
        wants_read = [] if reads_late and written < len(data) else [sock]
        wants_write = [sock] if written < len(data) else []
        readable, writable, _ = select.select(wants_read, wants_write, [],
                                              0.02 if not wants_read else tools.PATIENCE)
        if not readable and not writable:
            if not wants_read:
                reads_late = False
                continue
            raise Wrong(f"silence with {len(data) - len(got)} of {len(data)} bytes missing")
        if writable:
            written += send_some(sock, view[written:])
        if readable:
            chunk = sock.recv(1 << 17)
            if not chunk:
                raise Wrong(f"end of stream after {len(got)} of {len(data)} bytes")
            got += chunk
    sock.settimeout(tools.PATIENCE)
    if got != data:
        raise Wrong("the bytes that came back differ")


def send_some(sock, view):
    try:
        return sock.send(view)
    except BlockingIOError:
        return 0


def talk(sock, rng, requests):
    """Request by request, each echoed before the next."""
    for _ in range(requests):
        pump(sock, rng.randbytes(draw_size(rng)), rng.random() < 0.3)


def pipeline(sock, rng, requests):
    """All requests first, then all echoes, in one stream."""
    sent = bytearray()
    for _ in range(requests):
        piece = rng.randbytes(rng.randint(1, 600))
        sock.sendall(piece)
        sent += piece
    if tools.receive_exactly(sock, len(sent)) != sent:
        raise Wrong("pipelined bytes differ")


def dribble(sock, rng, requests):
    """One byte per segment, read at the end."""
    data = rng.randbytes(requests)
    for i in range(requests):
        sock.send(data[i:i + 1])
    if tools.receive_exactly(sock, len(data)) != data:
        raise Wrong("dribbled bytes differ")


def half_close(sock, rng, requests):
    """Everything after the FIN: all bytes, then the end, and no RST."""
    sent = bytearray()
    for _ in range(requests):
        piece = rng.randbytes(rng.randint(1, 2000))
        sock.sendall(piece)
        sent += piece
    sock.shutdown(socket.SHUT_WR)
    if tools.receive_all(sock) != sent:
        raise Wrong("bytes after a half-close differ")


def leave(sock, rng, requests):
    """Write and go without reading: the echo has nowhere to go."""
    for _ in range(requests):
        sock.sendall(rng.randbytes(rng.randint(1, 1500)))


MANNERS = ((talk, 8), (pipeline, 4), (dribble, 2), (half_close, 4), (leave, 2))


class Crowd:
    """Threads that share one count of requests and stop at the first wrong answer."""

    def __init__(self, host, port, requests, seed):
        self.host, self.port, self.seed = host, port, seed
        self.left = requests
        self.visitors = 0
        self.failure = None
        self.lock = threading.Lock()

    def take(self, rng):
        with self.lock:
            share = min(self.left, rng.randint(1, 40))
            self.left -= share
            return share if self.failure is None else 0

    def number(self):
        with self.lock:
            self.visitors += 1
            return self.visitors

    def work(self, _number):
        loiterers = []
        try:
            while True:
                who = self.number()
                rng = random.Random(f"{self.seed}/{who}")
                requests = self.take(rng)
                if not requests:
                    return
                self.visit(rng, who, requests, loiterers)
        finally:
            for sock in loiterers:
                sock.close()

    def visit(self, rng, who, requests, loiterers):
        manner = rng.choices([m for m, _ in MANNERS], [w for _, w in MANNERS])[0]
        try:
            sock = tools.connect(self.host, self.port,
                                 mss=rng.choice((None, None, 100, 536)),
                                 rcvbuf=rng.choice((None, None, None, 4096)))
            manner(sock, rng, requests)
        except (OSError, Wrong) as why:
            with self.lock:
                self.failure = self.failure or f"visitor {who}, {manner.__name__}: {why!r}"
            return
        self.part(sock, rng, loiterers)

    @staticmethod
    def part(sock, rng, loiterers):
        """Close, reset, or stay a while and do nothing."""
        way = rng.random()
        if way < 0.5:
            sock.close()
        elif way < 0.8:
            tools.reset(sock)
        else:
            loiterers.append(sock)
            if len(loiterers) > LOITERERS:
                tools.reset(loiterers.pop(rng.randrange(len(loiterers))))


def run(host, port, requests, seed):
    """Spend `requests` writes on the server; None, or one sentence on what was wrong."""
    crowd = Crowd(host, port, requests, seed)
    tools.together(THREADS, crowd.work)
    return crowd.failure and f"seed {seed}, {crowd.failure}"


if __name__ == "__main__":
    sys.exit(tools.command(__doc__, 8888, run))
