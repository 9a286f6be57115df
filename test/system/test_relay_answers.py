# SPDX-License-Identifier: MIT
"""`ping TARGET` typed to the pong service: what it answers, in which order, and who shares what."""
import concurrent.futures
import contextlib
import re
import socket
import threading
import time

import pytest

import harness
from clients import tools

pytestmark = pytest.mark.usefixtures("build")

ALLOW = ["--relay-allow", "127.0.0.0/8", "--relay-allow", "::1/128"]
REPLY = r"reply seq=(\d+) time_ms=(\d+(?:\.\d+)?)"
TIMES = r"min/avg/max/mdev=([\d.]+)/([\d.]+)/([\d.]+)/([\d.]+) ms"
ENOUGH = 12.0  # four probes, a second apart, and a time-out
PACED = 0.6  # seconds: one probe each, less what either end may have been held up


def everything(*options, **more):
    """One server of all kinds on both loopback addresses."""
    urls = [family.local(kind, 0) for family in harness.FAMILIES
            for kind in ("pong", "tcp-echo", "udp-echo")]
    return harness.Server(*urls, *options, **more)


def ask(port, line, source="127.0.0.1", host="127.0.0.1", seconds=ENOUGH):
    """The answer lines of one `ping TARGET`, the last of which is `done` or `error`."""
    with tools.connect(host, port, source=source) as sock:
        return read_answer(tools.Lines(sock), line, seconds)


def read_answer(lines, line=None, seconds=ENOUGH):
    if line is not None:
        lines.send(line)
    answer = []
    while not answer or not answer[-1].startswith(("done ", "error ")):
        text = lines.next(seconds)
        assert text is not None, f"the connection ended within an answer: {answer}"
        answer.append(text)
    return answer


def assert_all_received(target, answer):
    """Four replies in order, and a last line that agrees with them."""
    assert len(answer) == 5, (target, answer)
    times = []
    for number, line in enumerate(answer[:4], 1):
        match = re.fullmatch(REPLY, line)
        assert match and int(match[1]) == number, (target, answer)
        times.append(float(match[2]))
    match = re.fullmatch(rf"done {re.escape(target)} sent=4 received=4 loss=0% {TIMES}", answer[4])
    assert match, (target, answer)
    low, mean, high, deviation = map(float, match.groups())
    assert low == pytest.approx(min(times), abs=0.002)
    assert high == pytest.approx(max(times), abs=0.002)
    assert mean == pytest.approx(sum(times) / 4, abs=0.002)
    assert 0 <= deviation <= high - low + 0.002
    assert max(times) < 1000


class Talks:
    """Conversations that all began together, each from a loopback address of its own: what takes
    seconds by its nature takes them once."""

    def __init__(self, server, target, pool):
        self.server = server
        self.begin = time.monotonic()
        self.lossy = f"udp-echo://127.0.0.1:{target.port}"
        port = server.port("pong", 4)
        self.asked = {}
        for number, url in enumerate([*self.urls(), self.lossy], 1):
            self.asked[url] = pool.submit(ask, port, f"ping {url}", f"127.0.1.{number}")
        url = server.url("pong", 6)
        self.over_ipv6 = url, pool.submit(ask, server.port("pong", 6), f" PING  {url} \r", "::1", "::1")
        self.half_closed = pool.submit(ask_and_end, port, server.url("tcp-echo", 6))

    def urls(self, version=None):
        """What is asked of each family: every kind, our own services, and a plain host (ICMP)."""
        server, urls = self.server, {}
        urls[4] = [server.url(kind, 4) for kind in ("pong", "tcp-echo", "udp-echo")]
        urls[6] = [server.url(kind, 6) for kind in ("tcp-echo", "udp-echo")]
        urls[4] += [f"tcp://127.0.0.1:{server.port('pong', 4)}", "127.0.0.1"]
        urls[6] += [f"tcp://[::1]:{server.port('pong', 6)}", "icmp://[::1]"]
        return urls[version] if version else urls[4] + urls[6]


def ask_and_end(port, url):
    """The request is the last line, without a newline, and a half-close is right behind it."""
    with tools.connect("127.0.0.1", port, source="127.0.1.200") as sock:
        sock.sendall(f"ping {url}".encode())
        sock.shutdown(socket.SHUT_WR)
        return tools.receive_all(sock).decode().splitlines()


@pytest.fixture(scope="module")
def talks():
    harness.need_root()
    with echo_counter(drop=lambda number: number == 3) as target, everything(*ALLOW) as server:
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            yield Talks(server, target, pool)


def test_every_kind_is_asked_and_answered(talks, family):
    for url in talks.urls(family.version):
        assert_all_received(url, talks.asked[url].result())
    lasted = time.monotonic() - talks.begin
    assert lasted > 2.8, "four probes, one second apart"


def test_an_ipv6_client_of_the_loopback_may_ask_in_any_case_with_any_blanks(talks):
    url, answer = talks.over_ipv6
    assert_all_received(url, answer.result())


def test_the_last_line_without_newline_may_be_a_target(talks):
    """The whole answer comes although the client has ended its side, and then the end."""
    assert_all_received(talks.server.url("tcp-echo", 6), talks.half_closed.result())


def test_a_loss_in_the_middle_is_one_lost_line_and_25_percent(talks):
    """The third probe is swallowed."""
    url = talks.lossy
    answer = talks.asked[url].result()
    assert [line.partition(" time")[0] for line in answer[:4]] == [
        "reply seq=1", "reply seq=2", "lost seq=3", "reply seq=4"], answer
    assert re.fullmatch(rf"done {re.escape(url)} sent=4 received=3 loss=25% {TIMES}", answer[4])


def test_lost_and_refused_are_said_line_by_line(alone):
    """A silent UDP socket, closed ports of both transports, and one that drops the SYN."""
    alone.filter("input", "tcp dport 9999 drop")
    with alone.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
        mute.bind(("127.0.0.1", 9100))
        with harness.Server("pong://127.0.0.1:9000", *ALLOW, ns=alone):
            targets = ["udp-echo://127.0.0.1:9100", "udp-echo://127.0.0.1:9101",
                       "tcp://127.0.0.1:9102", "tcp://127.0.0.1:9999", "tcp-echo://127.0.0.1:9103"]
            answers = alone.call(ask_all_here, 9000, targets)
    assert [re.sub(r" .*", "", line) for line in answers[targets[0]]] == ["lost"] * 4 + ["done"]
    assert answers[targets[0]][:4] == [f"lost seq={n}" for n in range(1, 5)]
    for target in targets[1:3]:
        assert len(answers[target]) == 5, answers[target]
        for number, line in enumerate(answers[target][:4], 1):
            assert re.fullmatch(rf"refused seq={number} .+", line), answers[target]
    assert all(line.startswith("lost seq=") for line in answers[targets[3]][:-1])
    assert answers[targets[4]][-1].startswith(("done ", "error "))
    for target in targets[:4]:
        assert answers[target][-1].startswith(f"done {target} sent=4 received=0 loss=100%"), answers


def ask_all_here(port, targets):
    """ask_all for one thread that stands in a namespace: sockets first, then the reading."""
    talks = {}
    with contextlib.ExitStack() as stack:
        for number, target in enumerate(targets, 1):
            sock = stack.enter_context(tools.connect("127.0.0.1", port, source=f"127.0.1.{number}"))
            talks[target] = tools.Lines(sock)
            talks[target].send(f"ping {target}")
        return {target: read_answer(lines) for target, lines in talks.items()}


def test_answers_keep_their_order_while_others_are_served():
    """`ping TARGET`, then plain requests in the same write: their answers come after `done`."""
    with everything(*ALLOW) as server:
        port, target = server.port("pong", 4), server.url("udp-echo", 4)
        with tools.connect("127.0.0.1", port) as sock, tools.connect("127.0.0.1", port) as other:
            lines, others = tools.Lines(sock), tools.Lines(other)
            lines.send("ping", f"ping {target}", "foo", "ping", "")
            assert lines.next().startswith("pong ")
            begin = time.monotonic()
            first = lines.next()
            assert first.startswith("reply seq=1 ")
            assert time.monotonic() - begin < 1.5, "answers come as they are measured, not at the end"
            slowest = slowest_ping(others, 100)
            rest = read_answer(lines)
            assert len(rest) == 4 and rest[-1].startswith(f"done {target} ")
            assert lines.next().startswith("error unknown command 'foo'")
            assert lines.next().startswith("pong ")
            assert slowest < 0.9


def slowest_ping(lines, count):
    slowest = 0.0
    for _ in range(count):
        begin = time.monotonic()
        assert lines.ask("ping").startswith("pong ")
        slowest = max(slowest, time.monotonic() - begin)
    return slowest


class EchoCounter:
    """A UDP echo that notes when each datagram came."""

    def __init__(self, drop):
        self.sock = tools.datagram_socket("127.0.0.1", source="127.0.0.1")
        self.port = self.sock.getsockname()[1]
        self.drop = drop
        self.came = []
        self.thread = threading.Thread(target=self.serve)

    def serve(self):
        while True:
            data, peer = self.sock.recvfrom(65_535)
            if data == b"stop":
                return
            self.came.append(time.monotonic())
            if not self.drop(len(self.came)):
                self.sock.sendto(data, peer)


@contextlib.contextmanager
def echo_counter(drop=lambda number: False):
    counter = EchoCounter(drop)
    counter.sock.settimeout(60)
    counter.thread.start()
    try:
        yield counter
    finally:
        with tools.datagram_socket("127.0.0.1", counter.port) as sock:
            sock.send(b"stop")
        counter.thread.join()
        counter.sock.close()


def test_clients_that_ask_the_same_target_share_its_probes():
    """Four clients, one of them later: at most one packet per second reaches the target."""
    with echo_counter() as target, everything(*ALLOW) as server:
        port, line = server.port("pong", 4), f"ping udp-echo://127.0.0.1:{target.port}"
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            asked = [pool.submit(ask, port, line, f"127.0.2.{n}") for n in range(3)]
            harness.wait_until(lambda: len(target.came) >= 2, "the second probe")
            asked.append(pool.submit(ask, port, line, "127.0.2.9"))
            answers = [each.result() for each in asked]
        gaps = [after - before for before, after in zip(target.came, target.came[1:])]
    assert min(gaps) > PACED, gaps
    assert len(target.came) <= 8
    for answer in answers:
        assert answer[-1].startswith(f"done {line[5:]} sent=")
        assert "loss=0%" in answer[-1]
    assert answers[0] == answers[1] == answers[2], "the same probes give the same answers"


def test_asking_again_and_again_does_not_ask_the_target_faster():
    """A new request right after `done`: the pace belongs to the target, not to the request."""
    with echo_counter() as target, everything(*ALLOW) as server:
        url = f"udp-echo://127.0.0.1:{target.port}"
        with tools.connect("127.0.0.1", server.port("pong", 4)) as sock:
            lines = tools.Lines(sock)
            lines.send(f"ping {url}", f"ping {url}")
            assert read_answer(lines)[-1].startswith("done ")
            first = lines.next(ENOUGH)
            assert first.startswith(("reply seq=1", "error busy"))
        gaps = [after - before for before, after in zip(target.came, target.came[1:])]
    assert min(gaps) > PACED, gaps


@pytest.mark.workers
def test_clients_that_vanish_within_a_relay_request_harm_nobody():
    with everything(*ALLOW, "--workers", "2") as server:
        port, target = server.port("pong", 4), server.url("udp-echo", 4)
        fds = tools.descriptors(server.pid)
        with tools.connect("127.0.0.1", port) as witness:
            lines = tools.Lines(witness)
            for number in range(60):
                sock = tools.connect("127.0.0.1", port, source=f"127.0.3.{1 + number % 8}")
                sock.sendall(f"ping {target}\nping\nfoo\n".encode())
                if number % 3 == 0:
                    tools.Lines(sock).next()
                if number % 2:
                    tools.reset(sock)
                else:
                    sock.close()
                assert lines.ask("ping").startswith("pong ")
            assert lines.ask("ping").startswith("pong ")
        assert first_answer(port, target).startswith("reply seq=1 ")
        harness.wait_until(lambda: tools.descriptors(server.pid) <= fds, "descriptors are back")
        assert tools.cpu_share(server.pid, 0.3) < 0.1


def first_answer(port, target):
    """Those who vanished may still count as pending for a moment: busy is an answer."""
    for _ in range(30):
        with tools.connect("127.0.0.1", port, source="127.0.5.1") as sock:
            line = tools.Lines(sock).ask(f"ping {target}")
        if not line.startswith("error busy"):
            return line
        time.sleep(0.2)
    raise AssertionError("busy for ever")


def test_a_client_that_reads_nothing_of_its_answer_harms_nobody():
    with everything(*ALLOW) as server:
        port, target = server.port("pong", 4), server.url("tcp-echo", 4)
        with tools.connect("127.0.0.1", port, source="127.0.4.1", rcvbuf=2048) as mute:
            mute.sendall(b"foo\n" * 20_000 + f"ping {target}\n".encode() * 10)
            assert first_answer(port, target).startswith("reply seq=1 ")
