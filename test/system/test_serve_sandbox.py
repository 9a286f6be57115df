# SPDX-License-Identifier: MIT
"""What `sounder serve` can still do after start: its own work, and nothing else.

The calls of an intruder are made by the threads of a running server themselves: puppet.c has them do so.
"""
import contextlib
import dataclasses
import errno
import os
import pathlib
import platform
import re
import signal
import socket
import subprocess
import tempfile

import pytest

import harness
from clients import scrape, tools
from test_relay_answers import ALLOW, assert_all_received, read_answer
from test_unprivileged import NOBODY, no_ping_sockets, ping_sockets  # noqa: F401 (fixtures)

pytestmark = pytest.mark.usefixtures("build", "sandbox")

KINDS = ("pong", "tcp-echo", "udp-echo")
EVERYTHING = [family.local(kind, 0) for family in harness.FAMILIES for kind in KINDS]
AT_FDCWD, O_PATH, PTRACE_ATTACH = -100, 0o10000000, 16
MAP = 0x22  # MAP_PRIVATE | MAP_ANONYMOUS
CLONE_NEWUSER, SIGCHLD = 0x10000000, 17
NR = {  # x86-64
    "read": 0, "open": 2, "mmap": 9, "mprotect": 10, "socket": 41, "connect": 42, "bind": 49,
    "clone": 56, "execve": 59, "kill": 62, "rename": 82, "mkdir": 83, "unlink": 87, "chmod": 90,
    "ptrace": 101, "setuid": 105, "prctl": 157, "mount": 165, "init_module": 175, "tgkill": 234,
    "openat": 257, "unshare": 272, "process_vm_readv": 310, "bpf": 321, "execveat": 322,
    "io_uring_setup": 425, "openat2": 437, "clone3": 435, "memfd_create": 319,
}


# --- the puppet ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def puppet(tmp_path_factory):
    """puppet(tid, "openat", …): what the call returns in that thread."""
    harness.need_root()
    harness.need_tool("cc")
    if platform.machine() != "x86_64":
        pytest.skip("kernel: puppet.c is written for x86-64")
    made = tmp_path_factory.mktemp("puppet") / "puppet"
    source = pathlib.Path(__file__).with_name("puppet.c")
    subprocess.run(["cc", "-O1", "-D_GNU_SOURCE", "-o", made, source], check=True)

    def call(tid, name, *arguments):
        words = [str(word) for word in (tid, NR[name], *arguments)]
        done = subprocess.run([made, *words], capture_output=True, text=True, timeout=harness.PATIENCE, check=False)
        assert done.returncode == 0, done.stderr
        return int(done.stdout)

    return call


@pytest.fixture
def bystander():
    """A process of the same user, to be attacked; and a file of his."""
    with tempfile.TemporaryDirectory(prefix="sounder-bystander-") as directory:
        file = pathlib.Path(directory) / "file"
        file.write_text("his\n")
        with subprocess.Popen(["sleep", "60"]) as process:
            yield dataclasses.make_dataclass("Bystander", ["pid", "file"])(process.pid, file)
            process.kill()
        assert file.read_text() == "his\n"


def tasks(pid):
    return sorted(int(name) for name in os.listdir(f"/proc/{pid}/task"))


def attempts(bystander):
    """What an intruder would try: a name, the call, and what it says outside of a sandbox (None: it
    works). Only EPERM counts as refused within."""
    file, pid = bystander.file, bystander.pid
    return [
        ("start a program", ("execve", "/no/such/program", 0, 0), -errno.ENOENT),
        ("start a program by descriptor", ("execveat", AT_FDCWD, "/no/such/program", 0, 0, 0), -errno.ENOENT),
        ("open a file for writing", ("openat", AT_FDCWD, file, os.O_WRONLY), None),
        ("open a file for both", ("openat", AT_FDCWD, file, os.O_RDWR), None),
        ("append to a file", ("open", file, os.O_WRONLY | os.O_APPEND), None),
        ("make a file", ("openat", AT_FDCWD, f"{file}.new", os.O_CREAT | os.O_RDONLY, 0o600), None),
        ("make a file without a name", ("openat", AT_FDCWD, file.parent, os.O_TMPFILE | os.O_RDWR, 0o600), None),
        ("rename a file", ("rename", f"{file}.new", f"{file}.newer"), None),
        ("remove a file", ("unlink", f"{file}.newer"), None),
        ("make a directory", ("mkdir", f"{file}.d", 0o700), None),
        ("change a mode", ("chmod", file, 0o600), None),
        ("see every packet", ("socket", socket.AF_PACKET, socket.SOCK_RAW, 0x0300), None),
        ("any raw packet", ("socket", socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW), None),
        ("another protocol", ("socket", socket.AF_INET, socket.SOCK_DGRAM, 136), None),
        ("trace a process", ("ptrace", PTRACE_ATTACH, pid, 0, 0), None),
        ("read its memory", ("process_vm_readv", pid, 0, 0, 0, 0, 0), None),
        ("end a process", ("kill", pid, 0), None),
        ("end a thread of it", ("tgkill", pid, pid, 0), None),
        ("executable memory", ("mmap", 0, 4096, 7, MAP, -1, 0), None),
        ("a file of memory", ("memfd_create", "code", 0), None),
        ("a program for the kernel", ("bpf", 0, 0, 0), -errno.EINVAL),
        ("a ring of calls", ("io_uring_setup", 1, 0), None),
        ("another root", ("unshare", CLONE_NEWUSER), None),
        ("another user", ("setuid", 0), None),
        ("a capability", ("prctl", 47, 2, 13, 0, 0), None),
    ]


def assert_refused(puppet, tid, bystander):
    for what, call, _ in attempts(bystander):
        assert puppet(tid, *call) == -errno.EPERM, what


def work(server):
    """Every service answers, the relay asks all that it can ask, and a name is looked up."""
    for family in harness.FAMILIES:
        assert tools.tcp_echoes(family.loopback, server.port("tcp-echo", family.version))
        assert tools.udp_echoes(family.loopback, server.port("udp-echo", family.version))
    four = server.port("udp-echo", 4)
    targets = [server.url(kind, version) for kind in KINDS for version in (4, 6)]
    targets += ["127.0.0.1", "icmp://[::1]", f"tcp://127.0.0.1:{server.port('pong', 4)}",
                f"tcp://[::1]:{server.port('pong', 6)}", f"udp-echo://localhost:{four}"]
    with contextlib.ExitStack() as stack:
        asked = []
        for number, target in enumerate(targets, 1):
            sock = stack.enter_context(tools.connect("127.0.0.1", server.port("pong", 4), f"127.0.2.{number}"))
            asked.append((target, tools.Lines(sock)))
            asked[-1][1].send(f"ping {target}")
        for target, lines in asked:
            answer = read_answer(lines)
            if "localhost" in target:  # may be either family, of which one has another port
                assert answer[-1].startswith("done "), answer
            else:
                assert_all_received(target, answer)


def serve(*options, **more):
    return harness.Server(*EVERYTHING, *ALLOW, "-v", *options, **more)


# --- who is refused, and who is not ------------------------------------------------------------------------


def test_every_thread_is_refused_what_an_intruder_would_try_and_all_goes_on(puppet, bystander):
    with serve("--workers", "2", "--metrics", "127.0.0.1:0") as server:
        assert len(tasks(server.pid)) == 5, "main, two workers, relay, metrics"
        for tid in tasks(server.pid):
            assert_refused(puppet, tid, bystander)
        work(server)
        samples = scrape.place_of(server).samples()
        assert scrape.total(samples, "sounder_received_bytes_total") > 0
        assert scrape.total(samples, "sounder_worker_cpu_seconds_total") > 0


def test_without_the_sandbox_none_of_it_is_refused(puppet, bystander, request):
    """Else the test above would show nothing."""
    with serve("--no-sandbox", "--workers", "1") as server:
        main = server.pid
        for what, call, error in attempts(bystander):
            if what in ("another root", "a capability"):
                continue  # not for a process of several threads, or the last thing it would do
            result = puppet(main, *call)
            assert result == error if error else result >= 0 or result in (-errno.EFAULT, -errno.EINVAL), (what, result)
    pathlib.Path(f"{bystander.file}.d").rmdir()


def test_files_are_out_of_reach_even_to_be_read(puppet):
    """Landlock, which knows the path; seccomp cannot see it."""
    with serve() as server:
        if not landlock_version(server):
            pytest.skip("kernel: no Landlock")
        for path in ("/etc/passwd", "/proc/self/status", "/"):
            assert puppet(server.pid, "openat", AT_FDCWD, path, os.O_RDONLY) == -errno.EACCES, path


def test_threads_may_be_started_but_nothing_that_outlives_them(puppet):
    with serve() as server:
        for flags in (SIGCHLD, CLONE_NEWUSER | SIGCHLD):
            assert puppet(server.pid, "clone", flags, 0, 0, 0, 0) == -errno.EPERM
        assert puppet(server.pid, "clone3", 0, 0) == -errno.ENOSYS, "the C library must take clone()"


# --- what /proc says -----------------------------------------------------------------------------------------


def statuses(pid):
    for tid in tasks(pid):
        text = pathlib.Path(f"/proc/{pid}/task/{tid}/status").read_text()
        yield dict(re.findall(r"^(\w+):\s*(.*)$", text, re.MULTILINE))


CAP_NET_RAW = 1 << 13


def assert_confined(pid, capabilities, bounds=True):
    for status in statuses(pid):
        assert (status["Seccomp"], status["NoNewPrivs"]) == ("2", "1"), status
        for name in ("CapInh", "CapAmb"):
            assert int(status[name], 16) == 0, (name, status)
        for name in ("CapPrm", "CapEff", *(["CapBnd"] if bounds else [])):
            assert int(status[name], 16) == capabilities, (name, status)


def test_root_keeps_net_raw_alone_and_only_for_the_relay(alone, no_ping_sockets):
    with harness.Server("udp-echo://127.0.0.1:0", ns=alone) as server:
        assert_confined(server_in(alone, server), 0)
    with harness.Server("pong://127.0.0.1:0", ns=alone) as server:
        assert_confined(server_in(alone, server), CAP_NET_RAW)


def server_in(alone, server):
    """`ip netns exec` becomes what it starts: the process is the server's."""
    assert pathlib.Path(f"/proc/{server.pid}/comm").read_text().strip() == "sounder-serve"
    return server.pid


def test_where_ping_sockets_are_for_all_root_keeps_nothing_and_still_pings(alone, ping_sockets):
    with harness.Server("pong://127.0.0.1:9000", *ALLOW, ns=alone) as server:
        assert_confined(server_in(alone, server), 0)
        for target in ("127.0.0.1", "icmp://[::1]"):
            with alone.call(tools.connect, "127.0.0.1", 9000) as sock:
                assert_all_received(target, read_answer(tools.Lines(sock), f"ping {target}"))


def test_nobody_serves_in_the_same_sandbox(copy, alone, ping_sockets):
    harness.need_tool("setpriv")
    with harness.Server("pong://127.0.0.1:9000", "udp-echo://127.0.0.1:9001", *ALLOW,
                        binary=copy, prefix=NOBODY, ns=alone) as server:
        assert_confined(server_in(alone, server), 0, bounds=False)
        for target in ("127.0.0.1", "udp-echo://127.0.0.1:9001"):
            with alone.call(tools.connect, "127.0.0.1", 9000) as sock:
                assert_all_received(target, read_answer(tools.Lines(sock), f"ping {target}"))


# --- the helper that looks up names ------------------------------------------------------------------------


def helpers(pid):
    """The process that the server has forked, and that one's child."""
    found = []
    while True:
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        if not children:
            return found
        pid = int(children[0])
        found.append(pid)


def both_helpers(server):
    harness.wait_until(lambda: len(helpers(server.pid)) == 2, "the helper has its child")
    pids = helpers(server.pid)
    harness.wait_until(lambda: all(status["Seccomp"] == "2" for pid in pids for status in statuses(pid)),
                       "the helper is confined")
    return pids


def test_the_helper_has_no_capability_and_a_filter_of_its_own():
    with serve() as server:
        for pid in both_helpers(server):
            assert_confined(pid, 0, bounds=os.geteuid() == 0)


def test_the_helper_is_refused_the_same_and_still_looks_names_up(puppet, bystander):
    with serve() as server:
        for pid in both_helpers(server):
            assert_refused(puppet, pid, bystander)
            assert puppet(pid, "socket", socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) == -errno.EPERM
        target = f"udp-echo://localhost:{server.port('udp-echo', 4)}"
        with tools.connect("127.0.0.1", server.port("pong", 4)) as sock:
            assert read_answer(tools.Lines(sock), f"ping {target}")[-1].startswith("done ")


def test_the_helper_reads_what_names_need_and_no_more(puppet, bystander):
    with serve() as server:
        if not landlock_version(server):
            pytest.skip("kernel: no Landlock")
        for pid in both_helpers(server):
            assert puppet(pid, "openat", AT_FDCWD, "/etc/hosts", os.O_RDONLY) >= 0
            for path in (bystander.file, "/proc/self/status", "/root"):
                assert puppet(pid, "openat", AT_FDCWD, path, os.O_RDONLY) == -errno.EACCES, path


def test_the_helper_goes_even_when_the_server_is_killed():
    """The fence keeps the signal from it that a parent's death would send; the end of the stream does not."""
    with harness.Process("serve", "pong://127.0.0.1:0") as server:
        server.wait_line("^listening on ")
        pids = both_helpers(server)
        server.signal(signal.SIGKILL)
        harness.wait_until(lambda: not any(pathlib.Path(f"/proc/{pid}").exists() for pid in pids),
                           "no helper is left")


# --- TCP ports ------------------------------------------------------------------------------------------


def landlock_version(server):
    found = re.search(r"Landlock version (\d+)", server.wait_err('msg="sandbox" .*\n')[0])
    return int(found[1]) if found else 0


def sockaddr(port):
    """127.0.0.1 and a port as the puppet takes bytes."""
    return "@" + (socket.AF_INET.to_bytes(2, "little") + port.to_bytes(2, "big") + bytes([127, 0, 0, 1]) + bytes(8)).hex()


@pytest.mark.parametrize("kind", ["tcp-echo", "pong"])
def test_no_port_can_be_taken_and_only_the_relay_connects(puppet, kind):
    with harness.Server(f"{kind}://127.0.0.1:0", "-v") as server:
        if landlock_version(server) < 4:
            pytest.skip("kernel: no Landlock for TCP")
        fd = puppet(server.pid, "socket", socket.AF_INET, socket.SOCK_STREAM, 0)
        assert fd >= 0
        assert puppet(server.pid, "bind", fd, sockaddr(0), 16) == -errno.EACCES
        connected = puppet(server.pid, "connect", fd, sockaddr(server.port(kind)), 16)
        assert connected == (0 if kind == "pong" else -errno.EACCES)


# --- life goes on -----------------------------------------------------------------------------------------


def test_signals_drain_and_sighup_work_within(family):
    with harness.Server(family.local("tcp-echo", 0)) as server:
        with tools.connect(family.loopback, server.port("tcp-echo")) as old:
            server.signal(signal.SIGHUP)
            old.sendall(b"still served")
            assert tools.receive_exactly(old, 12) == b"still served"
            server.signal(signal.SIGTERM)
            assert server.wait().code == 0
            assert tools.receive_all(old) == b""


def test_a_file_of_options_is_read_again_even_when_it_was_replaced(puppet, tmp_path):
    """Its directory can be read, and nothing beside it."""
    place = tmp_path / "of_its_own"
    place.mkdir()
    file, other = place / "sounder.conf", tmp_path / "other"
    file.write_text("rate 5\n")
    other.write_text("idle-timeout 1h\n")
    with harness.Server("tcp-echo://127.0.0.1:0", "-v", "--config", file) as server:
        other.rename(file)
        server.signal(signal.SIGHUP)
        server.wait_err('msg="options read again"')
        for path in (file, tmp_path, "/etc/passwd") if landlock_version(server) else (file,):
            opened = puppet(server.pid, "openat", AT_FDCWD, path, os.O_RDONLY)
            assert opened >= 0 if path == file else opened == -errno.EACCES, path
        assert puppet(server.pid, "openat", AT_FDCWD, file, os.O_RDWR) == -errno.EPERM


@pytest.mark.parametrize("metrics", [True, False], ids=["metrics", "no_metrics"])
def test_a_successor_takes_over_from_within_and_metrics_are_told(family, tmp_path, metrics):
    where = family.url("", family.loopback, 0).removeprefix("://")
    args = [family.local("tcp-echo", 0), "-v", "--handover", tmp_path / "door", *(["--metrics", where] if metrics else [])]
    with harness.Server(*args) as first, harness.Server(*args) as second, harness.Server(*args) as third:
        for old, pid in ((first, second.pid), (second, third.pid)):
            assert f'msg="handed over" pid={pid}' in old.wait().err
        assert tools.tcp_echoes(family.loopback, third.port("tcp-echo"))
        if metrics:
            assert scrape.place_of(third) == scrape.place_of(first)
            assert scrape.place_of(third).ask().status == 200


def test_a_process_that_was_stopped_goes_on(family):
    with harness.Server(family.local("udp-echo", 0)) as server:
        server.signal(signal.SIGSTOP)
        server.signal(signal.SIGCONT)
        assert tools.udp_echoes(family.loopback, server.port("udp-echo"))


# --- kernels that lack something --------------------------------------------------------------------------


@pytest.mark.parametrize("faults, missing", [
    (["landlock_create_ruleset:error=ENOSYS"], ["Landlock"]),
    (["landlock_create_ruleset:error=EOPNOTSUPP"], ["Landlock"]),
    (["landlock_restrict_self:error=E2BIG"], ["Landlock"]),
    (["seccomp:error=EINVAL"], ["seccomp"]),
    (["landlock_create_ruleset:error=ENOSYS", "seccomp:error=EINVAL"], ["Landlock", "seccomp"]),
], ids=["no_landlock", "landlock_off", "landlock_full", "no_seccomp", "neither"])
def test_what_the_kernel_lacks_is_named_in_one_line_and_all_is_served(faults, missing):
    strace = [harness.need_tool("strace"), "-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=landlock_create_ruleset,landlock_restrict_self,seccomp"]
    for fault in faults:
        strace += ["-e", f"inject={fault}"]
    with harness.Server("tcp-echo://127.0.0.1:0", prefix=strace) as server:
        assert tools.tcp_echoes("127.0.0.1", server.port("tcp-echo"))
        lines = [line for line in server.err.splitlines() if "sandbox" in line]
        assert len(lines) == 1, server.err
        for name in ("Landlock", "seccomp"):
            assert (name in lines[0]) == (name in missing), lines


def test_capabilities_that_cannot_be_given_up_end_it():
    strace = [harness.need_tool("strace"), "-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=capset", "-e", "inject=capset:error=EPERM"]
    result = harness.run("serve", "tcp-echo://127.0.0.1:0", prefix=strace, code=2)
    assert "cannot give up capabilities: operation not permitted" in result.err
    assert len(result.lines) == 0


def test_nothing_is_said_where_nothing_is_missing_and_verbose_says_what_is_in_force():
    with harness.Server("tcp-echo://127.0.0.1:0", "-v") as server:
        line = server.wait_err(r'msg="sandbox" in_force="(.*)"')[1]
        assert line.startswith("no capability, no new privileges, ")
    with harness.Server("tcp-echo://127.0.0.1:0") as server:
        tools.tcp_echoes("127.0.0.1", server.port("tcp-echo"))
        if "Landlock version" in line and "seccomp for" in line:
            assert "sandbox" not in server.err


def test_without_a_sandbox_nothing_is_given_up():
    harness.need_root()
    with harness.Server("tcp-echo://127.0.0.1:0", "--no-sandbox") as server:
        before = int(dict(re.findall(r"^(\w+):\s*(.*)$", pathlib.Path("/proc/self/status").read_text(), re.MULTILINE))["CapEff"], 16)
        for status in statuses(server.pid):
            assert (status["Seccomp"], status["NoNewPrivs"], int(status["CapEff"], 16)) == ("0", "0", before)
