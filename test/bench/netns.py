# SPDX-License-Identifier: MIT
"""netns: network namespaces of the benches' own, so that nothing of the machine's is changed."""

import contextlib
import ctypes
import os
import subprocess
import threading

from servers import BenchError

CLONE_NEWNET = 0x40000000


def _ip(*words):
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BenchError(f"ip {' '.join(words)}: {done.stderr.strip()}")


class Namespace:
    """One with its loopback interface up, gone at the end of the block."""

    interface = "veth"

    def __init__(self, label):
        self.name = f"sounder-{os.getpid()}-{label}"
        self.address = None  # set by `pair`

    def __enter__(self):
        _ip("netns", "add", self.name)
        _ip("-n", self.name, "link", "set", "lo", "up")
        return self

    def __exit__(self, *exception):
        _ip("netns", "delete", self.name)

    def ip(self, *words):
        _ip("-n", self.name, *words)

    def command(self, words):
        """The same command, run inside."""
        return ["ip", "netns", "exec", self.name, *words]

    def sysctl(self, *settings):
        command = self.command(["sysctl", "-qw", *settings])
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise BenchError(f"{' '.join(command)}: {done.stderr.strip()}")

    def call(self, function, *arguments):
        """Calls the function in a thread that stands inside; its value."""
        box = []

        def inside():
            try:
                with open(f"/run/netns/{self.name}", "rb") as handle:
                    if ctypes.CDLL(None, use_errno=True).setns(handle.fileno(), CLONE_NEWNET):
                        raise OSError(ctypes.get_errno(), "setns")
                box.append((function(*arguments), None))
            except BaseException as error:  # handed to the caller
                box.append((None, error))

        thread = threading.Thread(target=inside)
        thread.start()
        thread.join()
        value, error = box[0]
        if error:
            raise error
        return value


@contextlib.contextmanager
def pair():
    """Client's and server's namespaces, joined by a veth pair; no probe waits for a neighbour."""
    with Namespace("client") as client, Namespace("server") as server:
        _ip("link", "add", "veth", "netns", client.name, "type", "veth",
            "peer", "name", "veth", "netns", server.name)
        for number, (near, far) in enumerate(((client, server), (server, client)), 1):
            near.address = f"10.77.0.{number}"
            near.ip("link", "set", "veth", "address", f"02:00:00:00:00:0{number}")
            near.ip("address", "add", f"{near.address}/24", "dev", "veth")
            near.ip("link", "set", "veth", "up")
            near.ip("neighbour", "replace", f"10.77.0.{3 - number}", "dev", "veth",
                    "lladdr", f"02:00:00:00:00:0{3 - number}", "nud", "permanent")
        yield client, server
