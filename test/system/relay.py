# SPDX-License-Identifier: MIT
"""A cable with a will: joins two interfaces and delays, drops, doubles, swaps or forges what passes.

    relay.shape(forward=[every(5, TWICE)], back=[at(3, behind(4))], delay=(0.02, 0))

A rule looks at the number of a probe (1, 2, … in each direction, echo requests forward and replies
back) and gives a Deed or None; the first Deed counts. What is no probe passes with the delay alone.
All is decided by numbers, so that the same shape does the same thing each time; `relay.log` says what.
"""
import contextlib
import dataclasses
import functools
import heapq
import socket
import struct
import threading
import time

import wire_truth
from reactor import Reactor

SOL_PACKET = 263
PACKET_VNET_HDR = 15  # carries along checksums and segments that the sender left unfinished
PACKET_IGNORE_OUTGOING = 23
VNET_BYTES = 10
FRAME_BYTES = 1 << 17
FORWARD, BACK = 0, 1


# --- rules --------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Deed:
    """What happens to one probe: how many copies pass, how much later, behind which other one (its number;
    0: none), and what becomes of each (Frame -> Frame)."""

    copies: int = 1
    delay: float = 0.0
    behind: int = 0
    change: object = None


PASS, LOST, TWICE = Deed(), Deed(copies=0), Deed(copies=2)


def late(seconds):
    return Deed(delay=seconds)


def behind(number):
    return Deed(behind=number)


def forged(change, copies=1):
    return Deed(copies=copies, change=change)


def every(nth, deed):
    """The deed for each n-th probe."""
    return lambda number: deed if number % nth == 0 else None


def at(number, deed):
    return lambda probe: deed if probe == number else None


# --- frames that are forged -----------------------------------------------------------------------------


def _sum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


CHECKSUM_AT = {socket.IPPROTO_ICMP: 2, socket.IPPROTO_ICMPV6: 2, socket.IPPROTO_UDP: 6, socket.IPPROTO_TCP: 16}


@dataclasses.dataclass(frozen=True)
class Frame:
    """An Ethernet frame taken apart: `head` (Ethernet and IP) and `body` (ICMP, UDP or TCP)."""

    head: bytes
    body: bytes

    @classmethod
    def parse(cls, frame):
        ip = 20 if frame[12:14] == b"\x08\x00" else 40
        length = struct.unpack_from("!H", frame, 16)[0] if ip == 20 else 40 + struct.unpack_from("!H", frame, 18)[0]
        return cls(frame[: 14 + ip], frame[14 + ip : 14 + length])

    @property
    def protocol(self):
        return self.head[23] if len(self.head) == 34 else self.head[20]

    @property
    def header(self):
        """Bytes of the transport's header."""
        return (self.body[12] >> 4) * 4 if self.protocol == socket.IPPROTO_TCP else 8

    @property
    def payload(self):
        return self.body[self.header :]

    def with_payload(self, payload):
        return dataclasses.replace(self, body=self.body[: self.header] + payload)

    def with_body(self, at_, data):
        return dataclasses.replace(self, body=self.body[:at_] + data + self.body[at_ + len(data) :])

    def with_source(self, packed):
        """From another address (of as many bytes)."""
        at_ = 26 if len(packed) == 4 else 22
        return dataclasses.replace(self, head=self.head[:at_] + packed + self.head[at_ + len(packed) :])

    def whole(self, spoil=0):
        """The bytes, lengths and checksums made right again; the transport's spoilt by `spoil`."""
        head, body = bytearray(self.head), bytearray(self.body)
        if self.protocol == socket.IPPROTO_UDP:
            struct.pack_into("!H", body, 4, len(body))
        pseudo = b""
        if len(head) == 34:
            struct.pack_into("!H", head, 16, 20 + len(body))
            struct.pack_into("!H", head, 24, 0)
            struct.pack_into("!H", head, 24, _sum(bytes(head[14:34])) ^ 0xFFFF)
            if self.protocol != socket.IPPROTO_ICMP:
                pseudo = bytes(head[26:34]) + struct.pack("!HH", self.protocol, len(body))
        else:
            struct.pack_into("!H", head, 18, len(body))
            pseudo = bytes(head[22:54]) + struct.pack("!II", len(body), self.protocol)
        place = CHECKSUM_AT[self.protocol]
        struct.pack_into("!H", body, place, 0)
        right = _sum(pseudo + bytes(body)) ^ 0xFFFF
        struct.pack_into("!H", body, place, (right or 0xFFFF) ^ spoil)
        return bytes(head) + bytes(body)


# --- the relay ------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Passage:
    """A line of the log: one probe, its number in its direction, how it fared."""

    way: int
    number: int
    deed: Deed


class Relay(Reactor):
    """Joins interfaces `left` and `right` of namespace `ns` in a thread, for the length of its block."""

    def __init__(self, ns, left="left", right="right"):
        super().__init__()
        self._sockets = [ns.call(self._open, name) for name in (left, right)]
        for way, cable in enumerate(self._sockets):
            self._watch(cable, functools.partial(self._take, way))
        self._lock = threading.Lock()
        self._waiting = []  # heap of (instant, order, way, frame)
        self._order = 0
        self.shape()

    @staticmethod
    def _open(interface):
        cable = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        cable.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
        cable.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
        cable.setblocking(False)
        cable.bind((interface, wire_truth.ETH_P_ALL))
        return cable

    def shape(self, forward=(), back=(), delay=(0.0, 0.0)):
        """From now on: these rules and delays (seconds) forward and back; numbers and log begin anew, and
        what still waited is gone."""
        with self._lock:
            self._waiting.clear()
            self._rules, self._delay = (forward, back), delay
            self._count, self._held = [0, 0], ({}, {})
            self.log = []

    def _patience(self):
        with self._lock:
            return max(0.0, self._waiting[0][0] - time.monotonic()) if self._waiting else None

    def _take(self, way, cable):
        with contextlib.suppress(BlockingIOError), self._lock:
            while True:
                self._arrived(way, cable.recv(FRAME_BYTES))

    def _arrived(self, way, frame):
        packet = wire_truth.parse(0, frame[VNET_BYTES:])
        keyed = wire_truth.echo_key(packet) if packet else None
        if not keyed or keyed[1] not in (None, way == FORWARD):
            return self._queue(way, frame, 0.0)
        self._count[way] += 1
        number = self._count[way]
        deed = next((deed for deed in (rule(number) for rule in self._rules[way]) if deed), PASS)
        self.log.append(Passage(way, number, deed))
        if deed.change:
            frame = bytes(VNET_BYTES) + deed.change(Frame.parse(frame[VNET_BYTES:]))
        if deed.behind:
            self._held[way].setdefault(deed.behind, []).append(frame)
            return None
        for each in [frame] * deed.copies + self._held[way].pop(number, []):
            self._queue(way, each, deed.delay)
        return None

    def _queue(self, way, frame, delay):
        self._order += 1
        heapq.heappush(self._waiting, (time.monotonic() + self._delay[way] + delay, self._order, way, frame))

    def _release(self):
        with self._lock:
            while self._waiting and self._waiting[0][0] <= time.monotonic():
                _, _, way, frame = heapq.heappop(self._waiting)
                with contextlib.suppress(OSError):  # the other end went down
                    self._sockets[1 - way].send(frame)

    def done(self, way, deed=None):
        """The numbers of the probes that fared so (all, when no deed is named)."""
        with self._lock:
            return [each.number for each in self.log if each.way == way and deed in (None, each.deed)]
