# SPDX-License-Identifier: MIT
"""`sounder serve -v` prints how much memory it may ever need, and peers that never read cannot make it more."""
import contextlib
import re

import pytest

import harness
from clients import tools
from clients.never_readers import MEGABYTE, Stuffed, lean, stuff

pytestmark = pytest.mark.usefixtures("build")


@contextlib.contextmanager
def never_readers(port, count):
    """So many of them, who have written what they could."""
    peers = []
    try:
        peers += (Stuffed(port) for _ in range(count))
        stuff(peers)
        yield peers
    finally:
        for peer in peers:
            tools.reset(peer.sock)


def printed_bound_mb(server):
    return int(server.wait_err(r"memory_max_bytes=(\d+)")[1]) >> 20


@pytest.mark.parametrize("marks", [[], ["--high-water", "32", "--high-water-total", "2"]], ids=["default", "lowered"])
def test_500_who_never_read_stay_within_the_printed_bound(marks):
    with harness.Server("tcp-echo://127.0.0.1:0", "-v", "--max-connections", "550", "--workers", "2", *marks,
                        env=lean()) as server:
        port, bound = server.port("tcp-echo"), printed_bound_mb(server)
        assert bound < (120 if not marks else 60), "a bound that says something"
        assert tools.tcp_echoes("127.0.0.1", port)
        at_start = tools.resident_kb(server.pid)
        with never_readers(port, 500) as peers:
            assert max(peer.sent for peer in peers) < 16 * MEGABYTE, "no high-water mark"
            growth_mb = (tools.resident_kb(server.pid) - at_start) / 1024
            assert growth_mb < bound
            assert tools.tcp_echoes("127.0.0.1", port)
            assert tools.cpu_share(server.pid, 0.5) < 0.2, "spins while nobody reads"
            assert all(peer.comes_back() for peer in peers[::100])


def taken_from_one(*marks):
    """Bytes that a server, and the kernel, take from one who never reads."""
    with harness.Server("tcp-echo://127.0.0.1:0", "--workers", "1", *marks) as server:
        with never_readers(server.port("tcp-echo"), 1) as peers:
            return peers[0].sent


def test_a_higher_mark_keeps_more_for_one_who_does_not_read():
    """All else is the kernel's own, which is the same for both."""
    low, high = taken_from_one("--high-water", "16"), taken_from_one("--high-water", "448")
    assert high - low > 300 << 10, (low, high)


@pytest.mark.parametrize("words, culprit", [
    (["--high-water", "15"], "15"), (["--high-water", "449"], "449"),
    (["--high-water-total", "0"], "0"), (["--high-water-total", "x"], "x")])
def test_marks_that_cannot_be_are_refused(words, culprit):
    result = harness.run("serve", *words, "tcp-echo://127.0.0.1:0", code=2)
    assert re.fullmatch(rf"sounder: serve: .*'{culprit}'.*\n", result.err), result.err


def test_the_marks_in_force_are_told_to_whom_others_can_reach(alone):
    with harness.Server("tcp-echo://*:9001", "--high-water", "100", "--high-water-total", "7", "--workers", "1", expect=1, ns=alone) as server:
        server.wait_err(f"owed_by_one_bytes={100 << 10} owed_max_bytes={7 << 20}")
