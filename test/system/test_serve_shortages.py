# SPDX-License-Identifier: MIT
"""`sounder serve` where memory ends and calls take little: each allocation in turn is made to fail.

By the faulty build of the server (test/faults.c). What the C library allocates for itself is not refused.
"""
import contextlib
import errno
import itertools
import random
import re
import signal
import socket
import threading

import pytest

import harness
from clients import tools
from faults import Faults

pytestmark = pytest.mark.usefixtures("build")

ENDPOINTS = [f"{kind}://127.0.0.1:0" for kind in ("tcp-echo", "udp-echo", "pong")]
FOR_EVER = 1 << 32


def serving(faults):
    return harness.Server(*ENDPOINTS, "--workers", "1", "--relay-allow", "127.0.0.0/8", **faults.options)


# --- at start -----------------------------------------------------------------------------------------


def starts(nth, count):
    """Start a server whose nth allocation fails; True when it serves all the same, False when it says why
    not. Returns that, and whether it came to the nth at all."""
    with Faults() as faults:
        faults.refuse(nth, count)
        with harness.Process("serve", *ENDPOINTS, "--workers", "2", **faults.options) as server:
            harness.wait_until(lambda: len(server.lines) == 3 or not server.running(), "stands or falls")
            reached = faults.allocations >= nth
            if server.running():
                faults.refuse_nothing()
                assert tools.tcp_echoes("127.0.0.1", int(re.search(r"tcp-echo://.*:(\d+)", "\n".join(server.lines))[1]))
                server.signal(signal.SIGTERM)
                assert server.wait().code == 0
                return True, reached
            result = server.wait()
            assert result.code == 2, result
            assert re.fullmatch(r"sounder: serve: [^\n]*(out of|cannot allocate) memory\n", result.err), result
            return False, reached


@pytest.mark.parametrize("count", [1, FOR_EVER], ids=["one", "all_from_it_on"])
def test_a_start_without_memory_fails_in_a_sentence_or_succeeds(count):
    failed = 0
    for nth in itertools.count(1):
        serves, reached = starts(nth, count)
        failed += not serves
        if not reached:
            break
    assert serves and failed > 10, "a start that needs no memory?"


@pytest.mark.parametrize("limit", range(4, 40, 3))
def test_a_start_with_few_descriptors_fails_in_a_sentence_or_succeeds(limit):
    with harness.Process("serve", *ENDPOINTS, "--workers", "2", prefix=["prlimit", f"--nofile={limit}:{limit}"]) as server:
        harness.wait_until(lambda: len(server.lines) == 3 or not server.running(), "stands or falls")
        if server.running():
            server.signal(signal.SIGTERM)
        result = server.wait()
        assert result.code == 0 if result.lines else result.code == 2, result
        assert result.lines or re.fullmatch(r"sounder: serve: [^\n]*too many open files\n", result.err), result


@pytest.mark.parametrize("call, nth", [("clone", 1), ("clone3", 1), ("clone3", 2), ("clone3", 3)],
                         ids=["helper", "relay", "worker", "second_worker"])
def test_a_start_without_a_thread_or_a_process_fails_in_a_sentence(call, nth):
    strace = harness.need_tool("strace")
    prefix = [strace, "-f", "-qq", "-o", "/dev/null", "-e", f"inject={call}:error=EAGAIN:when={nth}"]
    leaks = harness.environment()["ASAN_OPTIONS"].replace("detect_leaks=1", "detect_leaks=0")
    result = harness.run("serve", *ENDPOINTS, "--workers", "2", prefix=prefix, env={"ASAN_OPTIONS": leaks}, code=2)
    assert re.fullmatch(r"sounder: serve: [^\n]*resource temporarily unavailable\n", result.err), result


# --- under load ---------------------------------------------------------------------------------------


class Survivor:
    """A connection that is there all the time. What comes is what was sent, or it is reset: bytes that are
    missing without that are lost."""

    def __init__(self, port):
        self.port, self.sock, self.resets = port, None, 0

    def exchange(self, data):
        try:
            self.sock = self.sock or tools.connect("127.0.0.1", self.port, rcvbuf=8192)
            self.sock.settimeout(tools.PATIENCE)
            writer = threading.Thread(target=self._send, args=(data,))
            writer.start()
            writer.join(0.02)  # a late reader: something is kept for it
            came = tools.receive_exactly(self.sock, len(data))
            writer.join()
            assert came == data
        except ConnectionError:
            self.close()
            self.resets += 1

    def _send(self, data):
        with contextlib.suppress(OSError):
            self.sock.sendall(data)

    def close(self):
        if self.sock:
            self.sock.close()
        self.sock = None


def half_close(sock):
    try:
        sock.shutdown(socket.SHUT_WR)
    except OSError as error:  # it was reset meanwhile
        raise error if error.errno != errno.ENOTCONN else ConnectionResetError


def answered_or_reset(port, text, answers):
    """The lines that come for text, half-closed; None when it was reset."""
    with contextlib.suppress(ConnectionError), tools.connect("127.0.0.1", port) as sock:
        sock.sendall(text[:7])
        tools.silent(sock, 0.005)  # the half of a request is kept
        sock.sendall(text[7:])
        half_close(sock)
        lines = tools.receive_all(sock).decode().splitlines()
        assert len(lines) == answers, lines
        return lines
    return None


def asks_relay(port, target):
    """Ask it for a ping, and go when the first line has come."""
    with contextlib.suppress(ConnectionError), tools.connect("127.0.0.1", port) as sock:
        asker = tools.Lines(sock)
        line = asker.ask(f"ping {target}")
        assert re.match(r"reply |refused |lost |unsent |done |error ", line or ""), line
        return line
    return None


class Load:
    """All kinds of requests at once, each round alike."""

    def __init__(self, server):
        self.server = server
        self.port = {kind: server.port(kind) for kind in ("tcp-echo", "udp-echo", "pong")}
        self.survivors = [Survivor(self.port["tcp-echo"]) for _ in range(2)]
        self.data = random.Random(1).randbytes(700_000)
        self.asked = 0

    def round(self):
        for survivor in self.survivors:
            survivor.exchange(self.data)
        lines = answered_or_reset(self.port["pong"], b"ping\n" * 3000 + b"hel", 3001)
        assert lines is None or all(line.startswith("pong ") for line in lines[:3000])
        with tools.datagram_socket("127.0.0.1", self.port["udp-echo"]) as sock:
            for number in range(40):
                sock.send(b"%d" % number)
            assert {sock.recv(100) for _ in range(40)} == {b"%d" % number for number in range(40)}

    def ask(self, kind):
        self.asked += 1  # a new target each time: one that was asked already would be shared
        asks_relay(self.port["pong"], f"{kind}://127.0.{self.asked >> 8}.{self.asked & 255}:{self.port[kind]}")

    def close(self):
        for survivor in self.survivors:
            survivor.close()


def each_refused(faults, act, at_least):
    """`act` again and again, its first, second, … allocation failing until there are no more of them."""
    for nth in itertools.count(1):
        first = faults.refuse(nth)
        act()
        if faults.allocations < first:
            break
    faults.refuse_nothing()
    assert nth > at_least, "this load needed hardly any memory"


@contextlib.contextmanager
def loaded():
    with Faults() as faults, serving(faults) as server:
        load = Load(server)
        before = tools.descriptors(server.pid)
        with contextlib.closing(load):
            load.round()
            yield faults, load
            load.round()
            resets = [survivor.resets for survivor in load.survivors]
            load.round()
            assert resets == [survivor.resets for survivor in load.survivors], "with memory, nobody is reset"
        harness.wait_until(lambda: tools.descriptors(server.pid) <= before, "all descriptors back")


def test_each_allocation_in_turn_fails_under_load_and_it_serves_on():
    with loaded() as (faults, load):
        each_refused(faults, load.round, 5)
        assert sum(survivor.resets for survivor in load.survivors), "no connection ever wanted what was refused"


@pytest.mark.parametrize("kind", ["tcp-echo", "udp-echo", "pong"])
def test_each_allocation_of_the_relay_in_turn_fails_and_it_answers_on(kind):
    with loaded() as (faults, load):
        each_refused(faults, lambda: load.ask(kind), 2)
        assert asks_relay(load.port["pong"], f"tcp-echo://127.0.0.1:{load.port['tcp-echo']}").startswith("reply seq=1")


def test_without_any_memory_at_all_it_waits_for_better_times():
    with loaded() as (faults, load):
        for _ in range(3):
            faults.refuse(1, FOR_EVER)
            load.round()
            for kind in load.port:
                load.ask(kind)
            faults.refuse_nothing()
            load.round()


# --- short counts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("most", [1, 7, 1000])
def test_calls_that_take_and_give_little_lose_nothing(most):
    with Faults() as faults, serving(faults) as server:
        faults.cut(most_bytes=most, most_datagrams=1)
        survivor = Survivor(server.port("tcp-echo"))
        with contextlib.closing(survivor):
            survivor.exchange(random.Random(most).randbytes(3000 * most))
            assert survivor.resets == 0
        lines = answered_or_reset(server.port("pong"), b"ping\n" * 300 + b"ping", 301)
        assert all(line.startswith("pong ") for line in lines)
        with tools.datagram_socket("127.0.0.1", server.port("udp-echo")) as sock:
            for number in range(100):
                sock.send(b"%d" % number)
            assert {sock.recv(100) for _ in range(100)} == {b"%d" % number for number in range(100)}
