# SPDX-License-Identifier: MIT
"""30 000 random requests by each protocol-aware client; nothing wrong, nothing leaked."""
import pathlib
import subprocess
import sys

import pytest

import harness
from clients import random_pong, random_tcp_echo, random_udp_echo, tools

pytestmark = pytest.mark.usefixtures("build")

CLIENTS = {"tcp-echo": random_tcp_echo, "udp-echo": random_udp_echo, "pong": random_pong}
REQUESTS = 15_000  # for each family


@pytest.fixture(scope="module", autouse=True)
def nowhere():
    """All of this module happens in a namespace without a way out: nothing asked by mistake leaves."""
    with harness.Namespace("nowhere") as namespace, tools.standing_in(namespace.name):
        yield


def spend(kind, family, requests, seed, *options):
    """Let the client loose on a fresh server; leaks show at its end (see harness.Server)."""
    with harness.Server(family.local(kind, 0), *options) as server:
        port = server.port(kind)
        at_start = tools.descriptors(server.pid)
        assert CLIENTS[kind].run(family.loopback, port, requests, seed) is None
        harness.wait_until(lambda: tools.descriptors(server.pid) <= at_start, "descriptors are back")
        assert tools.cpu_share(server.pid, 0.2) < 0.1


@pytest.mark.parametrize("kind", CLIENTS)
def test_random_requests_are_all_answered_right(kind, family):
    spend(kind, family, REQUESTS, seed=100 + family.version)


@pytest.mark.workers
@pytest.mark.parametrize("kind", CLIENTS)
def test_random_requests_on_two_workers(kind):
    spend(kind, harness.IPV4, 1500, 7, "--workers", "2")


@pytest.mark.parametrize("kind", CLIENTS)
def test_the_clients_run_on_their_own(kind):
    """As a person would start one against a server somewhere."""
    script = pathlib.Path(CLIENTS[kind].__file__)
    with harness.Server(f"{kind}://127.0.0.1:0") as server:
        done = subprocess.run([sys.executable, "-B", script, "--port", str(server.port(kind)),
                               "--requests", "200", "--seed", "3"], capture_output=True, text=True,
                              timeout=harness.PATIENCE, check=False)
        assert done.returncode == 0 and "nothing wrong" in done.stdout, done
