# SPDX-License-Identifier: MIT
"""`sounder load --hold`: idle connections, opened, asked once, counted."""
import re
import signal
import time

import pytest

from harness import IPV4, Process, Server, run
from peers import TcpPeer, closed_port, echo
from test_json import records_of
from test_load import BRIEF, summary_of


def hold(*args, code=0):
    return summary_of(records_of(run("load", "-J", *args, code=code).out))


@pytest.mark.parametrize("kind", ["tcp-echo", "pong"])
def test_two_thousand(family, kind):
    with Server(family.local(kind, 0)) as server:
        summary = hold("--hold", 2000, "--server-pid", server.pid, server.url(kind))
    held = summary["hold"]
    assert (held["asked"], held["opened"], held["answered"], held["failed"]) == (2000, 2000, 2000, 0)
    assert held["server_rss_held_bytes"] >= held["server_rss_before_bytes"] > 1 << 20
    assert held["opening_ns"] > 0 and held["answering_ns"] > 0
    assert summary["sent"] == 0, "nothing else was asked"


def test_they_are_told_to_people():
    with Server(IPV4.local("tcp-echo", 0)) as server:
        result = run("load", "--hold", 50, server.url("tcp-echo"), code=0)
    assert result.lines[0].endswith(", 50 idle connections")
    assert re.search(r"^50 of 50 idle connections opened in .*, 50 answered in ", result.out, re.M), result.out


def test_beside_a_load(family):
    with Server(family.local("tcp-echo", 0)) as server:
        summary = hold("--hold", 100, "-c", 2, "-R", 200, *BRIEF, server.url("tcp-echo"))
    assert summary["hold"]["answered"] == 100
    assert summary["answered"] == 100


def test_any_line_server(family):
    with TcpPeer(family, echo) as peer:
        held = hold("--hold", 20, family.local("line", peer.port), "--send", "ho", "--expect", "ho")["hold"]
        assert peer.count == 20
    assert held["answered"] == 20


def test_a_wrong_answer_is_none(family):
    with TcpPeer(family, echo) as peer:
        held = hold("--hold", 5, family.local("line", peer.port), "--send", "ho", "--expect", "+", code=1)["hold"]
    assert (held["opened"], held["answered"], held["failed"]) == (5, 0, 5)


def test_who_answers_in_pieces_has_answered(family):
    def serve(connection, number):
        connection.recv(100)
        for byte in b"+OK\r\n":
            connection.sendall(bytes([byte]))
        connection.recv(100)

    with TcpPeer(family, serve) as peer:
        assert hold("--hold", 3, family.local("line", peer.port), "--send", "x", "--expect", "+OK")["hold"]["answered"] == 3


def test_those_that_end_meanwhile_are_counted(family):
    """Every other one is closed at once."""
    with TcpPeer(family, lambda connection, number: number % 2 or echo(connection)) as peer:
        held = hold("--hold", 10, "-d", "300ms", family.local("tcp-echo", peer.port), code=1)["hold"]
    assert (held["opened"], held["answered"], held["failed"]) == (10, 5, 5)


def test_nobody_there(family):
    held = hold("--hold", 10, family.local("tcp-echo", closed_port(family)), code=1)["hold"]
    assert (held["opened"], held["answered"], held["failed"]) == (0, 0, 10)


def test_a_signal_lets_go_of_them():
    with TcpPeer(IPV4, lambda connection, number: connection.recv(100)) as peer:
        with Process("load", "-J", "--hold", 5, "-d", "1h", IPV4.local("pong", peer.port)) as process:
            while peer.count < 5:
                pass
            process.signal(signal.SIGINT)
            result = process.wait()
    assert result.code == 1
    assert summary_of(records_of(result.out))["hold"]["opened"] == 5


def test_without_a_duration_they_are_held_until_a_signal():
    with TcpPeer(IPV4, lambda connection, number: connection.recv(100)) as peer:
        with Process("load", "-J", "--hold", 5, "-d", "0", IPV4.local("pong", peer.port)) as process:
            while peer.count < 5:
                pass
            time.sleep(0.5)
            assert process.running()
            process.signal(signal.SIGINT)
            result = process.wait()
    assert summary_of(records_of(result.out))["hold"]["opened"] == 5


def test_a_signal_before_them_opens_none():
    with TcpPeer(IPV4, echo) as peer:
        args = ("--hold", 5, "--with-ping", "tcp-echo", IPV4.local("tcp-echo", peer.port))
        with Process("load", "-J", *args) as process:
            while peer.count < 1:  # that of the ping
                pass
            process.signal(signal.SIGINT)
            result = process.wait()
        assert peer.count == 1
    assert result.code == 1
    assert summary_of(records_of(result.out))["hold"]["opened"] == 0


def test_on_loopback_they_come_from_as_many_addresses_as_it_takes(alone):
    """Here each has ports for 400."""
    narrow = ("sh", "-c", 'echo 40000 40399 >/proc/sys/net/ipv4/ip_local_port_range; exec "$@"', "sh")
    with Server(IPV4.local("tcp-echo", 9000), ns=alone) as server:
        text = run("load", "-J", "--hold", 1500, server.url("tcp-echo"), ns=alone, prefix=narrow, code=0).out
    assert summary_of(records_of(text))["hold"]["answered"] == 1500


def test_one_address_that_was_asked_for_is_kept_to(alone):
    narrow = ("sh", "-c", 'echo 40000 40399 >/proc/sys/net/ipv4/ip_local_port_range; exec "$@"', "sh")
    with Server(IPV4.local("tcp-echo", 9000), ns=alone) as server:
        args = ("load", "-J", "-I", "127.0.0.1", "--hold", 500, server.url("tcp-echo"))
        held = summary_of(records_of(run(*args, ns=alone, prefix=narrow, code=1).out))["hold"]
    assert held["answered"] == 400 and held["failed"] == 100
