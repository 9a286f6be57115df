# SPDX-License-Identifier: MIT
"""`sounder serve udp-echo`: exact, from the very address asked, silent where silence is right."""
import contextlib
import random
import socket
import struct

import pytest

import harness
from clients import tools

pytestmark = pytest.mark.usefixtures("build")

SIZES = (0, 1, 2, 3, 4, 11, 12, 56, 508, 1472, 1473, 9000, 32_768, 65_506, 65_507)
PORT = 9007


@pytest.mark.parametrize("bound", ["unicast", "wildcard"])
def test_every_size_comes_back_exactly(family, bound, alone):
    host = family.loopback if bound == "unicast" else "*"
    with harness.Server(f"udp-echo://{family.url('x', host)[4:]}:{PORT}", expect=1, ns=alone):
        with alone.call(tools.datagram_socket, family.loopback, PORT) as sock:
            for size in SIZES:
                data = random.Random(size).randbytes(size)
                sock.send(data)
                assert sock.recv(65_535) == data, size


@pytest.mark.workers
def test_20000_in_a_window_of_32_come_back_once_each(family):
    with harness.Server(family.local("udp-echo", 0), "--workers", "2") as server:
        with tools.datagram_socket(family.loopback, server.port("udp-echo")) as sock:
            seen = bytearray(20_000)
            for number in range(20_000 + 32):
                if number >= 32:
                    data = sock.recv(2048)
                    back, = struct.unpack_from("!I", data)
                    assert data == struct.pack("!I", back) * (1 + back % 20)
                    seen[back] += 1
                if number < 20_000:
                    sock.send(struct.pack("!I", number) * (1 + number % 20))
            assert set(seen) == {1}
            assert tools.silent(sock, 0.1), "more replies than requests"


@pytest.mark.workers
def test_many_senders_get_their_own_datagrams_and_no_others(family):
    with harness.Server(family.local("udp-echo", 0), "--workers", "2") as server:
        with contextlib.ExitStack() as stack:
            port = server.port("udp-echo")
            socks = [stack.enter_context(tools.datagram_socket(family.loopback, port))
                     for _ in range(100)]
            for turn in range(20):
                for number, sock in enumerate(socks):
                    sock.send(b"%d/%d" % (number, turn))
                for number, sock in enumerate(socks):
                    assert sock.recv(100) == b"%d/%d" % (number, turn)
            assert all(tools.silent(sock, 0) for sock in socks)


def link_local(pair):
    """The link-local address of side a, once both sides have the route to it."""
    for side in (pair.a, pair.b):
        harness.wait_until(lambda: side.ip("-6", "route", "show", "fe80::/64").strip(), "fe80::/64")
    for word in pair.a.ip("-6", "-o", "address", "show", "dev", "veth").split():
        if word.startswith("fe80:"):
            return word.partition("/")[0]
    raise LookupError("no link-local address")


def give_addresses(side):
    """Two more addresses of each family; all that the side then has on its veth."""
    more = ["10.77.0.11", "10.77.0.12", "fd77::11", "fd77::12"]
    for address in more:
        width = ["128", "nodad"] if ":" in address else ["32"]
        side.ip("address", "add", f"{address}/{width[0]}", "dev", "veth", *width[1:])
    return [side.v4, side.v6, *more]


def echoes_from(side, host):
    """A connected socket hears only the address it asked."""
    with side.call(tools.datagram_socket, host, PORT) as sock:
        for size in (0, 1, 700, 9000):
            data = random.Random(size).randbytes(size)
            sock.send(data)
            assert sock.recv(65_535) == data, (host, size)


def test_the_wildcard_answers_from_whichever_address_was_asked(pair):
    addresses = give_addresses(pair.a)
    with harness.Server(f"udp-echo://*:{PORT}", expect=1, ns=pair.a):
        for host in [*addresses, f"{link_local(pair)}%veth"]:
            echoes_from(pair.b, host)
        for host in [*addresses, "127.0.0.1", "127.3.2.1", "::1", f"{link_local(pair)}%veth"]:
            echoes_from(pair.a, host)


def test_the_family_wildcard_answers_from_whichever_address_was_asked(pair, family):
    mine = [each for each in give_addresses(pair.a) if (":" in each) == (family.version == 6)]
    with harness.Server(family.url("udp-echo", family.any, PORT), ns=pair.a):
        for host in mine:
            echoes_from(pair.b, host)


def test_a_unicast_bind_answers_for_its_address_alone(pair):
    give_addresses(pair.a)
    with harness.Server(f"udp-echo://10.77.0.11:{PORT}", f"udp-echo://[fd77::12]:{PORT}", ns=pair.a):
        echoes_from(pair.b, "10.77.0.11")
        echoes_from(pair.b, "fd77::12")
        with pair.b.call(tools.datagram_socket, "10.77.0.12", PORT) as sock:
            sock.send(b"nobody here")
            with pytest.raises(ConnectionRefusedError):
                sock.recv(100)


def test_a_link_local_bind_with_its_zone_works(pair):
    host = f"{link_local(pair)}%veth"
    with harness.Server(f"udp-echo://[{host}]:{PORT}", f"tcp-echo://[{host}]:{PORT}", ns=pair.a):
        echoes_from(pair.b, host)
        assert pair.b.call(tools.tcp_echoes, host, PORT)


def shout(side, address, port, text):
    """Send to a broadcast or multicast address from an unconnected socket."""
    sock = side.call(tools.datagram_socket, address)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    sock.sendto(text, side.call(tools.sockaddr, address, port, socket.SOCK_DGRAM))
    return sock


def arrives(side, asker, address):
    """A plain wildcard socket beside the server's shows that such a datagram is delivered at all."""
    with side.socket(tools.family_of(address), socket.SOCK_DGRAM) as control:
        control.settimeout(5)
        control.bind(("::" if ":" in address else "0.0.0.0", PORT + 1))
        with shout(asker, address, PORT + 1, b"control"):
            return control.recv(100) == b"control"


@pytest.mark.parametrize("asks", ["from_afar", "from_the_host_itself"])
def test_broadcast_and_multicast_get_silence(pair, asks):
    asker = pair.b if asks == "from_afar" else pair.a
    link_local(pair)
    asker.ip("route", "add", "255.255.255.255/32", "dev", "veth")
    asker.ip("route", "add", "224.0.0.0/4", "dev", "veth")
    with harness.Server(f"udp-echo://*:{PORT}", "--workers", "1", expect=1, ns=pair.a):
        for address in ("10.77.0.255", "255.255.255.255", "224.0.0.1", "ff02::1%veth"):
            assert arrives(pair.a, asker, address), f"{address} does not even reach the host"
            with shout(asker, address, PORT, b"anyone?") as sock:
                # One worker: once this is answered, what came before it has been judged.
                echoes_from(pair.b, pair.a.v6 if ":" in address else pair.a.v4)
                assert tools.silent(sock, 0.05), address


def test_the_directed_broadcast_of_loopback_gets_silence(alone):
    with harness.Server(f"udp-echo://*:{PORT}", "--workers", "1", expect=1, ns=alone):
        with shout(alone, "127.255.255.255", PORT, b"anyone?") as sock:
            with alone.call(tools.datagram_socket, "127.0.0.1", PORT) as marker:
                marker.send(b"marker")
                assert marker.recv(100) == b"marker"
            assert tools.silent(sock, 0.1)


@pytest.mark.workers
def test_storms_of_icmp_unreachables_change_nothing(family):
    """Clients that close at once: each echo brings an ICMP error back to the server."""
    with harness.Server(family.local("udp-echo", 0), "--workers", "2") as server:
        port = server.port("udp-echo")
        fds = tools.descriptors(server.pid)
        with tools.datagram_socket(family.loopback, port) as witness:
            for number in range(3000):
                with tools.datagram_socket(family.loopback, port) as sock:
                    sock.send(b"gone before you answer")
                if number % 50 == 0:
                    witness.send(b"%d" % number)
                    assert witness.recv(100) == b"%d" % number
        assert tools.cpu_share(server.pid, 0.3) < 0.1, "an undrained error queue spins epoll"
        assert tools.descriptors(server.pid) <= fds
        assert tools.udp_echoes(family.loopback, port)


def test_an_unreachable_far_away_does_not_stop_the_answers_to_others(pair):
    """The far end's port closes and its host refuses: others on the same socket are answered."""
    with harness.Server(f"udp-echo://*:{PORT}", "--workers", "1", expect=1, ns=pair.a):
        for _ in range(300):
            with pair.b.call(tools.datagram_socket, pair.a.v4, PORT) as sock:
                sock.send(b"gone")
        echoes_from(pair.b, pair.a.v4)
        echoes_from(pair.b, pair.a.v6)
