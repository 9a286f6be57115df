# SPDX-License-Identifier: MIT
"""A Session-Sender made by hand: packets after the layouts of RFC 8762 and RFC 8972, by struct alone, so
that nothing here can share a mistake with the codec under test.

    with Peer(host, port) as peer: reply = peer.ask(request(seq=7)); peer.ttl, peer.tos
    Reply.read(octets), Reply.read(octets, authenticated=True)
    tlv(TYPE, value), tlvs(octets[44:]), hmac_tlv(key, seq, before)
"""
import ctypes
import dataclasses
import hashlib
import hmac
import select
import socket
import struct
import time

from clients import tools

NTP_EPOCH = 2208988800
OPEN, AUTHENTICATED = 44, 112
PADDING, LOCATION, TIMESTAMP, SERVICE, DIRECT, ACCESS, FOLLOW_UP, HMAC = range(1, 9)
U, M, I = 0x80, 0x40, 0x20


def ntp(seconds=None):
    """A time in the NTP format."""
    seconds = time.time() if seconds is None else seconds
    whole = int(seconds)
    return (whole + NTP_EPOCH & 0xFFFFFFFF) << 32 | int((seconds - whole) * (1 << 32))


def ptp(seconds=None):
    """The same, truncated PTP."""
    seconds = time.time() if seconds is None else seconds
    whole = int(seconds)
    return whole << 32 | int((seconds - whole) * 1e9)


def seconds_of(time64, is_ptp=False):
    if is_ptp:
        return (time64 >> 32) + (time64 & 0xFFFFFFFF) / 1e9
    return (time64 >> 32) - NTP_EPOCH + (time64 & 0xFFFFFFFF) / (1 << 32)


def clock_claim():
    """(synchronised, maximum error in s): what the kernel tells everybody of its clock."""
    timex = ctypes.create_string_buffer(256)  # struct timex; modes 0: nothing is set
    state = ctypes.CDLL(None).adjtimex(timex)
    _, _, _, maximum, _, status = struct.unpack_from("@Iqqqqi", timex)
    return state != 5 and not status & 0x40, maximum / 1e6


def request(seq=0, t=None, error=0x8001, ssid=0, mbz=bytes(28), more=b""):
    """Open: 44 octets, and what follows them."""
    return struct.pack("!IQHH", seq, ntp() if t is None else t, error, ssid) + mbz + more


def sign(key, first96):
    return hmac.new(key, first96, hashlib.sha256).digest()[:16]


def signed_request(key, seq=0, t=None, error=0x8001, ssid=0, mbz=bytes(68), more=b""):
    """Authenticated: 112 octets, and what follows them."""
    packet = struct.pack("!I12xQHH", seq, ntp() if t is None else t, error, ssid) + mbz
    return packet + sign(key, packet) + more


@dataclasses.dataclass
class Reply:
    seq: int
    t3: int
    error: int
    ssid: int
    t2: int
    sender_seq: int
    t1: int
    sender_error: int
    ttl: int
    zeroes: bytes  # all octets that must be zero
    octets: bytes

    @classmethod
    def read(cls, octets, authenticated=False):
        if not authenticated:
            seq, t3, error, ssid, t2, sender_seq, t1, sender_error, mbz, ttl, rest = struct.unpack("!IQHHQIQH2sB3s", octets[:44])
            return cls(seq, t3, error, ssid, t2, sender_seq, t1, sender_error, ttl, mbz + rest, octets)
        seq, z1, t3, error, ssid, z2, t2, z3, sender_seq, z4, t1, sender_error, z5, ttl, z6, _ = struct.unpack(
            "!I12sQHH4sQ8sI12sQH6sB15s16s", octets[:112])
        return cls(seq, t3, error, ssid, t2, sender_seq, t1, sender_error, ttl, z1 + z2 + z3 + z4 + z5 + z6, octets)


def tlv(kind, value, flags=U):
    return struct.pack("!BBH", flags, kind, len(value)) + value


def hmac_tlv(key, seq, before):
    return tlv(HMAC, sign(key, struct.pack("!I", seq) + before))


def tlvs(area):
    """[(flags, type, value)] of an area that is nothing but whole TLVs."""
    found = []
    while area:
        flags, kind, length = struct.unpack("!BBH", area[:4])
        assert len(area) >= 4 + length, area
        found.append((flags, kind, area[4:4 + length]))
        area = area[4 + length:]
    return found


class Peer:
    """A UDP socket that knows how replies arrived."""

    def __init__(self, host, port, ns=None, ttl=None, tos=None, **options):
        make = lambda: tools.datagram_socket(host, port, **options)
        self.sock = ns.call(make) if ns else make()
        self.v6 = self.sock.family == socket.AF_INET6
        self.ttl = self.tos = None
        if self.v6:
            self._set(socket.IPPROTO_IPV6, socket.IPV6_RECVHOPLIMIT, 1)
            self._set(socket.IPPROTO_IPV6, socket.IPV6_RECVTCLASS, 1)
        else:
            self._set(socket.IPPROTO_IP, 12, 1)  # IP_RECVTTL
            self._set(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
        self.mark(ttl, tos)

    def _set(self, level, name, value):
        self.sock.setsockopt(level, name, value)

    def mark(self, ttl=None, tos=None):
        """What is sent from now on has this TTL and TOS."""
        level = socket.IPPROTO_IPV6 if self.v6 else socket.IPPROTO_IP
        if ttl is not None:
            self._set(level, socket.IPV6_UNICAST_HOPS if self.v6 else socket.IP_TTL, ttl)
        if tos is not None:
            self._set(level, socket.IPV6_TCLASS if self.v6 else socket.IP_TOS, tos)

    @property
    def port(self):
        return self.sock.getsockname()[1]

    def send(self, octets):
        self.sock.send(octets)

    def receive(self):
        octets, control, _, _ = self.sock.recvmsg(1 << 16, 256)
        for _, kind, data in control:
            value = int.from_bytes(data[:4], "little")
            if kind in (socket.IP_TTL, socket.IPV6_HOPLIMIT):
                self.ttl = value
            elif kind in (socket.IP_TOS, socket.IPV6_TCLASS):
                self.tos = value
        return octets

    def octets(self, request):
        """The reply to a request, which is as long."""
        self.send(request)
        octets = self.receive()
        assert len(octets) == len(request)
        return octets

    def ask(self, request, authenticated=False):
        return Reply.read(self.octets(request), authenticated)

    def assert_silent_to(self, *requests, then=None):
        """None of them is answered: with one worker, what comes before this marker was judged before it."""
        for each in requests:
            self.send(each)
        marker = then or request(seq=0xABCDEF)
        self.send(marker)
        octets = self.receive()
        seq_at = 48 if len(marker) == AUTHENTICATED else 24
        assert octets[seq_at:seq_at + 4] == marker[:4], octets.hex()
        assert not select.select([self.sock], [], [], 0.05)[0]

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.sock.close()
