# SPDX-License-Identifier: MIT
"""`sounder load --server-pid`: of servers that are many processes."""
import subprocess
import sys

import pytest

from harness import IPV4, run
from test_json import records_of
from test_load import BRIEF, summary_of

# A child for each connection, for whose end nobody waits.
FORKING = """
import os, signal, socket
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
print(listening.getsockname()[1], flush=True)
while True:
    connection, _ = listening.accept()
    if os.fork() == 0:
        listening.close()
        while data := connection.recv(65536):
            connection.sendall(data)
        os._exit(0)
    connection.close()
"""


@pytest.fixture
def forking():
    """Its pid and its endpoint."""
    with subprocess.Popen([sys.executable, "-c", FORKING], stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process.pid, IPV4.local("tcp-echo", int(process.stdout.readline()))
        finally:
            process.kill()


def test_time_that_ended_with_children_is_not_known(forking):
    pid, url = forking
    args = ("load", "--reconnect", "-c", 8, *BRIEF, "--server-pid", pid, url)
    summary = summary_of(records_of(run(*args, "-J", code=0).out))
    assert summary["answered"] > 0
    assert "cpu_ns" not in summary["server"] and "cpu_ns_per_answer" not in summary["server"], summary["server"]
    assert summary["server"]["rss_bytes"] > 1 << 20
    assert "\nserver: CPU not known, " in run(*args, code=0).out
