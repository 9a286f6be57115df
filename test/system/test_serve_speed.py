# SPDX-License-Identifier: MIT
"""`sounder serve udp-echo` with --gro and --spin: the same answers, another way to them."""
import socket
import struct

import pytest

import harness
from clients import tools

pytestmark = pytest.mark.usefixtures("build")

UDP_SEGMENT = 103  # linux/udp.h
COUNT = 40


def burst_socket(family, port, piece):
    """Whatever it sends at once leaves as one packet that the kernel cuts into pieces late, or never."""
    sock = tools.datagram_socket(family.loopback, port)
    sock.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, piece)
    return sock


def pieces_of(number, piece, count, last):
    data = [struct.pack("!II", number, i) * (piece // 8) for i in range(count)]
    data[-1] = data[-1][:last]
    return data


@pytest.fixture(params=[("--gro",), ("--gro", "--spin"), ("--spin",)], ids="+".join)
def options(request):
    return request.param


@pytest.mark.workers
@pytest.mark.parametrize("host", ["loopback", "*"])
def test_a_burst_comes_back_as_it_was_sent(family, options, host, alone):
    where = family.url("udp-echo", family.loopback if host == "loopback" else "*", 9007)
    with harness.Server(where, *options, "--workers", "1", expect=1, ns=alone):
        for number, (piece, count, last) in enumerate([(8, 2, 8), (64, 40, 64), (512, 7, 9), (1400, 30, 1), (1400, 1, 1400)]):
            with alone.call(burst_socket, family, 9007, piece) as sock:
                sent = pieces_of(number, piece, count, last)
                sock.send(b"".join(sent))
                assert [sock.recv(65_535) for _ in sent] == sent
                assert tools.silent(sock, 0.05), "more replies than requests"


def test_sizes_that_are_no_burst_come_back_exactly(family, options):
    with harness.Server(family.local("udp-echo", 0), *options) as server:
        with tools.datagram_socket(family.loopback, server.port("udp-echo")) as sock:
            for size in (0, 1, 1472, 9000, 65_507):
                data = bytes(range(256)) * (size // 256) + bytes(size % 256)
                sock.send(data)
                assert sock.recv(65_535) == data


def test_the_guards_look_at_each_datagram_of_a_burst(family):
    """One of a thousand that are all the same gets silence, and the others close ranks."""
    with harness.Server(family.local("udp-echo", 0), "--gro", "--workers", "1") as server:
        with burst_socket(family, server.port("udp-echo"), 8) as sock:
            for _ in range(25):
                sock.send(b"same old" * COUNT)
            answers = []
            while not tools.silent(sock, 0.2):
                answers.append(sock.recv(65_535))
            assert answers == [b"same old"] * (25 * COUNT - 1)


def test_a_burst_whose_answer_cannot_leave_as_one_leaves_in_pieces(family, alone):
    """The way back takes less at once than each piece has: they are sent one by one, in fragments."""
    home = "127.0.0.5" if family.version == 4 else "fd00::5"
    if family.version == 6:
        alone.ip("address", "add", "fd00::5/128", "dev", "lo", "nodad")
    alone.ip(f"-{family.version}", "route", "replace", "local", home, "dev", "lo", "table", "local", "mtu", "1500")
    with harness.Server(family.url("udp-echo", "*", 9007), "--gro", "--workers", "1", expect=1, ns=alone):
        with alone.call(lambda: tools.datagram_socket(family.loopback, 9007, source=home)) as sock:
            sock.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, 4000)
            sent = pieces_of(1, 4000, 5, 1000)
            sock.send(b"".join(sent))
            assert [sock.recv(65_535) for _ in sent] == sent


def test_who_spins_never_sleeps_and_who_does_not_sleeps(family):
    for options, spins in (("--spin", True), ("-v", False)):
        with harness.Server(family.local("udp-echo", 0), options, "--workers", "1") as server:
            share = tools.cpu_share(server.pid, 0.5)
            assert (share > 0.1) == spins, (options, share)
