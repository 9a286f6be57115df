# SPDX-License-Identifier: MIT
"""`sounder serve`: where it listens, how it says so, and that an address in use is an error."""
import json
import socket

import pytest

import harness
from clients import tools

pytestmark = pytest.mark.usefixtures("build")


def test_port_0_is_any_free_port_and_the_line_says_which(family):
    kinds = ("pong", "tcp-echo", "udp-echo")
    with harness.Server(*(family.local(kind, 0) for kind in kinds)) as server:
        for kind in kinds:
            assert server.port(kind) > 0
            assert server.url(kind) == family.local(kind, server.port(kind))
        assert tools.tcp_echoes(family.loopback, server.port("tcp-echo"))
        assert tools.udp_echoes(family.loopback, server.port("udp-echo"))
        assert len(server.lines) == 3, "one line for each and no other"


def test_all_workers_of_one_endpoint_share_one_port():
    with harness.Server("tcp-echo://127.0.0.1:0", "udp-echo://127.0.0.1:0", "--workers", "8") as server:
        assert len(server.lines) == 2
        for _ in range(40):  # the flow hash spreads these over all workers
            assert tools.tcp_echoes("127.0.0.1", server.port("tcp-echo"))
            assert tools.udp_echoes("127.0.0.1", server.port("udp-echo"))


def test_without_an_endpoint_every_service_listens_on_both_loopbacks(alone):
    wanted = {f"listening on {kind}://{host}:{port}" for host in ("127.0.0.1", "[::1]")
              for kind, port in (("pong", 42422), ("tcp-echo", 8888), ("udp-echo", 8888), ("stamp", 862))}
    with harness.Server(expect=8, ns=alone) as server:
        assert set(server.lines) == wanted
        for host in ("127.0.0.1", "::1"):
            assert alone.call(tools.tcp_echoes, host, 8888)
            assert alone.call(tools.udp_echoes, host, 8888)
            with alone.call(tools.connect, host, 42422) as sock:
                assert tools.Lines(sock).ask("ping").startswith("pong ")


def test_without_an_endpoint_and_without_ipv6_it_serves_ipv4(alone):
    alone.sysctl("net.ipv6.conf.all.disable_ipv6=1")
    with harness.Server(expect=4, ns=alone) as server:
        assert not [line for line in server.lines if "[" in line]
        assert alone.call(tools.udp_echoes, "127.0.0.1", 8888)


def test_it_is_bound_to_loopback_unless_told_otherwise(pair):
    with harness.Server("tcp-echo", "udp-echo", expect=2, ns=pair.a):
        with pytest.raises(ConnectionRefusedError):
            pair.b.call(tools.connect, pair.a.v4, 8888)


@pytest.mark.parametrize("args, kinds", [
    (["pong"], {"pong"}), (["tcp-echo"], {"tcp-echo"}), (["udp-echo", "pong"], {"udp-echo", "pong"}),
])
def test_a_bare_kind_listens_on_its_default_port(alone, args, kinds):
    with harness.Server(*args, expect=len(args), ns=alone) as server:
        assert {each.kind for each in server.listening} == kinds
        for each in server.listening:
            assert each.port == (42422 if each.kind == "pong" else 8888)


@pytest.mark.parametrize("args", [
    ["tcp-echo", "--host", "HOST", "--port", "9000"], ["--port", "9000", "--host", "HOST", "tcp-echo"],
    ["--host=HOST", "tcp-echo", "--port=9000"],
])
def test_host_and_port_fill_in_a_bare_kind(alone, family, args):
    words = [word.replace("HOST", family.any) for word in args]
    with harness.Server(*words, expect=1, ns=alone) as server:
        assert server.url("tcp-echo") == family.url("tcp-echo", family.any, 9000)
        assert alone.call(tools.tcp_echoes, family.loopback, 9000)


def test_an_endpoint_keeps_its_own_host_and_port(alone):
    with harness.Server("tcp-echo://127.0.0.1:9001", "udp-echo", "--host", "127.0.0.2",
                        "--port", "9002", expect=2, ns=alone) as server:
        assert server.url("tcp-echo") == "tcp-echo://127.0.0.1:9001"
        assert server.url("udp-echo") == "udp-echo://127.0.0.2:9002"


def test_the_star_is_every_address_of_both_families(pair):
    with harness.Server("tcp-echo://*:9000", "udp-echo://*:9001", "pong://*:9002", expect=3, ns=pair.a):
        for side, hosts in ((pair.b, (pair.a.v4, pair.a.v6)),
                            (pair.a, ("127.0.0.1", "127.9.9.9", "::1", pair.a.v4, pair.a.v6))):
            for host in hosts:
                assert side.call(tools.tcp_echoes, host, 9000)
                assert side.call(tools.udp_echoes, host, 9001)
                with side.call(tools.connect, host, 9002) as sock:
                    assert tools.Lines(sock).ask("ping").startswith("pong ")


def test_ipv6_sockets_take_no_ipv4(alone):
    """V6ONLY: [::] leaves the port of IPv4 free for another."""
    with harness.Server("tcp-echo://[::]:9000", ns=alone):
        with pytest.raises(ConnectionRefusedError):
            alone.call(tools.connect, "127.0.0.1", 9000)
        with harness.Server("tcp-echo://0.0.0.0:9000", ns=alone):
            assert alone.call(tools.tcp_echoes, "127.0.0.1", 9000)
            assert alone.call(tools.tcp_echoes, "::1", 9000)


@pytest.mark.parametrize("kind", ["pong", "tcp-echo", "udp-echo"])
def test_a_second_server_on_the_same_port_is_refused(family, kind):
    """SO_REUSEPORT would let it in and split the clients between the two."""
    with harness.Server(family.local(kind, 0), "--workers", "2") as server:
        second = harness.run("serve", server.url(kind), "--workers", "2", code=2)
        assert second.out == "", "nothing was listening"
        assert len(second.err.splitlines()) == 1 and second.err.startswith("sounder: ")
        assert "address in use" in second.err and str(server.port(kind)) in second.err
        for _ in range(20):
            if kind == "tcp-echo":
                assert tools.tcp_echoes(family.loopback, server.port(kind))
            elif kind == "udp-echo":
                assert tools.udp_echoes(family.loopback, server.port(kind))


def test_a_wildcard_on_a_port_in_use_is_refused(alone):
    with harness.Server("tcp-echo://127.0.0.1:9000", "udp-echo://127.0.0.1:9000", ns=alone):
        for url in ("tcp-echo://0.0.0.0:9000", "tcp-echo://*:9000", "pong://127.0.0.1:9000",
                    "udp-echo://*:9000"):
            assert "address in use" in harness.run("serve", url, ns=alone, code=2).err


def test_one_endpoint_in_use_stops_all_and_none_is_left_behind(alone):
    with harness.Server("tcp-echo://127.0.0.1:9000", ns=alone):
        both = harness.run("serve", "tcp-echo://127.0.0.1:9001", "tcp-echo://127.0.0.1:9000",
                           ns=alone, code=2)
        assert "9000" in both.err and both.out == ""
        with pytest.raises(ConnectionRefusedError):
            alone.call(tools.connect, "127.0.0.1", 9001)


def test_the_same_endpoint_twice_is_an_error(alone):
    twice = harness.run("serve", "tcp-echo://127.0.0.1:9000", "tcp-echo://127.0.0.1:9000",
                        ns=alone, code=2)
    assert len(twice.err.splitlines()) == 1


def test_a_foreign_socket_on_the_port_is_an_address_in_use(alone):
    """Even one that allows sharing by SO_REUSEPORT."""
    with alone.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 9000))
        result = harness.run("serve", "udp-echo://127.0.0.1:9000", ns=alone, code=2)
        assert "address in use" in result.err


def test_the_port_is_free_again_right_after_the_end(alone):
    """The server closed first, so the connection's TIME_WAIT is on its side."""
    for _ in range(3):
        with harness.Server("tcp-echo://127.0.0.1:9000", "udp-echo://127.0.0.1:9000",
                            ns=alone) as server:
            with alone.call(tools.connect, "127.0.0.1", 9000) as sock:
                sock.sendall(b"x")
                assert sock.recv(1) == b"x"
                server.signal(harness.signal.SIGTERM)
                assert tools.closed_by_peer(sock)
                assert server.wait().code == 0


def test_an_address_this_host_does_not_have_is_one_sentence(alone):
    result = harness.run("serve", "tcp-echo://192.0.2.77:9000", ns=alone, code=2)
    assert len(result.err.splitlines()) == 1 and "192.0.2.77" in result.err


def test_the_log_may_be_json(alone):
    """One object a line, and nothing else, on stderr."""
    with harness.Server("udp-echo://*:0", "-v", "--log", "json", expect=1, ns=alone) as server:
        lines = server.stop().err.splitlines()
    assert lines and all(json.loads(line).keys() >= {"t", "level", "msg"} for line in lines), lines
