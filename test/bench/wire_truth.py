# SPDX-License-Identifier: MIT
"""wire_truth: what a veth pair carried, and when, without disturbing those who use it.

    with Wire(client, server) as wire:       # both: .interface, and .call(function, *arguments),
        ...                                  # which calls it inside that end's network namespace
    wire.journeys(echo_key)                  # each request with its copies and its replies
    wire.streams(56)                         # the same of probes of 56 bytes in TCP connections

A capture on the client's own interface costs its probes 0.5 to 4 µs. So each packet is taken where
it arrives: requests at the server's end, replies at the client's, receive direction only. There the
kernel stamps them inside the sender's transmit call, and the readers look only every 20 ms, so that
no packet wakes anybody.

TCP leaves the departure time it had planned in the packet, marked as such, and then the far end
stamps it some 10 µs after its arrival. A tiny program on each end's egress takes time and mark out
again (a plain write to `tstamp` would leave the mark). Where the kernel has no TCX links (before
6.6), `clean` is False and the stamps of TCP are not to be trusted.
"""

import contextlib
import ctypes
import dataclasses
import os
import platform
import socket
import struct
import threading
import time

POLL_SECONDS = 0.02
SNAP_BYTES = 4096
BUFFER_BYTES = 64 << 20

# Of Linux, absent from Python's socket and os.
ETH_P_ALL = 0x0003
SOL_PACKET = 263
PACKET_STATISTICS = 6
PACKET_IGNORE_OUTGOING = 23
SO_RCVBUFFORCE = 33
SO_TIMESTAMPNS = 35
SYS_BPF = {"x86_64": 321, "aarch64": 280}
BPF_PROG_LOAD, BPF_LINK_CREATE = 5, 28
BPF_PROG_TYPE_SCHED_CLS = 3
BPF_TCX_EGRESS = 47
BPF_FUNC_SKB_SET_TSTAMP = 192
TCX_NEXT = -1  # let the packet go on


# --- the program on the egress ------------------------------------------------------------------


def _bpf(command, attributes):
    number = SYS_BPF.get(platform.machine())
    if number is None:
        raise OSError(f"bpf(2) is not known on {platform.machine()}")
    libc = ctypes.CDLL(None, use_errno=True)
    held = ctypes.create_string_buffer(attributes, len(attributes))
    descriptor = libc.syscall(number, command, held, len(attributes))
    if descriptor < 0:
        raise OSError(ctypes.get_errno(), "bpf")
    return descriptor


def _instruction(code, to=0, immediate=0):
    return struct.pack("<BBhi", code, to, 0, immediate)


def _load_eraser():
    """A descriptor of: bpf_skb_set_tstamp(skb, 0, 0); return TCX_NEXT."""
    program = b"".join((
        _instruction(0xB7, to=2, immediate=0),
        _instruction(0xB7, to=3, immediate=0),
        _instruction(0x85, immediate=BPF_FUNC_SKB_SET_TSTAMP),
        _instruction(0xB7, to=0, immediate=TCX_NEXT),
        _instruction(0x95),
    ))
    code, licence = ctypes.create_string_buffer(program), ctypes.create_string_buffer(b"MIT")
    return _bpf(BPF_PROG_LOAD, struct.pack(
        "<IIQQIIQII16s", BPF_PROG_TYPE_SCHED_CLS, len(program) // 8, ctypes.addressof(code),
        ctypes.addressof(licence), 0, 0, 0, 0, 0, b"erase_tstamp"))


def _attach_eraser(interface):
    """A descriptor which keeps the program on the egress until it is closed."""
    program = _load_eraser()
    try:
        index = socket.if_nametoindex(interface)
        return _bpf(BPF_LINK_CREATE, struct.pack("<IIIIIIQ", program, index, BPF_TCX_EGRESS,
                                                 0, 0, 0, 0))
    finally:
        os.close(program)


# --- a tap -------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Packet:
    """One that has arrived. `ports` is (source, destination), or (identifier, sequence) of an echo;
    `numbers` are those of a TCP segment: sequence, acknowledgement."""

    stamp: int  # ns, CLOCK_REALTIME
    protocol: str  # icmp, udp or tcp
    kind: int  # the type of an ICMP message, the flags of a TCP segment
    ports: tuple
    payload: bytes
    numbers: tuple = ()


def _transport(frame):
    """Protocol number and what it carries; None for what is neither IPv4 nor plain IPv6."""
    ether_type, = struct.unpack_from("!H", frame, 12)
    if ether_type == 0x0800:
        length, = struct.unpack_from("!H", frame, 16)
        return frame[23], frame[14 + (frame[14] & 15) * 4:14 + length]
    if ether_type == 0x86DD:
        length, = struct.unpack_from("!H", frame, 18)
        return frame[20], frame[54:54 + length]
    return None


def parse(stamp, frame):
    """The Packet, or None if it is of no kind that is measured here."""
    found = _transport(frame)
    if not found or len(found[1]) < 8:
        return None
    number, body = found
    ports = struct.unpack_from("!HH", body)
    if number in (socket.IPPROTO_ICMP, socket.IPPROTO_ICMPV6):
        return Packet(stamp, "icmp", body[0], struct.unpack_from("!HH", body, 4), body[8:])
    if number == socket.IPPROTO_UDP:
        return Packet(stamp, "udp", 0, ports, body[8:])
    if number == socket.IPPROTO_TCP and len(body) >= 20:
        return Packet(stamp, "tcp", body[13], ports, body[(body[12] >> 4) * 4:],
                      struct.unpack_from("!II", body, 4))
    return None


class Tap:
    """Collects what arrives at one end, until it is closed."""

    def __init__(self, end):
        self._frames = []
        self._socket = end.call(self._open, end.interface)
        self._stopping = False
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    @staticmethod
    def _open(interface):
        tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        tap.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES)
        tap.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        tap.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
        tap.setblocking(False)
        tap.bind((interface, ETH_P_ALL))
        return tap

    def _read(self):
        while not self._stopping:
            time.sleep(POLL_SECONDS)
            self._empty()

    def _empty(self):
        with contextlib.suppress(BlockingIOError):
            while True:
                frame, messages, _, _ = self._socket.recvmsg(SNAP_BYTES, 64)
                seconds, nanoseconds = struct.unpack("=qq", messages[0][2])
                self._frames.append((seconds * 1_000_000_000 + nanoseconds, frame))

    def close(self):
        """The packets, oldest first."""
        self._stopping = True
        self._thread.join()
        self._empty()
        _, dropped = struct.unpack("=II", self._socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))
        self._socket.close()
        if dropped:
            raise RuntimeError(f"the capture lost {dropped} packets")
        parsed = (parse(stamp, frame) for stamp, frame in self._frames)
        return [packet for packet in parsed if packet]


# --- both ends ---------------------------------------------------------------------------------


def echo_key(packet):
    """What a request of any echo and its reply have in common, and whether this is the request (None
    where only the direction tells); None for a packet that is neither."""
    if packet.protocol == "icmp":
        asked = {8: True, 128: True, 0: False, 129: False}
        return (packet.ports, asked[packet.kind]) if packet.kind in asked else None
    return (packet.payload, None) if packet.protocol == "udp" or packet.payload else None


def handshake_key(packet):
    """The same for TCP handshakes: the client's port, which may come again, and its first sequence
    number."""
    if packet.protocol != "tcp" or not packet.kind & 0x02:
        return None
    asked = not packet.kind & 0x10
    first = packet.numbers[0] if asked else packet.numbers[1] - 1 & 0xFFFFFFFF
    return (packet.ports[0 if asked else 1], first), asked


@dataclasses.dataclass
class Journey:
    """A request, all its copies, and all the replies to it: the instants at which they arrived."""

    key: object
    requests: list
    replies: list

    @property
    def rtt(self):
        """From the first request's arrival at the server to the first reply's at the client: ns, or
        None if either is missing."""
        return self.replies[0] - self.requests[0] if self.requests and self.replies else None


class Wire:
    """Both taps and both programs; `requests` and `replies` stand when the block has ended."""

    def __init__(self, client, server):
        self._ends = (client, server)
        self._stack = contextlib.ExitStack()
        self.clean = True
        self.requests = []
        self.replies = []

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            for end in self._ends:
                self._erase_departures(stack, end)
            client, server = (Tap(end) for end in self._ends)
            stack.callback(lambda: self._take(client, server))
            self._stack = stack.pop_all()
        return self

    def _erase_departures(self, stack, end):
        try:
            link = end.call(_attach_eraser, end.interface)
        except OSError:
            self.clean = False
            return
        stack.callback(os.close, link)

    def _take(self, client, server):
        self.requests, self.replies = server.close(), client.close()

    def __exit__(self, *exception):
        self._stack.close()

    def journeys(self, key=echo_key):
        """Each request in the order of its first arrival. Replies to nothing are left out."""
        found = {}
        for packets, asked, name in ((self.requests, True, "requests"),
                                     (self.replies, False, "replies")):
            for packet in packets:
                keyed = key(packet)
                if not keyed or keyed[1] not in (None, asked):
                    continue
                if asked:
                    found.setdefault(keyed[0], Journey(keyed[0], [], []))
                if keyed[0] in found:
                    getattr(found[keyed[0]], name).append(packet.stamp)
        return list(found.values())

    def streams(self, size):
        """The same for probes of `size` bytes that are echoed on TCP connections, one after the
        other: each has arrived when its last byte has, with all before it."""
        there, back = _arrivals(self.requests, size, 0), _arrivals(self.replies, size, 1)
        return [Journey((port, place), [stamp], back.get(port, [])[place:place + 1])
                for port, stamps in there.items() for place, stamp in enumerate(stamps)]


def _arrivals(packets, size, client):
    """For each connection (the client's port, which stands at that place among the ports) the
    instants at which its probes were complete."""
    found, begun = {}, {}
    for packet in packets:
        if packet.protocol != "tcp":
            continue
        port = packet.ports[client]
        if packet.kind & 0x02:
            begun[port] = packet.numbers[0] + 1
            found[port] = _Stream([], [])
        elif port in begun and packet.payload:
            offset = packet.numbers[0] - begun[port] & 0xFFFFFFFF
            found[port].add(offset, offset + len(packet.payload), packet.stamp, size)
    return {port: stream.stamps for port, stream in found.items()}


@dataclasses.dataclass
class _Stream:
    """One direction of a connection as it arrives."""

    pieces: list  # (from, to) of what has arrived
    stamps: list  # of each whole probe

    def add(self, begin, end, stamp, size):
        self.pieces.append((begin, end))
        reached = 0
        for first, last in sorted(self.pieces):
            if first <= reached:
                reached = max(reached, last)
        self.stamps += [stamp] * (reached // size - len(self.stamps))
        if len(self.pieces) > 1 and reached == max(last for _, last in self.pieces):
            self.pieces = [(0, reached)]
