# SPDX-License-Identifier: MIT
"""Clients without manners, each a function of (host, port, seed): they come and go, take all and read nothing,
flood. Each returns None, or one sentence on what the server did wrong."""
import collections
import random
import select
import socket

from . import tools

CROWD = 60
HOARDERS = 4
HOARD_BYTES = 2_000_000
FLOOD = 3000
FLOOD_PATIENCE = 0.5  # seconds of silence after which no more answers come


def churn(host, port, seed):
    """Connections that say nothing, half a line or their end at once, and go by FIN or RST. Whoever then
    comes is served."""
    rng = random.Random(f"churn/{seed}")
    crowd = []
    for _ in range(CROWD):
        sock = tools.connect(host, port)
        try:
            if rng.random() < 0.5:
                sock.send(rng.randbytes(rng.randint(1, 2000)))
            if rng.random() < 0.3:
                sock.shutdown(socket.SHUT_WR)
        except ConnectionError:
            pass  # what was written asked for the end
        crowd.append(sock)
        if rng.random() < 0.7:
            leave(rng, crowd.pop(rng.randrange(len(crowd))))
    while crowd:
        leave(rng, crowd.pop(rng.randrange(len(crowd))))
    return None


def leave(rng, sock):
    if rng.random() < 0.5:
        sock.close()
    else:
        tools.reset(sock)


def hoard(host, port, seed):
    """Write to a TCP echo until it takes no more, and read nothing. Some then go; the others want all back
    that was taken."""
    rng = random.Random(f"hoard/{seed}")
    for sock, taken in [fill(rng, tools.connect(host, port, rcvbuf=4096)) for _ in range(HOARDERS)]:
        if rng.random() < 0.5:
            tools.reset(sock)
            continue
        with sock:
            sock.settimeout(tools.PATIENCE)
            sock.shutdown(socket.SHUT_WR)
            got = tools.receive_all(sock)
        if got != taken:
            return f"hoard: {len(taken)} bytes were taken, {len(got)} came back, equal up to {common(got, taken)}"
    return None


def fill(rng, sock):
    """The socket, and the bytes that it took."""
    data, at = rng.randbytes(HOARD_BYTES), 0
    sock.setblocking(False)
    while at < len(data) and select.select([], [sock], [], 0.1)[1]:
        at += sock.send(data[at : at + 50_000])
    return sock, data[:at]


def common(a, b):
    return next((at for at, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))


def flood(host, port, seed):
    """Datagrams as fast as they go. Many are lost on the way; none comes back that was not sent, none twice."""
    rng = random.Random(f"flood/{seed}")
    sent = collections.Counter()
    with tools.datagram_socket(host, port) as sock:
        sock.setblocking(False)
        for number in range(FLOOD):
            datagram = number.to_bytes(4, "big") + rng.randbytes(rng.choice((0, 8, 60, 1400)))
            try:
                sock.send(datagram)
                sent[datagram] += 1
            except BlockingIOError:
                pass
            if number % 64 == 0 and (wrong := take_back(sock, sent)):
                return wrong
        while select.select([sock], [], [], FLOOD_PATIENCE)[0]:
            if wrong := take_back(sock, sent):
                return wrong
    return None


def take_back(sock, sent):
    while select.select([sock], [], [], 0)[0]:
        datagram = sock.recv(65_535)
        if not sent[datagram]:
            return f"flood: {len(datagram)} bytes came that were never sent, or twice"
        sent[datagram] -= 1
    return None
