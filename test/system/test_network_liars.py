# SPDX-License-Identifier: MIT
"""Honest servers behind a lying network: the relay forges replies on their way, addresses and checksums
right unless these are the lie. What is no answer to what was asked is never received."""
import socket
import struct

import pytest

from harness import Server
from netlab import captured, ping
from relay import BACK, at, every, forged

PACE = ("-c6", "-i", "30ms", "-W", "150ms")


def flip(data, at_):
    changed = bytearray(data)
    changed[at_] ^= 1
    return bytes(changed)


def payload(change):
    """A forger of the payload alone."""
    return lambda frame: frame.with_payload(change(frame.payload)).whole()


def other_source(frame):
    """From a neighbour that was not asked."""
    packed = socket.inet_pton(socket.AF_INET, "10.77.0.9") if len(frame.head) == 34 else socket.inet_pton(socket.AF_INET6, "fd77::9")
    return frame.with_source(packed).whole()


def other_port(frame):
    source, = struct.unpack_from("!H", frame.body)
    return frame.with_body(0, struct.pack("!H", source ^ 1)).whole()


def unsent_sequence(frame):
    """An answer to the probe a thousand further on: in the ICMP header and in the payload."""
    if frame.protocol != socket.IPPROTO_UDP:
        sequence, = struct.unpack_from("!H", frame.body, 6)
        frame = frame.with_body(6, struct.pack("!H", (sequence + 1000) & 0xFFFF))
    key, = struct.unpack_from("!I", frame.payload)
    return frame.with_payload(struct.pack("!I", (key + 1000) & 0xFFFFFFFF) + frame.payload[4:]).whole()


LIES = {
    "first byte of the payload": payload(lambda data: flip(data, 0)),
    "nonce": payload(lambda data: flip(data, 7)),
    "last byte of the payload": payload(lambda data: flip(data, -1)),
    "another source": other_source,
    "sequence never sent": unsent_sequence,
    "truncated": payload(lambda data: data[:-1]),
    "header only": payload(lambda data: b""),
    "oversized": payload(lambda data: data + b"\0"),
    "much oversized": payload(lambda data: data * 20),
    "wrong checksum": lambda frame: frame.whole(spoil=0x5555),
    "wrong checksum and payload": lambda frame: frame.with_payload(flip(frame.payload, -1)).whole(spoil=0x5555),
}
SPOILT = [lie for name, lie in LIES.items() if "checksum" in name]


def asked(kind, family, lab, *args, code):
    address = lab.b.address(family)
    service = "udp-echo" if kind == "icmp" else kind
    with Server(family.url(service, address, 0), ns=lab.b) as server, captured(lab) as wire:
        where = family.url(kind, address, None if kind == "icmp" else server.listening[0].port)
        return ping(lab.a, *args, where, code=code), wire


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
@pytest.mark.parametrize("kind", ["icmp", "udp-echo"])
def test_no_lie_is_received(kind, lie, family, lab):
    lab.relay.shape(back=[every(1, forged(lie))])
    told, wire = asked(kind, family, lab, *PACE, code=1)
    assert told.sent and len(lab.relay.done(BACK)) == len(told.sent)
    assert len(wire.requests) >= len(told.sent)
    assert told.seqs("loss") == told.sent
    assert not told.seqs("reply") and not told.seqs("duplicate") and not told.seqs("late")
    assert (told.summary["received"], told.summary["lost"]) == (0, len(told.sent))
    # What bears a wrong checksum the kernel keeps from most sockets.
    heard = len(told.of("junk")) if lie in SPOILT else len(told.sent)
    assert told.summary["junk"] == len(told.of("junk")) == heard


@pytest.mark.parametrize("kind", ["icmp", "udp-echo"])
def test_the_truth_beside_a_lie_is_received(kind, family, lab):
    """One reply of each sort of lie: only those are lost."""
    forgers = [lie for lie in LIES.values() if lie not in SPOILT]
    lab.relay.shape(back=[at(number, forged(lie)) for number, lie in zip(range(2, 100, 2), forgers)])
    told, _ = asked(kind, family, lab, "-c20", "-i", "30ms", "-W", "150ms", code=0)
    lied = [number for number in range(2, 2 * len(forgers) + 1, 2) if number <= len(told.sent)]
    assert told.seqs("loss") == told.nth(lied)
    assert told.seqs("reply") == [seq for seq in told.sent if seq not in told.nth(lied)]
    assert told.summary["junk"] == len(lied)
    assert told.summary["duplicates"] == told.summary["late"] == 0


def test_another_port_is_somebody_else(family, lab):
    lab.relay.shape(back=[every(1, forged(other_port))])
    told, _ = asked("udp-echo", family, lab, *PACE, code=1)
    assert told.seqs("loss") == told.sent and told.summary["received"] == 0


@pytest.mark.parametrize("place", [0, 7, -1], ids=["key", "nonce", "last byte"])
def test_a_wrong_byte_in_a_stream_is_not_received(place, family, lab):
    """TCP itself finds nothing wrong with the segment; the bytes are not those that were sent."""
    lab.relay.shape(back=[at(3, forged(payload(lambda data: flip(data, place))))])
    told, _ = asked("tcp-echo", family, lab, "-c6", "-i", "60ms", "-W", "400ms", code=0)
    third, = told.nth([3])
    assert third not in told.seqs("reply")
    assert told.summary["junk"] == len(told.of("junk")) == 1
    assert set(told.seqs("reply")) >= set(told.nth([1, 2, 5, 6])), "the connection is made again"
