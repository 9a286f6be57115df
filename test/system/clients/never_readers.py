# SPDX-License-Identifier: MIT
"""Peers that write as long as a server takes it, and do not read what it answers."""
import socket
import time

import harness
from clients import tools

MEGABYTE = 1 << 20


def lean():
    """Freed memory goes back at once, so that resident memory tells what the server holds."""
    options = harness.environment()["ASAN_OPTIONS"]
    return {"ASAN_OPTIONS": options + ":quarantine_size_mb=1:thread_local_quarantine_size_kb=64"}


class Stuffed:
    """A peer that writes as long as the server takes it, and does not read."""

    PATTERN = bytes(range(251)) * 261  # 64 KB and a bit; its phase is checked on reading

    def __init__(self, port, request=PATTERN, host="127.0.0.1"):
        self.sock = tools.connect(host, port, mss=1000, rcvbuf=4096)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 32_768)
        self.sock.setblocking(False)
        self.request = request
        self.sent = 0

    def push(self, limit=16 * MEGABYTE):
        """Write until the server takes no more; the number of bytes it took."""
        before = self.sent
        while self.sent < limit:
            try:
                self.sent += self.sock.send(self.request[self.sent % len(self.request):])
            except BlockingIOError:
                break
        return self.sent - before

    def comes_back(self):
        """Half-close and read everything: True when it is what was sent."""
        self.sock.settimeout(tools.PATIENCE)
        self.sock.shutdown(socket.SHUT_WR)
        got = tools.receive_all(self.sock)
        times = self.sent // len(self.request) + 1
        return got == (self.request * times)[:self.sent]


def stuff(peers):
    """Push all peers until none of them gets rid of a byte for 300 ms."""
    idle_since = time.monotonic()
    while time.monotonic() - idle_since < 0.3:
        if sum(peer.push() for peer in peers):
            idle_since = time.monotonic()
        else:
            time.sleep(0.02)
