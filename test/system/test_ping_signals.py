# SPDX-License-Identifier: MIT
"""Signals, deadlines and the schedule."""
import fcntl
import os
import re
import signal
import time

import pytest

import peers
import ping_text
from harness import IPV4, PACE, Process, run, wait_until


@pytest.fixture
def honest():
    with peers.UdpPeer(IPV4, lambda data, n: [data]) as peer:
        yield peer


def url(peer):
    return IPV4.local("udp-echo", peer.port)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_gives_the_summary(number, honest):
    with Process("ping", "-c0", "-i", PACE, url(honest)) as process:
        process.wait_lines(ping_text.REPLY, 3)
        process.signal(number)
        result = process.wait(3)
    found = ping_text.summary(result)
    assert result.code == 0, result
    assert found.received == found.sent >= 3, "what is under way is not lost"
    assert result.err == ""


def test_an_interrupt_without_an_answer(family):
    with peers.UdpPeer(family, lambda data, n: []) as peer:
        with Process("ping", "-c0", "-i", "40ms", "-W", "50ms", family.local("udp-echo", peer.port)) as process:
            process.wait_lines(ping_text.LOST, 1)
            process.signal(signal.SIGINT)
            result = process.wait(3)
    assert result.code == 1
    assert ping_text.summary(result).received == 0


def test_an_interrupt_before_anything_is_answered_is_quick(family):
    with peers.UdpPeer(family, lambda data, n: []) as peer:
        with Process("ping", "-c0", "-i", "1h", "-W", "1m", family.local("udp-echo", peer.port)) as process:
            wait_until(lambda: peer.heard, "the first probe")
            process.signal(signal.SIGINT)
            result = process.wait(2)
    assert result.code == 1
    assert ping_text.summaries(result.out)


def test_sigquit_speaks_and_goes_on(honest):
    with Process("ping", "-c0", "-i", "40ms", url(honest)) as process:
        process.wait_lines(ping_text.REPLY, 2)
        process.signal(signal.SIGQUIT)
        process.wait_err(r"^[^\n]*\d+/\d+[^\n]*\n")
        seen = len(process.lines)
        wait_until(lambda: len(process.lines) > seen + 3, "the run goes on")
        process.signal(signal.SIGQUIT)
        process.wait_err(r"\n[^\n]+\n")
        process.signal(signal.SIGINT)
        result = process.wait(3)
    assert result.code == 0
    assert result.err.count("\n") == 2, "one line for each"
    assert "%" in result.err
    assert ping_text.summary(result).received >= 5


def state(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        return stat.read().rsplit(")", 1)[1].split()[0]


@pytest.mark.parametrize("number", [signal.SIGTSTP, signal.SIGSTOP])
def test_a_pause_is_not_loss(number, honest):
    with Process("ping", "-c0", "-i", "40ms", "-W", "500ms", url(honest)) as process:
        process.wait_lines(ping_text.REPLY, 3)
        process.signal(number)
        wait_until(lambda: state(process.pid) == "T", "stopped")
        heard = len(honest.heard)
        time.sleep(0.8)  # the pause itself: longer than interval and time-out
        assert len(honest.heard) <= heard + 1
        resumed = time.monotonic()
        process.signal(signal.SIGCONT)
        wait_until(lambda: len(honest.heard) >= heard + 5, "the run goes on")
        assert time.monotonic() - resumed > 0.05, "what was missed does not leave in a burst"
        process.signal(signal.SIGINT)
        result = process.wait(3)
    found = ping_text.summary(result)
    assert result.code == 0
    assert found.received == found.sent, result.out
    assert not ping_text.LOST.search(result.out), result.out


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGUSR1, signal.SIGPIPE])
def test_other_signals_crash_nothing(number, honest):
    """Whether it ends or goes on: no report of a sanitizer, no core."""
    with Process("ping", "-c5", "-i", "50ms", url(honest)) as process:
        process.wait_lines(ping_text.REPLY, 1)
        process.signal(number)
        assert process.wait(5).code in (0, -number)


# --- deadline and count -------------------------------------------------------------------------------


def test_deadline_without_count(honest):
    result = run("ping", "-w", "2s", "-i", PACE, url(honest), code=0)
    found = ping_text.summary(result)
    assert 9 <= found.sent <= 11 and found.received == found.sent
    assert 1.9 < result.seconds < 4


def test_deadline_with_a_count_that_is_met(honest):
    result = run("ping", "-w", "10s", "-c3", "-i", PACE, url(honest), code=0)
    assert result.seconds < 3


def test_deadline_with_a_count_that_is_not_met(honest):
    result = run("ping", "-w", "200ms", "-c", "1000", "-i", "40ms", url(honest), code=1)
    found = ping_text.summary(result)
    assert 0 < found.received < 1000


def test_deadline_counts_answers_not_probes(family):
    with peers.UdpPeer(family, lambda data, n: [data] if n % 2 else []) as peer:
        run("ping", "-w", "400ms", "-c", "6", "-i", "40ms", "-W", "50ms", family.local("udp-echo", peer.port), code=1)


def test_deadline_without_an_answer(family):
    with peers.UdpPeer(family, lambda data, n: []) as peer:
        result = run("ping", "-w", "200ms", "-i", "40ms", "-W", "5s", family.local("udp-echo", peer.port), code=1)
    assert result.seconds < 1.5, "the deadline does not wait for the time-out"
    assert ping_text.summary(result).received == 0


def test_the_end_waits_for_the_last_answer_and_no_longer(honest):
    result = run("ping", "-c2", "-i", "40ms", "-W", "10s", url(honest), code=0)
    assert result.seconds < 2


def test_the_timeout_of_the_last_probe_is_kept(family):
    with peers.UdpPeer(family, lambda data, n: [(0.3, data)]) as peer:
        result = run("ping", "-c1", "-W", "1s", family.local("udp-echo", peer.port), code=0)
    assert ping_text.summary(result).rtt[0] >= 300


# --- the schedule -------------------------------------------------------------------------------------


def test_the_schedule_is_absolute(honest):
    """200 probes at 5 ms take 995 ms, whatever each of them took. Held up at its end, a run is shorter or
    longer: then another one tells; a schedule that drifts is too long each time."""
    spans = []
    while len(spans) < 5 and not any(990 <= span <= 1050 for span in spans):
        result = run("ping", "-q", "-c", "200", "-i", "5ms", url(honest), code=0)
        spans.append(int(re.search(r"time (\d+)ms", result.out)[1]))
    assert any(990 <= span <= 1050 for span in spans), spans


def test_slow_answers_do_not_slow_the_schedule(family):
    with peers.UdpPeer(family, lambda data, n: [(0.7, data)]) as peer:
        result = run("ping", "-q", "-c", "8", "-i", PACE, "-W", "3s", family.local("udp-echo", peer.port), code=0)
    assert ping_text.summary(result).received == 8
    assert int(re.search(r"time (\d+)ms", result.out)[1]) < 4000


def test_one_who_does_not_read_does_not_stop_the_measuring(honest):
    """A full pipe costs lines, and says how many; no probe."""
    ours, theirs = os.pipe()
    fcntl.fcntl(ours, fcntl.F_SETPIPE_SZ, 4096)
    with Process("ping", "-w", "3s", "-i", "1ms", url(honest), stdout=theirs) as ping:
        os.close(theirs)
        time.sleep(2.5)  # nothing to poll for: nobody may read meanwhile
        with os.fdopen(ours) as pipe:
            out = pipe.read()
        ping.wait()
    assert re.search(r"^\(\d+ lines not shown: nobody read them\)$", out, re.M), out[-600:]
    assert int(re.search(r"^(\d+) packets transmitted", out, re.M)[1]) > 1000, out[-600:]


def test_outstanding_by_handshakes_names_the_probe_before(pair, family):
    """Each handshake has a socket of its own; the SYNs of these are dropped."""
    pair.b.filter("input", "tcp dport 80 drop")
    result = run("ping", "-O", "-c", "3", "-i", PACE, "-W", "1s", family.url("tcp", pair.b.address(family), 80), ns=pair.a, code=1)
    told = [int(seq) for seq in re.findall(r"^no answer yet from \S+: seq=(\d+)$", result.out, re.M)]
    assert told == [1, 2], result.out
