# SPDX-License-Identifier: MIT
"""Many targets in one process: files of them, the table, pacing by answers, and how little each may cost."""
import contextlib
import fcntl
import json
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import termios
import time

import pytest

import ping_text
from harness import IPV4, PACE, Namespace, Process, build, command, environment, need_root, need_tool, run, wait_until
from peers import UdpPeer, closed_port

SPOT = ("-c2", "-i", PACE, "-W", "1s")


class Times:
    """An honest UdpPeer's answer that notes when each datagram came."""

    def __init__(self):
        self.at = []

    def __call__(self, data, number):
        self.at.append(time.monotonic())
        return [data]

    def gaps(self):
        return [later - earlier for earlier, later in zip(self.at, self.at[1:])]


@contextlib.contextmanager
def peers(family, count, answer=lambda data, number: [data]):
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(UdpPeer(family, answer)) for _ in range(count)]


def urls(family, found):
    return [family.local("udp-echo", peer.port) for peer in found]


def listing(tmp_path, text, name="targets"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def rows(result):
    """The table's rows by target: the figures behind each name."""
    begin = next(i for i, line in enumerate(result.lines) if re.match(r"target\s+sent\s+loss", line))
    table = {}
    for line in result.lines[begin + 1 :]:
        if not line:
            break
        name, rest = re.match(r"(\S+(?: \([^)]*\))?)\s+(.*)$", line).groups()
        table[name] = rest
    return table


def with_sanitizer():
    text = build().sounder.read_bytes()
    return b"__asan_" in text or b"__tsan_" in text


# --- the file -----------------------------------------------------------------------------------------


def test_a_file_of_targets_makes_a_table(family, tmp_path):
    with peers(family, 3) as found:
        a, b, c = urls(family, found)
        file = listing(tmp_path, f"# all of them\n\n{a}\n  {b}\tthe second one # near\r\n{c}")
        result = run("ping", *SPOT, "--targets", file, code=0)
        table = rows(result)
        assert set(table) == {a, f"{b} (the second one)", c}, result
        assert all(figures.split()[0] == "2" for figures in table.values()), result
        assert [len(peer.heard) for peer in found] == [2, 2, 2]
        assert not ping_text.STATISTICS.search(result.out), "a table instead of summaries"
        assert "seq=" not in result.out, "no line for each sample"


def test_standard_input_is_a_file_and_words_add_to_it(family):
    with peers(family, 2) as found:
        a, b = urls(family, found)
        result = run("ping", *SPOT, a, "--targets", "-", stdin=b.encode(), code=0)
        assert set(rows(result)) == {a, b}


def test_verbose_has_the_lines_as_well(family, tmp_path):
    with peers(family, 2) as found:
        file = listing(tmp_path, "\n".join(urls(family, found)))
        result = run("ping", "-v", *SPOT, "--targets", file, code=0)
        assert len(re.findall(r"seq=\d+", result.out)) == 4, result
        assert re.search(r"^memory: 2 targets take at most \d+ KiB$", result.out, re.M), result


def test_a_host_in_a_file_is_completed_like_a_word(family, tmp_path):
    with peers(family, 1) as found:
        file = listing(tmp_path, f"{family.loopback} here\n")
        result = run("ping", *SPOT, "-k", "udp-echo", "-p", found[0].port, "--targets", file, code=0)
        assert set(rows(result)) == {f"{family.local('udp-echo', found[0].port)} (here)"}


BAD = [
    (b"127.0.0.1\n\nudp-ecoh://127.0.0.1\n", 3, "udp-ecoh"),
    (b"# one\r\n127.0.0.1:80 web\r\n", 2, "127.0.0.1:80"),
    (b"a\x00b\n", 1, "a"),
    (b"x" * 5000, 1, "xxxx"),
    (b"tcp://127.0.0.1:99999", 1, "99999"),
    (b"\x1b[31m\n", 1, ""),
    (b"-c\n", 1, "-c"),
    (b"\xff\xfe\n", 1, ""),
]


@pytest.mark.parametrize("text, number, culprit", BAD, ids=[ascii(text[:20]) for text, _, _ in BAD])
def test_a_bad_line_is_named_and_nothing_is_sent(text, number, culprit, tmp_path):
    with peers(IPV4, 1) as found:
        file = listing(tmp_path, text)
        result = run("ping", "-c1", urls(IPV4, found)[0], "--targets", file, code=2)
        assert result.out == ""
        assert re.fullmatch(r"sounder: ping: [^\n]+\n", result.err), result
        assert f"targets:{number}: " in result.err or f"...:{number}: " in result.err, result
        assert any(culprit in held for held in re.findall(r"'([^']*)'", result.err)), result
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", result.err)
        assert found[0].heard == []


@pytest.mark.parametrize("text", [b"", b"\n", b"# nobody\n"], ids=ascii)
def test_a_file_of_nobody_is_an_error(text, tmp_path):
    result = run("ping", "--targets", listing(tmp_path, text), code=2)
    assert re.fullmatch(r"sounder: ping: '[^\n]*' names no target\n", result.err), result


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    for path, reason in ((tmp_path / "absent", "no such file"), (tmp_path, "is a directory")):
        result = run("ping", "--targets", path, code=2)
        assert re.fullmatch(r"sounder: ping: cannot (open|read) '[^\n]*\n", result.err) and reason in result.err, result


# --- side by side -------------------------------------------------------------------------------------


def test_the_dead_neither_stop_nor_delay_the_others(family, tmp_path):
    """Of four, one is silent, one refuses and one has no address: who answers is asked on time."""
    noted = Times()
    with Namespace("many", {"hosts": "", "nsswitch.conf": "hosts: files\n"}) as ns:
        with UdpPeer(family, noted, ns=ns) as good, UdpPeer(family, lambda data, n: [], ns=ns) as silent:
            closed = closed_port(family, socket.SOCK_DGRAM, ns=ns)
            ports = (silent.port, closed, good.port)
            lines = [*(family.local("udp-echo", port) for port in ports), "udp-echo://nobody.invalid:7"]
            result = run("ping", "-c4", "-i", PACE, "-W", "400ms", "--targets", listing(tmp_path, "\n".join(lines)), ns=ns, code=2)
    assert set(rows(result)) == set(lines), result
    assert len(noted.at) == 4 and max(noted.gaps()) < 0.35, noted.gaps()
    assert len(re.findall(r"cannot resolve 'nobody.invalid'", result.err)) == 1, result


def test_first_probes_are_spread_over_the_interval(family):
    noted = Times()
    with UdpPeer(family, noted) as peer:
        words = [family.local("udp-echo", peer.port)] * 10
        run("ping", "-c1", "-i", "500ms", *words, code=0)
    assert len(noted.at) == 10
    assert noted.at[-1] - noted.at[0] > 0.3, "not a burst"


def test_a_thousand_addresses(tmp_path):
    need_root()
    with Namespace("many") as ns:
        names = [f"127.{i // 250}.{i % 250}.1" for i in range(500, 1500)]
        ns.ip("-6", "route", "add", "local", "fd99::/64", "dev", "lo")
        names += [f"fd99::{i:x}" for i in range(1, 101)]
        result = run("ping", "-c2", "-i", "500ms", "--targets", listing(tmp_path, "\n".join(names)), ns=ns, code=0, timeout=60)
    table = rows(result)
    assert len(table) == 1100
    assert all(figures.split()[0] == "2" for figures in table.values())


def test_ten_thousand_stay_within_8_megabytes(tmp_path):
    need_root()
    with Namespace("many") as ns:
        names = [f"127.{i // 250}.{i % 250}.1" for i in range(10000)]
        words = command(["ping", "-f", "-c5", "--targets", listing(tmp_path, "\n".join(names))], ns)
        with subprocess.Popen(words, stdout=subprocess.PIPE, env=environment()) as child:
            # Its table is longer than a pipe: once that is full all is done but for the reading.
            wait_until(lambda: waiting(child.stdout) > 60000, "the table is there", 30)
            status = pathlib.Path(f"/proc/{child.pid}/status").read_text()
            lines = child.stdout.read().splitlines()
    assert child.returncode == 0
    assert len(lines) > 10000
    peak = int(re.search(r"VmHWM:\s+(\d+) kB", status)[1])
    # A sanitizer takes memory of its own.
    assert peak <= 8192 or with_sanitizer(), f"{peak} KiB"


def waiting(pipe):
    """How many bytes are there to be read."""
    return struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, b"\0" * 4))[0]


def test_an_interrupted_run_still_has_its_table(family, tmp_path):
    with peers(family, 2) as found:
        file = listing(tmp_path, "\n".join(urls(family, found)))
        with Process("ping", "-c0", "-i", "20ms", "--targets", file) as p:
            wait_until(lambda: all(len(peer.heard) > 2 for peer in found), "they are asked")
            p.signal(signal.SIGINT)
            result = p.wait()
    assert result.code == 0
    assert set(rows(result)) == set(urls(family, found))


# --- pacing -------------------------------------------------------------------------------------------


def test_adaptive_waits_for_answers_only(family):
    with peers(family, 1) as found:
        result = run("ping", "-A", "-c50", urls(family, found)[0], code=0)
    assert ping_text.summary(result).received == 50
    assert result.seconds < 10, "not one per second"


def test_adaptive_goes_on_without_an_answer(family):
    noted = Times()
    with UdpPeer(family, lambda data, n: (noted(data, n), [])[1]) as peer:
        run("ping", "-A", "-c3", "-i", "200ms", "-W", "200ms", family.local("udp-echo", peer.port), code=1)
    assert len(noted.at) == 3
    assert min(noted.gaps()) > 0.1


def test_a_flood_prints_its_summary_only(family):
    with peers(family, 1) as found:
        result = run("ping", "-f", "-c300", urls(family, found)[0], code=0)
    assert ping_text.summary(result).received == 300
    assert not ping_text.REPLY.search(result.out)
    assert "every 10ms" in result.out, result


def test_who_is_not_root_leaves_two_milliseconds(family):
    need_root()
    need_tool("setpriv")
    noted = Times()
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all"]
    with UdpPeer(family, noted) as peer:
        with contextlib.ExitStack() as stack:
            binary = stack.enter_context(readable_copy())
            run("ping", "-f", "-c100", family.local("udp-echo", peer.port), prefix=nobody, binary=binary, code=0)
    assert len(noted.at) == 100
    assert noted.at[-1] - noted.at[0] > 0.19


@contextlib.contextmanager
def readable_copy():
    """The binary where everybody may read it."""
    with tempfile.TemporaryDirectory(prefix="sounder-copy-") as directory:
        path = pathlib.Path(directory)
        path.chmod(0o755)
        shutil.copy(build().sounder, path / "sounder")
        (path / "sounder").chmod(0o755)
        yield path / "sounder"


def due_instants(family, seed):
    """When each probe was due, in seconds since the first: what was late tells by how much."""
    with peers(family, 1) as found:
        result = run("ping", "-J", "--poisson", "--seed", seed, "-c20", "-i", "30ms", urls(family, found)[0], code=0)
    replies = [record for record in map(json.loads, result.lines) if record["type"] == "reply"]
    due = {reply["seq"]: reply["t"] - reply["lag_ns"] for reply in replies}
    return {seq: (at - due[min(due)]) / 1e9 for seq, at in due.items()}


def test_poisson_gaps_differ_and_a_seed_repeats_them(family):
    """An answer may be read late on a busy machine, so most must agree, not all."""
    first, second, third = (due_instants(family, seed) for seed in (7, 7, 8))

    def alike(other):
        both = first.keys() & other.keys()
        return sum(abs(first[seq] - other[seq]) < 0.005 for seq in both) / len(both)

    gaps = sorted(first[seq] - first[seq - 1] for seq in first if seq - 1 in first)
    assert gaps[-1] > 2 * gaps[len(gaps) // 2], "exponential gaps have a long tail"
    assert alike(second) > 0.6 > alike(third)


def test_who_stamps_stands_in_the_header(family):
    with peers(family, 1) as found:
        url = urls(family, found)[0]
        assert re.search(r"^PING .*user timestamps$", run("ping", "-U", "-c1", url, code=0).out, re.M)
        assert re.search(r"^PING .*kernel timestamps$", run("ping", "-c1", url, code=0).out, re.M)
        assert re.search(r"^PING .*kernel timestamps on receipt$", run("ping", "-c10", "-i", "20us", url).out, re.M)
