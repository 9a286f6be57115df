# SPDX-License-Identifier: MIT
"""The command line: wrong ones give one sentence that names the culprit and exit code 2, at once; right
ones are understood in whatever order and spelling."""
import re
import socket
import subprocess

import pytest

import ping_text
from harness import IPV4, Server, command, environment, need_root, run
from peers import UdpPeer

HERE = "tcp://127.0.0.1:1"
LONG = "x" * 4096
BIDI = "\u202e\u2066"

# (arguments, what the quotes hold or None where nothing is to blame, what else the line says)
WRONG = [
    # ping: no target, wrong targets
    (["ping"], None, ""),
    (["ping", ""], "", ""),
    (["ping", "--host", "127.0.0.1", "--kind", "telnet"], "telnet", ""),
    (["ping", "--kind", "udp-ecoh"], "udp-ecoh", "udp-echo"),
    (["ping", "--kind", ""], "", ""),
    (["ping", "gopher://127.0.0.1"], "gopher", ""),
    (["ping", "tpc://127.0.0.1"], "tpc", "tcp"),
    (["ping", "-s", "43", "stamp://127.0.0.1"], "43", ""),
    (["ping", "tcp-echo://[::1"], "tcp-echo://[::1", ""),
    (["ping", "tcp-echo://::1]"], "::1]", ""),
    (["ping", "tcp-echo://[]:8888"], "tcp-echo://[]:8888", ""),
    (["ping", "tcp-echo://[::1]x"], "[::1]x", ""),
    (["ping", "tcp-echo://[127.0.0.1]:8888"], "127.0.0.1", ""),
    (["ping", "tcp-echo://[::1]:"], "tcp-echo://[::1]:", ""),
    (["ping", "udp-echo://127.0.0.1:99999"], "99999", ""),
    (["ping", "udp-echo://127.0.0.1:65536"], "65536", ""),
    (["ping", "udp-echo://127.0.0.1:-1"], "-1", ""),
    (["ping", "udp-echo://127.0.0.1:8888x"], "8888x", ""),
    (["ping", "udp-echo://127.0.0.1:0x50"], "0x50", ""),
    (["ping", "udp-echo://127.0.0.1:1:2"], "127.0.0.1:1:2", ""),
    (["ping", "udp-echo://127.0.0.1:"], "udp-echo://127.0.0.1:", ""),
    (["ping", "udp-echo://127.0.0.1:99999999999999999999"], "99999999999999999999", ""),
    (["ping", "tcp://127.0.0.1:0"], "0", ""),
    (["ping", "tcp://"], "tcp://", ""),
    (["ping", "tcp:///path"], "tcp://", ""),
    (["ping", "://127.0.0.1"], "://127.0.0.1", ""),
    (["ping", "localhost:443"], "localhost:443", r"tcp://localhost:443"),
    (["ping", "127.0.0.1:443"], "127.0.0.1:443", r"tcp://127\.0\.0\.1:443"),
    (["ping", "icmp://127.0.0.1:80"], "80", ""),
    (["ping", "tcp://user@127.0.0.1:1"], "user@127.0.0.1", ""),
    (["ping", "http://user:word@127.0.0.1/"], "127.0.0.1", ""),
    (["ping", "ftp://127.0.0.1/"], "ftp", ""),
    (["ping", "*"], "*", ""),
    (["ping", "udp-echo://*:8888"], "*", ""),
    (["ping", "icmp"], "icmp", ""),
    (["ping", LONG], "xxxx", ""),
    (["ping", "tcp://" + LONG + ":1"], "xxxx", ""),
    (["ping", "no\x01such\x1b[31mhost\x07"], "no", ""),
    (["ping", "evil" + BIDI + "host"], "evil", ""),
    (["ping", "two words"], "two words", ""),
    (["ping", b"\xff\xfe"], "", ""),
    (["ping", "a\nb"], "a", ""),
    (["ping", "fe80::1%nosuchif"], "nosuchif", ""),
    (["ping", "udp-echo:127.0.0.1"], "udp-echo:127.0.0.1", "udp-echo://127.0.0.1"),
    (["help", "bogus"], "bogus", ""),
    (["--bogus"], "--bogus", ""),
    (["serve", "--log", "yaml"], "yaml", ""),
    (["serve", "--rate", "-1"], "-1", ""),
    # ping: options
    (["ping", "--cuont", "3", HERE], "--cuont", "--count"),
    (["ping", "--intervall=1", HERE], "--intervall", "--interval"),
    (["ping", "--nonsense", HERE], "--nonsense", ""),
    (["ping", "--" + LONG, HERE], "--xxxx", ""),
    (["ping", "-Z", HERE], "-Z", ""),
    (["ping", "-qZ", HERE], "Z", ""),
    (["ping", "--quiet=yes", HERE], "--quiet", ""),
    (["ping", HERE, "-c"], ("-c", "--count"), ""),
    (["ping", HERE, "--count"], "--count", ""),
    (["ping", HERE, "--count="], "", ""),
    (["ping", HERE, "-i"], ("-i", "--interval"), ""),
    (["ping", "-i", "0", HERE], "0", ""),
    (["ping", "-i", "nan", HERE], "nan", ""),
    (["ping", "-i", "inf", HERE], "inf", ""),
    (["ping", "-i", "1e999", HERE], "1e999", ""),
    (["ping", "-i", "-1", HERE], "-1", ""),
    (["ping", "-i", "1parsec", HERE], "1parsec", ""),
    (["ping", "-i", "", HERE], "", ""),
    (["ping", "-i", "1s1s", HERE], "1s1s", ""),
    (["ping", "-i", " 1", HERE], " 1", ""),
    (["ping", "-i", "99999999999999h", HERE], "99999999999999h", ""),
    (["ping", "-W", "0", HERE], "0", ""),
    (["ping", "-W", "x", HERE], "x", ""),
    (["ping", "-w", "-5s", HERE], "-5s", ""),
    (["ping", "-c", "9223372036854775808", HERE], "9223372036854775808", ""),
    (["ping", "-c", "-1", HERE], "-1", ""),
    (["ping", "-c", "1.5", HERE], "1.5", ""),
    (["ping", "-c", "x", HERE], "x", ""),
    (["ping", "-c", "3x", HERE], "3x", ""),
    (["ping", "-s", "65508", HERE], "65508", ""),
    (["ping", "-s", "x", HERE], "x", ""),
    (["ping", "-s", "-1", HERE], "-1", ""),
    (["ping", "-t", "256", HERE], "256", ""),
    (["ping", "-t", "0", HERE], "0", ""),
    (["ping", "-Q", "256", HERE], "256", ""),
    (["ping", "-Q", "x", HERE], "x", ""),
    (["ping", "--dscp", "64", HERE], "64", ""),
    (["ping", "--dscp", "EFF", HERE], "EFF", ""),
    (["ping", "-M", "maybe", HERE], "maybe", ""),
    (["ping", "-I", "nosuchif", HERE], "nosuchif", ""),
    (["ping", "-I", "::1", HERE], "::1", ""),
    (["ping", "-4", "-6", HERE], ("-4", "-6", "--ipv4", "--ipv6"), ""),
    (["ping", "-4", "tcp://[::1]:1"], "::1", ""),
    (["ping", "-4", "::1"], "::1", ""),
    (["ping", "-6", "127.0.0.1"], "127.0.0.1", ""),
    (["ping", "-p", "0", "-k", "tcp", "127.0.0.1"], "0", ""),
    (["ping", "-p", "65536", "-k", "tcp", "127.0.0.1"], "65536", ""),
    (["ping", "-p", "http", "-k", "tcp", "127.0.0.1"], "http", ""),
    (["ping", "--source-port", "65536", HERE], "65536", ""),
    (["ping", "--json", "--csv", HERE], ("--json", "--csv"), ""),
    (["ping", "--poisson", "-A", HERE], ("--poisson", "--adaptive"), ""),
    (["ping", "--poisson", "-f", HERE], ("--poisson", "--flood"), ""),
    (["ping", "--seed", "-1", HERE], "-1", ""),
    (["ping", "--seed", "x", HERE], "x", ""),
    (["ping", "--report", "0", HERE], "0", ""),
    (["ping", "--resolve-every", "1ms", HERE], "1ms", "100ms"),
    (["ping", "--targets", "/nonexistent/file", HERE], "/nonexistent/file", "no such file"),
    (["ping", "--targets", "/", HERE], "/", "is a directory"),
    (["ping", "--targets", "/dev/null"], "/dev/null", ""),
    (["ping", "-o", "/nonexistent/file", HERE], "/nonexistent/file", "no such file"),
    (["ping", "-o", "/", HERE], "/", "is a directory"),
    (["ping", "-o", "", HERE], "", "no such file"),
    (["ping", "--fail-if", "los>1%", HERE], "los", "loss"),
    (["ping", "--fail-if", "temperature>1", HERE], "temperature", ""),
    (["ping", "--fail-if", "", HERE], "", ""),
    (["ping", "--fail-if", "loss", HERE], "loss", "loss>1%"),
    (["ping", "--fail-if", "loss>1", HERE], "1", "1%"),
    (["ping", "--fail-if", "p99>5parsec", HERE], "5parsec", "p99"),
    (["ping", "--fail-if", "p99>5%", HERE], "5%", "p99"),
    (["ping", "--fail-if", "loss>0", "--fail-if", "max=1s", HERE], "max=1s", ""),
    (["ping", "--fail-if", "duplicates>-1", HERE], "-1", ""),
    # serve
    (["serve", "--port", "9000"], ("--port", "9000"), ""),
    (["serve", "tcp://127.0.0.1:0"], "tcp", ""),
    (["serve", "icmp://127.0.0.1"], "icmp", ""),
    (["serve", "icmp"], "icmp", ""),
    (["serve", "http://127.0.0.1:0"], "http", ""),
    (["serve", "pogn"], "pogn", "pong"),
    (["serve", "pong://127.0.0.1:65536"], "65536", ""),
    (["serve", "pong://[::1:0"], "[::1:0", ""),
    (["serve", "pong", "--host"], "--host", ""),
    (["serve", "pong", "--port", "x"], "x", ""),
    (["serve", "pong://127.0.0.1:0", "--workers", "0"], "0", ""),
    (["serve", "pong://127.0.0.1:0", "--workers", "many"], "many", ""),
    (["serve", "pong://127.0.0.1:0", "--wrokers", "1"], "--wrokers", "--workers"),
    (["serve", "pong://127.0.0.1:0", "--max-connections", "-1"], "-1", ""),
    (["serve", "pong://127.0.0.1:0", "--idle-timeout", "nan"], "nan", ""),
    (["serve", "pong://127.0.0.1:0", "--relay-allow", "127.0.0.1/33"], "127.0.0.1/33", ""),
    (["serve", "pong://127.0.0.1:0", "--relay-allow", "here"], "here", ""),
    (["serve", "pong://127.0.0.1:0", "--allow-source-port", "65536"], "65536", ""),
    (["serve", "pong://\x1b[31m:0"], "", ""),
    (["serve", "pong://user@127.0.0.1:0"], "user@127.0.0.1", ""),
    (["serve", ""], "", ""),
    # the front door
    (["pnig"], "pnig", "ping"),
    (["sevre"], "sevre", "serve"),
    (["compare"], None, "compare A B"),
    (["compare", "a"], None, "compare A B"),
    (["compare", "a", "b", "c"], "c", "compare A B"),
    (["compare", "-", "-"], "-", ""),
    (["compare", "/nosuch/a", "/nosuch/b"], "/nosuch/a", ""),
    (["compare", "a", "b", "--fail-fi", "p99 +5%"], "--fail-fi", "--fail-if"),
    (["compare", "a", "b", "--fail-if", "p98 +5%"], "p98", "p99"),
    (["compare", "a", "b", "--fail-if", "p99 5%"], "p99 5%", "p99 "),
    (["compare", "a", "b", "--fail-if", "p99 +5x"], "5x", ""),
    (["compare", "a", "b", "--fail-if", "loss +1ms"], "1ms", ""),
    (["compare", "a", "b", "--seed", "-1"], "-1", ""),
    (["frobnicate", "127.0.0.1"], "frobnicate", ""),
    ([LONG], "xxxx", ""),
    (["\x1b[31m"], "", ""),
    ([""], "", ""),
    (["--vresion"], "--vresion", "--version"),
    (["-Z"], "-Z", ""),
    (["127.0.0.1"], "127.0.0.1", ""),
]
FORBIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def spelled(args):
    return " ".join(ascii(arg)[:40] for arg in args)


def test_the_table_is_long_enough():
    assert len(WRONG) >= 60


@pytest.mark.parametrize("args, culprit, hint", WRONG, ids=[spelled(args) for args, _, _ in WRONG])
def test_one_sentence(build, args, culprit, hint):
    result = run(*args, timeout=10)
    if result.seconds > 1:  # a busy machine, or a slow program? once more tells
        result = run(*args, timeout=10)
    assert result.code == 2, result
    assert result.out == "", result
    assert re.fullmatch(r"sounder: [^\n]+\n", result.err), result
    sentence = result.err[:-1]
    assert not FORBIDDEN.search(sentence), ascii(sentence)
    assert len(sentence) < 400, "a long culprit is cut"
    assert not sentence.endswith("."), sentence
    if culprit is not None:
        culprits = culprit if isinstance(culprit, tuple) else (culprit,)
        quoted = re.findall(r"'([^']*)'", sentence)
        assert any(each in held for each in culprits for held in quoted), result
    assert re.search(hint, sentence), result
    assert result.seconds < 1, "at once"


def test_an_unknown_thing_far_from_everything_proposes_nothing(build):
    assert "mean" not in run("ping", "--xyzzyplugh", HERE).err


def test_no_command_is_an_error(build):
    result = run()
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("sounder: ")


def test_address_in_use_by_another_server(family):
    for kind in ("tcp-echo", "udp-echo", "pong"):
        with Server(family.local(kind, 0), "--workers", "2") as server:
            second = run("serve", server.url(kind), code=2)
            assert second.out == ""
            assert re.fullmatch(r"sounder: [^\n]*address (already )?in use[^\n]*\n", second.err), second
            assert f"{server.port(kind)}" in second.err


def test_address_in_use_within_one_command(family, alone):
    second = run("serve", family.local("tcp-echo", 9000), family.local("pong", 9000), ns=alone, code=2)
    assert second.out == ""
    assert "in use" in second.err


def test_address_of_somebody_else(family):
    host = "192.0.2.1" if family.version == 4 else "2001:db8::1"
    result = run("serve", family.url("pong", host, 0), code=2)
    assert (result.out, result.err.count("\n")) == ("", 1)
    assert host in result.err


def test_no_output_is_an_error_of_its_own(build):
    """stdout that takes nothing must not look like success."""
    with open("/dev/full", "wb") as full:
        done = subprocess.run(command(["--version"]), stdout=full, stderr=subprocess.PIPE, env=environment(), check=False, timeout=10)
    assert done.returncode == 2
    assert done.stderr.startswith(b"sounder: ")


# --- right ones ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("args", [["--help"], ["-h"], ["ping", "--help"], ["ping", "-h"], ["serve", "--help"], ["serve", "-h"], ["compare", "--help"], ["compare", "-h"]], ids=" ".join)
def test_help(build, args):
    result = run(*args, code=0)
    assert result.err == ""
    assert "sounder" in result.out
    assert all(len(line) <= 100 for line in result.lines)


@pytest.mark.parametrize("command", ["ping", "serve", "compare"])
def test_help_begins_with_examples(build, command):
    lines = run(command, "--help", code=0).lines
    examples = [number for number, line in enumerate(lines) if re.match(rf"\s+(\$ )?sounder {command} ", line)]
    options = [number for number, line in enumerate(lines) if re.match(r"\s+(-\w, )?--[a-z]", line)]
    assert examples and options
    assert min(examples) < min(options)


SHORT_OPTIONS = "c i W w s t Q I M 4 6 n p k q D O A f U J o v V h".split()


def test_help_lists_every_letter(build):
    text = run("ping", "--help", code=0).out
    for letter in SHORT_OPTIONS:
        assert re.search(rf"^\s+-{letter}[ ,]", text, re.M), f"-{letter}"


@pytest.mark.parametrize("option", ["count", "interval", "dscp", "port", "source-port", "kind", "host", "poisson", "seed", "report", "json", "csv", "output", "fail-if", "targets", "resolve-every", "version", "help"])
def test_help_lists_ping(build, option):
    assert f"--{option}" in run("ping", "--help", code=0).out


@pytest.mark.parametrize("option", ["host", "port", "workers", "max-connections", "idle-timeout", "relay", "relay-allow", "allow-source-port", "listen", "config", "handover"])
def test_help_lists_serve(build, option):
    assert f"--{option}" in run("serve", "--help", code=0).out


@pytest.mark.parametrize("args", [["--version"], ["-V"], ["ping", "-V"], ["ping", "--version"], ["serve", "-V"], ["serve", "--version"], ["compare", "-V"], ["compare", "--version"]], ids=" ".join)
def test_version(build, args):
    result = run(*args, code=0)
    assert re.match(r"sounder \d+\.\d+", result.out), result
    assert result.out.count("\n") == 1
    assert result.err == ""


@pytest.fixture
def peer():
    with UdpPeer(IPV4, lambda data, n: [data]) as peer:
        yield peer


def test_options_and_targets_in_any_order(peer):
    url = f"udp-echo://127.0.0.1:{peer.port}"
    for args in (["-c", 3, "-i", "200ms", url], [url, "-c", 3, "-i", "200ms"], ["-c", 3, url, "-i", "200ms"]):
        assert ping_text.summary(run("ping", *args, code=0)).received == 3


@pytest.mark.parametrize(
    "spelling", [["--count=3"], ["--count", "3"], ["-c3"], ["-c", "3"], ["-nc3"], ["-nc", "3"], ["-c", "9", "-c", "3"]], ids=" ".join
)
def test_spellings_of_an_option(peer, spelling):
    assert ping_text.summary(run("ping", *spelling, "-i200ms", f"udp-echo://127.0.0.1:{peer.port}", code=0)).sent == 3


def test_cluster_of_flags(peer):
    result = run("ping", "-qn", "-c2", "-i20ms", f"udp-echo://127.0.0.1:{peer.port}", code=0)
    assert not ping_text.REPLY.search(result.out)


def test_double_dash_ends_the_options(peer):
    run("ping", "-c1", "--", f"udp-echo://127.0.0.1:{peer.port}", code=0)
    result = run("ping", "-c1", "--", "-c", code=2)
    assert re.fullmatch(r"sounder: [^\n]*'-c'[^\n]*\n", result.err)


@pytest.mark.parametrize(
    "written, echoed",
    [("200us", "200us"), ("0.2", "200ms"), (".2", "200ms"), ("1m", "1m|60s"), ("1", "1s"), ("1.5ms", "1.5ms|1500us"), ("1h", "1h|3600s"), ("5000000ns", "5ms"), ("2s", "2s")],
)
def test_the_header_echoes_the_interval(peer, written, echoed):
    result = run("ping", "-c1", "-i", written, f"udp-echo://127.0.0.1:{peer.port}", code=0)
    assert re.fullmatch(echoed, ping_text.HEADER.search(result.out)["every"]), result


def test_tos_in_hexadecimal_as_iputils_takes_it(peer):
    run("ping", "-c1", "-Q", "0x28", f"udp-echo://127.0.0.1:{peer.port}", code=0)


def test_the_header_echoes_the_size(peer):
    result = run("ping", "-c1", "-s", "100", f"udp-echo://127.0.0.1:{peer.port}", code=0)
    assert ping_text.HEADER.search(result.out)["bytes"] == "100"
    assert len(peer.heard[0]) == 100


@pytest.mark.parametrize(
    "args",
    [
        ["--kind", "udp-echo", "--host", "127.0.0.1", "--port", "{port}"],
        ["-k", "udp-echo", "-p", "{port}"],
        ["udp-echo", "-p", "{port}"],
        ["-k", "udp-echo", "-p", "{port}", "127.0.0.1"],
        ["udp-echo://127.0.0.1", "--port", "{port}"],
        ["udp-echo://127.0.0.1:{port}/path?query"],
        ["UDP-ECHO://127.0.0.1:{port}"],
        ["-4", "udp-echo://localhost:{port}"],
    ],
    ids=" ".join,
)
def test_ways_to_name_a_target(peer, args):
    result = run("ping", "-c1", *(arg.format(port=peer.port) for arg in args), code=0)
    assert f":{peer.port}" in ping_text.HEADER.search(result.out)["target"]


def test_bare_ipv6_literal_is_a_host(build):
    need_root()
    assert ping_text.HEADER.search(run("ping", "-c1", "::1", code=0).out)["address"] == "::1"


def test_count_zero_runs_until_stopped(peer):
    result = run("ping", "-c0", "-i1ms", "-w", "500ms", f"udp-echo://127.0.0.1:{peer.port}")
    assert ping_text.summary(result).sent > 20


def test_serve_takes_options_and_endpoints_in_any_order(build):
    with Server("--workers", "1", "pong://127.0.0.1:0", "--idle-timeout", "5s", "udp-echo://127.0.0.1:0") as server:
        with socket.create_connection(("127.0.0.1", server.port("pong")), timeout=5) as sock:
            sock.sendall(b"ping\n")
            assert sock.recv(64).startswith(b"pong ")
