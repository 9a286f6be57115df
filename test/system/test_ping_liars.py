# SPDX-License-Identifier: MIT
"""Far ends that lie. A lie is junk, a copy a duplicate, a late one late; none of them is an answer."""
import struct

import pytest

import peers
import ping_text
from harness import PACE, Process, run

FAST = ("-c3", "-i", PACE, "-W", "300ms")


def flip(data, at):
    """`data` with one bit of byte `at` changed."""
    changed = bytearray(data)
    changed[at] ^= 1
    return bytes(changed)


def renumber(data, by):
    """An echo payload that claims another sequence number (u32, then the nonce)."""
    return struct.pack("!I", (int.from_bytes(data[:4], "big") + by) & 0xFFFFFFFF) + data[4:]


LIES = {
    "sequence changed": lambda data: [flip(data, 3)],
    "sequence never sent": lambda data: [renumber(data, 1000)],
    "sequence far beyond": lambda data: [renumber(data, 1 << 31)],
    "sequence before the first": lambda data: [b"\0\0\0\0" + data[4:], b"\xff\xff\xff\xff" + data[4:]],
    "first byte of the nonce": lambda data: [flip(data, 4)],
    "last byte of the nonce": lambda data: [flip(data, 11)],
    "first byte of the pattern": lambda data: [flip(data, 12)],
    "last byte": lambda data: [flip(data, -1)],
    "one byte short": lambda data: [data[:-1]],
    "one byte long": lambda data: [data + b"\0"],
    "very long": lambda data: [data + bytes(1400)],
    "head only": lambda data: [data[:12]],
    "three bytes": lambda data: [data[:3]],
    "nothing": lambda data: [b""],
    "all zero": lambda data: [bytes(len(data))],
    "from another port": lambda data: [("other", data)],
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
def test_a_lie_by_udp_is_junk(lie, family):
    with peers.UdpPeer(family, lambda data, n: lie(data)) as peer:
        result = run("ping", *FAST, family.local("udp-echo", peer.port), code=1)
        told = len(peer.heard) * len(lie(peer.heard[0]))
    found = ping_text.summary(result)
    assert (found.sent, found.received, found.loss) == (3, 0, 100), result.out
    assert found.count("junk") == told, result.out
    assert found.rtt is None
    assert ping_text.seqs(ping_text.LOST, result.out) == [1, 2, 3]


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
def test_the_truth_after_a_lie_is_received(lie, family):
    with peers.UdpPeer(family, lambda data, n: [*lie(data), data]) as peer:
        result = run("ping", *FAST, family.local("udp-echo", peer.port), code=0)
    found = ping_text.summary(result)
    assert (found.sent, found.received) == (3, 3), result.out
    assert found.count("junk") == 3 * len(lie(bytes(56)))
    assert found.count("duplicate") == 0


def test_an_answer_to_the_probe_before_is_late_or_duplicate_never_received(family):
    """The far end is one behind: what comes was true once."""
    memory = []

    def one_behind(data, n):
        memory.append(data)
        return [memory[n - 1]] if n else []

    with peers.UdpPeer(family, one_behind) as peer:
        result = run("ping", "-c4", "-i", "500ms", "-W", "200ms", family.local("udp-echo", peer.port), code=1)
    found = ping_text.summary(result)
    assert (found.received, found.count("late")) == (0, 3), result.out


def test_duplicates_are_counted_apart(family):
    with peers.UdpPeer(family, lambda data, n: [data] * (3 if n == 1 else 1)) as peer:
        result = run("ping", *FAST, family.local("udp-echo", peer.port), code=0)
    found = ping_text.summary(result)
    assert (found.sent, found.received, found.loss) == (3, 3, 0)
    assert found.count("duplicate") == 2, result.out
    assert found.count("junk") == 0


def test_a_late_answer_stays_lost(family):
    with peers.UdpPeer(family, lambda data, n: [(0.5, data)] if n == 0 else [data]) as peer:
        result = run("ping", "-c5", "-i", PACE, "-W", "300ms", family.local("udp-echo", peer.port), code=0)
    found = ping_text.summary(result)
    assert (found.sent, found.received, found.loss) == (5, 4, 20), result.out
    assert found.count("late") == 1, result.out
    assert ping_text.seqs(ping_text.LOST, result.out) == [1]
    assert found.rtt[2] < 300, "no rtt beyond the time-out"


def test_reordered_answers_are_all_received(family):
    with peers.UdpPeer(family, lambda data, n: [(0.5, data)] if n == 0 else [data]) as peer:
        result = run("ping", "-c4", "-i", PACE, "-W", "2s", family.local("udp-echo", peer.port), code=0)
    found = ping_text.summary(result)
    assert (found.received, found.loss) == (4, 0)
    assert found.rtt[2] >= 500


def test_reordering_is_counted(family):
    """RFC 4737: the first answer arrives after three with higher sequence numbers."""
    with peers.UdpPeer(family, lambda data, n: [(0.5, data)] if n == 0 else [data]) as peer:
        result = run("ping", "-c4", "-i", PACE, "-W", "2s", family.local("udp-echo", peer.port), code=0)
    assert ping_text.summary(result).count("reorder") == 1, result.out


def test_an_uninvited_stranger_is_junk(family):
    """Datagrams out of the blue to the client's socket, while an honest peer answers."""
    with peers.UdpPeer(family, lambda data, n: [data]) as peer, peers.UdpPeer(family, lambda data, n: []) as stranger:
        with Process("ping", "-c", "6", "-i", PACE, family.local("udp-echo", peer.port)) as process:
            process.wait_lines(ping_text.REPLY, 2)
            for number in range(10):
                stranger.send(peer.heard[0] if number % 2 else b"\xff" * 56, peer.senders[0])
            result = process.wait()
    found = ping_text.summary(result)
    assert (result.code, found.sent, found.received) == (0, 6, 6), result
    assert found.count("junk") == 10, result.out


@pytest.mark.parametrize("size", [0, 1, 3])
def test_a_lie_about_a_tiny_payload(size, family):
    """Below four bytes one probe is in flight and only length and bytes can be judged."""
    with peers.UdpPeer(family, lambda data, n: [data + b"x"]) as peer:
        result = run("ping", "-c2", "-i", "400ms", "-W", "300ms", "-s", size, family.local("udp-echo", peer.port), code=1)
    found = ping_text.summary(result)
    assert (found.received, found.count("junk")) == (0, found.sent), result.out


# --- ICMP: an impostor answers in the kernel's place ---------------------------------------------------

# bodies begin with identifier (2) and sequence (2); our payload follows
ICMP_LIES = {
    "payload changed": lambda body: [flip(body, -1)],
    "nonce changed": lambda body: [flip(body, 8)],
    "truncated": lambda body: [body[:-1]],
    "longer": lambda body: [body + b"\0"],
    "no payload": lambda body: [body[:4]],
    "sequence never sent": lambda body: [body[:2] + struct.pack("!H", (int.from_bytes(body[2:4], "big") + 1000) & 0xFFFF) + body[4:]],
}


@pytest.mark.parametrize("lie", ICMP_LIES.values(), ids=ICMP_LIES.keys())
def test_a_lie_by_icmp_is_junk(lie, family, pair):
    with peers.IcmpPeer(family, pair.b, lambda body, n: lie(body)) as peer:
        result = run("ping", *FAST, pair.b.address(family), ns=pair.a, code=1)
        assert len(peer.heard) == 3
    found = ping_text.summary(result)
    assert (found.sent, found.received) == (3, 0), result.out
    assert found.count("junk") == 3, result.out


def test_another_identifier_is_somebody_elses(family, pair):
    """A raw socket hears everybody's replies: a foreign identifier is not ours, whatever it is called."""
    with peers.IcmpPeer(family, pair.b, lambda body, n: [flip(body, 0)]):
        result = run("ping", *FAST, pair.b.address(family), ns=pair.a, code=1)
    assert ping_text.summary(result).received == 0


def test_icmp_duplicates_and_late_ones(family, pair):
    def answer(body, n):
        return [body, body] if n == 0 else [(0.5, body)] if n == 1 else [body]

    with peers.IcmpPeer(family, pair.b, answer):
        result = run("ping", "-c4", "-i", "600ms", "-W", "300ms", pair.b.address(family), ns=pair.a, code=0)
    found = ping_text.summary(result)
    assert (found.sent, found.received, found.count("duplicate"), found.count("late")) == (4, 3, 1, 1), result.out


def test_two_pings_at_once_do_not_hear_each_other(family, pair):
    with Process("ping", "-c", "8", "-i", PACE, pair.b.address(family), ns=pair.a) as first:
        second = run("ping", "-c", "8", "-i", PACE, pair.b.address(family), ns=pair.a, code=0)
        for result in (second, first.wait()):
            found = ping_text.summary(result)
            assert (found.sent, found.received) == (8, 8), result.out
            assert found.count("duplicate") == found.count("junk") == found.count("late") == 0, result.out
