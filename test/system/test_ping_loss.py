# SPDX-License-Identifier: MIT
"""Fates: each probe is answered, lost, refused or unsent, and the counts are exact."""
import re
import socket

import pytest

import peers
import ping_text
from harness import PACE, Process, Server, run

KINDS = ("udp-echo", "icmp")
FAST = ("-i", PACE, "-W", "500ms")


def icmp_rule(family, reply=False):
    """nft's words for echo requests or replies."""
    return f"{'icmp' if family.version == 4 else 'icmpv6'} type echo-{'reply' if reply else 'request'}"


def lossy(kind, family, pair, way):
    """Install a rule that drops each fourth packet of one way; returns the target and its namespace."""
    where = pair.b if way == "forward" else pair.a
    if kind == "icmp":
        match = icmp_rule(family, way == "back")
    else:
        match = f"udp {'dport' if way == 'forward' else 'sport'} 8888"
    where.filter("input", f"{match} numgen inc mod 4 == 0 counter drop")
    return where


@pytest.mark.parametrize("way", ["forward", "back"])
@pytest.mark.parametrize("kind", KINDS)
def test_loss_is_exact(kind, way, family, pair):
    where = lossy(kind, family, pair, way)
    with Server(family.url("udp-echo", pair.b.address(family), 8888), ns=pair.b):
        target = pair.b.address(family) if kind == "icmp" else family.url("udp-echo", pair.b.address(family))
        result = run("ping", "-c", "12", *FAST, target, ns=pair.a, code=0)
    found = ping_text.summary(result)
    assert (found.sent, found.received, found.loss) == (12, 9, 25), result.out
    assert where.counted() == 3
    assert ping_text.seqs(ping_text.LOST, result.out) == [1, 5, 9]
    assert len(ping_text.seqs(ping_text.REPLY, result.out)) == 9
    for name in ("late", "junk", "duplicate", "refused", "unsent"):
        assert found.count(name) == 0, result.out


def test_loss_both_ways_at_once(family, pair):
    lossy("udp-echo", family, pair, "forward")
    lossy("udp-echo", family, pair, "back")
    with Server(family.url("udp-echo", pair.b.address(family), 8888), ns=pair.b):
        result = run("ping", "-q", "-c", "16", *FAST, family.url("udp-echo", pair.b.address(family)), ns=pair.a, code=0)
    found = ping_text.summary(result)
    assert (found.sent, found.received) == (16, 9), "16 − 4 forward, of the 12 left − 3 back"
    assert pair.a.counted() + pair.b.counted() == 7


@pytest.mark.parametrize("kind", ["tcp-echo", "pong"])
def test_a_dropped_segment_is_a_retransmission_not_a_loss(kind, family, pair):
    address = pair.b.address(family)
    with Server(family.url(kind, address, 0), ns=pair.b) as server:
        # after the handshake, the third segment with data of this connection is dropped, once
        with Process("ping", "-c", "6", "-i", PACE, "-W", "3s", server.url(kind), ns=pair.a) as process:
            process.wait_lines(ping_text.REPLY, 2)
            pair.b.filter("input", f"tcp dport {server.port(kind)} tcp flags & psh == psh numgen inc mod 1000 == 0 counter drop")
            result = process.wait()
    found = ping_text.summary(result)
    assert pair.b.counted() == 1
    assert (result.code, found.sent, found.received) == (0, 6, 6), result
    assert re.search("retransmi", result.out), result.out


# --- refused ------------------------------------------------------------------------------------------


def test_closed_tcp_port_refuses(family):
    port = peers.closed_port(family)
    result = run("ping", "-c3", *FAST, family.local("tcp", port), code=1)
    assert ping_text.seqs(ping_text.REFUSED, result.out) == [1, 2, 3]
    assert {match["address"] for match in ping_text.REFUSED.finditer(result.out)} == {family.loopback}
    found = ping_text.summary(result)
    assert (found.sent, found.received, found.loss, found.count("refused")) == (3, 0, 100, 3)


@pytest.mark.parametrize("kind", ["tcp-echo", "pong"])
def test_stream_to_a_closed_port_is_no_answer(kind, family):
    """No connection ever stood: the probes are refused, or unsent for want of one; none is answered."""
    result = run("ping", "-c3", "-i", PACE, "-W", "300ms", family.local(kind, peers.closed_port(family)), code=1)
    found = ping_text.summary(result)
    assert found.received == 0
    assert found.count("refused") + found.count("unsent") == 3, result.out
    assert "refused" in result.out


def test_closed_udp_port_refuses(family):
    port = peers.closed_port(family, socket.SOCK_DGRAM)
    result = run("ping", "-c3", *FAST, family.local("udp-echo", port), code=1)
    assert ping_text.seqs(ping_text.REFUSED, result.out) == [1, 2, 3]
    assert "port unreachable" in result.out
    assert ping_text.summary(result).count("refused") == 3


def test_a_refusal_by_one_hurts_no_other(family, pair):
    """A shared socket learns of A's refusal when it sends to B: B's probe leaves all the same."""
    for side in (pair.a, pair.b):
        side.sysctl("net.ipv4.icmp_ratelimit=0")
        side.sysctl("net.ipv6.icmp.ratelimit=0")
    closed = peers.closed_port(family, socket.SOCK_DGRAM, ns=pair.b)
    with Server(family.url("udp-echo", pair.b.address(family), 0), ns=pair.b) as server:
        bad = family.url("udp-echo", pair.b.address(family), closed)
        result = run("ping", "-c", "8", "-i", PACE, "-W", "1s", bad, server.url("udp-echo"), ns=pair.a, code=1)
    dead, alive = ping_text.summaries(result.out)
    assert (alive.sent, alive.received) == (8, 8), result.out
    assert (dead.sent, dead.received) == (8, 0)
    assert dead.count("refused") == 8


def test_refusals_that_the_far_host_limits(family, pair):
    """A probe without its own unreachable stays lost; the summary says how many refusals were seen."""
    closed = peers.closed_port(family, socket.SOCK_DGRAM, ns=pair.b)
    result = run("ping", "-c", "15", "-i", PACE, "-W", "300ms", family.url("udp-echo", pair.b.address(family), closed), ns=pair.a, code=1)
    refused, lost = ping_text.seqs(ping_text.REFUSED, result.out), ping_text.seqs(ping_text.LOST, result.out)
    assert sorted(refused + lost) == list(range(1, 16))
    found = ping_text.summary(result)
    assert (found.sent, found.received) == (15, 0)
    assert refused and found.count("refused") == len(refused)


def test_an_icmp_unreachable_by_a_gateway_refuses(family, pair):
    """nft rejects: the far host says `administratively prohibited` or the like."""
    way = "icmp type admin-prohibited" if family.version == 4 else "icmpv6 type admin-prohibited"
    pair.b.filter("input", f"{icmp_rule(family)} reject with {way}")
    result = run("ping", "-c3", "-i", "300ms", "-W", "300ms", pair.b.address(family), ns=pair.a, code=1)
    assert ping_text.seqs(ping_text.REFUSED, result.out)[0] == 1, result.out
    assert ping_text.REFUSED.search(result.out)["address"] == pair.b.address(family)


# --- unsent -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["icmp", "tcp", "udp-echo"])
def test_no_route_is_unsent(kind, family, alone):
    host = "192.0.2.1" if family.version == 4 else "2001:db8::1"
    target = host if kind == "icmp" else family.url(kind, host, 9000)
    result = run("ping", "-c2", *FAST, target, ns=alone, code=1)
    assert ping_text.seqs(ping_text.UNSENT, result.out) == [1, 2], result.out
    assert {match["why"] for match in ping_text.UNSENT.finditer(result.out)} == {"network is unreachable"}
    found = ping_text.summary(result)
    assert (found.sent, found.received, found.count("unsent")) == (0, 0, 2)
    assert "nan" not in result.out and "inf" not in result.out.replace("information", "")


def test_a_firewall_of_our_own_is_unsent(family, pair):
    pair.a.filter("output", "udp dport 8888 numgen inc mod 2 == 0 drop")
    with Server(family.url("udp-echo", pair.b.address(family), 8888), ns=pair.b):
        result = run("ping", "-c6", *FAST, family.url("udp-echo", pair.b.address(family)), ns=pair.a, code=0)
    assert ping_text.seqs(ping_text.UNSENT, result.out) == [1, 3, 5], result.out
    found = ping_text.summary(result)
    assert (found.sent, found.received, found.loss, found.count("unsent")) == (3, 3, 0, 3)


def test_too_big_for_the_path_is_unsent(family, pair):
    with Server(family.url("udp-echo", pair.b.address(family), 0), ns=pair.b) as server:
        result = run("ping", "-c2", *FAST, "-M", "do", "-s", "3000", server.url("udp-echo"), ns=pair.a, code=1)
        assert ping_text.seqs(ping_text.UNSENT, result.out) == [1, 2]
        assert "message too long" in result.out
        for way in ("want", "dont"):
            run("ping", "-c2", *FAST, "-M", way, "-s", "3000", server.url("udp-echo"), ns=pair.a, code=0)


# --- the TCP handshake --------------------------------------------------------------------------------

SYN = "tcp flags & (syn | ack) == syn"


def test_a_lost_syn_is_a_lost_probe(family, pair):
    """The kernel's second SYN is not our probe."""
    with peers.TcpPeer(family, peers.echo, ns=pair.b) as peer:
        pair.b.filter("input", f"tcp dport {peer.port} {SYN} numgen inc mod 1000 == 0 counter drop")
        target = family.url("tcp", pair.b.address(family), peer.port)
        result = run("ping", "-c2", "-i", PACE, "-W", "3s", target, ns=pair.a, code=0)
        assert pair.b.counted() == 1
    assert ping_text.seqs(ping_text.LOST, result.out) == [1], result.out
    assert ping_text.seqs(ping_text.REPLY, result.out) == [2]
    assert re.search(r"syn[ _-]retransmitted", result.out, re.I), result.out
    found = ping_text.summary(result)
    assert (found.sent, found.received, found.loss) == (2, 1, 50)
    assert found.rtt[2] < 500, "no rtt comes from a retransmitted SYN"


def test_dropped_syns_are_lost(family, pair):
    with peers.TcpPeer(family, peers.echo, ns=pair.b) as peer:
        pair.b.filter("input", f"tcp dport {peer.port} {SYN} numgen inc mod 4 == 0 counter drop")
        target = family.url("tcp", pair.b.address(family), peer.port)
        result = run("ping", "-c", "12", *FAST, target, ns=pair.a, code=0)
    found = ping_text.summary(result)
    assert (found.sent, found.received, found.loss) == (12, 9, 25), result.out


def test_handshakes_leave_no_connection_behind(family, pair):
    with peers.TcpPeer(family, peers.echo, ns=pair.b) as peer:
        run("ping", "-c", "20", "-i", "2ms", family.url("tcp", pair.b.address(family), peer.port), ns=pair.a, code=0)
        open_ones = pair.a.sh("ss", "-Htn", "state", "established")
    assert open_ones.strip() == ""


# --- silence of a broken network ----------------------------------------------------------------------


def test_an_outage_and_its_end(family, pair):
    """Down for some probes, then up: all of the middle lost, nothing of the rest."""
    with Server(family.url("udp-echo", pair.b.address(family), 8888), ns=pair.b):
        with Process("ping", "-c", "20", "-i", PACE, "-W", "500ms", family.url("udp-echo", pair.b.address(family)), ns=pair.a) as process:
            process.wait_lines(ping_text.REPLY, 5)
            pair.b.filter("input", "udp dport 8888 counter drop")
            process.wait_lines(ping_text.LOST, 5)
            dropped = pair.b.counted()
            pair.b.unfilter()
            result = process.wait()
    lost = ping_text.seqs(ping_text.LOST, result.out)
    assert lost == list(range(lost[0], lost[0] + len(lost))), "one gap"
    assert len(lost) >= max(5, dropped)
    assert ping_text.summary(result).received == 20 - len(lost)
