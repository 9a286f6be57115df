# SPDX-License-Identifier: MIT
"""`line`: any server that answers a line with a line, asked in the words of --send."""
import socket

import pytest

import peers
import ping_text
from harness import IPV4, PACE, run

FAST = ("-i", PACE, "-W", "1s")


def receive_line(connection):
    data = b""
    while not data.endswith(b"\n"):
        piece = connection.recv(1)
        if not piece:
            raise ConnectionError("end of stream")
        data += piece
    return data


def server(answer, requests=None):
    """Answers each line in the same words, and notes what was asked."""

    def serve(connection, number):
        while True:
            line = receive_line(connection)
            if requests is not None:
                requests.append(line)
            connection.sendall(answer)

    return serve


@pytest.mark.parametrize("answer", [b"+PONG\r\n", b"+PONG\n", b"+PONG and more\n"], ids=ascii)
def test_a_line_is_answered(family, answer):
    requests = []
    with peers.TcpPeer(family, server(answer, requests)) as peer:
        target = family.local("line", peer.port)
        result = run("ping", "-c5", *FAST, target, "--send", "PING", "--expect", "+PONG", code=0)
        assert peer.count == 1, "one kept connection"
    assert requests == [b"PING\r\n"] * 5
    assert result.lines[0].startswith(f"PING {target} ({family.loopback}) ")
    assert ping_text.summary(result).received == 5
    assert f"{len(answer)} bytes from" in result.out


@pytest.mark.parametrize("expect", [(), ("--expect", "")], ids=["none", "empty"])
def test_without_a_prefix_any_line_is_an_answer(family, expect):
    with peers.TcpPeer(family, server(b"\r\n")) as peer:
        result = run("ping", "-c3", *FAST, family.local("line", peer.port), "--send", "x", *expect, code=0)
    assert ping_text.summary(result).received == 3


@pytest.mark.parametrize("answer", [b"-ERR\r\n", b"\n", b"+PON\r\n", b" +PONG\r\n", b"+pong\r\n", b"x" * 70000], ids=lambda line: ascii(line[:9]))
def test_another_answer_is_junk_and_no_answer(answer):
    with peers.TcpPeer(IPV4, server(answer)) as peer:
        result = run("ping", "-c2", "-i", PACE, "-W", "100ms", IPV4.local("line", peer.port), "--send", "PING", "--expect", "+PONG", code=1)
    found = ping_text.summary(result)
    assert found.received == 0 and found.count("junk") >= 1, result.out


def test_a_wrong_answer_ends_the_connection_and_the_next_is_made(family):
    def serve(connection, number):
        server(b"-LOADING\r\n" if number == 0 else b"+PONG\r\n")(connection, number)

    with peers.TcpPeer(family, serve) as peer:
        result = run("ping", "-c5", "-i", PACE, "-W", "500ms", family.local("line", peer.port), "--send", "PING", "--expect", "+PONG", code=0)
        assert peer.count == 2
    assert 1 not in ping_text.seqs(ping_text.REPLY, result.out), result.out
    assert ping_text.summary(result).count("junk") == 1, result.out


def test_requests_are_pipelined_and_answers_keep_their_order(family):
    def serve(connection, number):
        for _ in range(4):
            receive_line(connection)
        connection.sendall(b"+1\r\n+2\r\n+3\r\n+4\r\n")
        connection.recv(1000)

    with peers.TcpPeer(family, serve) as peer:
        result = run("ping", "-U", "-c4", "-i", PACE, "-W", "10s", family.local("line", peer.port), "--send", "INCR n", "--expect", "+", code=0)
    assert ping_text.seqs(ping_text.REPLY, result.out) == [1, 2, 3, 4], result.out


def test_nobody_there(family):
    result = run("ping", "-c1", *FAST, family.local("line", peers.closed_port(family, socket.SOCK_STREAM)), "--send", "x", code=1)
    assert ping_text.summary(result).count("refused") == 1


@pytest.mark.parametrize("arguments,sentence", [
    (("line://127.0.0.1:7",), "'line' needs a text to ask with (--send TEXT)"),
    (("line://127.0.0.1", "--send", "x"), "'line://127.0.0.1' needs a port (line://127.0.0.1:PORT)"),
    (("line://[::1]", "--send", "x"), "'line://[::1]' needs a port (line://[::1]:PORT)"),
    (("line", "--send", "x"), "'line' needs a host (line://HOST:PORT)"),
    (("line://127.0.0.1:0", "--send", "x"), "port '0' of '127.0.0.1' cannot be asked"),
    (("line://127.0.0.1:7", "--send", "x\ny"), "'--send' takes one line, and 'x\\x0ay' is more"),
    (("line://127.0.0.1:7", "--send", "x", "--expect", "y\r"), "'--expect' takes one line, and 'y\\x0d' is more"),
    (("tcp://127.0.0.1:7", "--send", "x"), "'--send x' is for targets such as line://HOST:PORT alone"),
    (("tcp://127.0.0.1:7", "--expect", "y"), "'--expect y' is for targets such as line://HOST:PORT alone"),
    (("--kind", "tcp", "--host", "127.0.0.1", "--send", "x"), "'--send x' is for targets such as line://HOST:PORT alone"),
], ids=lambda value: " ".join(map(ascii, value)) if isinstance(value, tuple) else "")
def test_usage(arguments, sentence):
    result = run("ping", *arguments, code=2)
    assert result.err == f"sounder: ping: {sentence}\n" and not result.out


def test_a_port_by_option_will_do_and_others_may_be_asked_beside(family):
    with peers.TcpPeer(family, server(b"VERSION 1\r\n")) as peer:
        result = run("ping", "-c2", *FAST, "--kind", "line", "--host", family.loopback, "--port", str(peer.port), "--send", "version", code=0)
        assert ping_text.summary(result).received == 2
        both = run("ping", "-c2", *FAST, family.local("line", peer.port), family.local("tcp", peer.port), "--send", "version", code=0)
    assert both.out.count("2 packets transmitted, 2 received") == 2, both.out
