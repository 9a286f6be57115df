# SPDX-License-Identifier: MIT
"""`sounder serve` and its memory: a crowd of idle connections, a control group, a limit."""
import contextlib
import os
import pathlib
import re
import resource

import pytest

import harness
from clients import tools
from test_serve_streams import Stuffed, lean, stuff

pytestmark = pytest.mark.usefixtures("build")

MEGABYTE = 1 << 20
CROWD = 19_000
BESIDES = 400  # descriptors of this process that are none of the crowd's, and the server's
CGROUPS = pathlib.Path("/sys/fs/cgroup")


def status(pid, field):
    """A line of /proc/PID/status, in bytes."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    return int(re.search(rf"^{field}:\s+(\d+) kB$", text, re.MULTILINE)[1]) << 10


# --- idle -----------------------------------------------------------------------------------------------


def open_crowd(stack, port, count):
    """From several addresses, so that the ports of one suffice."""
    return [stack.enter_context(tools.connect("127.0.0.1", port, source=f"127.0.0.{2 + i % 50}")) for i in range(count)]


def echoes(sock):
    sock.sendall(b"still there?")
    return tools.receive_exactly(sock, 12) == b"still there?"


@pytest.fixture
def descriptors():
    """As many as may be had, for the time of a test."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_19000_idle_connections_cost_less_than_64_bytes_each(alone, descriptors):
    count = min(CROWD, descriptors - BESIDES)
    if count < 1000:
        pytest.skip(f"kernel: {descriptors} descriptors are no crowd")
    if count < CROWD:
        print(f"{count} connections, not {CROWD}: no more than {descriptors} descriptors here")
    with harness.Server("tcp-echo://127.0.0.1:0", "--workers", "2", ns=alone) as server, contextlib.ExitStack() as stack:
        port = server.port("tcp-echo")
        first = alone.call(open_crowd, stack, port, 200)
        assert all(echoes(sock) for sock in first)
        before = status(server.pid, "RssAnon")
        crowd = alone.call(open_crowd, stack, port, count)
        assert echoes(crowd[-1]) and echoes(crowd[0])
        harness.wait_until(lambda: tools.descriptors(server.pid) > count + 200, "all are in")
        growth = status(server.pid, "RssAnon") - before
        assert growth / count < 64
        assert tools.cpu_share(server.pid, 0.3) < 0.1
        assert all(echoes(sock) for sock in crowd[:: count // 100]) and all(echoes(sock) for sock in first)


# --- short of memory --------------------------------------------------------------------------------------


@contextlib.contextmanager
def control_group(limit):
    """A directory whose processes may have `limit` bytes together."""
    controllers = CGROUPS / "cgroup.controllers"
    unified = controllers.exists() and "memory" in controllers.read_text()
    group = (CGROUPS if unified else CGROUPS / "memory") / f"sounder-{os.getpid()}"
    try:
        group.mkdir()
    except OSError as error:
        pytest.skip(f"kernel: no control group for memory ({error.strerror})")
    try:
        most = group / ("memory.max" if unified else "memory.limit_in_bytes")
        if not most.exists():
            pytest.skip("kernel: control groups without memory")
        most.write_text(str(limit))
        yield group
    finally:
        harness.wait_until(lambda: not (group / "cgroup.procs").read_text(), "the group is empty")
        group.rmdir()


def test_700_peers_that_never_read_do_not_fill_a_control_group():
    """What the kernel would end it for is not what a peer can make it take."""
    with control_group(256 * MEGABYTE) as group:
        enter = ["bash", "-c", f'echo $$ >{group}/cgroup.procs && exec "$@"', "bash"]
        with harness.Server("tcp-echo://127.0.0.1:0", "udp-echo://127.0.0.1:0", prefix=enter, env=lean()) as server:
            port = server.port("tcp-echo")
            assert str(server.pid) in (group / "cgroup.procs").read_text().split()
            peers = [Stuffed(port) for _ in range(700)]
            try:
                stuff(peers)
                assert tools.tcp_echoes("127.0.0.1", port)
                assert tools.udp_echoes("127.0.0.1", server.port("udp-echo"))
                assert all(peer.comes_back() for peer in peers[::100])
            finally:
                for peer in peers:
                    tools.reset(peer.sock)
            assert tools.tcp_echoes("127.0.0.1", port)


def is_given_up(peer):
    """Push, and see whether the server has reset it."""
    try:
        peer.push()
    except ConnectionError:
        return True
    return False


@contextlib.contextmanager
def no_more_memory(pid):
    """What it has it keeps; its requests for more fail. (Of the limits, that of data is the one that also
    counts what the allocator has set aside and not used yet.)"""
    if status(pid, "VmSize") > 1 << 40:
        pytest.skip("kernel: a sanitizer's memory cannot be limited")
    before = resource.prlimit(pid, resource.RLIMIT_DATA)
    resource.prlimit(pid, resource.RLIMIT_DATA, (status(pid, "VmData"), before[1]))
    yield
    resource.prlimit(pid, resource.RLIMIT_DATA, before)


def test_without_more_memory_some_are_reset_and_the_others_served():
    """The limit is lowered to what it has already, while peers make it ask for more."""
    with harness.Server("tcp-echo://127.0.0.1:0", "udp-echo://127.0.0.1:0") as server, contextlib.ExitStack() as stack:
        port = server.port("tcp-echo")
        old = stack.enter_context(tools.connect("127.0.0.1", port))
        assert echoes(old)
        fds = tools.descriptors(server.pid)
        peers = [Stuffed(port) for _ in range(300)]
        for peer in peers:
            stack.callback(tools.reset, peer.sock)
        with no_more_memory(server.pid):
            harness.wait_until(lambda: any([is_given_up(peer) for peer in peers]), "somebody is given up")
            assert echoes(old)
            assert tools.udp_echoes("127.0.0.1", server.port("udp-echo"))
        assert tools.tcp_echoes("127.0.0.1", port)
        for peer in peers:
            tools.reset(peer.sock)
        harness.wait_until(lambda: tools.descriptors(server.pid) <= fds, "all descriptors back")
        assert echoes(old)
