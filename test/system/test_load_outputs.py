# SPDX-License-Identifier: MIT
"""`sounder load`: the files it writes, and what it holds open."""
import signal

import pytest

from clients.tools import descriptors
from harness import IPV4, Process, Server


@pytest.fixture
def echo_server():
    with Server(IPV4.local("tcp-echo", 0)) as server:
        yield server


def count_descriptors(url):
    """Of a load of ten targets, while it asks."""
    with Process("load", "-J", "-c", 1, "-d", 0, "--warmup", 0, *[url] * 10) as process:
        process.wait_line(r'"load_progress"')
        count = descriptors(process.pid)
        process.signal(signal.SIGINT)
        assert process.wait().code == 0
    return count


def test_names_that_were_looked_up_leave_nothing_open(echo_server):
    port = echo_server.port("tcp-echo")
    assert count_descriptors(f"tcp-echo://localhost:{port}") == count_descriptors(f"tcp-echo://127.0.0.1:{port}")
