# SPDX-License-Identifier: MIT
"""`sounder serve` under a service manager, played by this test: sd_notify(3), the watchdog, sockets that
were opened before the start (sd_listen_fds(3)), and the unit files."""
import contextlib
import fcntl
import os
import pathlib
import re
import signal
import socket
import subprocess
import time

import pytest

import harness
from clients import tools

pytestmark = pytest.mark.usefixtures("build")

ROOT = pathlib.Path(__file__).resolve().parents[2]
FIRST, SPARE = 3, 100  # where a manager's descriptors begin, and where ours are out of their way


class Manager:
    """The socket at which a manager is told how its service is. `name` may be abstract ('@...')."""

    def __init__(self, name):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + name[1:] if name[0] == "@" else name)
        self._socket.settimeout(tools.PATIENCE)
        self.env = {"NOTIFY_SOCKET": name, "WATCHDOG_USEC": None, "WATCHDOG_PID": None}

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._socket.close()

    def hear(self):
        """The next message, as a dictionary."""
        return dict(line.split("=", 1) for line in self._socket.recv(4096).decode().splitlines())

    def hear_of(self, name):
        """The next message that says something of `name`."""
        while name not in (said := self.hear()):
            pass
        return said

    def hears(self, seconds):
        """True when anything is said within the time."""
        return not tools.silent(self._socket, seconds)


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path):
    name = str(tmp_path / "notify") if request.param == "path" else f"@sounder-{os.getpid()}-{tmp_path.name}"
    with Manager(name) as manager:
        yield manager


@pytest.fixture
def strict(tmp_path):
    """A manager with a watchdog."""
    with Manager(str(tmp_path / "notify")) as manager:
        manager.env["WATCHDOG_USEC"] = "400000"
        yield manager


def test_it_says_when_it_is_ready_reloads_and_stops(manager, tmp_path):
    config = tmp_path / "conf"
    config.write_text("")
    with harness.Server("tcp-echo://127.0.0.1:0", "--config", config, env=manager.env) as server:
        ready = manager.hear()
        assert ready["READY"] == "1" and ready["STATUS"] == "Serving."
        for text, status in (("rate 5", "Serving."), ("ratte 5", "All stays as it was: "), ("", "Serving.")):
            config.write_text(text)
            before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
            server.signal(signal.SIGHUP)
            begin, end = manager.hear(), manager.hear()
            assert begin["RELOADING"] == "1"
            assert before <= int(begin["MONOTONIC_USEC"]) <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
            assert end["READY"] == "1" and end["STATUS"].startswith(status)
        server.signal(signal.SIGTERM)
        assert manager.hear()["STOPPING"] == "1"
        assert server.wait().code == 0


def test_ready_is_said_only_when_it_serves(manager):
    with harness.Process("serve", "tcp-echo://127.0.0.1:0", env=manager.env) as server:
        assert manager.hear()["READY"] == "1"
        port = int(server.wait_line(r"listening on .*:(\d+)$")[1])
        assert tools.tcp_echoes("127.0.0.1", port)


def test_a_sighup_without_a_file_is_a_reload_too(manager):
    with harness.Server("tcp-echo://127.0.0.1:0", env=manager.env) as server:
        assert manager.hear()["READY"] == "1"
        server.signal(signal.SIGHUP)
        assert manager.hear()["RELOADING"] == "1"
        assert manager.hear()["READY"] == "1"


@pytest.mark.parametrize("name", ["", "/nowhere/at/all", "@nobody-is-here", "vsock:2:1", "x" * 300])
def test_a_manager_that_is_not_there_is_no_trouble(name):
    with harness.Server("tcp-echo://127.0.0.1:0", env={"NOTIFY_SOCKET": name}) as server:
        assert tools.tcp_echoes("127.0.0.1", server.port("tcp-echo"))


def test_a_manager_that_goes_or_does_not_listen_is_no_trouble(tmp_path):
    with Manager(str(tmp_path / "notify")) as manager:
        with harness.Server("tcp-echo://127.0.0.1:0", env=manager.env) as server:
            for _ in range(500):  # more than its queue takes
                server.signal(signal.SIGHUP)
            assert tools.tcp_echoes("127.0.0.1", server.port("tcp-echo"))
            manager.__exit__()
            server.signal(signal.SIGHUP)
            assert tools.tcp_echoes("127.0.0.1", server.port("tcp-echo"))


# --- the watchdog -----------------------------------------------------------------------------------


def test_the_watchdog_is_fed_while_all_workers_turn(strict):
    with harness.Server("tcp-echo://127.0.0.1:0", "--workers", "3", env=strict.env):
        assert strict.hear()["READY"] == "1"
        for _ in range(5):
            assert strict.hear() == {"WATCHDOG": "1"}


def test_one_worker_that_hangs_starves_it_until_it_goes_on(strict):
    """The others, and the main thread, are well."""
    with harness.Server("tcp-echo://127.0.0.1:0", "--workers", "2", env=strict.env) as server:
        strict.hear_of("WATCHDOG")
        workers = [int(task) for task in os.listdir(f"/proc/{server.pid}/task") if int(task) != server.pid]
        assert len(workers) == 2
        for worker in workers:
            with tools.frozen_thread(worker):
                while strict.hears(1.0):  # what it had earned before
                    strict.hear()
            strict.hear_of("WATCHDOG")


@pytest.mark.parametrize("change", [{"WATCHDOG_PID": "1"}, {"WATCHDOG_USEC": None}, {"WATCHDOG_USEC": "0"},
                                    {"WATCHDOG_USEC": "soon"}])
def test_a_watchdog_that_is_not_ours_is_not_fed(strict, change):
    with harness.Server("tcp-echo://127.0.0.1:0", env={**strict.env, **change}):
        assert strict.hear()["READY"] == "1"
        assert not strict.hears(1.0)


def test_the_watchdog_of_this_very_process_is_fed(strict):
    shell = ["bash", "-c", 'WATCHDOG_PID=$$ exec "$@"', "shell"]
    with harness.Server("tcp-echo://127.0.0.1:0", env=strict.env, prefix=shell):
        strict.hear_of("WATCHDOG")


def test_the_manager_is_told_of_a_successor(manager, tmp_path):
    args = ["tcp-echo://127.0.0.1:0", "--handover", tmp_path / "door"]
    with harness.Server(*args, env=manager.env) as old:
        assert manager.hear()["READY"] == "1"
        with harness.Server(*args) as new:
            assert manager.hear()["MAINPID"] == str(new.pid)
            assert old.wait().code == 0


# --- sockets that were opened before ----------------------------------------------------------------


def opened(family, kind=socket.SOCK_STREAM, listens=True, only_v6=True, host=None):
    sock = socket.socket(family.af, kind)
    if family.version == 6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only_v6)
    sock.bind((host or family.loopback, 0))
    if kind == socket.SOCK_STREAM and listens:
        sock.listen()
    return sock


@contextlib.contextmanager
def handed(socks, names=None, pid="$$", count=None):
    """Keyword arguments for a process that finds these sockets as a manager leaves them."""
    spare = [fcntl.fcntl(sock, fcntl.F_DUPFD, SPARE) for sock in socks]
    moves = " ".join(f"{FIRST + place}<&{number} {number}<&-" for place, number in enumerate(spare))
    env = {"LISTEN_FDS": str(len(socks) if count is None else count),
           "LISTEN_FDNAMES": ":".join(names) if names else None}
    try:
        yield {"env": env, "pass_fds": spare,
               "prefix": ["bash", "-c", f'LISTEN_PID={pid} exec "$@" {moves}', "shell"]}
    finally:
        for number in spare:
            os.close(number)


def refused(*args, **how):
    """What a start that fails says; one line, exit code 2."""
    with harness.Process("serve", *args, **how) as server:
        result = server.wait()
    assert result.code == 2 and result.out == ""
    assert len(result.err.splitlines()) == 1, result.err
    return result.err


@pytest.mark.workers
@pytest.mark.parametrize("workers", [1, 3])
def test_sockets_are_found_by_what_they_are(family, workers):
    """In another order than the endpoints, and without names; all workers serve the one socket."""
    with opened(family, socket.SOCK_DGRAM) as udp, opened(family) as tcp:
        ports = {"tcp-echo": tcp.getsockname()[1], "udp-echo": udp.getsockname()[1]}
        with handed([udp, tcp]) as how:
            udp.close(), tcp.close()
            urls = [family.local(kind, port) for kind, port in ports.items()]
            with harness.Server(*urls, "--workers", workers, **how) as server:
                assert [server.url(kind) for kind in ports] == urls
                for _ in range(30):
                    assert tools.tcp_echoes(family.loopback, ports["tcp-echo"])
                    assert tools.udp_echoes(family.loopback, ports["udp-echo"])


def test_clients_who_came_before_the_start_are_served(family):
    """What a manager opens sockets for: nobody is refused while the service starts."""
    with opened(family) as sock, contextlib.ExitStack() as stack:
        port = sock.getsockname()[1]
        client = stack.enter_context(tools.connect(family.loopback, port))
        client.sendall(b"too early?")
        how = stack.enter_context(handed([sock]))
        sock.close()
        stack.enter_context(harness.Server(family.local("tcp-echo", port), **how))
        assert tools.receive_exactly(client, 10) == b"too early?"


def test_without_endpoints_a_name_is_the_kind(family):
    with opened(family) as tcp, opened(family) as pong, opened(family, socket.SOCK_DGRAM) as udp:
        socks, names = [tcp, pong, udp], ["tcp-echo", "pong", "udp-echo"]
        with handed(socks, names) as how, harness.Server(expect=3, **how) as server:
            assert [each.kind for each in server.listening] == names
            for sock, name in zip(socks, names):
                assert server.port(name) == sock.getsockname()[1]
            assert tools.tcp_echoes(family.loopback, server.port("tcp-echo"))
            assert tools.udp_echoes(family.loopback, server.port("udp-echo"))


def test_a_reload_keeps_the_endpoints_that_were_handed_over(family, tmp_path):
    config = tmp_path / "conf"
    config.write_text("rate 5\n")
    with opened(family) as sock, handed([sock], ["tcp-echo"]) as how:
        with harness.Server("--config", config, **how) as server:
            server.signal(signal.SIGHUP)
            server.wait_err("options read again")
            assert tools.tcp_echoes(family.loopback, server.port("tcp-echo"))


def test_a_name_that_is_a_kind_counts_even_with_endpoints(family):
    with opened(family) as sock:
        port = sock.getsockname()[1]
        with handed([sock], ["pong"]) as how:
            assert "address in use" in refused(family.local("tcp-echo", port), **how)


def test_an_endpoint_that_was_not_handed_over_is_bound(family):
    with opened(family) as sock:
        with handed([sock]) as how, harness.Server(
                family.local("tcp-echo", sock.getsockname()[1]), family.local("udp-echo", 0), **how) as server:
            assert tools.tcp_echoes(family.loopback, server.port("tcp-echo"))
            assert tools.udp_echoes(family.loopback, server.port("udp-echo"))


def test_a_socket_that_no_endpoint_asks_for_is_an_error_that_names_it(family):
    with opened(family) as sock:
        port = sock.getsockname()[1]
        with handed([sock]) as how:
            said = refused(family.local("udp-echo", 0), **how)
            assert f":{port}'" in said and "TCP" in said
        for names in (None, ["sounder.socket"], ["unknown"]):
            with handed([sock], names) as how:
                said = refused(**how)
                assert f":{port}'" in said and "FileDescriptorName" in said


def test_what_cannot_be_served_is_told(family):
    for sock, why in ((opened(family, listens=False), "not listening"),
                      (socket.socket(family.af, socket.SOCK_DGRAM), "not bound"),
                      (socket.socketpair()[0], "not of IPv4 or IPv6"),
                      (open("/dev/null", "rb"), "is no socket")):
        with sock, handed([sock]) as how:
            said = refused("tcp-echo://127.0.0.1:0", **how)
            assert why in said and "'3'" in said
    with opened(harness.IPV6, only_v6=False, host="::") as sock, handed([sock]) as how:
        assert "BindIPv6Only=ipv6-only" in refused("tcp-echo://[::1]:0", **how)


def test_sockets_for_another_process_are_left_alone(family):
    with opened(family) as sock, handed([sock], pid="1") as how:
        with harness.Server(family.local("tcp-echo", 0), **how) as server:
            assert server.port("tcp-echo") != sock.getsockname()[1]


@pytest.mark.parametrize("count", ["-1", "many", "", "99999999999"])
def test_a_count_that_is_none_is_an_error(count):
    with handed([], count=count) as how:
        assert "LISTEN_FDS" in refused("tcp-echo://127.0.0.1:0", **how)


# --- units ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def units(build, tmp_path_factory):
    """The unit files as they are installed."""
    place = tmp_path_factory.mktemp("units")
    done = subprocess.run([harness.need_tool("cmake"), "--install", build.directory, "--prefix", place],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return place / "lib" / "systemd" / "system"


def test_the_unit_leaves_little_to_attack(units):
    tool = harness.need_tool("systemd-analyze")
    done = subprocess.run([tool, "security", "--offline=yes", "--threshold=20", "--no-pager", units / "sounder.service"],
                          capture_output=True, text=True, check=False)
    level = re.search(r"Overall exposure level for sounder.service: ([\d.]+)", done.stdout)
    assert level and float(level[1]) <= 2.0, done.stdout + done.stderr
    assert done.returncode == 0


def test_the_units_say_what_this_server_understands(units):
    service = (units / "sounder.service").read_text()
    assert "Type=notify\n" in service and "WatchdogSec=" in service and "@" not in re.sub("@[a-z-]+", "", service)
    command = re.search(r"ExecStart=\S+/sounder serve --config (\S+)", service)
    assert command and command[1].endswith("etc/sounder/sounder.conf")
    name = re.search(r"FileDescriptorName=(\S+)", (units / "sounder.socket").read_text())
    assert name[1] == "tcp-echo"


def test_the_configuration_that_is_installed_is_understood(units, alone):
    config = units.parents[2] / "etc" / "sounder" / "sounder.conf"
    with harness.Server("--config", config, expect=8, ns=alone):
        pass
    said = [line[1:] for line in config.read_text().splitlines() if re.match("#[a-z]", line)]
    assert said, "it shows what could be said"
    every = config.with_name("every.conf")
    every.write_text("\n".join(said))
    with harness.Server("--config", every, ns=alone, expect=1):
        pass
