# SPDX-License-Identifier: MIT
"""`sounder serve udp-echo`, rule (a) against loops: silence for source ports that answer back."""
import contextlib
import re
import socket

import pytest

import harness
from clients import tools

pytestmark = pytest.mark.usefixtures("build")

LOOPABLE = (7, 9, 13, 17, 19, 37, 53, 67, 69, 111, 123, 137, 138, 161, 162, 177, 389, 427, 500,
            517, 518, 520, 862, 1701, 1900, 3702, 4500, 5353, 5355, 11211)
INNOCENT = (1, 8, 22, 54, 80, 443, 863, 1024, 5354, 8889, 40_000, 65_535)


def ask_from(ns, stack, host, port, sport, source=None):
    """A socket of `sport` that has just asked."""
    sock = stack.enter_context(
        ns.call(lambda: tools.datagram_socket(host, port, source or host, sport)))
    sock.send(b"from %d" % sport)
    return sock


def marker(ns, host, port):
    """With one worker: everything sent before this answer has been judged."""
    with ns.call(tools.datagram_socket, host, port) as sock:
        sock.send(b"marker")
        assert sock.recv(100) == b"marker"


def answered(sock):
    return not tools.silent(sock, 0.0)


def test_each_port_of_the_list_gets_silence_and_no_other(alone, family):
    with harness.Server(family.local("udp-echo", 0), "--workers", "1", ns=alone) as server:
        port, host = server.port("udp-echo"), family.loopback
        with contextlib.ExitStack() as stack:
            loopable = {p: ask_from(alone, stack, host, port, p) for p in LOOPABLE}
            innocent = {p: ask_from(alone, stack, host, port, p) for p in INNOCENT if p != port}
            marker(alone, host, port)
            marker(alone, host, port)
            assert [p for p, sock in loopable.items() if answered(sock)] == []
            assert [p for p, sock in innocent.items() if not answered(sock)] == []


def test_an_allowed_source_port_is_answered_and_the_rest_stays_silent(alone, family):
    with harness.Server(family.local("udp-echo", 0), "--workers", "1", "--allow-source-port", "53",
                        "--allow-source-port", "7", ns=alone) as server:
        port, host = server.port("udp-echo"), family.loopback
        with contextlib.ExitStack() as stack:
            socks = {p: ask_from(alone, stack, host, port, p) for p in LOOPABLE}
            marker(alone, host, port)
            assert [p for p, sock in socks.items() if answered(sock)] == [7, 53]


def test_without_loop_guards_every_source_port_is_answered(alone, family):
    with harness.Server(family.local("udp-echo", 0), "--workers", "1", "--no-loop-guards", ns=alone) as server:
        port, host = server.port("udp-echo"), family.loopback
        with contextlib.ExitStack() as stack:
            socks = {p: ask_from(alone, stack, host, port, p) for p in LOOPABLE}
            marker(alone, host, port)
            assert all(answered(sock) for sock in socks.values())


def test_a_source_that_floods_is_limited_and_another_is_not(pair):
    """--rate counts by network: the far namespace floods, this one asks as ever."""
    with harness.Server("udp-echo://*:8888", "--workers", "1", "--rate", "100", expect=1, ns=pair.b):
        there = pair.b.address(harness.IPV4)
        result = harness.run("ping", "-q", "-c", "1000", "-i", "1ms", "-W", "1s", f"udp-echo://{there}:8888", ns=pair.a, code=0)
        received = int(re.search(r"(\d+) received", result.out)[1])
        assert 100 <= received < 700, result.out
        result = harness.run("ping", "-q", "-c", "300", "-i", "1ms", "-W", "1s", "udp-echo://127.0.0.1:8888", ns=pair.b, code=0)
        assert " 0% packet loss" in result.out, "loopback is exempt"


def test_the_udp_ports_this_process_serves_get_silence(alone):
    """Two services and two addresses: one process must not be made to talk to itself."""
    with harness.Server("udp-echo://127.0.0.1:9001", "udp-echo://127.0.0.2:9002",
                        "udp-echo://[::1]:9003", "tcp-echo://127.0.0.1:9004", "--workers", "1",
                        ns=alone), contextlib.ExitStack() as stack:
        own = [ask_from(alone, stack, "127.0.0.1", 9001, p, "127.0.0.9") for p in (9001, 9002, 9003)]
        own += [ask_from(alone, stack, "127.0.0.2", 9002, p, "127.0.0.8") for p in (9001, 9002, 9003)]
        own += [ask_from(alone, stack, "::1", 9003, p) for p in (9001, 9002)]
        tcp_only = ask_from(alone, stack, "127.0.0.1", 9001, 9004, "127.0.0.9")
        for host, port in (("127.0.0.1", 9001), ("127.0.0.2", 9002), ("::1", 9003)):
            marker(alone, host, port)
        assert not any(answered(sock) for sock in own)
        assert answered(tcp_only), "only UDP ports can loop"


def test_two_services_of_one_process_cannot_be_set_against_each_other(alone):
    """One forged datagram from one service to the other: nothing may move on loopback."""
    with harness.Server("udp-echo://127.0.0.1:9001", "udp-echo://127.0.0.1:9002", "--workers", "1",
                        ns=alone) as server:
        alone.filter("input", "udp dport { 9001, 9002 } udp sport { 9001, 9002 } counter")
        alone.call(tools.forge_udp4, "127.0.0.1", 9002, "127.0.0.1", 9001, b"begin")
        alone.call(tools.forge_udp4, "127.0.0.1", 9001, "127.0.0.1", 9001, b"begin")
        marker(alone, "127.0.0.1", 9001)
        marker(alone, "127.0.0.1", 9002)
        assert alone.counted() == 2, "only the two forged datagrams"
        assert tools.cpu_share(server.pid, 0.2) < 0.1


def test_an_echo_server_of_someone_else_on_a_listed_port_is_not_answered(alone):
    """The classic: our echo and the echo of port 7, one forged datagram between them."""
    with harness.Server("udp-echo://127.0.0.1:9001", "--workers", "1", ns=alone):
        with alone.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.1", 7))
            alone.call(tools.forge_udp4, "127.0.0.1", 7, "127.0.0.1", 9001, b"begin")
            marker(alone, "127.0.0.1", 9001)
            assert tools.silent(other, 0.1)


def test_source_port_zero_gets_silence_and_does_no_harm(alone):
    with harness.Server("udp-echo://127.0.0.1:9001", "--workers", "1", ns=alone) as server:
        alone.filter("output", "udp sport 9001 udp dport 0 counter")
        for _ in range(100):
            alone.call(tools.forge_udp4, "127.0.0.1", 0, "127.0.0.1", 9001, b"zero")
        marker(alone, "127.0.0.1", 9001)
        assert alone.counted() == 0
        assert tools.cpu_share(server.pid, 0.2) < 0.1
