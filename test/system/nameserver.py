# SPDX-License-Identifier: MIT
"""A name server with a will: each name it knows is answered as its behaviour says, or not at all.

    with Nameserver(ns, {"good.example": addresses("9.8.7.2"), "dead.example": silence}) as dns:
        ...
        assert dns.asked("good.example") == 2  # A and AAAA

It stands in a namespace, on port 53 of both loopback addresses, by UDP and TCP. A behaviour is a function
of a Query that gives what is sent: pairs (seconds from now, bytes). Names it does not know do not exist.
"""
import collections
import dataclasses
import heapq
import ipaddress
import socket
import struct
import threading
import time

from reactor import Reactor

A, CNAME, AAAA, IN = 1, 5, 28, 1
SERVFAIL, NXDOMAIN, REFUSED = 2, 3, 5
RESPONSE, CUT = 0x8180, 0x0200  # QR RD RA; TC
PLAIN_UDP = 512  # bytes of an answer to who has asked for no more
HERE = b"\xc0\x0c"  # a pointer to the name of the question
TTL = 0
LARGEST = 65_000


# --- messages -----------------------------------------------------------------------------------------


def written(name):
    """A name as it is in a message."""
    labels = name.rstrip(".").split(".")
    return b"".join(bytes([len(label)]) + label.encode("latin-1") for label in labels) + b"\0"


@dataclasses.dataclass(frozen=True)
class Query:
    number: int  # the id
    name: str  # in small letters
    type: int
    question: bytes
    over_tcp: bool
    turn: int  # how often this name and type was asked before

    @classmethod
    def parse(cls, message, over_tcp, turn_of):
        labels, at = [], 12
        while message[at]:
            labels.append(message[at + 1 : at + 1 + message[at]].decode("latin-1"))
            at += 1 + message[at]
        name, (kind,) = ".".join(labels).lower(), struct.unpack_from("!H", message, at + 1)
        (number,) = struct.unpack_from("!H", message)
        return cls(number, name, kind, message[12 : at + 5], over_tcp, turn_of(name, kind))

    def reply(self, records=(), flags=0, number=None, question=None):
        """A whole message; what does not fit a plain UDP answer is cut there, as it must be."""
        question = self.question if question is None else question
        number = self.number if number is None else number

        def message(flags, records):
            head = struct.pack("!6H", number, RESPONSE | flags, 1, len(records), 0, 0)
            return head + question + b"".join(records)

        whole = message(flags, records)
        return whole if self.over_tcp or len(whole) <= PLAIN_UDP else message(flags | CUT, ())


def record(kind, data, name=HERE):
    return name + struct.pack("!HHIH", kind, IN, TTL, len(data)) + data


def records_of(query, texts):
    found = [ipaddress.ip_address(text) for text in texts]
    version = {A: 4, AAAA: 6}.get(query.type)
    return [record(query.type, each.packed) for each in found if each.version == version]


# --- behaviours ---------------------------------------------------------------------------------------


def addresses(*texts):
    """These addresses: the IPv4 ones to A, the IPv6 ones to AAAA."""
    return lambda query: [(0.0, query.reply(records_of(query, texts)))]


def silence(_query):
    return []


def failure(code):
    return lambda query: [(0.0, query.reply(flags=code))]


def late(seconds, behaviour):
    return lambda query: [(seconds + delay, message) for delay, message in behaviour(query)]


def in_turn(*behaviours):
    """The first for the first time that the name is asked, the second for the second; the last for ever."""
    return lambda query: behaviours[min(query.turn, len(behaviours) - 1)](query)


def alias(target, *texts):
    """A CNAME, and the addresses of what it names (none: to be asked for)."""
    def behaviour(query):
        kin = records_of(query, texts)
        there = [written(target) + each[len(HERE):] for each in kin]
        return [(0.0, query.reply([record(CNAME, written(target)), *there]))]
    return behaviour


def circle(length):
    """CNAMEs that lead back to the first, all in one answer."""
    def behaviour(query):
        names = [query.name, *(f"{number}.{query.name}" for number in range(1, length)), query.name]
        return [(0.0, query.reply([record(CNAME, written(after), written(name))
                                   for name, after in zip(names, names[1:])]))]
    return behaviour


def wrong_number(behaviour):
    """The answer to a query that was never asked."""
    return lambda query: behaviour(dataclasses.replace(query, number=query.number ^ 0x5555))


def of_another_name(*texts):
    """An answer whose question is not the one that was asked."""
    def behaviour(query):
        question = written("other.example") + query.question[-4:]
        return [(0.0, query.reply(records_of(query, texts), question=question))]
    return behaviour


def never_whole(query):
    """Cut over UDP, and over TCP a length that is never reached."""
    return [(0.0, query.reply()[:-3] if query.over_tcp else query.reply(flags=CUT))]


def huge(query):
    """As many addresses as a message can hold, over UDP too."""
    packed = bytes([9, 8, 7, 2]) if query.type == A else ipaddress.ip_address("2600:9::2").packed
    one = record(query.type, packed)
    whole = dataclasses.replace(query, over_tcp=True)
    return [(0.0, whole.reply([one] * (LARGEST // len(one))))]


def raw(change):
    """The right answer, changed: bytes -> bytes."""
    return lambda query: [(delay, change(message)) for delay, message in addresses("9.8.7.2", "2600:9::2")(query)]


# --- the server ---------------------------------------------------------------------------------------


class Nameserver(Reactor):
    """The name server of a namespace for the length of its block; `zone` maps names to behaviours and may be
    changed meanwhile."""

    RESOLV_CONF = "nameserver {}\noptions timeout:10 attempts:3\n"

    def __init__(self, ns, zone):
        super().__init__()
        self.zone = zone
        self._lock = threading.Lock()
        self._turns = collections.Counter()
        self._waiting, self._order = [], 0
        for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            self._open(ns, family, socket.SOCK_DGRAM, host, self._take_datagram)
            self._open(ns, family, socket.SOCK_STREAM, host, self._accept)

    def _open(self, ns, family, kind, host, take):
        sock = ns.socket(family, kind)
        sock.bind((host, 53))
        sock.setblocking(False)
        if kind == socket.SOCK_STREAM:
            sock.listen(256)
        self._watch(sock, take)

    def asked(self, name=None):
        """How often it was asked for the name; for names whatever."""
        with self._lock:
            return sum(count for (each, _), count in self._turns.items() if name in (None, each))

    def forget(self, name):
        """As if the name had never been asked for."""
        with self._lock:
            for each in [each for each in self._turns if each[0] == name]:
                del self._turns[each]

    def names(self):
        """All names that it was asked for."""
        with self._lock:
            return {name for name, _ in self._turns}

    def _turn_of(self, name, kind):
        with self._lock:
            self._turns[name, kind] += 1
            return self._turns[name, kind] - 1

    def _patience(self):
        return max(0.0, self._waiting[0][0] - time.monotonic()) if self._waiting else None

    def _release(self):
        while self._waiting and self._waiting[0][0] <= time.monotonic():
            _, _, send, message = heapq.heappop(self._waiting)
            try:
                send(message)
            except OSError:  # who asked has gone
                pass

    def _take_datagram(self, sock):
        try:
            message, peer = sock.recvfrom(4096)
        except OSError:
            return  # who was answered had gone
        self._answer(message, False, lambda reply: sock.sendto(reply, peer))

    def _accept(self, listener):
        sock, _ = listener.accept()
        sock.settimeout(1.0)
        self._watch(sock, self._take_stream)

    def _take_stream(self, sock):
        try:
            (length,) = struct.unpack("!H", sock.recv(2, socket.MSG_WAITALL))
            message = sock.recv(length, socket.MSG_WAITALL)
        except (OSError, struct.error):
            self._drop(sock)
            return
        self._answer(message, True, lambda reply: sock.sendall(struct.pack("!H", len(reply)) + reply))

    def _answer(self, message, over_tcp, send):
        query = Query.parse(message, over_tcp, self._turn_of)
        behaviour = self.zone.get(query.name, failure(NXDOMAIN))
        for delay, reply in behaviour(query):
            self._order += 1
            heapq.heappush(self._waiting, (time.monotonic() + delay, self._order, send, reply))
