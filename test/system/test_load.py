# SPDX-License-Identifier: MIT
"""`sounder load`: closed and open loops of every kind, what is told of them, and to whom."""
import os
import pty
import re
import signal
import threading
import time

import pytest

import harness
from harness import IPV4, Process, Server, run
from peers import TcpPeer, UdpPeer, closed_port, echo
from test_json import of_type, records_of

KINDS = ("tcp-echo", "udp-echo", "pong", "stamp")
BRIEF = ("-d", "500ms", "--warmup", "100ms")


@pytest.fixture
def server(family):
    with Server(*(family.local(kind, 0) for kind in KINDS)) as server:
        yield server


@pytest.fixture
def echo_server():
    with Server(IPV4.local("tcp-echo", 0)) as server:
        yield server


def load(*args, code=0):
    """The records of a run, valid by the schema."""
    return records_of(run("load", "-J", *args, code=code).out)


def summary_of(records):
    found = of_type(records, "load_summary")
    assert len(found) == 1 and records[-1] is found[0], records
    return found[0]


def assert_adds_up(summary):
    failed = [summary[name] for name in ("lost", "refused", "reset", "corrupt", "unsent")]
    assert summary["failed"] == sum(failed)
    assert summary["uncorrected"]["count"] == summary["answered"]


# --- loops ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_closed_loop(server, kind):
    summary = summary_of(load("-c", 8, *BRIEF, server.url(kind)))
    assert summary["pace"] == "closed"
    assert summary["answered"] > 100 and summary["failed"] == 0, summary
    assert "corrected" not in summary, "nobody knows when a closed loop would have asked"
    assert_adds_up(summary)


@pytest.mark.parametrize("pace", [(), ("--poisson",)], ids=["constant", "poisson"])
@pytest.mark.parametrize("kind", KINDS)
def test_an_open_loop(server, kind, pace):
    summary = summary_of(load("-c", 8, "-R", 1000, *pace, "--seed", 1, *BRIEF, server.url(kind)))
    settled = summary["answered"] + summary["failed"]
    assert summary["answered"] > 0 and summary["corrected"]["count"] == summary["answered"]
    assert_adds_up(summary)
    if pace:
        assert 300 < settled < 700, "some 500"
    else:
        assert settled == 500, "each has a fate"


def test_several_in_flight_on_a_connection(server):
    records = load("-c", 2, "--depth", 16, *BRIEF, server.url("tcp-echo"))
    assert records[0]["depth"] == 16
    assert summary_of(records)["answered"] > 100


def test_a_connection_for_each_request(server):
    summary = summary_of(load("-c", 4, "--reconnect", *BRIEF, server.url("pong")))
    assert summary["answered"] > 10
    assert summary["connects"] >= summary["answered"]


def test_a_ramp_asks_for_what_lies_between(echo_server):
    summary = summary_of(load("--ramp", "100..1900", "-d", "1s", "--warmup", "0", echo_server.url("tcp-echo")))
    assert 995 <= summary["answered"] + summary["failed"] <= 1005


def test_sizes_take_turns(family):
    with UdpPeer(family, lambda data, n: [data]) as peer:
        run("load", "-c", 3, "-s", "64,512,1400", "-R", 300, *BRIEF, family.local("udp-echo", peer.port), code=0)
        assert {len(data) for data in peer.heard} == {64, 512, 1400}


def test_several_targets_share_it(family):
    with TcpPeer(family, echo) as one, TcpPeer(family, echo) as two:
        records = load("-c", 4, "-R", 200, *BRIEF, family.local("tcp-echo", one.port), family.local("tcp-echo", two.port))
        assert (one.count, two.count) == (2, 2)
    assert records[0]["target"] == " ".join(family.local("tcp-echo", peer.port) for peer in (one, two))


@pytest.mark.workers
def test_threads_share_it(server):
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("machine: one CPU")
    records = load("-t", 2, "-c", 5, "-R", 2000, "-d", "2s", "--warmup", "100ms", server.url("udp-echo"))
    summary = summary_of(records)
    assert records[0]["threads"] == 2 and records[0]["connections"] == 5
    assert summary["answered"] + summary["failed"] == 4000
    assert of_type(records, "load_progress"), "of both threads together"


@pytest.mark.workers
def test_threads_leave_nothing_out(family):
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("machine: one CPU")
    with UdpPeer(family, lambda data, n: [data]) as one, UdpPeer(family, lambda data, n: [data]) as two:
        run("load", "-t", 2, "-c", 4, "-s", "64,512", "-R", 200, *BRIEF,
            family.local("udp-echo", one.port), family.local("udp-echo", two.port), code=0)
        for peer in (one, two):
            assert {len(data) for data in peer.heard} == {64, 512}


def test_connections_that_cannot_be_made_are_errors(family):
    """Even where another server takes all of the load."""
    with TcpPeer(family, echo) as peer:
        targets = [family.local("tcp-echo", port) for port in (peer.port, closed_port(family))]
        summary = summary_of(load("-c", 2, *BRIEF, "--fail-if", "errors>0", *targets, code=1))
    assert summary["answered"] > 0 and summary["failed"] == 0 and summary["connect_failures"] > 0


def test_any_line_server(family):
    asked = set()

    def serve(connection, number):
        lines = connection.makefile("rb")
        while line := lines.readline():
            asked.add(line)
            connection.sendall(b"+PONG and more\n")

    with TcpPeer(family, serve) as peer:
        summary = summary_of(load("-c", 2, "-R", 200, *BRIEF, family.local("line", peer.port), "--send", "PING", "--expect", "+PONG"))
    assert summary["answered"] > 0 and summary["failed"] == 0
    assert asked == {b"PING\r\n"}


def test_wrong_answers_are_no_answers(family):
    with TcpPeer(family, lambda connection, n: connection.recv(100) and connection.sendall(b"-ERR\r\n")) as peer:
        args = ("-c", 1, "-R", 50, "-W", "100ms", *BRIEF, family.local("line", peer.port), "--send", "x", "--expect", "+")
        summary = summary_of(load(*args, code=1))
    assert summary["answered"] == 0 and summary["failed"] > 0


# --- who does not answer ----------------------------------------------------------------------------------


def test_nobody_there(family):
    summary = summary_of(load("-c", 2, "-R", 100, *BRIEF, family.local("tcp-echo", closed_port(family)), code=1))
    assert summary["answered"] == 0
    assert summary["failed"] == 50
    assert summary["connect_failures"] > 0


def test_silence_is_loss(family):
    with UdpPeer(family, lambda data, n: []) as peer:
        args = ("-c", 2, "-R", 100, "-W", "100ms", *BRIEF, family.local("udp-echo", peer.port))
        summary = summary_of(load(*args, code=1))
    assert summary["lost"] == 50


def test_a_frozen_server_shows_in_the_corrected_times(echo_server):
    def freeze():
        echo_server.signal(signal.SIGSTOP)
        threading.Timer(0.2, echo_server.signal, (signal.SIGCONT,)).start()

    threading.Timer(1.5, freeze).start()
    summary = summary_of(load("-R", 20000, "-d", "2s", "-c", 8, echo_server.url("tcp-echo")))
    assert summary["corrected"]["max_ns"] >= 190e6
    assert summary["answered"] > 0
    assert summary["answered"] + summary["failed"] == 40000


def test_a_name_with_an_address_that_does_not_answer():
    """localhost is ::1 first, as a rule; nobody listens there."""
    with Server(IPV4.local("tcp-echo", 0)) as server:
        result = run("load", *BRIEF, f"tcp-echo://localhost:{server.port('tcp-echo')}", code=0)
    assert "(127.0.0.1)" in result.lines[0]


# --- what it says -------------------------------------------------------------------------------------------


def test_text_for_people(server, family):
    result = run("load", "-R", 500, *BRIEF, server.url("tcp-echo"), code=0)
    assert result.lines[0].startswith(f"LOAD {server.url('tcp-echo')} ({family.loopback}) 56 bytes, open loop at 500/s, for 500ms")
    assert f"--- {server.url('tcp-echo')} load statistics ---" in result.lines
    assert re.search(r"^p99 +\d+\.\d{3} +\d+\.\d{3}$", result.out, re.M), result.out
    assert re.search(r"^generator: .* of a CPU by its busiest thread", result.out, re.M)
    assert result.err == "" and "\r" not in result.out, "no terminal, no progress"


@pytest.mark.parametrize("duration", ["2s", "2500ms"])
def test_records_progress_each_second_and_none_when_quiet(echo_server, duration):
    args = ("-R", 100, "-d", duration, "--warmup", "0", echo_server.url("tcp-echo"))
    types = [record["type"] for record in load(*args)]
    assert types == ["load_start", "load_progress", "load_progress", "load_summary"]
    assert [record["type"] for record in load("-q", *args)] == ["load_start", "load_summary"]


def test_records_in_a_file_beside_the_text(echo_server, tmp_path):
    result = run("load", "-o", tmp_path / "run.ndjson", *BRIEF, echo_server.url("tcp-echo"), code=0)
    assert result.lines[0].startswith("LOAD ")
    assert summary_of(records_of((tmp_path / "run.ndjson").read_text()))["answered"] > 0


def test_a_percentile_file(echo_server, tmp_path):
    path = tmp_path / "run.hgrm"
    summary = summary_of(load("-R", 1000, "--hgrm", path, *BRIEF, echo_server.url("tcp-echo")))
    rows = [line.split() for line in path.read_text().splitlines() if re.match(r" *\d", line)]
    counts = [int(row[2]) for row in rows]
    assert counts == sorted(counts) and counts[-1] == summary["corrected"]["count"]
    assert float(rows[-1][1]) == 1


def terminal(*args, enough=None):
    """What a run writes to a terminal; interrupted once it has written `enough`."""
    master, slave = pty.openpty()
    with Process("load", *args, stdin=slave, stdout=slave, stderr=slave) as process:
        os.close(slave)
        text = b""
        try:
            while data := os.read(master, 65536):
                text += data
                if enough and re.search(enough, text):
                    process.signal(signal.SIGINT)
                    enough = None
        except OSError:
            pass  # all have closed it
        code = process.wait().code
    os.close(master)
    return text.decode(), code


def test_a_terminal_shows_how_it_stands_in_one_place(echo_server):
    args = ("-R", 100, "-d", "0", "--warmup", "0", echo_server.url("tcp-echo"))
    text, code = terminal(*args, enough=rb"2s: ")
    assert code == 0
    assert re.search(r"\r\x1b\[K1s: \d+/s, .*?\r\x1b\[K2s: \d+/s, [^\n]*\r\x1b\[K\r\n--- ", text), ascii(text)


def test_a_quiet_run_shows_nothing_of_it(echo_server):
    text, code = terminal("-q", "-R", 100, "-d", "1200ms", "--warmup", "0", echo_server.url("tcp-echo"))
    assert code == 0 and "\x1b" not in text


# --- judging --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wish, code", [("errors>0", 0), ("p99>30s", 0), ("rate<100000000", 1), ("p50>=0", 1), ("loss>50%", 0)])
def test_fail_if(echo_server, wish, code):
    result = run("load", "--fail-if", wish, *BRIEF, echo_server.url("tcp-echo"), code=code)
    assert (f"fails '{wish}'" in result.err) == bool(code), result.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_its_report(echo_server, number):
    with Process("load", "-J", "-d", "0", "--warmup", "0", echo_server.url("tcp-echo")) as process:
        process.wait_line(r'"load_progress"')
        process.signal(number)
        result = process.wait()
    summary = summary_of(records_of(result.out))
    assert result.code == 0 and summary["answered"] > 0
    assert summary["measured_ns"] > 0


def test_a_signal_in_the_warm_up_leaves_nothing_to_tell(echo_server):
    with Process("load", "-J", "--warmup", "1h", echo_server.url("tcp-echo")) as process:
        process.wait_line(r'"load_start"')
        process.signal(signal.SIGINT)
        result = process.wait()
    assert result.code == 1
    assert summary_of(records_of(result.out))["measured_ns"] == 0


# --- the generator and the server ------------------------------------------------------------------------------


def test_a_bottleneck_that_is_the_generators_is_told():
    """Frozen itself, it is late with everything that was due meanwhile."""
    with Server(IPV4.local("udp-echo", 0)) as server:
        with Process("load", "-J", "-R", 1000, "-d", "3s", "--warmup", "0", server.url("udp-echo")) as process:
            process.wait_line(r'"load_progress"')
            process.signal(signal.SIGSTOP)
            threading.Timer(0.5, process.signal, (signal.SIGCONT,)).start()
            result = process.wait()
    generator = summary_of(records_of(result.out))["generator"]
    assert generator["bottleneck"] is True
    assert generator["lag"]["max_ns"] > 100e6


def test_what_the_server_takes(echo_server):
    summary = summary_of(load("-c", 4, "-d", "1s", "--server-pid", echo_server.pid, echo_server.url("tcp-echo")))
    watched = summary["server"]
    assert 0 < watched["cpu_ns"] < 4e9, watched
    assert watched["rss_bytes"] > 1 << 20
    assert 0 < watched["cpu_ns_per_answer"] < 1e7


# --- latency under load ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["icmp", "tcp", "tcp-echo", "stamp"])
def test_a_gentle_ping_beside_it(server, kind):
    with_ping = server.url(kind) if kind == "stamp" else kind
    summary = summary_of(load("-R", 100, "-d", "1s", "--with-ping", with_ping, server.url("tcp-echo")))
    for side in ("ping_idle", "ping_loaded"):
        assert summary[side]["sent"] > 10 and "rtt" in summary[side], summary[side]
    assert ("forward_pdv" in summary["ping_loaded"]) == (kind == "stamp")


def test_a_gentle_ping_is_told_to_people(server):
    result = run("load", "-R", 100, *BRIEF, "--with-ping", "udp-echo", server.url("udp-echo"), code=0)
    assert f"latency under load, by {server.url('udp-echo')}: " in result.out


def test_what_is_awaited_after_the_load_is_no_part_of_it(server, family):
    with UdpPeer(family, lambda data, n: []) as silent:
        summary = summary_of(load("-R", 10, "-d", "500ms", "--warmup", "0", "-W", "2s", "--with-ping", server.url("udp-echo"),
                                  family.local("udp-echo", silent.port), code=1))
    assert 0 < summary["ping_loaded"]["sent"] < 30, "every 50 ms"


def test_a_signal_ends_the_waiting_for_the_last_probes(server, family):
    with UdpPeer(family, lambda data, n: []) as silent:
        args = ("-J", *BRIEF, "-W", "1h", "--with-ping", family.local("udp-echo", silent.port), server.url("tcp-echo"))
        with Process("load", *args) as process:
            process.wait_line(r'"load_start"')
            time.sleep(4)  # two of them before the load
            process.signal(signal.SIGINT)
            result = process.wait()
    assert result.code == 0 and summary_of(records_of(result.out))["answered"] > 0


# --- wrong lines ---------------------------------------------------------------------------------------------------

WRONG = [
    ([], None, "no target"),
    (["icmp://127.0.0.1"], "icmp", "udp-echo"),
    (["tcp://127.0.0.1:1"], "tcp", "tcp-echo"),
    (["127.0.0.1"], "127.0.0.1", "tcp-echo://127.0.0.1"),
    (["udp-echo://127.0.0.1:1", "--hold", "5"], "--hold", "connections"),
    (["udp-echo://127.0.0.1:1", "--reconnect"], "--reconnect", "connections"),
    (["pong://127.0.0.1:1", "--ramp", "1-2"], "1-2", r"1000\.\.20000"),
    (["pong://127.0.0.1:1", "--find", "jitter<1ms"], "jitter", "p99"),
    (["pong://127.0.0.1:1", "-s", "1,x"], "1,x", "64,512"),
    (["pong://127.0.0.1:1", "-c", "0"], "0", "connections"),
    (["pong://127.0.0.1:1", "pong://127.0.0.1:2", "-c", "1"], "-c 1", "2 endpoints"),
    (["tcp-echo://127.0.0.1:1", "-s", "1,2,3", "-c", "2"], "-c 2", "3 sizes"),
    (["udp-echo://127.0.0.1:1", "-s", "2", "--depth", "8"], "--depth 8", "2 bytes"),
    (["pong://127.0.0.1:1", "--reconnect", "--depth", "8"], "--depth 8", "--reconnect"),
    (["pong://127.0.0.1:1", "--hold", "5", "--warmup", "1s"], "--warmup", "beside '--hold'"),
    (["pong://127.0.0.1:1", "-c", "1000", "-t", "1000"], "-t 1000", "CPUs"),
    (["pong://127.0.0.1:1", "-t", "3", "-c", "2"], "-t 3", "-c 2"),
    (["pong://127.0.0.1:1", "--server-pid", "2147483647"], "2147483647", "no such process"),
    (["pong://127.0.0.1:1", "--with-ping", "ftp"], "ftp", ""),
    (["pong://127.0.0.1:1", "--with-ping", "gopher://127.0.0.1"], "gopher", ""),
    (["pong://127.0.0.1:1", "--cnnections", "4"], "--cnnections", "--connections"),
    (["pong://127.0.0.1:1", "--send", "x"], "--send x", "line://"),
    (["pong://127.0.0.1:1", "--hgrm", "/nonexistent/x"], "/nonexistent/x", "no such file"),
    (["pong://127.0.0.1:1", "-o", "/nonexistent/x"], "/nonexistent/x", "no such file"),
    (["pong://127.0.0.1:1", "-J", "--hgrm", "-"], "--hgrm -", "another file"),
    (["pong://127.0.0.1:1", "-o", "-", "--hgrm", "-"], "--hgrm -", "another file"),
    (["pong://127.0.0.1:1", "-o", "/nonexistent/x", "--hgrm", "/nonexistent/x"], "--hgrm /nonexistent/x", "another file"),
    (["pong://127.0.0.1:1", "--hold", "16777216"], "--hold 16777216", "limit"),
    (["pong://127.0.0.1:1", "--poisson"], "--poisson", "rate"),
    (["line://127.0.0.1:1"], "line", "--send"),
    (["stamp://127.0.0.1:1", "-s", "43"], "43", "too small"),
    (["tcp-echo://[::1]:1", "-4"], "::1", "IPv4"),
]


@pytest.mark.parametrize("args, culprit, hint", WRONG, ids=lambda each: ascii(each)[:40])
def test_one_sentence(build, args, culprit, hint):
    result = run("load", *args, code=2)
    assert result.out == ""
    assert re.fullmatch(r"sounder: load: [^\n]+\n", result.err), result
    if culprit is not None:
        assert culprit in re.findall(r"'([^']*)'", result.err), result
    assert re.search(hint, result.err), result


def test_icmp_without_permission_is_told_with_the_ways_out():
    harness.need_root()
    harness.need_tool("setpriv")
    with Server(IPV4.local("tcp-echo", 0)) as server:
        with harness.Namespace("u") as namespace:
            drop = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all")
            result = run("load", "--with-ping", "icmp", server.url("tcp-echo"), ns=namespace, prefix=drop, code=2)
    assert "setcap" in result.err and "ping_group_range" in result.err


def test_help_names_every_option(build):
    result = run("load", "--help", code=0)
    for name in ("--connections", "--rate", "--ramp", "--find", "--hold", "--server-pid", "--with-ping", "--hgrm"):
        assert name in result.out
    assert "load" in run("--help", code=0).out
