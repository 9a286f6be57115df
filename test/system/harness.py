# SPDX-License-Identifier: MIT
"""Tools of the system tests: run the binaries, start servers, build network namespaces.

What a test needs most:

    run("ping", "-c1", url)                    one command to its end: .code .out .err .seconds
    with Server("tcp-echo://127.0.0.1:0") as s: s.url("tcp-echo"); s.port("tcp-echo"); s.pid
    with Process("ping", url) as p:            a command that goes on: p.wait_line(r"seq=2 "); p.signal(...)
    pair.a / pair.b (fixture `pair`)           namespaces: .v4 .v6 .address(family) .socket() .filter() .capture()

Everything takes `ns=` (a Namespace) to run inside of one. Every process is started with the sanitizers'
reports sent to a directory of ours; `clean` in conftest.py fails the test that caused one. Nothing here
sleeps to wait for something to be ready: it waits for the line that says so.
"""
import contextlib
import ctypes
import dataclasses
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

import pytest

PATIENCE = 15.0  # seconds after which anything awaited is a failure

# The interval of runs whose counts are exact. A host takes its processor back for 10 to 150 ms when it
# likes, and a probe more than one interval late is rightly not sent: this one is longer than that.
PACE = "200ms"


# --- families ---------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Family:
    """IPv4 or IPv6: how its addresses are written and asked for."""

    name: str
    version: int
    af: int
    loopback: str
    any: str
    icmp: int  # protocol number of its ICMP

    def url(self, kind, address, port=None):
        """`KIND://HOST[:PORT]`, brackets and all."""
        host = f"[{address}]" if ":" in address else address
        return f"{kind}://{host}" + (f":{port}" if port is not None else "")

    def local(self, kind, port=None):
        """The same on the family's loopback address."""
        return self.url(kind, self.loopback, port)


IPV4 = Family("ipv4", 4, socket.AF_INET, "127.0.0.1", "0.0.0.0", 1)
IPV6 = Family("ipv6", 6, socket.AF_INET6, "::1", "::", 58)
FAMILIES = (IPV4, IPV6)


# --- the build under test and its sanitizers ----------------------------------------------------------


@dataclasses.dataclass
class Build:
    directory: pathlib.Path
    sounder: pathlib.Path
    serve: pathlib.Path
    reports: pathlib.Path
    sanitized: bool
    sandbox: bool = False  # of servers of a sanitized build; those of another are in it anyhow


_build = None


def use_build(directory):
    """Called once by conftest.py."""
    global _build
    reports = pathlib.Path(tempfile.mkdtemp(prefix="sounder-reports-"))
    reports.chmod(0o1777)  # processes of other users write there too
    _build = Build(directory, directory / "sounder", directory / "sounder-serve", reports, is_sanitized(directory / "sounder-serve"))


def is_sanitized(binary):
    """Its reports and its search for leaks need what the sandbox takes away."""
    return binary.is_file() and re.search(rb"__(a|t)san_init", binary.read_bytes()) is not None


def forget_build():
    shutil.rmtree(_build.reports, ignore_errors=True)


def build():
    return _build


def environment(**changes):
    """The environment of every process: sanitizers report to files, language is C. None removes."""
    log = f"log_path={_build.reports}/report"
    env = dict(
        os.environ,
        LC_ALL="C",
        ASAN_OPTIONS=f"detect_leaks={int(not _build.sandbox)}:exitcode=99:handle_abort=1:{log}",
        UBSAN_OPTIONS=f"print_stacktrace=1:halt_on_error=1:exitcode=99:{log}",
        TSAN_OPTIONS=f"halt_on_error=1:exitcode=99:{log}",
        LSAN_OPTIONS="exitcode=99",
    )
    env.update(changes)
    return {name: value for name, value in env.items() if value is not None}


def take_reports():
    """The text of every sanitizer report written since the last call ('' when none)."""
    files = sorted(_build.reports.iterdir())
    texts = [file.read_text(errors="replace") for file in files]
    forget_reports()
    return "\n".join(texts)


def forget_reports():
    for file in _build.reports.iterdir():
        file.unlink()


REPORT = r"Sanitizer|runtime error:"  # what a sanitizer's report holds


def assert_no_report(text):
    """Fail when `text` (what a process wrote to stderr) holds a sanitizer's report."""
    assert not re.search(REPORT, text), text


# --- what a machine may lack --------------------------------------------------------------------------


def need_tool(name):
    """Skip the test when program `name` is not installed. Returns its path."""
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if path is None:
        pytest.skip(f"tool: {name} is not installed")
    return path


def need_root():
    """Skip the test when it may not build network namespaces, change user or send raw packets."""
    if os.geteuid() != 0:
        pytest.skip("kernel: needs root")


# --- running commands ---------------------------------------------------------------------------------


@dataclasses.dataclass
class Result:
    """A command that has ended."""

    code: int
    out: str
    err: str
    seconds: float

    @property
    def lines(self):
        return self.out.splitlines()


def command(args, ns=None, prefix=(), binary=None):
    """The whole argument vector: namespace, then `prefix`, then sounder (or `binary`), then `args`."""
    inside = ns.prefix if ns else []
    if args[:1] == ("serve",) and _build.sanitized and not _build.sandbox:
        args = ("serve", "--no-sandbox", *args[1:])
    return [*inside, *map(str, prefix), str(binary or _build.sounder), *(arg if isinstance(arg, bytes) else str(arg) for arg in args)]


def run(*args, ns=None, prefix=(), binary=None, env=None, stdin=None, timeout=PATIENCE, code=None):
    """Run `sounder ARGS…` to its end and return a Result. Fails on a sanitizer's report, on death by
    signal after `timeout`, and, when `code` is given, on any other exit code."""
    begin = time.monotonic()
    done = subprocess.run(
        command(args, ns, prefix, binary),
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        env=environment(**(env or {})),
        timeout=timeout,
        check=False,
    )
    seconds = time.monotonic() - begin
    result = Result(done.returncode, done.stdout.decode(errors="backslashreplace"), done.stderr.decode(errors="backslashreplace"), seconds)
    assert_no_report(result.err)
    if code is not None:
        assert result.code == code, result
    return result


class Process:
    """A command that goes on while the test does other things. As a context manager it never outlives
    its block, and nor do its children: it leads a process group of its own. stdout is read by a thread
    as it comes; stderr goes to a file."""

    def __init__(self, *args, ns=None, prefix=(), binary=None, env=None, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, **popen):
        self._stderr = tempfile.TemporaryFile()
        self._news = threading.Condition()
        self._lines = []
        self._ended = False
        self._popen = subprocess.Popen(
            command(args, ns, prefix, binary),
            stdin=stdin,
            stdout=stdout,
            stderr=popen.pop("stderr", self._stderr),
            env=environment(**(env or {})),
            process_group=0,
            **popen,
        )
        self.pid = self._popen.pid
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self._popen.stdout or ():
            with self._news:
                self._lines.append(line.decode(errors="backslashreplace").rstrip("\n"))
                self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()

    @property
    def lines(self):
        """Lines of stdout so far."""
        with self._news:
            return list(self._lines)

    @property
    def stdin(self):
        return self._popen.stdin

    @property
    def err(self):
        """stderr so far."""
        return os.pread(self._stderr.fileno(), 1 << 20, 0).decode(errors="backslashreplace")

    def wait_line(self, pattern, timeout=PATIENCE):
        """Wait until a line of stdout matches (re.search); returns the match."""
        return self.wait_lines(pattern, 1, timeout)[0]

    def wait_lines(self, pattern, count, timeout=PATIENCE):
        """Wait until `count` lines of stdout match; returns all matches."""
        found = []

        def enough():
            found[:] = [match for match in (re.search(pattern, line) for line in self._lines) if match]
            return len(found) >= count or self._ended

        with self._news:
            self._news.wait_for(enough, timeout)
        assert len(found) >= count, f"no {count} × {pattern!r} in {self.lines} stderr {self.err!r}"
        return found

    def wait_err(self, pattern, timeout=PATIENCE):
        """Wait until stderr matches; returns the match."""
        return wait_until(lambda: re.search(pattern, self.err), f"{pattern!r} on stderr", timeout)

    def signal(self, number):
        """Send a signal; SIGSTOP has stopped every thread when this returns."""
        self._popen.send_signal(number)
        if number == signal.SIGSTOP:
            wait_until(self._stopped, "the process has stopped")

    def _stopped(self):
        tasks = pathlib.Path(f"/proc/{self._popen.pid}/task").glob("*/stat")
        return all(task.read_text().rpartition(")")[2].split()[0] == "T" for task in tasks)

    def running(self):
        return self._popen.poll() is None

    def wait(self, timeout=PATIENCE):
        """Wait for the end; returns a Result (seconds: how long the end was waited for)."""
        begin = time.monotonic()
        code = self._popen.wait(timeout)
        self._reader.join(timeout)
        err = self.err
        assert_no_report(err)
        return Result(code, "".join(line + "\n" for line in self.lines), err, time.monotonic() - begin)

    def kill(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._popen.wait(PATIENCE)
        self._reader.join(PATIENCE)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.kill()
        for stream in (self._popen.stdin, self._popen.stdout):
            if stream:
                with contextlib.suppress(OSError):
                    stream.close()
        self._stderr.close()


@dataclasses.dataclass(frozen=True)
class Listening:
    kind: str
    host: str  # without brackets
    port: int
    url: str


class Server(Process):
    """`sounder serve ARGS…`, ready when the block begins. `expect` is the number of its `listening on`
    lines (default: the number of ARGS that contain `://`, or 1). Leaving the block stops it with SIGTERM
    and asserts exit code 0 and no sanitizer's report; after an exception it is only killed."""

    def __init__(self, *args, expect=None, **options):
        super().__init__("serve", *args, **options)
        try:
            expect = expect or sum("://" in str(arg) for arg in args) or 1
            matches = self.wait_lines(r"^listening on (([a-z-]+)://(\[[^\]]+\]|[^:]+):(\d+))$", expect)
            self.listening = [Listening(m[2], m[3].strip("[]"), int(m[4]), m[1]) for m in matches]
        except BaseException:
            super().__exit__()
            raise

    def find(self, kind, version=None):
        """The first Listening of `kind`, of one IP version if asked."""
        for each in self.listening:
            if each.kind == kind and version in (None, 6 if ":" in each.host else 4):
                return each
        raise LookupError(f"no {kind} among {self.listening}")

    def port(self, kind, version=None):
        return self.find(kind, version).port

    def url(self, kind, version=None):
        return self.find(kind, version).url

    def stop(self, number=signal.SIGTERM, code=0, timeout=PATIENCE):
        """Stop it and assert how it ended; returns the Result. Later calls do nothing."""
        self.signal(number)
        result = self.wait(timeout)
        assert result.code == code, result
        return result

    def __exit__(self, *exception):
        try:
            if exception and exception[0] is None and self._popen.returncode is None:
                self.stop()
        finally:
            super().__exit__(*exception)


def wait_until(probe, what, timeout=PATIENCE):
    """Poll `probe` until it returns something true, and return that."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        value = probe()
        if value:
            return value
        time.sleep(0.005)
    raise AssertionError(f"not within {timeout} s: {what}")


# --- network namespaces -------------------------------------------------------------------------------

_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def _sh(*words, **options):
    done = subprocess.run(words, capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, f"{' '.join(words)}: {done.stderr}"
    return done.stdout


class Namespace:
    """A network namespace `sounder-PID-LABEL` with loopback up, gone at the end of its block. `etc` maps
    names below /etc to texts that processes started inside see instead of the real files."""

    def __init__(self, label, etc=None):
        self.name = f"sounder-{os.getpid()}-{label}"
        self.prefix = ["ip", "netns", "exec", self.name]
        self.v4 = self.v6 = None  # set by Pair
        self._etc = etc or {}
        self._etc_directory = pathlib.Path("/etc/netns") / self.name

    def __enter__(self):
        need_root()
        need_tool("ip")
        done = subprocess.run(["ip", "netns", "add", self.name], capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"kernel: no network namespaces ({done.stderr.strip()})")
        try:
            _sh("ip", "-n", self.name, "link", "set", "lo", "up")
            if self._etc:
                self._etc_directory.mkdir(parents=True)
            for name, text in self._etc.items():
                (self._etc_directory / name).write_text(text)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exception):
        if self._etc:
            shutil.rmtree(self._etc_directory, ignore_errors=True)
            with contextlib.suppress(OSError):
                self._etc_directory.parent.rmdir()
        _sh("ip", "netns", "delete", self.name)

    def address(self, family):
        """Its address on the veth."""
        return self.v4 if family.version == 4 else self.v6

    def ip(self, *words):
        """`ip -n THIS WORDS…`"""
        return _sh("ip", "-n", self.name, *words)

    def sh(self, *words, **options):
        """Run a helper program inside; returns stdout, fails when it fails."""
        return _sh(*self.prefix, *words, **options)

    def sysctl(self, setting):
        self.sh("sysctl", "-qw", setting)

    def call(self, function, *args):
        """Call `function` in a thread that stands in this namespace; returns its value."""
        box = []

        def inside():
            try:
                with open(f"/run/netns/{self.name}", "rb") as handle:
                    if _libc.setns(handle.fileno(), _CLONE_NEWNET):
                        raise OSError(ctypes.get_errno(), "setns")
                box.append((function(*args), None))
            except BaseException as error:  # handed to the caller
                box.append((None, error))

        thread = threading.Thread(target=inside)
        thread.start()
        thread.join()
        value, error = box[0]
        if error:
            raise error
        return value

    def socket(self, *args):
        """A Python socket that lives in this namespace; usable from any thread."""
        return self.call(socket.socket, *args)

    def filter(self, hook, rule):
        """Add an nft rule to `hook` (input, output, prerouting …), as in
        `filter("input", "udp dport 8888 numgen inc mod 4 == 0 counter drop")`."""
        need_tool("nft")
        text = (
            "add table inet sounder\n"
            f"add chain inet sounder {hook} {{ type filter hook {hook} priority 0; }}\n"
            f"add rule inet sounder {hook} {rule}\n"
        )
        done = subprocess.run([*self.prefix, "nft", "-f", "-"], input=text, capture_output=True, text=True, check=False)
        if done.returncode and "not supported" in done.stderr.lower():
            pytest.skip(f"kernel: nft cannot do this: {rule}")
        assert done.returncode == 0, done.stderr

    def unfilter(self):
        """Remove all rules."""
        self.sh("nft", "flush", "ruleset")

    def counted(self):
        """Packets counted by all rules that say `counter`."""
        return sum(map(int, re.findall(r"counter packets (\d+)", self.sh("nft", "list", "ruleset"))))

    @contextlib.contextmanager
    def capture(self, expression, interface="veth"):
        """tcpdump in this namespace; yields a list that holds its lines (`-v`) after the block."""
        need_tool("tcpdump")
        words = ["tcpdump", "-Z", "root", "-i", interface, "-nn", "-l", "-v", "--immediate-mode", expression]
        lines = []
        with subprocess.Popen([*self.prefix, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as dump:
            try:
                while "listening on" not in (line := dump.stderr.readline()):
                    assert line, "tcpdump ended"
                yield lines
                passes = 2 if interface == "lo" else 1  # there a packet leaves and arrives, and is shown once
                wait_until(lambda: _has_read_all(dump, passes), "tcpdump has read what it was given")
            finally:
                dump.send_signal(signal.SIGINT)
                lines.extend(dump.communicate(timeout=PATIENCE)[0].splitlines())


def _has_read_all(dump, passes):
    """At its end tcpdump forgets what it has not read yet. SIGUSR1 makes it say how much it has read, and
    how much there was: `passes` times as much."""
    dump.send_signal(signal.SIGUSR1)
    line = dump.stderr.readline()
    captured, received = re.search(r"(\d+) packets? captured, (\d+) packets? received by filter", line).groups()
    return int(captured) * passes == int(received)


class Pair:
    """Namespaces `a` and `b`, joined by interfaces named `veth` on both sides."""

    def __init__(self, etc=None):
        self.a = Namespace("a", etc)
        self.b = Namespace("b", etc)
        self._stack = contextlib.ExitStack()

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            for side in (self.a, self.b):
                stack.enter_context(side)
            _sh("ip", "link", "add", "veth", "netns", self.a.name, "type", "veth", "peer", "name", "veth", "netns", self.b.name)
            for number, side in enumerate((self.a, self.b), 1):
                side.v4, side.v6 = f"10.77.0.{number}", f"fd77::{number}"
                side.sysctl("net.ipv6.conf.veth.accept_dad=0")
                side.ip("link", "set", "veth", "address", f"02:00:00:00:00:0{number}")
                side.ip("address", "add", f"{side.v4}/24", "dev", "veth")
                side.ip("address", "add", f"{side.v6}/64", "dev", "veth", "nodad")
                side.ip("link", "set", "veth", "up")
            self._introduce()
            self._settle()
            self._stack = stack.pop_all()
        return self

    def _introduce(self):
        """Tell each side the other's MAC address: a first neighbour solicitation sent while the link comes
        up is lost, and its repetition would delay the first probe by a second."""
        for side, other, number in ((self.a, self.b, 2), (self.b, self.a, 1)):
            for address in (other.v4, other.v6):
                side.ip("neighbour", "replace", address, "lladdr", f"02:00:00:00:00:0{number}", "dev", "veth", "nud", "permanent")

    def _settle(self):
        """Wait until datagrams pass both ways: the kernel finishes bringing a link up in its own time."""
        for family in FAMILIES:
            for side, other in ((self.a, self.b), (self.b, self.a)):
                with side.socket(family.af, socket.SOCK_DGRAM) as near, other.socket(family.af, socket.SOCK_DGRAM) as far:
                    wait_until(lambda: _passes(near, far, other.address(family)), "the veth pair carries datagrams")

    def __exit__(self, *exception):
        self._stack.close()


def _passes(near, far, address):
    """One datagram from `near` reaches `far` at `address`."""
    with contextlib.suppress(OSError):
        if far.getsockname()[1] == 0:
            far.bind((address, 0))
        near.sendto(b"", (address, far.getsockname()[1]))
        far.settimeout(0.02)
        far.recv(1)
        return True
    return False
