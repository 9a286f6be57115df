# SPDX-License-Identifier: MIT
"""What `serve` tells of itself on stderr: events, as logfmt or JSON, never so many that they harm."""
import contextlib
import datetime
import json
import re
import subprocess

import pytest

import harness
from clients import tools

PAIR = re.compile(r'([a-z_]+)=(?:"((?:[^"\\]|\\["\\])*)"|([^\s"=]+))(?: |$)')


def read_logfmt(line):
    pairs, end = {}, 0
    for match in PAIR.finditer(line):
        assert match.start() == end, f"no logfmt at {line[end:]!r} of {line!r}"
        key, quoted, plain = match.groups()
        assert key not in pairs, line
        pairs[key] = plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        end = match.end()
    assert end == len(line), line
    return pairs


def events(text, how):
    """Each line of stderr as a dictionary: `t`, `level` and `msg` come first."""
    read = json.loads if how == "json" else read_logfmt
    found = [read(line) for line in text.splitlines()]
    for event in found:
        assert list(event)[:3] == ["t", "level", "msg"], event
        assert event["level"] in ("info", "warning", "error"), event
    return found


def named(found, message):
    return [event for event in found if event["msg"] == message]


@pytest.mark.parametrize("how", ["text", "json"])
def test_a_life_is_told_in_order(family, how):
    with harness.Server(family.local("tcp-echo", 0), "--log", how, "--workers", "2") as server:
        pid = server.pid
        found = events(server.stop().err, how)
    assert [event["msg"] for event in found] == ["started", "draining", "stopped"]
    assert (int(found[0]["pid"]), int(found[0]["workers"])) == (pid, 2)
    assert found[1]["signal"] == "TERM" and int(found[1]["connections"]) == 0


@pytest.mark.parametrize("how", ["text", "json"])
def test_an_event_says_when_it_happened(how):
    with harness.Server("tcp-echo://127.0.0.1:0", "--log", how) as server:
        started = events(server.stop().err, how)[0]["t"]
    now = datetime.datetime.now(datetime.timezone.utc)
    if how == "json":
        then = datetime.datetime.fromtimestamp(started / 1e9, datetime.timezone.utc)
    else:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", started)
        then = datetime.datetime.fromisoformat(started.replace("Z", "+00:00"))
    assert abs((now - then).total_seconds()) < 60


@pytest.mark.parametrize("how", ["text", "json"])
def test_open_to_others_it_tells_the_limits_in_force(alone, how):
    with harness.Server("udp-echo://*:0", "-v", "--log", how, "--rate", "77", "--idle-timeout", "90s",
                        "--high-water", "256", "--high-water-total", "32", "--workers", "2",
                        expect=1, ns=alone) as server:
        found = events(server.stop().err, how)
    limits, = named(found, "open to other hosts")
    assert int(limits["datagrams_per_second"]) == 77 and limits["idle_timeout"] == "90s"
    assert limits["loop_guards"] == "on"
    assert int(limits["owed_by_one_bytes"]) == 256 << 10 and int(limits["owed_max_bytes"]) == 32 << 20
    assert int(named(found, "limits")[0]["memory_max_bytes"]) > 0
    assert named(found, "receive buffer")[0]["service"] == "udp-echo"


@pytest.mark.parametrize("how", ["text", "json"])
def test_who_is_turned_away_is_counted_not_told_one_by_one(family, how):
    with harness.Server(family.local("tcp-echo", 0), "--max-connections", "1", "--workers", "1",
                        "--log", how) as server, contextlib.ExitStack() as stack:
        port = server.port("tcp-echo")
        first = stack.enter_context(tools.connect(family.loopback, port))
        first.sendall(b"1")
        assert first.recv(1) == b"1"
        for _ in range(200):
            assert tools.closed_by_peer(stack.enter_context(tools.connect(family.loopback, port)))

        def told():
            return named(events(whole_lines(server.err), how), "connections turned away")

        harness.wait_until(lambda: told() and int(told()[-1]["total"]) == 200, "all 200 are told")
        assert len(told()) <= 5, "at most one a second"
        assert sum(int(event["count"]) for event in told()) == 200
        assert {event["service"] for event in told()} == {"tcp-echo"}


def whole_lines(text):
    return text[:text.rfind("\n") + 1]


def test_the_end_of_descriptors_is_told_once_and_their_return_once(family):
    prlimit = harness.need_tool("prlimit")
    with harness.Server(family.local("tcp-echo", 0), "--workers", "1") as server, \
            contextlib.ExitStack() as stack:
        port = server.port("tcp-echo")
        limit = tools.descriptors(server.pid) + 5
        subprocess.run([prlimit, f"--pid={server.pid}", f"--nofile={limit}:"], check=True)
        for _ in range(50):
            stack.enter_context(tools.connect(family.loopback, port))
        server.wait_err('level=warning msg="no descriptors left for new connections"')
        stack.close()
        subprocess.run([prlimit, f"--pid={server.pid}", f"--nofile={limit + 1000}:"], check=True)
        server.wait_err('level=info msg="descriptors for new connections again"')
        assert tools.tcp_echoes(family.loopback, port)
        found = events(server.stop().err, "text")
    assert len(named(found, "no descriptors left for new connections")) == 1
    assert len(named(found, "descriptors for new connections again")) == 1


def test_memory_used_up_by_those_who_do_not_read_is_told_once_and_its_return_once():
    with harness.Server("tcp-echo://127.0.0.1:0", "--workers", "1") as server, contextlib.ExitStack() as stack:
        port = server.port("tcp-echo")
        mutes = [stack.enter_context(tools.connect("127.0.0.1", port, rcvbuf=4096)) for _ in range(300)]

        def fill():
            for mute in mutes:
                mute.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    mute.send(b"m" * 262_144)
            return "is used up" in server.err

        harness.wait_until(fill, "64 MB are owed", 60)
        with tools.connect("127.0.0.1", port) as other:
            other.sendall(b"served")
            assert tools.receive_exactly(other, 6) == b"served"
        for mute in mutes:
            tools.reset(mute)
        server.wait_err('level=info msg="memory for peers that do not read again"')
        found = events(server.stop().err, "text")
    assert len(named(found, "memory for peers that do not read is used up")) == 1


def test_nothing_that_clients_send_reaches_the_log(family):
    with harness.Server(family.local("pong", 0), family.local("udp-echo", 0), "-v") as server:
        for word in (b"\x1b[2Jattack\n", b"attack level=error\n", "\u202eattack\n".encode()):
            with tools.connect(family.loopback, server.port("pong")) as sock:
                sock.sendall(word)
                assert tools.Lines(sock).next().startswith("error ")
            assert tools.udp_echoes(family.loopback, server.port("udp-echo"), word)
        text = server.stop().err
    assert "attack" not in text
    events(text, "text")


def test_a_wrong_command_line_is_a_sentence_and_no_event():
    result = harness.run("serve", "--log", "json", "--workers", "x\n\x1b", code=2)
    assert result.err.startswith("sounder: serve: ") and len(result.err.splitlines()) == 1
    assert "\x1b" not in result.err
    result = harness.run("serve", "--log", "xml", code=2)
    assert result.err == "sounder: serve: 'xml' is no way to log (text or json)\n"
