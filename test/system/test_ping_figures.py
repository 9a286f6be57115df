# SPDX-License-Identifier: MIT
"""What the summary says beyond ping's: jitters, losses in a row, intervals, stamps, how far to trust it all."""
import re

import pytest

import ping_text
from harness import Server, run
from peers import UdpPeer


@pytest.fixture(scope="module")
def served():
    with Server("udp-echo://127.0.0.1:0", "udp-echo://[::1]:0") as server:
        yield server


def silent(family):
    """A UDP port that takes everything and says nothing."""
    return UdpPeer(family, lambda data, n: [])


def test_the_jitters_belong_to_the_round_trips(family, served):
    result = run("ping", "-q", "-c", 200, "-i", "3ms", served.url("udp-echo", family.version), code=0)
    summary, jitters = ping_text.summary(result), ping_text.jitters(result.out)
    least, mean, most, _ = summary.rtt
    assert jitters.pdv[-1] == pytest.approx(most - least, abs=0.0011)
    assert 0 <= jitters.pdv[0] <= jitters.pdv[-1]
    assert 0 <= jitters.ipdv <= jitters.ipdv_max <= most - least + 0.0011
    assert 0 <= jitters.rfc3550 <= jitters.ipdv_max


def test_losses_in_a_row_are_one_run(family):
    with silent(family) as peer:
        url = family.local("udp-echo", peer.port)
        words = ("-q", "-c", 4, "-i", "60ms", "-W", "80ms", url)
        plain, verbose = run("ping", *words, code=1), run("ping", "-v", *words, code=1)
    for result in (plain, verbose):
        losses = ping_text.LOSSES.search(result.out)
        lost = ping_text.summary(result).sent
        assert (int(losses["runs"]), int(losses["outages"]), int(losses["longest"])) == (1, int(lost > 1), lost), result
    assert "in a row" not in plain.out
    assert re.search(r"^  seq=1: \d in a row, (0s|\d+ms) after the start, for \d+ms$", verbose.out, re.M), verbose


def test_no_loss_is_no_line(family, served):
    result = run("ping", "-c", 3, "-i", "20ms", served.url("udp-echo", family.version), code=0)
    assert not ping_text.LOSSES.search(result.out)


def test_an_outage_is_told_when_it_is_over(family):
    with silent(family) as peer:
        url = family.local("udp-echo", peer.port)
        result = run("ping", "-c", 4, "-i", "60ms", "-W", "80ms", url, code=1)
    assert re.search(rf"^outage of {re.escape(url)}: \d lost in a row from seq=1 on, for \d+ms$", result.out, re.M), result


def test_intervals_add_up(family, served):
    result = run("ping", "-q", "--report", "100ms", "-c", 20, "-i", "20ms", served.url("udp-echo", family.version), code=0)
    intervals = list(ping_text.INTERVAL.finditer(result.out))
    summary = ping_text.summary(result)
    assert [int(interval["number"]) for interval in intervals] == list(range(1, len(intervals) + 1))
    assert len(intervals) >= 3 and {interval["span"] for interval in intervals[:-1]} == {"100ms"}
    assert sum(int(interval["sent"]) for interval in intervals) == summary.sent
    assert sum(int(interval["received"]) for interval in intervals) == summary.received
    least = [float(interval["rtt"].split("/")[0]) for interval in intervals if interval["rtt"]]
    assert min(least) == summary.rtt[0]


@pytest.mark.parametrize("options, promised", [((), "kernel timestamps"), (("-U",), "user timestamps")])
def test_the_stamps_are_as_the_header_says(options, promised, family, served):
    result = run("ping", *options, "-c", 5, "-i", "20ms", served.url("udp-echo", family.version), code=0)
    assert result.lines[0].endswith(f", {promised}")
    assert not ping_text.STAMPS.search(result.out), result


def test_who_asks_is_told_how_far_to_trust(family, served):
    words = ("-q", "-c", 40, "-i", "10ms", served.url("udp-echo", family.version))
    plain, verbose = run("ping", *words, code=0), run("ping", "-v", *words, code=0)
    assert "confidence" not in plain.out and not ping_text.anatomy(plain.out)
    assert re.search(r"^loss between 0% and [\d.]+% \(95 % confidence\)$", verbose.out, re.M)
    low, high = map(float, re.search(r"^p50 between ([\d.]+) and ([\d.]+) ms", verbose.out, re.M).groups())
    assert ping_text.summary(verbose).rtt[0] <= low <= high <= ping_text.summary(verbose).rtt[2]
    assert re.search(r"^deviation of the mean [\d.]+ ms$", verbose.out, re.M)


def test_the_anatomy_has_every_part(family, served):
    result = run("ping", "-q", "-v", "-c", 200, "-i", "5ms", served.url("udp-echo", family.version), code=0)
    parts = ping_text.anatomy(result.out)
    assert list(parts) == [
        "due to sent (own lag)",
        "waiting for the processor",
        "host out: sent to wire",
        "until it was queued",
        "in the queue of its device",
        "network and far end",
        "host in: wire to read",
    ], result
    assert parts["until it was queued"][0] + parts["in the queue of its device"][0] == pytest.approx(parts["host out: sent to wire"][0], abs=0.2)
    for mean, p50, p99, most in parts.values():
        assert 0 <= p50 <= p99 * 1.01 and mean <= most + 0.1 and p99 <= most * 1.01 + 0.1
    assert parts["network and far end"][3] == pytest.approx(ping_text.summary(result).rtt[2] * 1000, abs=0.6)
