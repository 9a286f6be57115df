# SPDX-License-Identifier: MIT
"""`sounder serve tcp-echo`: every byte comes back, whatever the other peers do."""
import concurrent.futures
import contextlib
import hashlib
import random
import select
import signal
import socket
import threading
import time

import pytest

import harness
from clients import tools
from clients.never_readers import Stuffed, lean, stuff

pytestmark = pytest.mark.usefixtures("build")

MEGABYTE = 1 << 20
SIZES = 200


def echo_server(family, *options, **more):
    return harness.Server(family.local("tcp-echo", 0), *options, **more)


def send_then_read(sock, pieces, late_bytes):
    """Half-close after all pieces; read nothing until writing blocks and `late_bytes` are out.
    Returns digests of what went and what came."""
    went, came = hashlib.sha256(), hashlib.sha256()
    sock.setblocking(False)
    sent, rest, ended = 0, memoryview(b""), False
    while True:
        if not rest and not ended:
            piece = next(pieces, None)
            if piece is None:
                sock.shutdown(socket.SHUT_WR)
                ended = True
            else:
                went.update(piece)
                rest = memoryview(piece)
        may_read = ended or sent >= late_bytes
        wants_write = [sock] if rest else []
        readable, writable, _ = select.select([sock] if may_read else [], wants_write, [],
                                              tools.PATIENCE if may_read else 0.05)
        if writable:
            count = sock.send(rest)
            sent, rest = sent + count, rest[count:]
        elif not may_read:
            late_bytes = sent  # nothing moves any more: time to read
        if readable:
            chunk = sock.recv(1 << 18)
            if not chunk:
                return went.digest(), came.digest()
            came.update(chunk)
        assert readable or writable or not may_read, f"nothing moves after {sent} bytes sent"


def random_pieces(megabytes, seed):
    rng = random.Random(seed)
    for _ in range(megabytes):
        yield rng.randbytes(MEGABYTE)


@pytest.mark.parametrize("mss", [None, 536], ids=["any_mss", "small_mss"])
def test_64_megabytes_come_back_through_a_half_closed_connection(family, mss):
    with echo_server(family) as server:
        with tools.connect(family.loopback, server.port("tcp-echo"), mss=mss) as sock:
            went, came = send_then_read(sock, random_pieces(64, 1), 4 * MEGABYTE)
    assert went == came


def test_a_reader_that_begins_after_its_own_fin_gets_every_byte(family):
    data = random.Random(2).randbytes(400_000)
    with echo_server(family) as server:
        with tools.connect(family.loopback, server.port("tcp-echo"), mss=500, rcvbuf=4096) as sock:
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
            time.sleep(0.3)  # late on purpose: the FIN is there, the echo has nowhere to go
            assert tools.receive_all(sock) == data


def test_many_half_closed_connections_at_once_lose_nothing():
    with echo_server(harness.IPV4, "--workers", "2") as server:
        port = server.port("tcp-echo")

        def one(seed):
            with tools.connect("127.0.0.1", port, mss=536 if seed % 2 else None) as sock:
                went, came = send_then_read(sock, random_pieces(2, seed), MEGABYTE)
                return went == came

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            assert all(pool.map(one, range(16)))


def test_200_sizes_come_back_exactly(family):
    rng = random.Random(3)
    sizes = sorted({rng.randint(1, 3000) for _ in range(SIZES)} | {1, 2, 4095, 4096, 4097,
                   65_535, 65_536, 65_537, 131_072, 262_143, 262_144, 262_145, 1_000_000})
    with echo_server(family) as server:
        with tools.connect(family.loopback, server.port("tcp-echo")) as sock:
            for size in sizes:
                data = rng.randbytes(size)
                writer = threading.Thread(target=sock.sendall, args=(data,))
                writer.start()
                assert tools.receive_exactly(sock, size) == data, size
                writer.join()


def test_200_sizes_in_steps_of_8_kilobytes_come_back_through_half_closed_connections():
    data = random.Random(5).randbytes(SIZES * 8192)
    with echo_server(harness.IPV4) as server:
        for size in range(8192, SIZES * 8192 + 1, 8192):
            with tools.connect("127.0.0.1", server.port("tcp-echo")) as sock:
                writer = threading.Thread(target=send_and_end, args=(sock, memoryview(data)[:size]))
                writer.start()
                assert tools.receive_all(sock) == data[:size], size
                writer.join()


def send_and_end(sock, data):
    sock.sendall(data)
    sock.shutdown(socket.SHUT_WR)


def test_a_byte_at_a_time_comes_back_in_order(family):
    data = random.Random(4).randbytes(3000)
    with echo_server(family) as server:
        with tools.connect(family.loopback, server.port("tcp-echo")) as sock:
            for i in range(len(data)):
                sock.send(data[i:i + 1])
            assert tools.receive_exactly(sock, len(data)) == data


@pytest.mark.workers
def test_dribbling_writers_and_readers_delay_nobody():
    """Forty peers that move one byte at a time, and one that wants its echo now."""
    with echo_server(harness.IPV4, "--workers", "2") as server:
        port = server.port("tcp-echo")
        stop = threading.Event()

        def dribble():
            with tools.connect("127.0.0.1", port, mss=100, rcvbuf=2048) as sock:
                while not stop.wait(0.005):
                    sock.send(b"d")
                    assert sock.recv(1) == b"d"

        with concurrent.futures.ThreadPoolExecutor(40) as pool:
            dribblers = [pool.submit(dribble) for _ in range(40)]
            try:
                slowest = slowest_round_trip("127.0.0.1", port, 200)
            finally:
                stop.set()
            for each in dribblers:
                each.result()
    assert slowest < 1.0


def slowest_round_trip(host, port, count):
    slowest = 0.0
    with tools.connect(host, port) as sock:
        for _ in range(count):
            begin = time.monotonic()
            sock.sendall(b"x" * 64)
            assert tools.receive_exactly(sock, 64) == b"x" * 64
            slowest = max(slowest, time.monotonic() - begin)
    return slowest


def test_one_flooding_peer_does_not_starve_the_others():
    with echo_server(harness.IPV4, "--workers", "1") as server:
        port = server.port("tcp-echo")
        stop = threading.Event()
        with tools.connect("127.0.0.1", port) as greedy:
            def write():
                while not stop.is_set():
                    greedy.sendall(b"g" * 262_144)
                greedy.shutdown(socket.SHUT_WR)

            threads = [threading.Thread(target=write),
                       threading.Thread(target=tools.receive_all, args=(greedy,))]
            for thread in threads:
                thread.start()
            try:
                slowest = slowest_round_trip("127.0.0.1", port, 200)
            finally:
                stop.set()
                for thread in threads:
                    thread.join()
    assert slowest < 1.0


def test_700_peers_that_never_read_cost_bounded_memory_and_harm_nobody():
    with echo_server(harness.IPV4, env=lean()) as server:
        port = server.port("tcp-echo")
        assert tools.tcp_echoes("127.0.0.1", port)
        at_start, fds = tools.resident_kb(server.pid), tools.descriptors(server.pid)
        peers = [Stuffed(port) for _ in range(700)]
        try:
            stuff(peers)
            growth_mb = (tools.resident_kb(server.pid) - at_start) / 1024
            assert max(peer.sent for peer in peers) < 16 * MEGABYTE, "no high-water mark"
            assert growth_mb < 120, "256 KB each, 64 MB in all, and 16 KB for those who came late"
            assert slowest_round_trip("127.0.0.1", port, 100) < 1.0
            assert tools.cpu_share(server.pid, 0.5) < 0.2, "spins while nobody reads"
            for peer in peers[::140]:
                assert peer.comes_back()
        finally:
            for peer in peers:
                tools.reset(peer.sock)
        harness.wait_until(lambda: tools.descriptors(server.pid) <= fds, "all descriptors back")
        assert tools.tcp_echoes("127.0.0.1", port)


def test_8_clients_that_never_read_cost_no_8_megabytes_and_another_goes_on(family):
    with echo_server(family, env=lean()) as server, contextlib.ExitStack() as stack:
        port = server.port("tcp-echo")
        other = stack.enter_context(tools.connect(family.loopback, port))
        at_start = tools.resident_kb(server.pid)
        mute = [Stuffed(port, host=family.loopback) for _ in range(8)]
        for peer in mute:
            stack.callback(tools.reset, peer.sock)
        stuff(mute)
        for number in range(300):
            text = b"%d " % number * 200
            other.sendall(text)
            assert tools.receive_exactly(other, len(text)) == text
        assert min(peer.sent for peer in mute) > 256 << 10, "they are owed something"
        assert tools.resident_kb(server.pid) - at_start < 8 * 1024
        assert all(peer.comes_back() for peer in mute), "what they did not read was kept all the same"


def test_one_peer_that_never_reads_is_stopped_at_a_high_water_mark(family):
    with echo_server(family, "--workers", "1", env=lean()) as server:
        port = server.port("tcp-echo")
        assert tools.tcp_echoes(family.loopback, port)
        at_start = tools.resident_kb(server.pid)
        with tools.connect(family.loopback, port) as sock:
            sock.setblocking(False)
            sent, quiet = 0, time.monotonic()
            while sent < 200 * MEGABYTE and time.monotonic() - quiet < 0.3:
                try:
                    sent += sock.send(b"n" * 262_144)
                    quiet = time.monotonic()
                except BlockingIOError:
                    time.sleep(0.01)
            assert sent < 200 * MEGABYTE, "the kernel's buffers cannot hold this: nothing stopped it"
            assert tools.resident_kb(server.pid) - at_start < 4096
            assert tools.tcp_echoes(family.loopback, port)
            sock.settimeout(tools.PATIENCE)
            sock.shutdown(socket.SHUT_WR)
            assert len(tools.receive_all(sock)) == sent


@pytest.mark.workers
def test_storms_of_resets_and_bare_connects_change_nothing(family):
    with echo_server(family, "--workers", "2") as server:
        port = server.port("tcp-echo")
        fds = tools.descriptors(server.pid)
        with tools.connect(family.loopback, port) as witness:
            for i in range(1500):
                sock = tools.connect(family.loopback, port)
                if i % 3:
                    sock.sendall(b"r" * (i % 3000))
                if i % 2:
                    tools.reset(sock)
                else:
                    sock.close()
                if i % 100 == 0:
                    witness.sendall(b"witness")
                    assert tools.receive_exactly(witness, 7) == b"witness"
        harness.wait_until(lambda: tools.descriptors(server.pid) <= fds, "all descriptors back")
        assert tools.tcp_echoes(family.loopback, port)


def crowd(family, port, stage, count=1500):
    """So many connections at the stage at which they are to be reset. `owing`: they have not read."""
    for number in range(count):
        sock = tools.connect(family.loopback, port, rcvbuf=4096 if stage == "owing" else None)
        if stage == "heard" or stage == "unread":
            sock.sendall(b"r" * (1 + number % 3000))
        if stage == "heard":
            tools.receive_exactly(sock, 1)
        if stage == "owing":
            sock.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                sock.send(b"o" * 200_000)
        yield sock


@pytest.mark.parametrize("stage", ["waiting", "unread", "accepted", "heard", "owing"])
def test_a_crowd_that_is_reset_at_once_changes_nothing(family, stage):
    """Before they are accepted, with and without something said; after that; after an echo; while more is
    owed to them than they read."""
    with echo_server(family, "--workers", "2") as server:
        port = server.port("tcp-echo")
        with tools.connect(family.loopback, port) as witness:
            witness.sendall(b"witness")
            assert tools.receive_exactly(witness, 7) == b"witness"
            fds = tools.descriptors(server.pid)
            if stage in ("waiting", "unread"):
                server.signal(signal.SIGSTOP)
            peers = list(crowd(family, port, stage))
            if stage == "accepted":
                harness.wait_until(lambda: tools.descriptors(server.pid) >= fds + len(peers), "all are in")
            for peer in peers:
                tools.reset(peer)
            server.signal(signal.SIGCONT)
            witness.sendall(b"witness")
            assert tools.receive_exactly(witness, 7) == b"witness"
            harness.wait_until(lambda: tools.descriptors(server.pid) <= fds, "all descriptors back")
        assert tools.cpu_share(server.pid, 0.2) < 0.2
        assert tools.tcp_echoes(family.loopback, port)


def test_a_reset_while_echoes_wait_to_be_written_leaks_nothing():
    with echo_server(harness.IPV4) as server:
        port = server.port("tcp-echo")
        fds = tools.descriptors(server.pid)
        for _ in range(60):
            peer = Stuffed(port)
            peer.push(MEGABYTE)
            tools.reset(peer.sock)
        harness.wait_until(lambda: tools.descriptors(server.pid) <= fds, "all descriptors back")
        assert tools.cpu_share(server.pid, 0.3) < 0.2
        assert tools.tcp_echoes("127.0.0.1", port)


@pytest.mark.workers
def test_many_connections_on_two_workers_all_get_their_own_bytes(family):
    with echo_server(family, "--workers", "2") as server:
        port = server.port("tcp-echo")

        def one(number):
            with tools.connect(family.loopback, port) as sock:
                for turn in range(20):
                    text = f"{number}/{turn}".encode() * 7
                    sock.sendall(text)
                    assert tools.receive_exactly(sock, len(text)) == text
            return True

        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            assert all(pool.map(one, range(150)))
