# SPDX-License-Identifier: MIT
"""Stream kinds: answers are matched by order; what a broken, slow or lying server does to them."""
import re
import socket

import pytest

import peers
import ping_text
from harness import IPV4, PACE, Process, Server, run

FAST = ("-i", PACE, "-W", "1s")
SIZE = 56


def receive(connection, count):
    """Exactly `count` bytes; OSError at the end of the stream (TcpPeer ends the conversation)."""
    data = b""
    while len(data) < count:
        piece = connection.recv(count - len(data))
        if not piece:
            raise ConnectionError("end of stream")
        data += piece
    return data


def receive_line(connection):
    data = b""
    while not data.endswith(b"\n"):
        data += receive(connection, 1)
    return data


def pong(connection, number=0):
    """An honest line server."""
    while True:
        assert receive_line(connection).strip() == b"ping"
        connection.sendall(b"pong 1700000000\n")


HONEST = {"tcp-echo": peers.echo, "pong": pong}
KINDS = tuple(HONEST)


def hear_one(connection, kind):
    return receive(connection, SIZE) if kind == "tcp-echo" else receive_line(connection)


def truth(request, kind):
    return request if kind == "tcp-echo" else b"pong 1700000000\n"


def first_then_honest(kind, first):
    """A server whose first connection goes as `first(connection)` and all others are honest."""

    def serve(connection, number):
        if number == 0:
            first(connection)
        else:
            HONEST[kind](connection)

    return serve


@pytest.mark.parametrize("kind", KINDS)
def test_an_honest_server(kind, family):
    with peers.TcpPeer(family, HONEST[kind]) as peer:
        result = run("ping", "-c5", *FAST, family.local(kind, peer.port), code=0)
        assert peer.count == 1, "one kept connection"
    assert ping_text.summary(result).received == 5


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_byte_is_junk_and_the_connection_is_reopened(kind, family):
    def lie(connection):
        answer = bytearray(truth(hear_one(connection, kind), kind))
        answer[0] ^= 1
        connection.sendall(answer)
        assert connection.recv(1000) == b"", "the client closes"

    with peers.TcpPeer(family, first_then_honest(kind, lie)) as peer:
        result = run("ping", "-c5", "-i", PACE, "-W", "500ms", family.local(kind, peer.port), code=0)
        assert peer.count == 2
    found = ping_text.summary(result)
    assert 1 not in ping_text.seqs(ping_text.REPLY, result.out), result.out
    assert found.count("junk") == 1, result.out
    assert found.received >= 3 and found.received < found.sent, result.out


@pytest.mark.parametrize("answer", [b"pong\n", b"pong x\n", b"pong 1 2\n", b"PONG!\n", b"error busy\n", b"\n", b"ping\n", b"pong 1700000000", b"x" * 5000 + b"\n"], ids=ascii)
def test_what_is_no_pong(answer):
    def lie(connection, number):
        receive_line(connection)
        connection.sendall(answer)
        connection.recv(1000)

    with peers.TcpPeer(IPV4, lie) as peer:
        result = run("ping", "-c2", "-i", PACE, "-W", "100ms", IPV4.local("pong", peer.port), code=1)
    assert ping_text.summary(result).received == 0, result.out


def test_pong_with_carriage_return(family):
    def serve(connection, number):
        while True:
            receive_line(connection)
            connection.sendall(b"pong 1700000000\r\n")

    with peers.TcpPeer(family, serve) as peer:
        assert ping_text.summary(run("ping", "-c3", *FAST, family.local("pong", peer.port), code=0)).received == 3


def test_the_request_is_one_line(family):
    requests = []

    def serve(connection, number):
        while True:
            requests.append(receive_line(connection))
            connection.sendall(b"pong 1700000000\n")

    with peers.TcpPeer(family, serve) as peer:
        run("ping", "-c3", *FAST, family.local("pong", peer.port), code=0)
    assert requests == [b"ping\n"] * 3


@pytest.mark.parametrize("kind", KINDS)
def test_fin_makes_the_outstanding_one_lost(kind, family):
    def leave(connection):
        hear_one(connection, kind)

    with peers.TcpPeer(family, first_then_honest(kind, leave)) as peer:
        result = run("ping", "-c5", "-i", PACE, "-W", "500ms", family.local(kind, peer.port), code=0)
        assert peer.count >= 2
    assert ping_text.seqs(ping_text.LOST, result.out) == [1], result.out
    assert ping_text.summary(result).received == 4, result.out


@pytest.mark.parametrize("kind", KINDS)
def test_rst_makes_the_outstanding_one_refused(kind, family):
    def refuse(connection):
        hear_one(connection, kind)
        peers.reset(connection)

    with peers.TcpPeer(family, first_then_honest(kind, refuse)) as peer:
        result = run("ping", "-c5", "-i", PACE, "-W", "500ms", family.local(kind, peer.port), code=0)
    assert ping_text.seqs(ping_text.REFUSED, result.out) == [1], result.out
    found = ping_text.summary(result)
    assert (found.received, found.count("refused")) == (4, 1), result.out


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_that_always_hangs_up_is_not_stormed(kind, family):
    """Reopened at most once per interval."""
    with peers.TcpPeer(family, lambda connection, number: None) as peer:
        result = run("ping", "-c5", "-i", "50ms", "-W", "100ms", family.local(kind, peer.port), code=1)
        assert 1 <= peer.count <= 8
    assert ping_text.summary(result).received == 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_that_goes_and_comes_back(kind, family, alone):
    """Each probe has a fate while nobody listens; answers return with the server."""
    with peers.TcpPeer(family, HONEST[kind], ns=alone) as peer:
        port = peer.port
        process = Process("ping", "-c", "12", "-i", PACE, "-W", "1s", family.local(kind, port), ns=alone)
        process.wait_lines(ping_text.REPLY, 3)
    with process:
        process.wait_line(r"^(refused|not sent|no answer)")
        with peers.TcpPeer(family, HONEST[kind], ns=alone, port=port):
            result = process.wait()
    replied = ping_text.seqs(ping_text.REPLY, result.out)
    other = [seq for pattern in (ping_text.LOST, ping_text.REFUSED, ping_text.UNSENT) for seq in ping_text.seqs(pattern, result.out)]
    assert sorted(replied + other) == list(range(1, 13)), result.out
    assert 12 in replied and other


@pytest.mark.parametrize("kind", KINDS)
def test_a_slow_server_is_measured(kind, family):
    with peers.TcpPeer(family, lambda connection, number: slow(connection, kind, peer)) as peer:
        result = run("ping", "-c3", "-i", PACE, "-W", "2s", family.local(kind, peer.port), code=0)
    found = ping_text.summary(result)
    assert found.received == 3
    assert 150 <= found.rtt[0] < 1500


def slow(connection, kind, peer):
    while True:
        request = hear_one(connection, kind)
        peer.pause(0.15)
        connection.sendall(truth(request, kind))


@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_byte_by_byte_is_received(kind, family):
    def serve(connection, number):
        while True:
            for byte in truth(hear_one(connection, kind), kind):
                connection.sendall(bytes([byte]))
                peer.pause(0.001)

    with peers.TcpPeer(family, serve) as peer:
        result = run("ping", "-c3", "-i", PACE, "-W", "2s", family.local(kind, peer.port), code=0)
    found = ping_text.summary(result)
    assert found.received == 3
    if kind == "tcp-echo":
        assert found.rtt[0] >= 50, "answered when the last byte is there"


@pytest.mark.parametrize("kind", KINDS)
def test_two_answers_in_one_segment_are_two_answers(kind, family):
    def serve(connection, number):
        while True:
            answers = [truth(hear_one(connection, kind), kind) for _ in range(2)]
            connection.sendall(b"".join(answers))

    with peers.TcpPeer(family, serve) as peer:
        result = run("ping", "-c4", "-i", PACE, "-W", "2s", family.local(kind, peer.port), code=0)
    assert ping_text.summary(result).received == 4


@pytest.mark.parametrize("kind", KINDS)
def test_a_late_answer_keeps_its_place(kind, family):
    """The first answer comes after its time-out: the later ones are not taken for it."""

    def serve(connection, number):
        held = hear_one(connection, kind)
        peer.pause(1.0)
        connection.sendall(truth(held, kind))
        while True:
            connection.sendall(truth(hear_one(connection, kind), kind))

    with peers.TcpPeer(family, serve) as peer:
        result = run("ping", "-c4", "-i", "600ms", "-W", "800ms", family.local(kind, peer.port), code=0)
        assert peer.count == 1, "lateness is no reason to hang up"
    found = ping_text.summary(result)
    assert ping_text.seqs(ping_text.LOST, result.out) == [1], result.out
    assert (found.sent, found.received, found.count("late"), found.count("junk")) == (4, 3, 1, 0), result.out


@pytest.mark.parametrize("kind", KINDS)
def test_more_than_was_asked_is_junk(kind, family):
    def serve(connection, number):
        request = hear_one(connection, kind)
        connection.sendall(truth(request, kind) + b"surplus\n")
        connection.recv(1000)

    with peers.TcpPeer(family, first_then_honest(kind, lambda connection: serve(connection, 0))) as peer:
        result = run("ping", "-c4", "-i", PACE, "-W", "500ms", family.local(kind, peer.port), code=0)
    assert ping_text.summary(result).count("junk") == 1, result.out


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_that_does_not_read(kind, family):
    """Large probes fill the pipe: the client neither blocks nor lies."""
    with peers.TcpPeer(family, lambda connection, number: peer.pause(60)) as peer:
        result = run("ping", "-c", "100", "-i", "5ms", "-W", "100ms", "-s", "65507", family.local(kind, peer.port), code=1)
    found = ping_text.summary(result)
    assert found.received == 0
    assert result.seconds < 3, result.seconds


def test_a_refused_handshake_then_a_good_one(family, alone):
    """`tcp` makes a connection for each probe: one refusal changes nothing for the next."""
    with Process("ping", "-c", "10", "-i", PACE, family.local("tcp", 9000), ns=alone) as process:
        process.wait_line(r"^refused by .* seq=2 ")
        with peers.TcpPeer(family, peers.echo, ns=alone, port=9000):
            result = process.wait()
    replied, refused = ping_text.seqs(ping_text.REPLY, result.out), ping_text.seqs(ping_text.REFUSED, result.out)
    assert sorted(replied + refused) == list(range(1, 11))
    assert 10 in replied


def test_answers_are_matched_while_many_are_in_flight(family):
    with Server(family.local("tcp-echo", 0)) as server:
        result = run("ping", "-q", "-c", "2000", "-i", "200us", "-s", "1000", server.url("tcp-echo"), code=0)
    found = ping_text.summary(result)
    assert found.received == found.sent and found.count("junk") == 0, result.out
    assert not re.search("junk", result.out)


def test_a_handshake_that_is_reset_at_once_was_a_handshake(family):
    """SYN/ACK came: that is the answer, whatever the server does next."""
    with peers.TcpPeer(family, lambda connection, number: peers.reset(connection)) as peer:
        result = run("ping", "-c", "50", "-i", "10ms", family.local("tcp", peer.port), code=0)
    assert ping_text.summary(result).count("refused") == 0, result.out


def test_a_refusal_of_long_ago_is_not_told_again(family):
    """While a new connection is under way and its SYNs vanish, nothing is refused."""
    with socket.socket(family.af) as listener:
        listener.bind((family.loopback, 0))
        port = listener.getsockname()[1]
        with Process("ping", "-c", "8", "-i", "300ms", family.local("tcp-echo", port)) as ping:
            ping.wait_line(r"^refused by .* seq=2 ")
            listener.listen(0)  # and when its queue is full, SYNs are dropped
            full = [socket.socket(family.af) for _ in range(3)]
            for each in full:
                each.setblocking(False)
                each.connect_ex((family.loopback, port))
            out = "\n".join(ping.wait().lines)
            for each in full:
                each.close()
    assert max(ping_text.seqs(ping_text.REFUSED, out)) <= 3, out
    assert ping_text.seqs(ping_text.UNSENT, out), out
