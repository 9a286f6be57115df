# SPDX-License-Identifier: MIT
"""`sounder serve udp-echo`: a loop of packets that one forged datagram begins dies by itself, whoever the
other end is, and who measures notices nothing of it. (Source ports: test_serve_loops.py.)"""
import contextlib
import socket
import threading
import time

import pytest

import harness
import ping_text
from clients import tools

pytestmark = pytest.mark.usefixtures("build")

OURS, THEIRS = 9001, 9002
BOUND = ("unicast", "wildcard")


def serving(ns, family, host, bound, port, *options):
    where = "*" if bound == "wildcard" else host
    url = family.url("udp-echo", where, port)
    return harness.Server(url, "--workers", "1", *options, expect=1, ns=ns)


def count_between(ns):
    """From now on `ns` counts what arrives there on its way between the two ports."""
    ports = f"{{ {OURS}, {THEIRS} }}"
    ns.filter("input", f"udp sport {ports} udp dport {ports} counter")


def settled(*namespaces):
    """Packets counted, once no more of them arrive."""
    count, since = -1, time.monotonic()
    while time.monotonic() - since < 0.3:
        now = sum(ns.counted() for ns in namespaces)
        if now != count:
            count, since = now, time.monotonic()
    return count


@contextlib.contextmanager
def plain_echo(ns, host, port):
    """Somebody else's echo, which sends back whatever comes, to whoever sent it."""
    with ns.call(tools.datagram_socket, host, None, host, port) as sock:
        sock.settimeout(0.05)
        over = threading.Event()

        def echo():
            while not over.is_set():
                with contextlib.suppress(TimeoutError):
                    data, peer = sock.recvfrom(65_535)
                    sock.sendto(data, peer)

        thread = threading.Thread(target=echo)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


@pytest.mark.parametrize("bound", BOUND)
@pytest.mark.parametrize("ttl", [64, 255])
def test_two_of_our_servers_fall_silent_within_64_packets(pair, family, bound, ttl):
    near, far = (side.address(family) for side in (pair.a, pair.b))
    with serving(pair.a, family, near, bound, OURS), serving(pair.b, family, far, bound, THEIRS):
        count_between(pair.a)
        count_between(pair.b)
        pair.b.call(tools.forge_udp, far, THEIRS, near, OURS, b"begin", ttl)
        assert settled(pair.a, pair.b) == 64
        assert pair.b.call(tools.udp_echoes, near, OURS)


def test_without_loop_guards_two_of_our_servers_go_on(alone, family):
    """What the guards are for, and that the packets of a loop are counted at all."""
    host = family.loopback
    with serving(alone, family, host, "unicast", OURS, "--no-loop-guards"), \
            serving(alone, family, host, "unicast", THEIRS, "--no-loop-guards"):
        count_between(alone)
        alone.call(tools.forge_udp, host, THEIRS, host, OURS, b"begin")
        harness.wait_until(lambda: alone.counted() > 5000, "the loop goes on")


@pytest.mark.parametrize("size", [0, 5, 9000])
def test_ours_and_any_other_echo_fall_silent_within_2000_packets(alone, family, size):
    host = family.loopback
    with serving(alone, family, host, "unicast", OURS), plain_echo(alone, host, THEIRS):
        count_between(alone)
        alone.call(tools.forge_udp, host, THEIRS, host, OURS, b"x" * size)
        harness.wait_until(lambda: alone.counted() > 1000, "there is a loop")
        assert settled(alone) == 1999
        assert alone.call(tools.udp_echoes, host, OURS)


@pytest.mark.parametrize("bound", BOUND)
def test_ours_against_itself_is_silent_at_once(alone, family, bound):
    host = family.loopback
    with serving(alone, family, host, bound, OURS):
        count_between(alone)
        alone.call(tools.forge_udp, host, OURS, host, OURS, b"begin")
        assert settled(alone) == 1
        assert alone.call(tools.udp_echoes, host, OURS)


def ttls(result):
    return {reply["ttl"] for reply in ping_text.REPLY.finditer(result.out)}


@pytest.mark.parametrize("bound", BOUND)
def test_an_answer_has_one_hop_less_to_live_than_its_question(pair, family, bound):
    host = pair.b.address(family)
    with serving(pair.b, family, host, bound, OURS):
        for asked, answered in ((2, "1"), (9, "8"), (63, "62"), (64, "63"), (65, "63"), (255, "63")):
            result = harness.run("ping", "-c1", "-t", asked, family.url("udp-echo", host, OURS), ns=pair.a, code=0)
            assert ttls(result) == {answered}, result.out
        result = harness.run("ping", "-c1", "-t", "1", "-W", "100ms", family.url("udp-echo", host, OURS), ns=pair.a, code=1)
        assert "100% packet loss" in result.out


@pytest.mark.parametrize("bound", BOUND)
def test_without_loop_guards_the_ttl_is_the_system_s(pair, family, bound):
    host = pair.b.address(family)
    with serving(pair.b, family, host, bound, OURS, "--no-loop-guards"):
        result = harness.run("ping", "-c1", "-t", "1", family.url("udp-echo", host, OURS), ns=pair.a, code=0)
        assert ttls(result) == {"64"}


def exchange(ns, host, payloads):
    """How many of these come back, asked one after another: one that is silent is told by the answer to a
    marker from elsewhere, which came after it to the one worker there is."""
    got = 0
    with ns.call(tools.datagram_socket, host, OURS) as sock, \
            ns.call(tools.datagram_socket, host, OURS) as other:
        for number, payload in enumerate(payloads):
            marker = b"%d" % number
            sock.send(payload)
            other.send(marker)
            assert other.recv(100) == marker
            got += not tools.silent(sock, 0) and sock.recv(65_535) == payload
    return got


@pytest.mark.parametrize("options, expected", [([], 2997), (["--no-loop-guards"], 3000)])
def test_of_a_thousand_alike_one_is_dropped(alone, family, options, expected):
    host = family.loopback
    with serving(alone, family, host, "unicast", OURS, *options):
        assert exchange(alone, host, [b"the same"] * 3000) == expected


@pytest.mark.parametrize("place", [0, 70, 65_506])
def test_a_payload_that_varies_in_one_byte_loses_nothing(alone, family, place):
    with serving(alone, family, family.loopback, "unicast", OURS):
        other = [bytes(place) + bytes([number % 2]) for number in range(2)]
        assert exchange(alone, family.loopback, [other[number % 2] for number in range(3000)]) == 3000
