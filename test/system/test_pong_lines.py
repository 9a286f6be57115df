# SPDX-License-Identifier: MIT
"""`sounder serve pong`, line by line: answers, their order, and what becomes of strangers' bytes."""
import random
import re
import socket
import threading
import time
import unicodedata

import pytest

import harness
from clients import tools

pytestmark = pytest.mark.usefixtures("build")

HINT = " (try: ping, ping TARGET, help, quit)"
MEGABYTE = 1 << 20


@pytest.fixture(scope="module", autouse=True)
def nowhere():
    """All of this module happens in a namespace without a way out: nothing asked by mistake leaves."""
    with harness.Namespace("nowhere") as namespace, tools.standing_in(namespace.name):
        yield


@pytest.fixture(scope="module")
def server(nowhere):
    with harness.Server("pong://127.0.0.1:0", "pong://[::1]:0") as server:
        yield server


@pytest.fixture
def port(server, family):
    return server.port("pong", family.version)


def converse(host, port, request, **options):
    """Write, half-close, and read every answer line."""
    with tools.connect(host, port, **options) as sock:
        writer = threading.Thread(target=write_and_end, args=(sock, request))
        writer.start()
        raw = tools.receive_all(sock)
        writer.join()
    assert not raw or raw.endswith(b"\n"), raw[-100:]
    return raw.split(b"\n")[:-1]


def write_and_end(sock, request):
    sock.sendall(request)
    sock.shutdown(socket.SHUT_WR)


def is_pong(line):
    match = re.fullmatch(rb"pong (\d+)", line)
    return bool(match) and abs(int(match[1]) - time.time()) < 5


@pytest.mark.parametrize("request_line", [
    b"ping\n", b"ping\r\n", b"PING\n", b"PiNg\r\n", b"  ping\n", b"ping  \n", b"\tping\t\r\n",
    b" \t ping \t \n", b"ping", b"ping\r", b" PING ", b"ping" + b" " * 1000 + b"\n",
])
def test_every_way_to_write_ping_gets_one_pong_with_the_time(port, family, request_line):
    answers = converse(family.loopback, port, request_line)
    assert len(answers) == 1 and is_pong(answers[0]), answers


@pytest.mark.parametrize("request_line", [b"", b"\n", b"\r\n", b"   \n", b"\t\r\n", b" ", b"\r",
                                          b"\n\n\r\n \n\t\n" * 500])
def test_empty_and_blank_lines_get_no_answer_and_do_no_harm(port, family, request_line):
    assert converse(family.loopback, port, request_line) == []
    assert len(converse(family.loopback, port, request_line + b"\nping\n")) == 1


def test_an_empty_line_is_not_answered_while_the_connection_stays(port, family):
    with tools.connect(family.loopback, port) as sock:
        sock.sendall(b"\n \r\n")
        assert tools.silent(sock, 0.1)
        assert tools.Lines(sock).ask("ping").startswith("pong ")


@pytest.mark.parametrize("word", ["foo", "pong", "pingg", "pin", "http", "GET", "x" * 64, "ping;", "?"])
def test_an_unknown_command_is_named_and_the_connection_stays(port, family, word):
    with tools.connect(family.loopback, port) as sock:
        lines = tools.Lines(sock)
        assert lines.ask(word) == f"error unknown command '{word}'{HINT}"
        assert lines.ask("ping").startswith("pong ")


@pytest.mark.parametrize("length", [65, 66, 100, 500, 1000])
def test_a_long_culprit_is_cut_to_64_bytes(port, family, length):
    answer, = converse(family.loopback, port, b"a" * length + b"\n")
    assert answer.startswith(b"error unknown command '") and answer.endswith(HINT.encode())
    assert max(map(len, re.findall(rb"a+", answer.removesuffix(HINT.encode())))) == 64


NASTY = {
    "controls": bytes(c for c in range(1, 32) if c not in b"\t\n\r") + b"\x7f",
    "nul": b"foo\0bar",
    "escape_sequence": b"\x1b[2J\x1b]0;owned\x07",
    "carriage_return_inside": b"foo\rbar",
    "bidi": "abc\u202edef\u2066\u200f\u061c".encode(),
    "zero_width": "a\u200bb\ufeffc\u2028d\u2029".encode(),
    "c1_controls": "\x80\x9b31m\x9d".encode(),
    "not_utf8": b"\xff\xfe\x80\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80",
    "cut_within_a_character": b"a" * 63 + "\u00e9\u4e16".encode(),
    "nothing_but_ff": b"\xff" * 900,
    "nothing_but_escapes": b"\x1b" * 900,
    "nothing_but_bidi": "\u202e".encode() * 300,
    "quotes": b"'; rm '\\' \"",
}


def assert_harmless(answer, raw):
    """Short, UTF-8, nothing that moves a cursor or turns the text round."""
    assert len(answer) + 1 <= 512, len(answer)
    text = answer.decode()
    bad = [c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")]
    assert not bad, (bad, raw)


@pytest.mark.parametrize("name", NASTY)
@pytest.mark.parametrize("prefix", [b"", b"ping ", b"help ", b"ping tcp-echo://"],
                         ids=["command", "target", "after_help", "host"])
def test_no_raw_byte_of_a_stranger_comes_back(port, family, name, prefix):
    answers = converse(family.loopback, port, prefix + NASTY[name] + b"\nping\n")
    assert len(answers) == 2, answers
    assert answers[0].startswith(b"error "), answers
    assert_harmless(answers[0], NASTY[name])
    assert is_pong(answers[1])


def test_every_single_byte_as_a_command_is_survived(port, family):
    request = b"".join(bytes([byte]) + b"\nping\n" for byte in range(256) if byte not in b"\n\r\t ")
    answers = converse(family.loopback, port, request)
    assert len(answers) == 2 * 252
    assert all(is_pong(line) for line in answers[1::2])
    for line in answers[::2]:
        assert line.startswith(b"error unknown command '")
        assert_harmless(line, line)


@pytest.mark.parametrize("size", [1100, 2048, 5000, 70_000, 1_000_000])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["lf", "crlf"])
def test_an_over_long_line_gets_one_error_then_service_goes_on(port, family, size, end):
    request = b"ping" + end + b"z" * size + end + b"ping" + end + b"foo" + end
    answers = converse(family.loopback, port, request)
    assert [line.split()[0] for line in answers] == [b"pong", b"error", b"pong", b"error"]
    assert b"unknown command" not in answers[1] and b"unknown command 'foo'" in answers[3]
    assert_harmless(answers[1], b"z")


def test_a_ping_in_an_over_long_line_is_not_answered(port, family):
    request = b"ping" + b" " * 5000 + b"ping\nping\n"
    answers = converse(family.loopback, port, request)
    assert [line.split()[0] for line in answers] == [b"error", b"pong"]


def test_an_over_long_line_without_end_gets_one_error(port, family):
    answers = converse(family.loopback, port, b"z" * 5000)
    assert len(answers) == 1 and answers[0].startswith(b"error ")


def test_64_megabytes_without_a_newline_leave_memory_flat(family):
    with harness.Server(family.local("pong", 0)) as server:
        with tools.connect(family.loopback, server.port("pong")) as sock:
            lines = tools.Lines(sock)
            assert lines.ask("ping").startswith("pong ")
            at_start = tools.resident_kb(server.pid)
            for _ in range(64):
                sock.sendall(b"z" * MEGABYTE)
            assert tools.resident_kb(server.pid) - at_start < 4096
            lines.send("", "ping")
            assert lines.next().startswith("error ")
            assert lines.next().startswith("pong ")


@pytest.mark.parametrize("reads", ["at_once", "late"])
def test_100000_pings_in_one_write_are_all_answered_in_order(port, family, reads):
    """A line that says its number stands after every thousandth ping, so that order shows."""
    request = b"".join(b"ping\n" if i % 1000 else b"mark%d\n" % i for i in range(100_000))
    with tools.connect(family.loopback, port) as sock:
        writer = threading.Thread(target=write_and_end, args=(sock, request))
        writer.start()
        if reads == "late":
            time.sleep(0.5)  # late on purpose: the answers have filled every buffer
        answers = tools.receive_all(sock).split(b"\n")[:-1]
        writer.join()
    assert len(answers) == 100_000
    for i, answer in enumerate(answers):
        wanted = b"pong " if i % 1000 else b"error unknown command 'mark%d'" % i
        assert answer.startswith(wanted), (i, answer)


def test_byte_by_byte_is_understood(port, family):
    with tools.connect(family.loopback, port) as sock:
        request = b" PING \r\n\nfoo\nping"
        for i in range(len(request)):
            sock.send(request[i:i + 1])
        sock.shutdown(socket.SHUT_WR)
        answers = tools.receive_all(sock).split(b"\n")[:-1]
    assert [line.split()[0] for line in answers] == [b"pong", b"error", b"pong"]


def test_the_unterminated_last_line_is_answered_at_the_end_of_the_stream(port, family):
    for last, wanted in ((b"ping", b"pong "), (b"foo", b"error unknown command 'foo'"),
                         (b"ping\r", b"pong ")):
        answers = converse(family.loopback, port, b"ping\n" + last)
        assert len(answers) == 2 and answers[1].startswith(wanted), answers


def test_half_a_line_is_not_answered_before_its_end(port, family):
    with tools.connect(family.loopback, port) as sock:
        sock.sendall(b"ping")
        assert tools.silent(sock, 0.1)
        sock.sendall(b"\n")
        assert tools.Lines(sock).next().startswith("pong ")


def test_help_names_the_commands(port, family):
    for word in (b"help\n", b"HELP\r\n", b" help \n"):
        answers = b"\n".join(converse(family.loopback, port, word))
        assert b"ping TARGET" in answers and b"quit" in answers
        assert not answers.startswith(b"error")


def test_quit_ends_the_connection_after_the_answers_before_it(port, family):
    """Without a half-close of ours; what follows `quit` is not answered and causes no RST."""
    for quit_line in (b"quit\n", b"QUIT\r\n", b" quit \n"):
        with tools.connect(family.loopback, port) as sock:
            sock.sendall(b"ping\n" * 3000 + quit_line + b"ping\n" * 20_000)
            answers = tools.receive_all(sock).split(b"\n")[:-1]
            assert sum(line.startswith(b"pong ") for line in answers) == 3000
            assert all(is_pong(line) for line in answers[:3000]) and len(answers) <= 3001


def test_nor_does_what_follows_it_byte_by_byte(port, family):
    with tools.connect(family.loopback, port) as sock:
        sock.sendall(b"ping\n" * 10 + b"quit\n")
        for _ in range(500):
            sock.sendall(b"x")
            time.sleep(0.0005)  # each is a read of its own
        answers = tools.receive_all(sock).split(b"\n")[:-1]
        assert sum(line.startswith(b"pong ") for line in answers) == 10


def test_the_epoch_is_the_time_of_the_answer_not_of_the_start(port, family):
    with tools.connect(family.loopback, port) as sock:
        lines = tools.Lines(sock)
        first = int(lines.ask("ping").split()[1])
        harness.wait_until(lambda: int(time.time()) > first, "the next second")
        assert int(lines.ask("ping").split()[1]) > first


def test_a_peer_that_pipelines_and_never_reads_is_stopped(family):
    options = harness.environment()["ASAN_OPTIONS"] + ":quarantine_size_mb=1"
    with harness.Server(family.local("pong", 0), env={"ASAN_OPTIONS": options}) as server:
        port = server.port("pong")
        assert is_pong(converse(family.loopback, port, b"ping\n")[0])
        at_start = tools.resident_kb(server.pid)
        with tools.connect(family.loopback, port, rcvbuf=4096) as sock:
            sock.setblocking(False)
            sent, quiet = 0, time.monotonic()
            while sent < 64 * MEGABYTE and time.monotonic() - quiet < 0.3:
                try:
                    sent += sock.send((b"ping\n" * 20_000)[sent % 5:])
                    quiet = time.monotonic()
                except BlockingIOError:
                    time.sleep(0.01)
            assert sent < 64 * MEGABYTE, "no high-water mark"
            assert tools.resident_kb(server.pid) - at_start < 4096
            assert is_pong(converse(family.loopback, port, b"ping\n")[0])
            sock.settimeout(tools.PATIENCE)
            sock.shutdown(socket.SHUT_WR)
            answers = tools.receive_all(sock).split(b"\n")[:-1]
            assert len(answers) == sent // 5 + (sent % 5 > 0)


@pytest.mark.workers
def test_many_conversations_at_once_each_keep_their_order(server, family):
    """150 clients on the workers of one server, each with lines that say whose they are."""
    port = server.port("pong", family.version)
    rng = random.Random(5)
    clients = [tools.connect(family.loopback, port) for _ in range(150)]
    try:
        for turn in range(5):
            rng.shuffle(clients)
            for number, sock in enumerate(clients):
                sock.sendall(b"ping\nwho%d-%d\n" % (number, turn))
            for number, sock in enumerate(clients):
                lines = tools.Lines(sock)
                assert lines.next().startswith("pong ")
                assert f"'who{number}-{turn}'" in lines.next()
    finally:
        for sock in clients:
            sock.close()
