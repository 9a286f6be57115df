# SPDX-License-Identifier: MIT
"""Faults for a server: calls that fail under strace, and a build of it whose heap and sockets can be made
to fail (test/faults.c).

    with injected(server, "accept4:error=EMFILE:when=1+2") as calls: ...
    with Faults() as faults, harness.Server("tcp-echo://127.0.0.1:0", **faults.options):
        faults.refuse(3)                 its third allocation from now on fails
"""
import contextlib
import mmap
import pathlib
import re
import struct
import subprocess
import tempfile

import pytest

import harness

FOR_EVER = 1 << 62


# --- calls that fail ----------------------------------------------------------------------------------


class Injected:
    """What strace has done to a process."""

    def __init__(self, log):
        self._log = log

    @property
    def count(self):
        """Calls that were made to fail."""
        return self._log.read_text(errors="replace").count("(INJECTED)") if self._log.exists() else 0


def _attached(strace, errors):
    text = errors.read_text()
    if "Operation not permitted" in text:
        pytest.skip("kernel: strace may not attach to a process")
    assert strace.poll() is None, text
    return re.search(r"Process \d+ attached", text)


@contextlib.contextmanager
def injected(server, *injections, thread=None):
    """For the length of the block these calls of all threads of `server`, or of one, fail as strace(1)
    says, `CALL[,CALL…]:error=E:when=W`; the calls themselves are not made."""
    strace = harness.need_tool("strace")
    calls = ",".join(each.partition(":")[0] for each in injections)
    with tempfile.TemporaryDirectory(prefix="sounder-strace-") as directory:
        log, errors = (pathlib.Path(directory) / name for name in ("log", "errors"))
        words = [strace, *(["-p", str(thread)] if thread else ["-f", "-p", str(server.pid)]), "-o", str(log), "-e", f"trace={calls}", "-e", "signal=none"]
        for each in injections:
            words += ["-e", f"inject={each}"]
        with open(errors, "wb") as file, subprocess.Popen(words, stderr=file, stdin=subprocess.DEVNULL) as process:
            try:
                harness.wait_until(lambda: _attached(process, errors), "strace has attached")
                yield Injected(log)
            finally:
                process.terminate()
                process.wait(harness.PATIENCE)


# --- a heap that fails --------------------------------------------------------------------------------


class Faults:
    """What a server of the faulty build is to suffer; it is started with `.options`."""

    FIELDS = ("calls", "first", "end", "most_bytes", "most_datagrams")

    def __enter__(self):
        self._file = tempfile.TemporaryFile()
        self._file.truncate(mmap.PAGESIZE)
        self._map = mmap.mmap(self._file.fileno(), mmap.PAGESIZE)
        return self

    def __exit__(self, *exception):
        self._map.close()
        self._file.close()

    def _set(self, name, value):
        struct.pack_into("=Q", self._map, 8 * self.FIELDS.index(name), value)

    @property
    def options(self):
        """For harness.Process or Server."""
        program = harness.build().directory / "test" / "faulty_serve"
        return {
            # The front door is passed over: what follows its name and `serve` is for the server.
            "prefix": ["bash", "-c", 'exec "$0" "${@:3}"', program],
            "pass_fds": [self._file.fileno()],
            "env": {"SOUNDER_FAULTS": f"/proc/self/fd/{self._file.fileno()}"},
        }

    @property
    def allocations(self):
        """How often the server has asked for memory."""
        return struct.unpack_from("=Q", self._map, 0)[0]

    def refuse(self, nth, count=1):
        """Of its allocations from now on the nth fails, and those that follow it, `count` in all. Returns
        the number of the first."""
        first = self.allocations + nth
        self.refuse_nothing()
        self._set("first", first)
        self._set("end", first + count)
        return first

    def refuse_nothing(self):
        self._set("end", 0)

    def cut(self, most_bytes=0, most_datagrams=0):
        """Its streams take and give so many bytes a call, its batches hold so many datagrams (0: any)."""
        self._set("most_bytes", most_bytes)
        self._set("most_datagrams", most_datagrams)
