# SPDX-License-Identifier: MIT
"""`sounder serve --handover`: the next server gets the very sockets, and nobody notices."""
import contextlib
import os
import signal
import socket
import struct
import threading

import pytest

import harness
from clients import tools

pytestmark = pytest.mark.usefixtures("build")

KINDS = ("tcp-echo", "udp-echo")


@pytest.fixture
def door(tmp_path):
    return tmp_path / "door"


def endpoints(family, host=None):
    return [family.url(kind, host or family.loopback, 0) for kind in KINDS]


class Storm:
    """Clients that come and go as fast as they can while the block lasts. Afterwards none has met a
    refusal, a reset, a lost byte or a lost datagram."""

    def __init__(self, family, tcp, udp, clients=4):
        self._host, self._tcp, self._udp = family.loopback, tcp, udp
        self._done = threading.Event()
        self._threads = [threading.Thread(target=self._guard, args=(turn,))
                         for turn in (self._connect, self._send) for _ in range(clients)]
        self.failures, self.connections, self.datagrams = [], 0, 0

    def _guard(self, turn):
        try:
            turn()
        except Exception as error:  # told at the end of the block
            self.failures.append(repr(error))

    def _connect(self):
        while not self._done.is_set():
            assert tools.tcp_echoes(self._host, self._tcp, b"a word that comes back")
            self.connections += 1

    def _send(self):
        """Each comes back exactly once. While two servers read from one queue the order may change. A
        datagram without an answer is lost: recv() ends the wait for it."""
        while not self._done.is_set():
            with tools.datagram_socket(self._host, self._udp) as sock:
                for number in range(50):
                    sock.send(struct.pack("!I", number))
                answers = [struct.unpack("!I", sock.recv(100))[0] for _ in range(50)]
                assert sorted(answers) == list(range(50))
                self.datagrams += 50

    def passed(self, count):
        """Wait until there were so many more of each, so that something happens between two events."""
        connections, datagrams = self.connections + count, self.datagrams + count
        harness.wait_until(lambda: self.failures or (self.connections >= connections
                                                     and self.datagrams >= datagrams), "the storm goes on")

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exception):
        self._done.set()
        for thread in self._threads:
            thread.join()
        if exception[0] is None:
            assert self.failures == []


@pytest.mark.workers
@pytest.mark.parametrize("host", ["loopback", "any"])
def test_under_a_storm_three_handovers_refuse_reset_and_lose_nothing(family, door, host):
    args = [*endpoints(family, getattr(family, host)), "--handover", door, "--workers", "2"]
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(harness.Server(*args))
        with Storm(family, server.port("tcp-echo"), server.port("udp-echo")) as storm:
            for _ in range(3):
                storm.passed(200)
                heir = stack.enter_context(harness.Server(*args))
                assert heir.lines == server.lines
                assert server.wait().code == 0
                server = heir
            storm.passed(200)


@pytest.mark.parametrize("numbers", [(1, 4, 2, 1), (4, 1, 3)], ids=str)
def test_the_next_may_have_another_number_of_workers(family, door, numbers):
    with contextlib.ExitStack() as stack:
        server = None
        with contextlib.ExitStack() as weather:
            for number in numbers:
                heir = stack.enter_context(harness.Server(
                    *endpoints(family), "--handover", door, "--workers", number))
                if server:
                    assert heir.lines == server.lines
                    assert server.wait().code == 0
                    storm.passed(100)
                else:
                    storm = weather.enter_context(
                        Storm(family, heir.port("tcp-echo"), heir.port("udp-echo"), 2))
                    storm.passed(100)
                server = heir


def test_who_waits_in_the_queues_of_the_old_is_served_by_the_new(family, door):
    """The workers of the old one stand still before they can accept or read."""
    args = [*endpoints(family), "--handover", door]
    with harness.Server(*args) as old, contextlib.ExitStack() as stack:
        with frozen(workers_of(old.pid)):
            waiting = [stack.enter_context(tools.connect(family.loopback, old.port("tcp-echo")))
                       for _ in range(20)]
            asking = stack.enter_context(tools.datagram_socket(family.loopback, old.port("udp-echo")))
            for sock in (*waiting, asking):
                sock.send(b"is anybody there?")
            new = stack.enter_context(harness.Server(*args))
            for sock in (*waiting, asking):
                assert sock.recv(100) == b"is anybody there?"
        assert old.wait().code == 0
        assert tools.tcp_echoes(family.loopback, new.port("tcp-echo"))


def workers_of(pid):
    return [int(task) for task in os.listdir(f"/proc/{pid}/task") if int(task) != pid]


@contextlib.contextmanager
def frozen(tasks):
    """Threads that stand still, each alone."""
    with contextlib.ExitStack() as stack:
        for task in tasks:
            stack.enter_context(tools.frozen_thread(task))
        yield


def test_connections_of_the_old_are_drained_by_the_old(family, door):
    args = [*endpoints(family), "--handover", door]
    with harness.Server(*args) as old, tools.connect(family.loopback, old.port("tcp-echo")) as sock:
        sock.sendall(b"before")
        assert tools.receive_exactly(sock, 6) == b"before"
        with harness.Server(*args):
            sock.sendall(b"after")
            assert tools.receive_all(sock) == b"after"
            assert old.wait().code == 0


@pytest.mark.parametrize("wrong", [
    ["--rate", "many"],
    ["tcp-echo://192.0.2.77:9"],
    ["--relay-allow", "nonsense", "pong://127.0.0.1:0"],
], ids=["option", "address", "policy"])
def test_a_successor_that_cannot_start_leaves_the_old_one_serving(family, door, wrong):
    args = [*endpoints(family), "--handover", door]
    with harness.Server(*args) as old:
        for _ in range(3):
            result = harness.run("serve", *args, *wrong, code=2)
            assert len(result.err.splitlines()) == 1
            assert tools.tcp_echoes(family.loopback, old.port("tcp-echo"))
            assert tools.udp_echoes(family.loopback, old.port("udp-echo"))
        with harness.Server(*args) as heir:
            assert heir.lines == old.lines
            assert old.wait().code == 0


def test_a_successor_that_dies_half_way_leaves_the_old_one_serving(family, door):
    """It has been given everything, and goes without a word."""
    args = [*endpoints(family), "--handover", door]
    with harness.Server(*args) as old:
        for _ in range(3):
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as sock:
                sock.connect(str(door))
                _, descriptors, _, _ = socket.recv_fds(sock, 4096, 64)
                assert descriptors
                for descriptor in descriptors:
                    os.close(descriptor)
            assert tools.tcp_echoes(family.loopback, old.port("tcp-echo"))
            assert tools.udp_echoes(family.loopback, old.port("udp-echo"))
        with harness.Server(*args) as heir:
            assert heir.lines == old.lines
            assert old.wait().code == 0


@pytest.mark.parametrize("nonsense", [b"", b"nonsense", b"sounder handover" * 70])
def test_nonsense_at_the_door_changes_nothing(door, nonsense):
    with harness.Server("tcp-echo://127.0.0.1:0", "--handover", door) as server:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as sock:
            sock.connect(str(door))
            sock.send(nonsense)
            sock.settimeout(tools.PATIENCE)
            while sock.recv(4096):
                pass
        assert tools.tcp_echoes("127.0.0.1", server.port("tcp-echo"))


def test_another_user_is_given_nothing(door):
    harness.need_root()
    with harness.Server("tcp-echo://127.0.0.1:0", "--handover", door) as server:
        assert door.stat().st_mode & 0o777 == 0o600
        door.chmod(0o777)
        for place in list(door.parents)[:-2]:
            place.chmod(place.stat().st_mode | 0o011)
        pid = os.fork()
        if pid == 0:
            os._exit(ask_as_nobody(door))
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        server.wait_err('msg="cannot hand over" reason="it asks in the name of another user"')
        assert tools.tcp_echoes("127.0.0.1", server.port("tcp-echo"))


def ask_as_nobody(door):
    """0: nothing came."""
    try:
        os.setresuid(65534, 65534, 65534)
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as sock:
            sock.connect(str(door))
            return len(sock.recv(4096))
    except ConnectionResetError:
        return 0
    except OSError:
        return 77


def test_a_door_left_behind_by_a_dead_server_is_taken_over(door):
    with harness.Server("tcp-echo://127.0.0.1:0", "--handover", door) as server:
        server.kill()
    with harness.Server("tcp-echo://127.0.0.1:0", "--handover", door) as server:
        assert tools.tcp_echoes("127.0.0.1", server.port("tcp-echo"))


def test_a_file_that_is_no_door_is_left_alone(door):
    door.write_text("precious")
    result = harness.run("serve", "tcp-echo://127.0.0.1:0", "--handover", door, code=2)
    assert str(door)[:60] in result.err and len(result.err.splitlines()) == 1
    assert door.read_text() == "precious"


def test_an_endpoint_that_is_new_is_bound_and_one_that_is_given_up_is_closed(alone, door):
    with harness.Server("tcp-echo://127.0.0.1:9000", "udp-echo://127.0.0.1:9001",
                        "--handover", door, ns=alone) as old:
        with harness.Server("tcp-echo://127.0.0.1:9002", "udp-echo://127.0.0.1:9001",
                            "--handover", door, ns=alone):
            assert old.wait().code == 0
            assert alone.call(tools.tcp_echoes, "127.0.0.1", 9002)
            assert alone.call(tools.udp_echoes, "127.0.0.1", 9001)
            with pytest.raises(ConnectionRefusedError):
                alone.call(tools.connect, "127.0.0.1", 9000)


def test_after_sigterm_nobody_is_at_the_door(door):
    args = ["tcp-echo://127.0.0.1:0", "--handover", door]
    with harness.Server(*args) as old, tools.connect("127.0.0.1", old.port("tcp-echo"), rcvbuf=4096) as mute:
        mute.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while mute.send(b"m" * 65_536):
                pass
        old.signal(signal.SIGTERM)
        harness.wait_until(lambda: refuses(door), "the door is shut")
        with harness.Server(*args) as new:
            assert new.lines != old.lines
        assert old.wait().code == 0


def refuses(door):
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as sock:
        try:
            sock.connect(str(door))
        except ConnectionRefusedError:
            return True
    return False
