# SPDX-License-Identifier: MIT
"""`ping TARGET` typed to the pong service while the relay's calls fail and its helpers are killed."""
import contextlib
import os
import pathlib
import re
import signal
import time

import pytest

import harness
from clients import tools
from faults import injected
from test_relay_answers import ALLOW, everything

pytestmark = pytest.mark.usefixtures("build")

TARGETS = ("tcp-echo", "udp-echo", "pong")


def children(pid):
    with contextlib.suppress(FileNotFoundError):
        return pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return []


def child_of(pid):
    """The one child of a process that stays: a look-up is a child as well, but a short one."""
    def stays():
        before = children(pid)
        time.sleep(0.05)
        return before if len(before) == 1 and before == children(pid) else None

    return int(harness.wait_until(stays, f"a child of {pid}")[0])


def kill(pid):
    """Kill it, and wait until it has gone or is no more than a name."""
    os.kill(pid, signal.SIGKILL)
    stat = pathlib.Path(f"/proc/{pid}/stat")

    def gone():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            return stat.read_text().rpartition(")")[2].split()[0] == "Z"
        return True

    harness.wait_until(gone, f"{pid} has ended")


def first_line(server, target, source=None):
    """Ask for a ping; its first line is enough."""
    with tools.connect("127.0.0.1", server.port("pong", 4), source=source) as sock:
        return tools.Lines(sock).ask(f"ping {target}")


def finds_names(server, source=None):
    """A name is looked up and its address asked; that of IPv6, where it has one, in vain. Who has gone is missed only when the next line
    finds nobody: so somebody who asks often is somebody else (`source`) each time."""
    line = first_line(server, f"udp-echo://localhost:{server.port('udp-echo', 4)}", source)
    return bool(re.match(r"(reply|refused) seq=1 ", line))


def test_a_helper_that_is_killed_again_and_again_is_always_replaced():
    with everything(*ALLOW) as server:
        keeper = child_of(server.pid)
        before = tools.descriptors(server.pid)
        seen = set()
        for number in range(20):
            helper = child_of(keeper)
            assert helper not in seen
            seen.add(helper)
            kill(helper)
            assert finds_names(server, f"127.0.0.{number + 10}")
        harness.wait_until(lambda: tools.descriptors(server.pid) <= before, "all descriptors back")
        assert tools.cpu_share(server.pid, 0.2) < 0.1


def test_a_keeper_of_helpers_that_is_killed_is_succeeded_by_its_helper():
    with everything(*ALLOW) as server:
        keeper = child_of(server.pid)
        for _ in range(5):
            helper = child_of(keeper)
            kill(keeper)
            keeper = helper
            assert finds_names(server)
        helper = child_of(keeper)
        server.stop()
        for pid in (keeper, helper):
            harness.wait_until(lambda each=pid: not pathlib.Path(f"/proc/{each}").exists(), f"{pid} has ended")


def test_without_keeper_and_helper_names_are_refused_and_all_else_works():
    with everything(*ALLOW) as server:
        keeper = child_of(server.pid)
        helper = child_of(keeper)
        os.kill(keeper, signal.SIGSTOP)  # it is not to replace what is killed first
        kill(helper)
        kill(keeper)
        port = server.port("udp-echo", 4)
        line = harness.wait_until(lambda: first_line(server, f"udp-echo://localhost:{port}"), "an answer")
        assert re.fullmatch(r"error cannot resolve 'localhost': .+", line)
        assert first_line(server, f"udp-echo://127.0.0.1:{port}").startswith("reply seq=1 ")
        assert tools.cpu_share(server.pid, 0.2) < 0.1, "the end of the helper is told for ever"


# --- calls that fail ----------------------------------------------------------------------------------


ANSWER = r"reply seq=\d |lost seq=\d|refused seq=\d |unsent seq=\d |done |error "

FAILING = {
    "no_socket": ["socket:error=EMFILE"],
    "no_socket_now_and_then": ["socket:error=ENOBUFS:when=1+2"],
    "no_way": ["connect:error=ENETUNREACH"],
    "no_port": ["connect,sendto:error=EADDRNOTAVAIL"],
    "no_room": ["sendto:error=ENOBUFS:when=1+2", "recvmsg:error=ENOMEM:when=1+2", "recvmmsg:error=ENOMEM:when=1+2"],
    "interrupted": ["recvmsg,recvmmsg,recvfrom,sendto:error=EINTR:when=1+2"],
    "unwatched": ["epoll_ctl:error=ENOSPC:when=1+2"],
    "no_options": ["setsockopt:error=ENOMEM:when=1+2"],
}


def relay_of(server):
    """Its thread: the first that was started."""
    return sorted(int(task) for task in os.listdir(f"/proc/{server.pid}/task"))[1]


@pytest.mark.parametrize("what", FAILING)
def test_whatever_fails_each_question_is_answered_to_its_end(what):
    with everything(*ALLOW, "--workers", "1") as server, contextlib.ExitStack() as stack:
        clients = [tools.Lines(stack.enter_context(tools.connect("127.0.0.1", server.port("pong", 4)))) for _ in TARGETS]
        before = tools.descriptors(server.pid)
        with injected(server, *FAILING[what], thread=relay_of(server)) as calls:
            for lines, kind in zip(clients, TARGETS):
                lines.send(f"ping {kind}://127.0.0.1:{server.port(kind, 4)}")
            for lines in clients:
                assert is_whole(iter(lines.next, None))
            assert calls.count
            assert tools.cpu_share(server.pid, 0.2) < 0.25
        harness.wait_until(lambda: tools.descriptors(server.pid) <= before + 4, "sockets are given back")
        assert all(lines.ask("ping").startswith("pong ") for lines in clients)
        assert first_line(server, f"tcp-echo://127.0.0.2:{server.port('tcp-echo', 4)}").startswith("refused seq=1 ")
        assert finds_names(server)


def is_whole(answer):
    """Whether these lines are an answer, up to its last."""
    for line in answer:
        if not line or not re.match(ANSWER, line):
            return False
        if line.startswith(("done ", "error ")):
            return True
    return False
