# SPDX-License-Identifier: MIT
"""Everything the seeds' programs did still works, with the real thing on the other side and at its
defaults. Fixed ports are used inside a namespace only."""
import contextlib
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time

import pytest

import peers
import ping_text
from harness import IPV4, PACE, Namespace, Process, Server, need_root, need_tool, run, wait_until

SEEDS = pathlib.Path(__file__).parent / "seeds"
HOSTS = {"hosts": "127.0.0.1 localhost\n::1 localhost\n"}


@pytest.fixture
def home():
    """A namespace in which `localhost` is both loopback addresses, as on Debian."""
    with Namespace("home", HOSTS) as namespace:
        yield namespace


def seed(name, *args):
    """Arguments for run/Process to start a seed's program."""
    return {"binary": sys.executable, "args": ("-B", SEEDS / name, *args)}


def run_seed(name, *args, **options):
    program = seed(name, *args)
    return run(*program["args"], binary=program["binary"], **options)


@contextlib.contextmanager
def seed_server(name, *args, ns=None):
    """A seed's server; yields its port."""
    program = seed(name, *args)
    with Process(*program["args"], binary=program["binary"], ns=ns) as process:
        yield int(process.wait_line(r"^listening on .*:(\d+)$")[1])


def listen(namespace, host, port, type_=socket.SOCK_STREAM):
    """The address is taken: what a second server would meet."""
    sock = namespace.socket(socket.AF_INET, type_)
    with contextlib.closing(sock):
        try:
            sock.bind((host, port))
        except OSError:
            return True
        return False


# --- nc and the line protocol -------------------------------------------------------------------------


def test_nc_on_localhost_42422_gets_pong_and_epoch(home):
    nc = need_tool("nc")
    with Server("pong", ns=home):
        before = int(time.time())
        answer = run("-w", "2", "-q", "1", "localhost", "42422", binary=nc, ns=home, stdin=b"ping\n")
        after = int(time.time())
    assert answer.code == 0, answer
    epoch = re.fullmatch(r"pong (\d+)\n", answer.out)
    assert epoch, answer
    assert before <= int(epoch[1]) <= after


def test_nc_as_a_person_types_into_it(home):
    nc = need_tool("nc")

    with Server("pong", ns=home), Process("localhost", "42422", binary=nc, ns=home, stdin=subprocess.PIPE) as session:
        for count in (1, 2, 3):
            session.stdin.write(b"ping\n")
            session.stdin.flush()
            session.wait_lines(r"^pong \d+$", count)
        session.stdin.write(b"\n  \nPING\r\n")
        session.stdin.flush()
        session.wait_lines(r"^pong \d+$", 4)
        session.stdin.write(b"quit\n")
        session.stdin.close()
        assert len(session.wait().lines) == 4


def test_host_and_port_of_the_rust_server(home):
    with Server("pong", "--host", "127.0.0.1", "--port", "42423", ns=home) as server:
        assert server.listening[0].url == "pong://127.0.0.1:42423"
        assert re.fullmatch(r"pong \d+\n", run("-N", "-w", "2", "127.0.0.1", "42423", binary=need_tool("nc"), ns=home, stdin=b"ping\n").out)


def test_ping_url_typed_to_the_server_is_answered_line_by_line(home):
    nc = need_tool("nc")
    with Server("pong", "udp-echo", "--relay-allow", "127.0.0.1/32", expect=2, ns=home):
        begin = time.monotonic()

        with Process("localhost", "42422", binary=nc, ns=home, stdin=subprocess.PIPE) as session:
            session.stdin.write(b"ping udp-echo://127.0.0.1:8888\n")
            session.stdin.flush()
            session.wait_line(r"^reply seq=1 time_ms=\d+\.\d+$")
            assert time.monotonic() - begin < 2.5, "the first reply came with the last"
            session.wait_line(r"^done udp-echo://127\.0\.0\.1:8888 sent=4 received=4 loss=0% min/avg/max/mdev=[\d./]+ ms$")
            replies = [line for line in session.lines if line.startswith("reply")]
            assert [re.match(r"reply seq=(\d)", line)[1] for line in replies] == ["1", "2", "3", "4"]
            session.stdin.write(b"ping\n")
            session.stdin.flush()
            session.wait_line(r"^pong \d+$")


# --- my_ping ------------------------------------------------------------------------------------------


def test_my_ping_host(family, pair):
    result = run("ping", "-i", PACE, pair.b.address(family), ns=pair.a, code=0)
    assert ping_text.summary(result).received == 4


def test_my_ping_localhost_by_name(home):
    run("ping", "-c1", "localhost", ns=home, code=0)


def test_my_ping_over_tcp_of_any_host(home):
    with peers.TcpPeer(IPV4, peers.echo, ns=home, port=443):
        result = run("ping", "-i", PACE, "tcp://localhost", ns=home, code=0)
    assert ping_text.summary(result).received == 4


def test_my_ping_over_tcp_echo_on_port_7(home):
    with Server("tcp-echo://127.0.0.1:7", ns=home):
        result = run("ping", "-i", PACE, "tcp-echo://localhost:7", ns=home, code=0)
    assert ping_text.summary(result).received == 4


# --- the Python clients -------------------------------------------------------------------------------


def side_by_side(*commands):
    """Run several commands at once; their Results. Each is (arguments, options of Process)."""
    with contextlib.ExitStack() as stack:
        processes = [stack.enter_context(Process(*args, **options)) for args, options in commands]
        return [process.wait() for process in processes]


def test_python_clients_with_their_defaults(home):
    programs = [seed(f"{transport}_client.py") for transport in ("tcp", "udp")]
    with Server("tcp-echo", ns=home) as tcp, Server("udp-echo", ns=home) as udp:
        assert [tcp.listening[0].port, udp.listening[0].port] == [8888, 8888]
        begin = time.monotonic()
        results = side_by_side(*((program["args"], {"binary": program["binary"], "ns": home}) for program in programs))
        seconds = time.monotonic() - begin
    for result in results:
        assert result.code == 0, result
        assert len(re.findall(r"seq=\d time=", result.out)) == 4
    assert 3.0 <= seconds < 5.9, "side by side"


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_python_client_with_its_options(transport):
    with Server(f"{transport}-echo", "--host", "127.0.0.1", "--port", "0") as server:
        port = server.port(f"{transport}-echo")
        result = run_seed(f"{transport}_client.py", "--host", "127.0.0.1", "--port", port, "--count", "20", "--interval", "0.005")
    assert result.code == 0, result
    assert len(re.findall(r"seq=\d+ time=", result.out)) == 20


# --- the Python servers -------------------------------------------------------------------------------


def test_python_servers_with_all_defaults(home):
    with seed_server("tcp_server.py", ns=home) as tcp, seed_server("udp_server.py", ns=home) as udp:
        assert [tcp, udp] == [8888, 8888]
        begin = time.monotonic()
        results = side_by_side(*((("ping", "--kind", kind), {"ns": home}) for kind in ("tcp-echo", "udp-echo")))
        seconds = time.monotonic() - begin
    for result in results:
        assert result.code == 0, result
        found = ping_text.summary(result)
        assert (found.sent, found.received) == (4, 4)
    assert 3.0 <= seconds < 5.9, "count 4, interval 1 s, side by side"


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_python_server_with_the_option_names_of_its_client(transport):
    kind = f"{transport}-echo"
    with seed_server(f"{transport}_server.py", "--port", "0") as port:
        options = ("--host", "127.0.0.1", "--port", port, "--count", "5", "--interval", "0.2")
        result = run("ping", "--kind", kind, *options, code=0)
    found = ping_text.summary(result)
    assert (found.sent, found.received) == (5, 5)


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize("size", [1, 12, 56, 1000])
def test_python_server_with_payloads_it_can_take(transport, size):
    with seed_server(f"{transport}_server.py", "--port", "0") as port:
        result = run("ping", "-c5", "-i", PACE, "-s", size, f"{transport}-echo://127.0.0.1:{port}", code=0)
    assert ping_text.summary(result).received == 5


def test_python_pong_server_at_the_default_port(home):
    with seed_server("rust_like_pong.py", ns=home) as port:
        assert port == 42422
        result = run("ping", "--kind", "pong", "-i", PACE, ns=home, code=0)
    assert ping_text.summary(result).received == 4


# --- the flaws of the Rust server must not return -----------------------------------------------------


def converse(server, data=b"", end=None):
    """Connect, send, and leave as `end(sock)` says (default: an orderly close)."""
    sock = socket.create_connection(("127.0.0.1", server.port("pong")), timeout=5)
    sock.sendall(data)
    end(sock) if end else sock.close()


def assert_prompt(server):
    """A newcomer's `ping` is answered, and at once."""
    begin = time.monotonic()
    with socket.create_connection(("127.0.0.1", server.port("pong")), timeout=5) as sock:
        sock.sendall(b"ping\n")
        assert sock.recv(100).startswith(b"pong ")
    assert time.monotonic() - begin < 1.0


OFFENCES = {
    "connect and close": lambda server: converse(server),
    "an empty line": lambda server: converse(server, b"\n"),
    "one byte that is not UTF-8": lambda server: converse(server, b"\xff"),
    "a line that is not UTF-8": lambda server: converse(server, b"ping \xc3\x28\xff\n"),
    "a NUL": lambda server: converse(server, b"\0\n"),
    "a reset": lambda server: converse(server, b"ping\n", peers.reset),
    "a reset before a word": lambda server: converse(server, b"", peers.reset),
    "a reset in mid line": lambda server: converse(server, b"pi", peers.reset),
    "an unknown host": lambda server: converse(server, b"ping no-such-host.invalid\n"),
    "an unknown kind": lambda server: converse(server, b"ping gopher://127.0.0.1\n"),
    "half a line": lambda server: converse(server, b"ping"),
    "a half close": lambda server: converse(server, b"", lambda sock: sock.shutdown(socket.SHUT_WR)),
}


@pytest.mark.workers
@pytest.mark.parametrize("offence", OFFENCES.values(), ids=OFFENCES.keys())
def test_the_server_survives(offence):
    with Server("pong://127.0.0.1:0", "--workers", "1") as server:
        for _ in range(20):
            offence(server)
        assert_prompt(server)


@pytest.mark.workers
def test_a_silent_client_delays_nobody():
    with Server("pong://127.0.0.1:0", "--workers", "1") as server, contextlib.ExitStack() as silent:
        for _ in range(50):
            silent.enter_context(socket.create_connection(("127.0.0.1", server.port("pong")), timeout=5))
        assert_prompt(server)


def test_an_unknown_host_is_answered_and_the_connection_stays():
    with Server("pong://127.0.0.1:0") as server:
        with socket.create_connection(("127.0.0.1", server.port("pong")), timeout=10) as sock, sock.makefile("rb") as lines:
            sock.sendall(b"ping no-such-host.invalid\nping\n")
            assert lines.readline().startswith(b"error ")
            assert re.fullmatch(rb"pong \d+\n", lines.readline())


def test_a_client_with_an_unknown_host_delays_no_other():
    with Server("pong://127.0.0.1:0", "--workers", "1") as server:
        with socket.create_connection(("127.0.0.1", server.port("pong")), timeout=10) as asker:
            asker.sendall(b"ping no-such-host.invalid\n")
            assert_prompt(server)


# --- all of them at once, and other people's echo servers ---------------------------------------------


def test_all_at_once(home):
    nc = need_tool("nc")
    options = ("--count", "30", "--interval", "0.01")
    with Server(ns=home, expect=8) as server:
        assert {(each.kind, each.host, each.port) for each in server.listening} == {
            (kind, host, port) for kind, port in (("pong", 42422), ("tcp-echo", 8888), ("udp-echo", 8888), ("stamp", 862)) for host in ("127.0.0.1", "::1")
        }
        with contextlib.ExitStack() as stack:
            running = [stack.enter_context(Process("ping", "--kind", kind, *options, ns=home)) for kind in ("tcp-echo", "udp-echo", "pong")]
            for name in ("tcp_client.py", "udp_client.py"):
                program = seed(name, *options)
                running.append(stack.enter_context(Process(*program["args"], binary=program["binary"], ns=home)))
            assert run("-N", "-w", "2", "localhost", "42422", binary=nc, ns=home, stdin=b"ping\n").out.startswith("pong ")
            for process in running:
                result = process.wait()
                assert result.code == 0, result
        server.stop(signal.SIGTERM)


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_socat_echo(transport, home):
    socat = need_tool("socat")
    name = transport.upper()
    with Process(f"{name}4-LISTEN:8888,fork,bind=127.0.0.1", "EXEC:cat", binary=socat, ns=home):
        type_ = socket.SOCK_STREAM if transport == "tcp" else socket.SOCK_DGRAM
        wait_until(lambda: listen(home, "127.0.0.1", 8888, type_), "socat listens")
        result = run("ping", "--kind", f"{transport}-echo", "-i", PACE, ns=home, code=0)
    assert ping_text.summary(result).received == 4


XINETD = """
service echo
{{
	type = INTERNAL
	id = echo-{socket}
	socket_type = {socket}
	protocol = {protocol}
	port = 7
	user = root
	wait = {wait}
	disable = no
	bind = 127.0.0.1
}}
"""


def test_xinetd_echo(home, tmp_path):
    xinetd = need_tool("xinetd")
    need_root()
    config = tmp_path / "xinetd.conf"
    config.write_text(
        XINETD.format(socket="stream", protocol="tcp", wait="no") + XINETD.format(socket="dgram", protocol="udp", wait="yes")
    )
    with Process("-f", config, "-dontfork", "-pidfile", tmp_path / "pid", binary=xinetd, ns=home):
        for type_ in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            wait_until(lambda type_=type_: listen(home, "127.0.0.1", 7, type_), "xinetd listens")
        for kind in ("tcp-echo", "udp-echo"):
            result = run("ping", "-i", PACE, f"{kind}://127.0.0.1:7", ns=home, code=0)
            assert ping_text.summary(result).received == 4
