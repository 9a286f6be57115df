#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A seeded UDP echo client that counts: each datagram comes back once, whole, and to its sender.

    random_udp_echo.py --host 127.0.0.1 --port 8888 --requests 30000 --seed 1

Several sockets, connected or not, send small windows of datagrams of 0 to 65507 bytes. Some
sockets close before the answers come, so that the server hears ICMP errors all the time.
"""
import collections
import random
import select
import sys

if __package__:
    from . import tools
else:
    import tools

SOCKETS = 8
WINDOW = 24
WINDOW_BYTES = 150_000
LARGEST = {4: 65_507, 6: 65_527}
SIZES = (0, 1, 2, 12, 56, 64, 508, 1472, 1473, 9000)


class Wrong(Exception):
    """The server broke the promise of an exact echo."""


def draw_payload(rng, largest):
    kind = rng.random()
    if kind < 0.5:
        return rng.randbytes(rng.choice(SIZES))
    if kind < 0.97:
        return rng.randbytes(rng.randint(0, 3000))
    return rng.randbytes(rng.randint(30_000, min(largest, 65_507)))


class Asker:
    """One socket and what it still waits for."""

    def __init__(self, rng, host, port):
        self.address = tools.sockaddr(host, port, tools.socket.SOCK_DGRAM)
        self.connected = rng.random() < 0.5
        self.sock = tools.datagram_socket(host, port if self.connected else None)
        self.waiting = collections.Counter()

    def ask(self, payload):
        if self.connected:
            self.sock.send(payload)
        else:
            self.sock.sendto(payload, self.address)
        self.waiting[payload] += 1

    def hear(self):
        payload, address = self.sock.recvfrom(65_535)
        if address[:2] != self.address[:2]:
            raise Wrong(f"answer from {address}, asked {self.address}")
        if not self.waiting[payload]:
            raise Wrong(f"{len(payload)} bytes came that were never sent, or twice")
        self.waiting[payload] -= 1

    def missing(self):
        return sum(self.waiting.values())

    def drain(self):
        """Every answer, then nothing more."""
        while self.missing():
            if not select.select([self.sock], [], [], 5.0)[0]:
                sizes = sorted(len(p) for p, n in self.waiting.items() if n)
                raise Wrong(f"{self.missing()} datagrams never came back, sizes {sizes}")
            self.hear()
        if not tools.silent(self.sock, 0):
            self.hear()


def window(rng, asker, budget, largest):
    """Send a small window; the number of datagrams sent."""
    sent = size = 0
    for _ in range(min(budget, rng.randint(1, WINDOW))):
        payload = draw_payload(rng, largest)
        if sent and size + len(payload) > WINDOW_BYTES:
            break
        asker.ask(payload)
        sent += 1
        size += len(payload)
    return sent


def spend(rng, askers, host, port, requests):
    largest = LARGEST[6 if ":" in host else 4]
    while requests:
        which = rng.randrange(SOCKETS)
        requests -= window(rng, askers[which], requests, largest)
        if rng.random() < 0.05:
            askers[which].sock.close()
            askers[which] = Asker(rng, host, port)
        else:
            askers[which].drain()


def run(host, port, requests, seed):
    """Send `requests` datagrams; None, or one sentence on what was wrong."""
    rng = random.Random(seed)
    askers = [Asker(rng, host, port) for _ in range(SOCKETS)]
    try:
        spend(rng, askers, host, port, requests)
        for asker in askers:
            asker.drain()
    except (OSError, Wrong) as why:
        return f"seed {seed}: {why!r}"
    finally:
        for asker in askers:
            asker.sock.close()
    return None


if __name__ == "__main__":
    sys.exit(tools.command(__doc__, 8888, run))
