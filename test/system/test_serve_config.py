# SPDX-License-Identifier: MIT
"""`sounder serve --config FILE`: read at the start, and by SIGHUP again."""
import contextlib
import signal

import pytest

import harness
from clients import tools

pytestmark = pytest.mark.usefixtures("build")


@pytest.fixture
def file(tmp_path):
    return tmp_path / "sounder.conf"


def echoes(sock):
    sock.sendall(b"still here")
    return tools.receive_exactly(sock, 10) == b"still here"


def reloaded(server, words):
    """Have the file read again; the line that says what became of it."""
    before = len(server.err)
    server.signal(signal.SIGHUP)
    return harness.wait_until(lambda: next((line for line in server.err[before:].splitlines()
                                            if words in line), None), f"{words!r} is told")


def test_it_holds_endpoints_and_options_one_a_line(file, family):
    file.write_text(f"""# who is served
listen {family.local("tcp-echo", 0)}
  listen = {family.local("udp-echo", 0)}  # and so on

workers=1\r
\tmax-connections 2
verbose""")
    with harness.Server("--config", file, expect=2) as server, contextlib.ExitStack() as stack:
        server.wait_err('msg="limits" workers=1 max_connections=2')
        for _ in range(2):
            sock = stack.enter_context(tools.connect(family.loopback, server.port("tcp-echo")))
            sock.sendall(b"one of two")
            assert tools.receive_exactly(sock, 10) == b"one of two"
        third = stack.enter_context(tools.connect(family.loopback, server.port("tcp-echo")))
        assert tools.closed_by_peer(third)
        assert tools.udp_echoes(family.loopback, server.port("udp-echo"))


def test_the_command_line_comes_first(file):
    file.write_text("workers 1\nlisten udp-echo://127.0.0.1:0\nmax-connections 7\n")
    with harness.Server("--max-connections", "5", "tcp-echo://127.0.0.1:0", "-v", "--config", file) as server:
        assert [each.kind for each in server.listening] == ["tcp-echo"]
        server.wait_err('msg="limits" workers=1 max_connections=5')
    with harness.Server("--config", file, "--listen", "pong://127.0.0.1:0") as server:
        assert [each.kind for each in server.listening] == ["pong"]


@pytest.mark.parametrize("line, culprit", [
    ("ratte 5", "'--ratte' (did you mean '--rate'?)"),
    ("rate many", "'many'"),
    ("rate", "'--rate' needs a value"),
    ("relay yes", "'yes'"),
    ("workers 1000", "'1000'"),
    ("config other", "'config other'"),
    ("help", "'help'"),
    ("tcp-echo://127.0.0.1:0", "'--tcp-echo://127.0.0.1:0'"),
    ("rate 5\0", r"'rate 5\x00'"),
])
def test_a_wrong_line_is_named_with_file_line_and_culprit(file, line, culprit):
    file.write_text(f"# first\n\n{line}\n")
    result = harness.run("serve", "--config", file, code=2)
    assert len(result.err.splitlines()) == 1
    assert ":3: " in result.err and culprit in result.err, result.err


@pytest.mark.parametrize("line, culprit", [("listen nonsense://*", "nonsense"), ("allow-source-port x", "'x'"),
                                           ("log loudly", "'loudly'")])
def test_a_wrong_value_is_named(file, line, culprit):
    file.write_text(f"{line}\n")
    assert culprit in harness.run("serve", "--config", file, code=2).err


def test_a_file_that_is_not_there_or_too_long_is_named(tmp_path):
    missing = tmp_path / "none"
    assert "cannot open" in harness.run("serve", "--config", missing, code=2).err
    assert "cannot read" in harness.run("serve", "--config", tmp_path, code=2).err
    missing.write_text("# long\n" * 20_000)
    assert "longer than 65536 bytes" in harness.run("serve", "--config", missing, code=2).err


def test_sighup_changes_what_can_change_and_drops_no_connection(file, family):
    file.write_text("max-connections 3\n")
    with harness.Server(family.local("tcp-echo", 0), family.local("pong", 0), "--workers", "2",
                        "--config", file) as server, contextlib.ExitStack() as stack:
        port = server.port("tcp-echo")
        old = [stack.enter_context(tools.connect(family.loopback, port)) for _ in range(3)]
        assert all(echoes(sock) for sock in old), "they are taken in, not only queued"
        for limit in (1, 3, 2):
            file.write_text(f"max-connections {limit}\nlog text\n")
            reloaded(server, "options read again")
            assert all(echoes(sock) for sock in old)
        with tools.connect(family.loopback, port) as newcomer:
            assert tools.closed_by_peer(newcomer), "three are there already"


@pytest.mark.workers
def test_a_shorter_time_out_holds_for_those_who_are_idle_already(file, family):
    file.write_text("idle-timeout 1h\n")
    with harness.Server(family.local("tcp-echo", 0), "--workers", "2", "--config", file) as server:
        with tools.connect(family.loopback, server.port("tcp-echo")) as sock:
            sock.sendall(b"x")
            assert sock.recv(1) == b"x"
            file.write_text("idle-timeout 100ms\n")
            reloaded(server, "options read again")
            assert tools.closed_by_peer(sock)
        file.write_text("")
        reloaded(server, "options read again")
        assert tools.tcp_echoes(family.loopback, server.port("tcp-echo"))


def answers_port_53(namespace, family, port):
    with namespace.call(tools.datagram_socket, family.loopback, port, family.loopback, 53) as sock:
        sock.send(b"from a port that is known for loops")
        return not tools.silent(sock, 0.3)


@pytest.mark.workers
def test_guards_change_while_it_runs(file, family, alone):
    file.write_text("")
    with harness.Server(family.local("udp-echo", 9000), "--config", file, ns=alone) as server:
        assert not answers_port_53(alone, family, 9000)
        for text, answered in (("allow-source-port 53", True), ("rate 0", False), ("", False)):
            file.write_text(text + "\n")
            reloaded(server, "options read again")
            assert answers_port_53(alone, family, 9000) == answered, text


def answered(namespace, family, host, count):
    """How many of so many datagrams, sent at once, are answered."""
    with namespace.call(tools.datagram_socket, host, 9000) as sock:
        for number in range(count):
            sock.send(b"%d" % number)
        got = 0
        while not tools.silent(sock, 0.3):
            sock.recv(100)
            got += 1
        return got


def test_the_rate_changes_while_it_runs(file, family, pair):
    file.write_text("rate 10\n")
    host = pair.a.address(family)
    with harness.Server(family.url("udp-echo", host, 9000), "--workers", "1", "--config", file, ns=pair.a) as server:
        assert answered(pair.b, family, host, 200) < 150
        file.write_text("rate 0\n")
        reloaded(server, "options read again")
        assert answered(pair.b, family, host, 200) == 200
        file.write_text("rate 10\n")
        reloaded(server, "options read again")
        assert answered(pair.b, family, host, 200) < 150


def test_whom_the_relay_may_ask_changes_while_it_runs(file, family):
    file.write_text("")
    with harness.Server(family.local("pong", 0), family.local("tcp-echo", 0), "--config", file) as server:
        target = f"ping tcp://{family.url('tcp', family.loopback, server.port('tcp-echo')).partition('://')[2]}"
        with tools.connect(family.loopback, server.port("pong")) as sock:
            lines = tools.Lines(sock)
            assert lines.ask(target).startswith("error cannot ask")
            file.write_text("relay-allow 127.0.0.0/8\nrelay-allow ::1\n")
            reloaded(server, "options read again")
            assert lines.ask(target).startswith("reply seq=1 ")
            assert [lines.next() for _ in range(4)][-1].startswith("done ")
            file.write_text("")
            reloaded(server, "options read again")
            assert lines.ask(target).startswith("error cannot ask")


@pytest.mark.parametrize("text, why", [
    ("max-connections 1\nratte 5\n", ":2: unknown option '--ratte'"),
    ("max-connections 1\nworkers 3\n", "'workers' cannot change while the server runs"),
    ("max-connections 1\nlisten udp-echo://127.0.0.1:0\n", "'listen' cannot change"),
    ("max-connections 4\n", "'4' connections are more than there was room for"),
    ("max-connections 1\nrelay-allow nonsense\n", "'nonsense'"),
    ("max-connections 1\nallow-source-port 0\n", "'0' is no port"),
    ("max-connections 1\nhandover /tmp/door\n", "'handover' cannot change"),
    (None, "cannot open"),
])
def test_one_bad_line_and_all_of_the_old_stays(file, text, why):
    file.write_text("max-connections 3\nlisten tcp-echo://127.0.0.1:0\n")
    with harness.Server("--config", file) as server, contextlib.ExitStack() as stack:
        old = stack.enter_context(tools.connect("127.0.0.1", server.port("tcp-echo")))
        if text is None:
            file.unlink()
        else:
            file.write_text(text if "listen" in text else text + "listen tcp-echo://127.0.0.1:0\n")
        line = reloaded(server, "options stay as they were")
        assert why in line
        assert [event for event in server.err.splitlines() if "level=warning" in event] == [line]
        for sock in (old, *(stack.enter_context(tools.connect("127.0.0.1", server.port("tcp-echo"))) for _ in range(2))):
            sock.sendall(b"as before")
            assert tools.receive_exactly(sock, 9) == b"as before"


def test_a_reload_after_a_refused_one_is_taken(file):
    with harness.Server("tcp-echo://127.0.0.1:0", "--config", file.touch() or file) as server:
        file.write_text("workers 9\n")
        reloaded(server, "options stay as they were")
        file.write_text("log json\n")
        assert reloaded(server, "options read again").startswith("{")


@pytest.mark.workers
def test_a_hundred_reloads_under_load_lose_nothing(file, family):
    file.write_text("rate 5\n")
    with harness.Server(family.local("tcp-echo", 0), family.local("udp-echo", 0), family.local("pong", 0),
                        "--workers", "2", "--config", file) as server:
        descriptors = tools.descriptors(server.pid)
        for number in range(100):
            file.write_text(f"rate {number}\nrelay-allow 10.0.0.{number}\nallow-source-port {number + 1}\nidle-timeout {number + 60}\n")
            server.signal(signal.SIGHUP)
            assert tools.tcp_echoes(family.loopback, server.port("tcp-echo"))
            assert tools.udp_echoes(family.loopback, server.port("udp-echo"))
        harness.wait_until(lambda: tools.descriptors(server.pid) == descriptors, "nothing is left open")
