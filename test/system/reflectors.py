# SPDX-License-Identifier: MIT
"""Session-Reflectors in Python, written from the layouts of RFC 8762 and RFC 8972 and from nothing of ours.

    with Reflector(family, change=lie) as peer: peer.port, peer.requests, peer.received
    change(reply, request, n) -> None (as changed in place), or a list of what goes back instead
    reply.put("sequence", 7); reply.octets; request.sequence, .ssid, .tos, .ttl

It counts its replies, one counter for each SSID, unless told to copy. `key` makes the session authenticated, or with `sealed=False`
protects the TLVs of an open one; `tlvs` answers Class of Service, Follow-Up Telemetry and HMAC.
"""
import hashlib
import hmac
import socket
import struct
import threading
import time

import peers

UNIX_TO_NTP = 2208988800
OPEN, SEALED = 44, 112
LAYOUTS = {
    False: dict(sequence=(0, 4), time=(4, 8), error=(12, 2), ssid=(14, 2), received=(16, 8), sender_sequence=(24, 4),
                sender_time=(28, 8), sender_error=(36, 2), sender_ttl=(40, 1)),
    True: dict(sequence=(0, 4), time=(16, 8), error=(24, 2), ssid=(26, 2), received=(32, 8), sender_sequence=(48, 4),
               sender_time=(64, 8), sender_error=(72, 2), sender_ttl=(80, 1)),
}
UNSYNCHRONISED = 0x0A01  # 1 * 2^(10 - 32) s
IP_RECVTTL, IP_RECVTOS = 12, 13  # of Linux; Python lacks the names
CLASS_OF_SERVICE, FOLLOW_UP, HMAC = 4, 7, 8


def ntp(ns):
    """64 bits of NTP."""
    seconds, rest = divmod(ns, 10**9)
    return ((seconds + UNIX_TO_NTP) & 0xFFFFFFFF) << 32 | (rest << 32) // 10**9


def ptp(ns):
    """64 bits of PTP, truncated."""
    seconds, rest = divmod(ns, 10**9)
    return (seconds & 0xFFFFFFFF) << 32 | rest


def mac(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()[:16]


class Packet:
    def __init__(self, octets, sealed):
        self.octets, self.sealed = bytearray(octets), sealed

    def get(self, name):
        at, size = LAYOUTS[self.sealed][name]
        return int.from_bytes(self.octets[at : at + size], "big")

    def put(self, name, value):
        at, size = LAYOUTS[self.sealed][name]
        if at + size <= len(self.octets):
            self.octets[at : at + size] = value.to_bytes(size, "big")

    @property
    def base(self):
        return SEALED if self.sealed else OPEN

    def tlvs(self):
        """(where its header is, type, length of its value) of each."""
        at = self.base
        while at + 4 <= len(self.octets) and self.octets[at + 1] != 0:
            length = int.from_bytes(self.octets[at + 2 : at + 4], "big")
            yield at, self.octets[at + 1], length
            at += 4 + length


class Request(Packet):
    def __init__(self, octets, sealed, ttl, tos, sender):
        super().__init__(octets, sealed)
        self.ttl, self.tos, self.sender = ttl, tos, sender
        self.sequence, self.ssid = self.get("sequence"), self.get("ssid")


class Reflector(peers._Peer):
    def __init__(self, family, ns=None, key=None, counts=True, tlvs=False, offset=0, error=UNSYNCHRONISED, change=None,
                 encode=ntp, port=0, knows=None, sealed=True):
        self._sock = peers._socket(family, socket.SOCK_DGRAM, ns, None, port)
        self._other = peers._socket(family, socket.SOCK_DGRAM, ns, None)
        self._v6 = family.version == 6
        level, names = (socket.IPPROTO_IPV6, (socket.IPV6_RECVHOPLIMIT, socket.IPV6_RECVTCLASS)) if self._v6 else (
            socket.IPPROTO_IP, (IP_RECVTTL, IP_RECVTOS))
        for name in names:
            self._sock.setsockopt(level, name, 1)
        self.sealed = sealed and key is not None
        self.key, self.counts, self.answers_tlvs, self.error = key, counts, tlvs, error
        self.offset, self.encode, self._change = offset, encode, change
        self.knows = knows or ({CLASS_OF_SERVICE, FOLLOW_UP, HMAC} if tlvs else set())
        self.counters, self.left = {}, {}
        self.requests = []
        self._timers = []
        self.port = self._sock.getsockname()[1]
        super().__init__()

    # --- what a test asks -----------------------------------------------------------------------------

    @property
    def received(self):
        """Sequence numbers that arrived, each once."""
        return {request.sequence for request in self.requests}

    def now(self):
        return time.time_ns() + self.offset

    def restart(self):
        self.counters.clear()

    # --- the work -------------------------------------------------------------------------------------

    def _serve(self):
        while self._readable(self._sock):
            data, control, _, sender = self._sock.recvmsg(65536, 1024)
            received = self.now()
            request = Request(data, self.sealed, *self._details(control), sender)
            self.requests.append(request)
            self._answer(request, received)

    def _details(self, control):
        ttl = tos = 0
        for level, kind, value in control:
            number = int.from_bytes(value[:4], "little") if len(value) >= 4 else value[0]
            if (level, kind) in ((socket.IPPROTO_IP, socket.IP_TTL), (socket.IPPROTO_IPV6, socket.IPV6_HOPLIMIT)):
                ttl = number
            if (level, kind) in ((socket.IPPROTO_IP, socket.IP_TOS), (socket.IPPROTO_IPV6, socket.IPV6_TCLASS)):
                tos = number
        return ttl, tos

    def number(self, request):
        """The next one; consumed."""
        if not self.counts:
            return request.sequence
        number = self.counters.get(request.ssid, 0)
        self.counters[request.ssid] = number + 1
        return number

    def _answer(self, request, received):
        reply = Packet(bytes(request.base) + bytes(request.octets[request.base :]), request.sealed)
        reply.put("sequence", self.number(request))
        reply.put("error", self.error)
        reply.put("ssid", request.ssid)
        reply.put("received", self.encode(received))
        for theirs, ours in (("sequence", "sender_sequence"), ("time", "sender_time"), ("error", "sender_error")):
            reply.put(ours, request.get(theirs))
        reply.put("sender_ttl", request.ttl)
        tos = self.answer_tlvs(reply, request)
        sent = self.now()
        reply.put("time", self.encode(sent))
        changed = self._change(reply, request, len(self.requests) - 1) if self._change else None
        for each in [reply] if changed is None else changed:
            self._send(each, request.sender, tos)
        # As its kernel would say it: on this host's loopback it has arrived by the time that we could ask.
        self.left[request.ssid] = (reply.get("sequence"), self.encode(sent + 1000))

    def answer_tlvs(self, reply, request):
        """In place; returns the DSCP and ECN that the reply shall have."""
        tos = 0
        for at, kind, length in list(reply.tlvs()):
            if kind not in self.knows:
                continue
            reply.octets[at] &= 0x7F
            if kind == CLASS_OF_SERVICE:
                tos = reply.octets[at + 4] & 0xFC
                word = tos << 24 | (request.tos >> 2) << 20 | (request.tos & 3) << 18
                reply.octets[at + 4 : at + 8] = word.to_bytes(4, "big")
            if kind == FOLLOW_UP and request.ssid in self.left:
                number, when = self.left[request.ssid]
                reply.octets[at + 4 : at + 20] = struct.pack("!IQB3x", number, when, 2)
        return tos

    def seal(self, reply):
        """Both HMACs."""
        octets = reply.octets
        for at, kind, length in list(reply.tlvs()):
            if kind == HMAC and length == 16 and HMAC in self.knows:
                octets[at + 4 : at + 20] = mac(self.key, octets[0:4] + octets[reply.base:at])
        if reply.sealed and len(octets) >= SEALED:
            octets[96:112] = mac(self.key, octets[:96])

    def _send(self, reply, receiver, tos):
        """`reply`: a Packet, or bytes that are sent as they are, or (delay, either), ("other", either)."""
        delay, reply = reply if isinstance(reply, tuple) else (0, reply)
        if isinstance(reply, Packet):
            if self.key is not None:
                self.seal(reply)
            reply = bytes(reply.octets)
        if delay == "other":
            self._other.sendto(reply, receiver)
        elif delay:
            timer = threading.Timer(delay, self._transmit, (reply, receiver, tos))
            timer.start()
            self._timers.append(timer)
        else:
            self._transmit(reply, receiver, tos)

    def _transmit(self, data, receiver, tos):
        level, kind = (socket.IPPROTO_IPV6, socket.IPV6_TCLASS) if self._v6 else (socket.IPPROTO_IP, socket.IP_TOS)
        try:
            self._sock.sendmsg([data], [(level, kind, struct.pack("=i", tos))], 0, receiver)
        except OSError:
            pass  # the sender has gone

    def __exit__(self, *exception):
        super().__exit__(*exception)
        for timer in self._timers:
            timer.cancel()
            timer.join()
        self._sock.close()
        self._other.close()
