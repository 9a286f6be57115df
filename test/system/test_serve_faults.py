# SPDX-License-Identifier: MIT
"""`sounder serve` when system calls fail: nothing is lost, leaked or awaited with a busy processor.

strace makes calls fail without making them, so an error that comes with EAGAIN or EINTR is the truth, and
so is one that leaves the connection or datagram where it was. What would be a lie is left out: `send` that
is said to have taken bytes it has not, `recv` that is said to have given some. Short counts that are true
are made by a build of the server whose sockets take little at a time (test_serve_memory.py).
"""
import contextlib
import random
import signal
import socket
import threading
import time

import pytest

import harness
from clients import tools
from faults import injected

pytestmark = pytest.mark.usefixtures("build")

KINDS = ("tcp-echo", "udp-echo", "pong")
WAITS = "?epoll_wait,?epoll_pwait,?epoll_pwait2"
HALF = "when=1+2"  # every other call
PASSING = ("EINTR", "EAGAIN", "ENOMEM", "ENOBUFS")


@pytest.fixture(scope="module")
def standing(build):
    """One server for all of this module: what an error leaves behind, the next test meets."""
    with harness.Server(*(f"{kind}://127.0.0.1:0" for kind in KINDS), "--workers", "2") as server:
        yield server


@pytest.fixture
def server(standing):
    """The same, to be left as it was found: serving, with no descriptor more, at rest."""
    assert serves(standing)
    before = tools.descriptors(standing.pid)
    yield standing
    assert serves(standing)
    harness.wait_until(lambda: tools.descriptors(standing.pid) <= before, "all descriptors back")
    assert tools.cpu_share(standing.pid, 0.1) < 0.25


def serves(server):
    port = {kind: server.port(kind) for kind in KINDS}
    with tools.connect("127.0.0.1", port["pong"]) as sock:
        assert tools.Lines(sock).ask("ping").startswith("pong ")
    return tools.tcp_echoes("127.0.0.1", port["tcp-echo"]) and tools.udp_echoes("127.0.0.1", port["udp-echo"])


def exchange(sock, seed, size=100_000):
    """Send `size` bytes while their echo is read; True when each came back."""
    data = random.Random(seed).randbytes(size)
    writer = threading.Thread(target=sock.sendall, args=(data,))
    writer.start()
    try:
        return tools.receive_exactly(sock, size) == data
    finally:
        writer.join()


def echoes_datagrams(port, count=64):
    """All at once, so that some come in batches; how many of them came back, each once."""
    with tools.datagram_socket("127.0.0.1", port, timeout=0.3) as sock:
        for number in range(count):
            sock.send(b"%d" % number)
        came = []
        with contextlib.suppress(TimeoutError):
            while len(came) < count:
                came.append(sock.recv(100))
    assert len(set(came)) == len(came) and set(came) <= {b"%d" % number for number in range(count)}
    return len(came)


def one_by_one(port, count=20):
    with tools.datagram_socket("127.0.0.1", port) as sock:
        for number in range(count):
            sock.send(b"%d" % number)
            if sock.recv(100) != b"%d" % number:
                return False
    return True


def bounded(calls):
    """It does not spin while a call fails each time: that would be tens of thousands in a second."""
    before = calls.count
    time.sleep(0.4)
    return calls.count - before < 600


# --- errors that pass ---------------------------------------------------------------------------------

OF_ONE_CONNECTION = ("EINTR", "EAGAIN", "ECONNABORTED", "EPROTO", "EPERM", "ENETDOWN", "EHOSTUNREACH", "ENOBUFS", "ENOMEM")


@pytest.mark.parametrize("error", OF_ONE_CONNECTION)
def test_every_other_accept_fails_and_each_newcomer_is_served(server, error):
    with injected(server, f"accept4:error={error}:{HALF}") as calls, contextlib.ExitStack() as stack:
        crowd = [stack.enter_context(tools.connect("127.0.0.1", server.port("tcp-echo"))) for _ in range(30)]
        for number, sock in enumerate(crowd):
            assert exchange(sock, number, 500)
        assert calls.count


@pytest.mark.parametrize("error", ["EMFILE", "ENFILE"])
def test_without_descriptors_newcomers_are_turned_away_and_the_old_served(server, error):
    with tools.connect("127.0.0.1", server.port("tcp-echo")) as old:
        assert exchange(old, 0)
        with injected(server, f"accept4:error={error}:{HALF}") as calls, contextlib.ExitStack() as stack:
            for number in range(30):
                stack.enter_context(tools.connect("127.0.0.1", server.port("tcp-echo")))
                assert exchange(old, number, 500)
            assert calls.count


@pytest.mark.parametrize("error", PASSING)
def test_every_other_call_on_a_stream_fails_and_no_byte_is_lost(server, error):
    with tools.connect("127.0.0.1", server.port("tcp-echo")) as sock:
        with injected(server, f"recvfrom:error={error}:{HALF}", f"sendto:error={error}:{HALF}") as calls:
            assert exchange(sock, 1, 2_000_000)
            assert calls.count > 10
            with tools.connect("127.0.0.1", server.port("pong")) as pong:
                pong.sendall(b"ping\n" * 2000)
                pong.shutdown(socket.SHUT_WR)
                answers = tools.receive_all(pong).splitlines()
            assert len(answers) == 2000 and all(line.startswith(b"pong ") for line in answers)


@pytest.mark.parametrize("error", ["EINTR", "ENOMEM", "ENOBUFS", "ECONNREFUSED", "EHOSTUNREACH", "EPROTO"])
def test_every_other_call_for_datagrams_fails_and_each_is_answered(server, error):
    calls = [f"{call}:error={error}:{HALF}" for call in ("recvmsg", "recvmmsg", "sendmsg", "sendmmsg")]
    with injected(server, *calls) as done:
        assert one_by_one(server.port("udp-echo"))
        assert echoes_datagrams(server.port("udp-echo")) == 64
        assert done.count


@pytest.mark.parametrize("error", ["EAGAIN", "EPERM"])
def test_an_answer_that_may_not_leave_costs_no_other(server, error):
    """A full buffer is no reason to wait, nor is a firewall: that answer is dropped, and counted."""
    with injected(server, f"sendmsg:error={error}:when=3", f"sendmmsg:error={error}:when=1+3") as calls:
        assert echoes_datagrams(server.port("udp-echo")) > 32
        assert echoes_datagrams(server.port("udp-echo"), 1) + echoes_datagrams(server.port("udp-echo"), 1) >= 1
        assert calls.count


@pytest.mark.parametrize("error", ["EINTR", "ENOMEM"])
def test_every_other_wait_fails_and_all_is_served(server, error):
    with tools.connect("127.0.0.1", server.port("tcp-echo")) as sock:
        with injected(server, f"{WAITS}:error={error}:{HALF}") as calls:
            assert exchange(sock, 2)
            assert one_by_one(server.port("udp-echo"))
            assert tools.tcp_echoes("127.0.0.1", server.port("tcp-echo"))
            assert calls.count


@pytest.mark.parametrize("error", ["ENOMEM", "ENOSPC"])
def test_a_connection_that_cannot_be_watched_ends_and_no_other(server, error):
    """Only adding to an epoll can fail so: changing what it holds needs no memory."""
    with tools.connect("127.0.0.1", server.port("tcp-echo")) as old:
        assert exchange(old, 3, 500)
        with injected(server, f"epoll_ctl:error={error}") as calls:
            with pytest.raises(ConnectionResetError):
                tools.tcp_echoes("127.0.0.1", server.port("tcp-echo"))
            assert exchange(old, 4, 500)
            assert calls.count


# --- errors that end a connection ---------------------------------------------------------------------


def fate(sock):
    """What becomes of one that has said hello: an end in good order would hide that it got no answer."""
    try:
        return "echo" if tools.receive_exactly(sock, 5) == b"hello" else "end"
    except ConnectionResetError:
        return "reset"


@pytest.mark.parametrize("call", ["recvfrom", "sendto"])
@pytest.mark.parametrize("error", ["ECONNRESET", "EPIPE", "ETIMEDOUT", "EHOSTUNREACH"])
def test_a_dead_connection_ends_alone(server, call, error):
    port = server.port("tcp-echo")
    with contextlib.ExitStack() as stack:
        crowd = [stack.enter_context(tools.connect("127.0.0.1", port)) for _ in range(6)]
        assert all(exchange(sock, 5, 500) for sock in crowd)
        with injected(server, f"{call}:error={error}:when=1") as calls:  # once in each worker
            for sock in crowd:
                with contextlib.suppress(ConnectionError):
                    sock.sendall(b"hello")
            fates = [fate(sock) for sock in crowd]
            assert calls.count
        assert 1 <= fates.count("reset") <= 2 and fates.count("echo") == 6 - fates.count("reset"), fates


# --- errors that last ---------------------------------------------------------------------------------


@pytest.mark.parametrize("error", ["EMFILE", "ENFILE", "ENOMEM", "ENOBUFS", "EPERM", "EINTR", "EINVAL"])
def test_accept_that_always_fails_takes_no_processor_and_no_old_client(server, error):
    with tools.connect("127.0.0.1", server.port("tcp-echo")) as old, contextlib.ExitStack() as stack:
        assert exchange(old, 6, 500)
        with injected(server, f"accept4:error={error}") as calls:
            waiting = [stack.enter_context(tools.connect("127.0.0.1", server.port("tcp-echo"))) for _ in range(10)]
            assert bounded(calls)
            assert exchange(old, 7, 500)
            assert calls.count
        assert all(exchange(sock, 8, 500) for sock in waiting), "they only had to wait"


@pytest.mark.parametrize("error", ["ENOMEM", "ENOBUFS", "EINTR"])
def test_datagrams_that_cannot_be_read_wait_without_a_spin(server, error):
    with tools.datagram_socket("127.0.0.1", server.port("udp-echo")) as sock:
        with injected(server, f"recvmsg:error={error}", f"recvmmsg:error={error}") as calls:
            sock.send(b"patience")
            assert bounded(calls)
            assert calls.count
        assert sock.recv(100) == b"patience"


@pytest.mark.parametrize("error", ["ENOBUFS", "EPERM", "EHOSTUNREACH"])
def test_answers_that_cannot_leave_are_dropped_without_a_spin(server, error):
    with injected(server, f"sendmsg:error={error}", f"sendmmsg:error={error}") as calls:
        assert echoes_datagrams(server.port("udp-echo")) == 0
        assert bounded(calls)
        assert calls.count


def test_a_socket_that_cannot_return_to_the_loop_is_served_without_it(server):
    """A burst is read outside of the loop; afterwards there is no memory for watching again."""
    with injected(server, "epoll_ctl:error=ENOMEM:when=2+") as calls:
        for _ in range(50):  # until one was deep enough
            assert echoes_datagrams(server.port("udp-echo")) == 64
            if calls.count:
                break
        assert calls.count
        assert bounded(calls)
        assert one_by_one(server.port("udp-echo"), 5)
    assert one_by_one(server.port("udp-echo"))


@pytest.mark.parametrize("call, error", [("sendto", "ENOBUFS"), ("recvfrom", "ENOMEM")])
def test_a_stream_that_never_gets_memory_is_given_up(server, call, error):
    with tools.connect("127.0.0.1", server.port("tcp-echo")) as sock:
        with injected(server, f"{call}:error={error}"):
            sock.sendall(b"hello")
            with pytest.raises(ConnectionResetError):
                tools.receive_all(sock)


@pytest.mark.parametrize("error", ["EINTR", "ENOMEM"])
def test_waits_that_fail_for_a_while_take_no_processor_and_lose_nothing(server, error):
    with tools.connect("127.0.0.1", server.port("tcp-echo")) as sock:
        with injected(server, f"{WAITS}:error={error}") as calls:
            sock.sendall(b"patience")
            assert bounded(calls) and bounded(calls)
            assert calls.count
        assert tools.receive_exactly(sock, 8) == b"patience"


# --- the end ------------------------------------------------------------------------------------------


def mortal():
    """A server that may end under strace, where nobody can look for leaks."""
    options = harness.environment()["ASAN_OPTIONS"].replace("detect_leaks=1", "detect_leaks=0")
    return harness.Server("tcp-echo://127.0.0.1:0", "--workers", "2", env={"ASAN_OPTIONS": options})


def test_a_worker_that_can_never_wait_again_is_told_and_ends_the_server_with_2():
    """It hears nobody: to go on would be to die in silence, and whoever watches it can start another."""
    with mortal() as server, injected(server, f"{WAITS}:error=EBADF"):
        result = server.wait()
    assert result.code == 2
    assert result.err.splitlines()[-1] == "sounder: serve: a worker cannot wait for events: bad file descriptor"


def test_sigterm_ends_it_even_while_every_wait_fails():
    with mortal() as server, tools.connect("127.0.0.1", server.port("tcp-echo")) as sock:
        with injected(server, f"{WAITS}:error=EINTR"):
            server.signal(signal.SIGTERM)
            assert tools.receive_all(sock) == b""
            assert server.wait().code == 0
