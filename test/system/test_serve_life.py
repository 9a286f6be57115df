# SPDX-License-Identifier: MIT
"""`sounder serve`: signals, the drain at the end, and standard descriptors in any state."""
import contextlib
import itertools
import os
import signal
import socket
import threading
import time

import pytest

import harness
from clients import tools

pytestmark = pytest.mark.usefixtures("build")


def services(family):
    return [family.local(kind, 0) for kind in ("pong", "tcp-echo", "udp-echo")]


@pytest.mark.workers
@pytest.mark.parametrize("count", [50, 1000])
def test_datagrams_queued_before_sigterm_are_all_answered(family, count):
    """Many batches, too: they are read until there are none."""
    with harness.Server(*services(family), "--workers", "2") as server:
        with tools.datagram_socket(family.loopback, server.port("udp-echo")) as sock:
            server.signal(signal.SIGSTOP)
            for number in range(count):
                sock.send(b"queued %d" % number)
            server.signal(signal.SIGTERM)
            server.signal(signal.SIGCONT)
            assert {sock.recv(100) for _ in range(count)} == {b"queued %d" % n for n in range(count)}
        assert server.wait().code == 0


@pytest.mark.workers
def test_connections_queued_before_sigterm_are_accepted_and_answered(family):
    """They stand in the listener's queue: closing it first would reset them."""
    with harness.Server(*services(family), "--workers", "2") as server, contextlib.ExitStack() as stack:
        server.signal(signal.SIGSTOP)
        clients = []
        for number in range(40):
            kind = ("pong", "tcp-echo")[number % 2]
            sock = stack.enter_context(tools.connect(family.loopback, server.port(kind)))
            sock.sendall(b"foo\n")
            clients.append(sock)
        server.signal(signal.SIGTERM)
        server.signal(signal.SIGCONT)
        for number, sock in enumerate(clients):
            answer = tools.receive_all(sock)
            assert answer == b"foo\n" if number % 2 else answer.startswith(b"error unknown"), answer
        assert server.wait().code == 0


def test_what_clients_had_sent_before_sigterm_comes_back(family):
    data = os.urandom(300_000)
    with harness.Server(family.local("tcp-echo", 0)) as server:
        with tools.connect(family.loopback, server.port("tcp-echo")) as sock:
            sock.setblocking(False)
            sent = sock.send(data)  # as much as the kernel takes now
            sock.settimeout(tools.PATIENCE)
            server.signal(signal.SIGTERM)
            assert tools.receive_all(sock) == data[:sent]
        assert server.wait().code == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_silent_clients_end_after_300_ms_and_the_server_with_0(family, number):
    with harness.Server(*services(family)) as server, contextlib.ExitStack() as stack:
        silent = [stack.enter_context(tools.connect(family.loopback, server.port(kind)))
                  for kind in ("pong", "tcp-echo") for _ in range(5)]
        silent[0].sendall(b"ping\n")
        assert tools.Lines(silent[0]).next().startswith("pong ")
        begin = time.monotonic()
        server.signal(number)
        for sock in silent:
            assert tools.receive_all(sock) == b"", "an RST or bytes nobody asked for"
            assert time.monotonic() - begin > 0.29, "given less time than promised"
        assert time.monotonic() - begin < 2
        assert server.wait(2).code == 0


def test_after_sigterm_no_new_client_is_taken(family, alone):
    """Where nobody else can be given the port that is free again."""
    with harness.Server(*services(family), ns=alone) as server:
        port = server.port("tcp-echo")
        with alone.call(tools.connect, family.loopback, port) as sock:
            server.signal(signal.SIGTERM)

            def refused():
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    sock.sendall(b"k")  # keeps the drain going
                    sock.recv(1)
                    try:
                        alone.call(tools.connect, family.loopback, port).close()
                    except ConnectionRefusedError:
                        return True
                return False

            harness.wait_until(refused, "newcomers are refused", 2)
        assert server.wait().code == 0


def test_while_it_drains_a_peer_that_closes_gets_the_rest_and_the_end(family, alone):
    """Its own end, not 300 ms of silence, is what ends it: it was never silent."""
    with harness.Server(family.local("tcp-echo", 0), ns=alone) as server:
        port = server.port("tcp-echo")
        socks = [alone.call(tools.connect, family.loopback, port) for _ in range(2)]
        with socks[0] as talker, socks[1] as leaver:
            server.signal(signal.SIGTERM)
            harness.wait_until(lambda: all(said(sock) for sock in socks)
                               and is_refused(alone, family, port), "it drains")
            for sock in socks:
                sock.sendall(b"the last words")
            leaver.shutdown(socket.SHUT_WR)
            assert tools.receive_all(leaver) == b"the last words"
            assert tools.receive_all(talker) == b"the last words"
        assert server.wait().code == 0


def said(sock):
    """Never silent for long."""
    sock.sendall(b"k")
    return sock.recv(1) == b"k"


def is_refused(ns, family, port):
    try:
        ns.call(tools.connect, family.loopback, port).close()
    except ConnectionRefusedError:
        return True
    return False


def test_at_five_seconds_all_end_even_those_who_never_read_or_never_stop():
    with harness.Server("pong://127.0.0.1:0", "tcp-echo://127.0.0.1:0") as server:
        with contextlib.ExitStack() as stack:
            mute = stack.enter_context(
                tools.connect("127.0.0.1", server.port("tcp-echo"), rcvbuf=4096))
            mute.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while mute.send(b"m" * 65_536):
                    pass
            talker = tools.Lines(stack.enter_context(
                tools.connect("127.0.0.1", server.port("pong"))))
            assert talker.ask("ping").startswith("pong ")
            server.signal(signal.SIGTERM)
            begin = time.monotonic()
            lived = keep_talking(talker)
            assert server.wait().code == 0
            assert 3.0 < lived, "a client that is served must not be cut off early"
            assert time.monotonic() - begin < 7.0


def keep_talking(talker):
    """Ping every 10 ms until the connection ends; seconds it lasted."""
    begin = time.monotonic()
    while time.monotonic() - begin < 8:
        try:
            if talker.ask("ping") is None:
                break
        except ConnectionError:
            break
        time.sleep(0.01)
    return time.monotonic() - begin


@pytest.mark.parametrize("first, second", [(signal.SIGTERM, signal.SIGTERM),
                                           (signal.SIGTERM, signal.SIGINT)])
def test_a_second_signal_ends_at_once_with_2(first, second):
    with harness.Server("tcp-echo://127.0.0.1:0") as server:
        with tools.connect("127.0.0.1", server.port("tcp-echo"), rcvbuf=4096) as mute:
            mute.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while mute.send(b"m" * 65_536):
                    pass
            server.signal(first)
            with contextlib.suppress(AssertionError):
                harness.wait_until(lambda: not server.running(), "", 0.5)
            assert server.running(), "it owes bytes, so it still drains"
            server.signal(second)
            result = server.wait(5)
            assert result.code == 2
            assert result.seconds < 1.5


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGPIPE], ids=["SIGHUP", "SIGPIPE"])
def test_sighup_and_sigpipe_drop_no_connection(family, number):
    with harness.Server(*services(family)) as server, contextlib.ExitStack() as stack:
        port = server.port("tcp-echo")
        old = stack.enter_context(tools.connect(family.loopback, port))
        pong = tools.Lines(stack.enter_context(tools.connect(family.loopback, server.port("pong"))))
        for _ in range(20):
            server.signal(number)
            old.sendall(b"still here")
            assert tools.receive_exactly(old, 10) == b"still here"
            assert pong.ask("ping").startswith("pong ")
            assert tools.udp_echoes(family.loopback, server.port("udp-echo"))
        assert tools.tcp_echoes(family.loopback, port)


def test_sigstop_and_sigcont_lose_nothing(family):
    with harness.Server(*services(family)) as server:
        with tools.connect(family.loopback, server.port("tcp-echo")) as sock:
            for number in range(5):
                server.signal(signal.SIGSTOP)
                sock.sendall(b"stopped %d" % number)
                assert tools.silent(sock, 0.02)
                server.signal(signal.SIGCONT)
                assert tools.receive_exactly(sock, 9) == b"stopped %d" % number


@pytest.mark.workers
def test_200_datagrams_queued_while_frozen_are_all_answered(family):
    with harness.Server(*services(family), "--workers", "2") as server:
        with tools.datagram_socket(family.loopback, server.port("udp-echo")) as sock:
            server.signal(signal.SIGSTOP)
            for number in range(200):
                sock.send(b"queued %d" % number)
            assert tools.silent(sock, 0.02)
            server.signal(signal.SIGCONT)
            assert {sock.recv(100) for _ in range(200)} == {b"queued %d" % n for n in range(200)}
            assert tools.silent(sock, 0.05), "more replies than requests"


def test_whoever_spoke_while_it_was_frozen_was_not_silent(family):
    """It sleeps for longer than the idle time-out; what came meanwhile is heard before anybody is judged."""
    with harness.Server(*services(family), "--idle-timeout", "400ms") as server, contextlib.ExitStack() as stack:
        crowd = [stack.enter_context(tools.connect(family.loopback, server.port("tcp-echo"))) for _ in range(40)]
        for sock in crowd:
            sock.sendall(b"before")
        assert all(tools.receive_exactly(sock, 6) == b"before" for sock in crowd)
        server.signal(signal.SIGSTOP)
        for sock in crowd:
            sock.sendall(b"asleep?")
        time.sleep(0.7)  # the time-out itself
        server.signal(signal.SIGCONT)
        assert all(tools.receive_exactly(sock, 7) == b"asleep?" for sock in crowd)


def test_streams_go_on_through_many_freezes(family):
    data = os.urandom(3_000_000)
    with harness.Server(*services(family)) as server:
        with tools.connect(family.loopback, server.port("tcp-echo")) as sock:
            writer = threading.Thread(target=sock.sendall, args=(data,))
            writer.start()
            came = bytearray()
            for _ in range(20):
                server.signal(signal.SIGSTOP)
                server.signal(signal.SIGCONT)
                came += tools.receive_exactly(sock, len(data) // 20)
            writer.join()
            assert came == data


# Each of the descriptors 0 to 2 closed or not, then those that take nothing.
SHUT = {
    "_".join(names): [{"stdin": "<&-", "stdout": ">&-", "stderr": "2>&-"}[name] for name in names]
    for count in (1, 2, 3)
    for names in itertools.combinations(("stdin", "stdout", "stderr"), count)
} | {
    "all_full": [">/dev/full", "2>/dev/full"],
    "stdout_whose_reader_is_gone": ["> >(true)", "2>&-"],
}


@pytest.mark.parametrize("how", SHUT)
def test_standard_descriptors_in_any_state_do_no_harm(alone, how):
    """No line can be waited for here, so the first echo is the sign that it stands."""
    shell = ["bash", "-c", f'exec "$@" {" ".join(SHUT[how])}', "shell"]
    with harness.Process("serve", "tcp-echo://127.0.0.1:9000", "pong://127.0.0.1:9001",
                         "udp-echo://127.0.0.1:9002", "-v", ns=alone, prefix=shell) as server:
        harness.wait_until(lambda: stands(alone, server), "a first echo")
        standard = [os.readlink(f"/proc/{server.pid}/fd/{number}") for number in range(3)
                    if os.path.exists(f"/proc/{server.pid}/fd/{number}")]
        assert not [name for name in standard if name.startswith(("socket:", "anon_inode:"))], \
            "what is meant for a log would go to a peer"
        for _ in range(20):
            with alone.call(tools.connect, "127.0.0.1", 9001) as sock:
                assert tools.Lines(sock).ask("foo").startswith("error unknown command 'foo'")
                tools.reset(sock)
            assert alone.call(tools.udp_echoes, "127.0.0.1", 9002)
        server.signal(signal.SIGTERM)
        assert server.wait().code == 0


def stands(ns, server):
    assert server.running(), server.wait()
    try:
        return ns.call(tools.tcp_echoes, "127.0.0.1", 9000)
    except ConnectionError:
        return False


def full_pipe():
    """A pipe that takes not one byte more, and blocks whoever tries."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with contextlib.suppress(BlockingIOError):
        while os.write(writer, b"x" * 4096):
            pass
    with contextlib.suppress(BlockingIOError):
        while os.write(writer, b"x"):
            pass
    os.set_blocking(writer, True)
    return reader, writer


@pytest.mark.parametrize("verbose", [[], ["-v"]], ids=["plain", "verbose"])
def test_a_full_stderr_pipe_stops_nothing(verbose):
    reader, writer = full_pipe()
    try:
        with harness.Server("tcp-echo://127.0.0.1:0", "pong://0.0.0.0:0", *verbose, expect=2,
                            stderr=writer) as server:
            for number in range(200):
                with tools.connect("127.0.0.1", server.port("pong")) as sock:
                    sock.sendall(b"\xff\xfe nonsense %d\n" % number)
                    assert tools.Lines(sock).next().startswith("error ")
                    tools.reset(sock)
            assert tools.tcp_echoes("127.0.0.1", server.port("tcp-echo"))
            server.stop()
    finally:
        os.close(reader)
        os.close(writer)


def test_full_pipes_for_all_it_has_to_say_stop_nothing(alone):
    """Nobody reads what it says, neither where it listens nor its log."""
    reader, writer = full_pipe()
    try:
        with harness.Process("serve", "tcp-echo://127.0.0.1:9000", "pong://127.0.0.1:9001", "-v", ns=alone,
                             stdout=writer, stderr=writer) as server:
            harness.wait_until(lambda: stands(alone, server), "a first echo")
            for _ in range(20):
                server.signal(signal.SIGHUP)
                assert stands(alone, server)
            server.signal(signal.SIGTERM)
            assert server.wait().code == 0
    finally:
        os.close(reader)
        os.close(writer)


def test_a_stdout_pipe_that_nobody_reads_any_more_stops_nothing():
    with harness.Server("tcp-echo://127.0.0.1:0") as server:
        server.signal(signal.SIGHUP)
        for number in range(3):
            assert tools.tcp_echoes("127.0.0.1", server.port("tcp-echo"), b"%d" % number)


def test_it_ends_with_its_clients_mid_sentence():
    """Half requests, unread answers, open relay requests: SIGTERM leaves nothing behind."""
    with harness.Server("pong://127.0.0.1:0", "tcp-echo://127.0.0.1:0") as server:
        with contextlib.ExitStack() as stack:
            for number in range(30):
                sock = stack.enter_context(tools.connect("127.0.0.1", server.port("pong")))
                sock.sendall((b"pin", b"ping 127.0.0.1\n", b"z" * 3000)[number % 3])
            server.signal(signal.SIGTERM)
            assert server.wait(8).code == 0


def test_the_process_has_no_child_left_after_its_end():
    with harness.Server("pong://127.0.0.1:0") as server:
        with open(f"/proc/{server.pid}/task/{server.pid}/children", encoding="ascii") as children:
            helpers = [int(pid) for pid in children.read().split()]
        server.stop()
        harness.wait_until(lambda: not any(alive(pid) for pid in helpers), "helpers are gone", 3)


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_killed_server_leaves_no_helper_behind():
    with harness.Server("pong://127.0.0.1:0") as server:
        with open(f"/proc/{server.pid}/task/{server.pid}/children", encoding="ascii") as children:
            helpers = [int(pid) for pid in children.read().split()]
        server.kill()
        harness.wait_until(lambda: not any(alive(pid) for pid in helpers), "helpers are gone", 3)


def test_the_listener_of_a_dead_server_is_gone(family, alone):
    with harness.Server(family.local("tcp-echo", 0), ns=alone) as server:
        port = server.port("tcp-echo")
        server.stop()
        with pytest.raises(ConnectionRefusedError):
            alone.call(tools.connect, family.loopback, port)


def test_one_who_was_told_the_end_and_stays_does_not_hold_it_up():
    """After `quit` the server waits for the client's end, but not while it ends itself."""
    with harness.Server("pong://127.0.0.1:0") as server, tools.connect("127.0.0.1", server.port("pong")) as sock:
        sock.sendall(b"ping\nquit\n")
        assert tools.receive_all(sock).startswith(b"pong ")
        server.signal(signal.SIGTERM)
        assert server.wait().seconds < 1.5
