# SPDX-License-Identifier: MIT
"""`sounder serve` at its limits: descriptors, --max-connections, --idle-timeout, idle crowds."""
import contextlib
import os
import resource
import time

import pytest

import harness
from clients import tools

pytestmark = pytest.mark.usefixtures("build")


def echoes(sock, text=b"old client"):
    sock.sendall(text)
    return tools.receive_exactly(sock, len(text)) == text


def hold(stack, port, count, host="127.0.0.1"):
    return [stack.enter_context(tools.connect(host, port)) for _ in range(count)]


def newcomer_is_served(port, host="127.0.0.1"):
    try:
        return tools.tcp_echoes(host, port)
    except ConnectionError:
        return False


def highest_descriptor(pid):
    return max(int(name) for name in os.listdir(f"/proc/{pid}/fd"))


@pytest.mark.parametrize("how", ["nothing_free", "below_what_is_open"])
def test_out_of_descriptors_serves_the_old_spins_not_and_recovers(family, how):
    """The limit is lowered while it runs, so that accept() says EMFILE and keeps saying it."""
    with harness.Server(family.local("tcp-echo", 0)) as server, contextlib.ExitStack() as stack:
        port = server.port("tcp-echo")
        old = hold(stack, port, 20, family.loopback)
        assert all(echoes(sock) for sock in old)
        before = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
        limit = highest_descriptor(server.pid) + 1 if how == "nothing_free" else 3
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (limit, before[1]))
        hold(stack, port, 40, family.loopback)
        assert tools.cpu_share(server.pid, 1.0) < 0.02, "spins on a listener it cannot accept from"
        assert all(echoes(sock) for sock in old), "an old client was given up"
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, before)
        harness.wait_until(lambda: newcomer_is_served(port, family.loopback), "newcomers are served again")
        assert all(echoes(sock) for sock in old)


def test_who_comes_again_and_again_while_there_are_no_descriptors_costs_little(family):
    """Newcomers without end, each closed or left waiting: the old are served beside them, at once."""
    with harness.Server(family.local("tcp-echo", 0), "--workers", "1") as server, contextlib.ExitStack() as stack:
        port = server.port("tcp-echo")
        old = hold(stack, port, 5, family.loopback)
        assert all(echoes(sock) for sock in old)
        before = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (highest_descriptor(server.pid) + 1, before[1]))
        begin, spent, slowest = time.monotonic(), tools.cpu_ns(server.pid), 0.0
        for number in range(1500):
            tools.reset(tools.connect(family.loopback, port))
            if number % 10 == 0:
                asked = time.monotonic()
                assert echoes(old[number % len(old)])
                slowest = max(slowest, time.monotonic() - asked)
        share = (tools.cpu_ns(server.pid) - spent) / 1e9 / (time.monotonic() - begin)
        assert share < 0.5 and slowest < 1.0, (share, slowest)
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, before)
        harness.wait_until(lambda: newcomer_is_served(port, family.loopback), "newcomers are served again")


def test_a_small_descriptor_limit_at_start_is_lived_with():
    """64 descriptors in all: whoever is accepted is served, nobody is served by halves."""
    with harness.Server("tcp-echo://127.0.0.1:0", "--workers", "1",
                        prefix=["prlimit", "--nofile=64:64"]) as server:
        port = server.port("tcp-echo")
        with contextlib.ExitStack() as stack:
            old = hold(stack, port, 10)
            assert all(echoes(sock) for sock in old)
            hold(stack, port, 100)
            assert all(echoes(sock) for sock in old)
            assert tools.cpu_share(server.pid, 0.5) < 0.25
            assert tools.descriptors(server.pid) <= 64
        harness.wait_until(lambda: newcomer_is_served(port), "service after the crowd")


def test_the_soft_descriptor_limit_is_raised_to_the_hard_one():
    with harness.Server("tcp-echo://127.0.0.1:0", prefix=["prlimit", "--nofile=40:400"]) as server:
        with contextlib.ExitStack() as stack:
            crowd = hold(stack, server.port("tcp-echo"), 150)
            assert all(echoes(sock) for sock in crowd)


def test_when_full_the_newcomer_is_closed_and_the_old_are_served(family):
    with harness.Server(family.local("tcp-echo", 0), "--workers", "1",
                        "--max-connections", "4") as server, contextlib.ExitStack() as stack:
        port = server.port("tcp-echo")
        old = hold(stack, port, 4, family.loopback)
        assert all(echoes(sock) for sock in old)
        for _ in range(5):
            with tools.connect(family.loopback, port) as newcomer:
                assert tools.closed_by_peer(newcomer), "a fifth connection was kept"
        assert all(echoes(sock) for sock in old), "nobody idle for 30 s, so nobody may go"
        old.pop().close()

        def free():
            with tools.connect(family.loopback, port) as sock, contextlib.suppress(OSError):
                return echoes(sock)

        harness.wait_until(free, "the free place is given")
        assert all(echoes(sock) for sock in old)


def test_idle_connections_end_and_busy_ones_stay():
    with harness.Server("tcp-echo://127.0.0.1:0", "pong://127.0.0.1:0",
                        "--idle-timeout", "800ms") as server, contextlib.ExitStack() as stack:
        idle = hold(stack, server.port("tcp-echo"), 3) + hold(stack, server.port("pong"), 3)
        idle[-1].sendall(b"pin")  # half a request is idle too
        busy = stack.enter_context(tools.connect("127.0.0.1", server.port("tcp-echo")))
        begin = time.monotonic()
        while time.monotonic() - begin < 2.0:
            assert echoes(busy)
            time.sleep(0.05)
        assert all(tools.closed_by_peer(sock, 3.0) for sock in idle)
        assert echoes(busy), "a busy connection was ended"


def test_an_idle_connection_is_not_ended_before_its_time():
    with harness.Server("tcp-echo://127.0.0.1:0", "--idle-timeout", "30s") as server:
        with tools.connect("127.0.0.1", server.port("tcp-echo")) as sock:
            assert tools.silent(sock, 0.7)
            assert echoes(sock)


def test_500_idle_or_half_sent_requests_cost_no_cpu_and_delay_nobody(family):
    with harness.Server(family.local("pong", 0)) as server, contextlib.ExitStack() as stack:
        port = server.port("pong")
        crowd = hold(stack, port, 500, family.loopback)
        for sock in crowd[::2]:
            sock.sendall(b"pin")
        asker = tools.Lines(stack.enter_context(tools.connect(family.loopback, port)))
        assert asker.ask("ping").startswith("pong ")
        assert tools.cpu_share(server.pid, 0.5) < 0.1
        slowest = 0.0
        for _ in range(100):
            begin = time.monotonic()
            assert asker.ask("ping").startswith("pong ")
            slowest = max(slowest, time.monotonic() - begin)
        assert slowest < 1.0
        for sock in crowd[::2]:
            sock.sendall(b"g\n")
        for sock in crowd[::2]:
            assert tools.Lines(sock).next().startswith("pong ")


@pytest.mark.workers
def test_2000_idle_connections_are_all_answered_afterwards():
    with harness.Server("tcp-echo://127.0.0.1:0", "--workers", "2") as server:
        with contextlib.ExitStack() as stack:
            port = server.port("tcp-echo")
            crowd = [stack.enter_context(tools.connect("127.0.0.1", port, source=f"127.0.{i % 7}.9"))
                     for i in range(2000)]
            assert all(echoes(sock) for sock in crowd)
            assert tools.cpu_share(server.pid, 0.3) < 0.1
            assert all(echoes(sock) for sock in crowd)
