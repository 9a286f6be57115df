# SPDX-License-Identifier: MIT
"""What `sounder ping` prints for people, and how it exits."""
import re
import socket
import time

import pytest

import peers
import ping_text
from harness import IPV4, PACE, Namespace, Process, Server, run

HOSTS = {"hosts": "::1 localhost both\n127.0.0.1 localhost both\n127.0.0.1 four\n2001:db8::6 six\n", "nsswitch.conf": "hosts: files\n"}
FAST = ("-i", PACE, "-W", "1s")


@pytest.fixture
def named():
    """A namespace whose names are those of HOSTS and no others."""
    with Namespace("named", HOSTS) as namespace:
        yield namespace


@pytest.fixture
def served(family):
    """All services on the family's loopback address, on free ports."""
    with Server(*(family.local(kind, 0) for kind in ("pong", "tcp-echo", "udp-echo"))) as server:
        yield server


def target_of(server, family, kind):
    """Where `kind` finds the server."""
    if kind == "icmp":
        return family.loopback
    return family.local(kind, server.port("tcp-echo" if kind == "tcp" else kind))


KINDS = ("icmp", "tcp", "tcp-echo", "udp-echo", "pong")


# --- format -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_whole_run(kind, family, served):
    target = target_of(served, family, kind)
    result = run("ping", *FAST, target, code=0)
    lines = result.lines
    header = ping_text.HEADER.fullmatch(lines[0])
    assert header, lines[0]
    assert header["address"] == family.loopback
    assert header["every"] == PACE
    assert header["target"] == (family.url("icmp", family.loopback) if kind == "icmp" else target)
    replies = [ping_text.REPLY.fullmatch(line) for line in lines[1:5]]
    assert all(replies), lines
    assert [reply["seq"] for reply in replies] == ["1", "2", "3", "4"]
    assert {reply["address"] for reply in replies} == {family.loopback}
    assert {reply["stamp"] for reply in replies} == {None}
    assert lines[5] == ""
    assert ping_text.STATISTICS.fullmatch(lines[6])["target"] == header["target"]
    totals = ping_text.TOTALS.fullmatch(lines[7])
    assert (totals["sent"], totals["received"], totals["loss"]) == ("4", "4", "0")
    assert 400 <= int(totals["time"]) < 3000
    least, mean, most, _ = map(float, ping_text.RTT.fullmatch(lines[8]).groups())
    times = [float(reply["time"]) for reply in replies]
    assert (least, most) == (min(times), max(times))
    assert abs(mean - sum(times) / 4) < 0.0015
    assert result.err == ""


@pytest.mark.parametrize("kind", ["icmp", "udp-echo", "tcp-echo"])
def test_bytes_are_the_payload(kind, family, served):
    result = run("ping", *FAST, "-s", "100", target_of(served, family, kind), code=0)
    assert ping_text.HEADER.search(result.out)["bytes"] == "100"
    assert {reply["bytes"] for reply in ping_text.REPLY.finditer(result.out)} == {"100"}


@pytest.mark.parametrize("kind", ["icmp", "udp-echo"])
def test_ttl_is_shown_where_it_is_known(kind, family, pair):
    with Server(family.url("udp-echo", pair.b.address(family), 0), ns=pair.b) as server:
        target = server.url("udp-echo") if kind == "udp-echo" else pair.b.address(family)
        result = run("ping", *FAST, target, ns=pair.a, code=0)
    ttls = {reply["ttl"] for reply in ping_text.REPLY.finditer(result.out)}
    assert ttls <= {"63", "64"} and None not in ttls, result.out


def test_few_samples_show_few_percentiles(family, served):
    out = run("ping", *FAST, target_of(served, family, "udp-echo"), code=0).out
    quantiles = ping_text.QUANTILES.search(out)
    assert quantiles is None or ("p99" not in quantiles["names"] and "p90" not in quantiles["names"]), out


@pytest.mark.parametrize("count, every", [(300, "2ms"), (1500, "500us")])
def test_percentiles_that_the_sample_supports(count, every, family, served):
    out = run("ping", "-c", count, "-i", every, "-q", target_of(served, family, "udp-echo"), code=0).out
    quantiles = ping_text.QUANTILES.search(out)
    assert ping_text.summaries(out)[0].received >= 100
    thousand = ping_text.summaries(out)[0].received >= 1000
    assert quantiles["names"] == ("p50/p90/p99/p99.9" if thousand else "p50/p90/p99"), out
    values = [float(value) for value in quantiles["values"].split("/")]
    assert values == sorted(values)
    found = ping_text.summaries(out)[0]
    assert found.rtt[0] <= values[0] <= values[-1] <= found.rtt[2]


def test_jitter_is_named(served, family):
    out = run("ping", "-i", "20ms", "-c", "20", target_of(served, family, "udp-echo"), code=0).out
    assert re.search(r"^jitter \d+\.\d{3} ms \(RFC 3550\)", out, re.M), out


def test_counters_that_are_zero_are_not_printed(served, family):
    out = run("ping", *FAST, target_of(served, family, "udp-echo"), code=0).out
    for name in ("duplicate", "late", "reorder", "refused", "unsent", "junk"):
        assert not re.search(rf"\b{name}(s|d|ed)?\b", ping_text.summaries(out)[0].text), out


def test_one_answer_has_no_spread(served, family):
    """One sample supports no percentile and no jitter."""
    out = run("ping", "-c1", target_of(served, family, "udp-echo"), code=0).out
    assert "p90" not in out and "jitter" not in out


def test_no_answer_gives_no_rtt(family):
    with peers.UdpPeer(family, lambda data, n: []) as peer:
        result = run("ping", "-c2", "-i", PACE, "-W", "50ms", family.local("udp-echo", peer.port), code=1)
    assert ping_text.LOST.search(result.out)["why"] == "timed out after 50ms"
    found = ping_text.summary(result)
    assert (found.sent, found.received, found.loss, found.rtt) == (2, 0, 100, None)
    assert "rtt" not in found.text and "nan" not in found.text


def test_a_quarter_lost(family):
    with peers.UdpPeer(family, lambda data, n: [data] if n != 1 else []) as peer:
        result = run("ping", "-c4", "-i", PACE, "-W", "500ms", family.local("udp-echo", peer.port), code=0)
    found = ping_text.summary(result)
    assert (found.sent, found.received, found.loss) == (4, 3, 25)
    assert ping_text.seqs(ping_text.LOST, result.out) == [2]
    assert ping_text.LOST.search(result.out)["address"] == family.loopback


# --- options of output --------------------------------------------------------------------------------


def test_quiet_prints_header_and_summary(served, family):
    result = run("ping", "-q", *FAST, target_of(served, family, "udp-echo"), code=0)
    assert ping_text.HEADER.match(result.lines[0])
    assert result.lines[1] == ""
    assert ping_text.STATISTICS.match(result.lines[2])
    assert not ping_text.REPLY.search(result.out)


def test_quiet_hides_losses_too(family):
    port = peers.closed_port(family)
    result = run("ping", "-q", "-c2", *FAST, family.local("tcp", port), code=1)
    assert not ping_text.REFUSED.search(result.out)
    assert ping_text.summary(result).sent == 2


def test_epoch_stamps(served, family):
    before = time.time()
    result = run("ping", "-D", *FAST, target_of(served, family, "udp-echo"), code=0)
    after = time.time()
    stamps = [float(reply["stamp"]) for reply in ping_text.REPLY.finditer(result.out)]
    assert len(stamps) == 4
    assert before - 0.001 <= stamps[0] and stamps == sorted(stamps) and stamps[-1] <= after


def test_epoch_stamps_on_lines_that_are_no_answers(family):
    result = run("ping", "-D", "-c2", *FAST, family.local("tcp", peers.closed_port(family)), code=1)
    assert len(re.findall(r"^\[\d{10}\.\d+\] refused by", result.out, re.M)) == 2


def test_outstanding_is_reported(family):
    with peers.UdpPeer(family, lambda data, n: [(0.5, data)]) as peer:
        url = family.local("udp-echo", peer.port)
        with_it = run("ping", "-O", "-c3", "-i", PACE, "-W", "2s", url, code=0)
        without = run("ping", "-c3", "-i", PACE, "-W", "2s", url, code=0)
    assert re.search(r"^no answer yet from \S+: seq=1\b", with_it.out, re.M), with_it.out
    assert "yet" not in without.out
    assert ping_text.summary(with_it).received == 3


def test_verbose_says_more_and_numeric_no_less(served, family):
    target = target_of(served, family, "udp-echo")
    verbose = run("ping", "-v", *FAST, target, code=0)
    assert re.search(r"^sent up to [\d.]+ ms later than due$", verbose.out, re.M), "our own lag, however small"
    numeric = run("ping", "-n", *FAST, target, code=0)
    assert [line for line in numeric.lines if "seq=" in line][0].startswith("56 bytes from " + family.loopback)


def test_url_is_asked_by_the_handshake(served, family):
    for scheme in ("http", "https"):
        url = family.local(scheme, served.port("tcp-echo")) + "/path?query#fragment"
        result = run("ping", "-c2", *FAST, url, code=0)
        assert ping_text.summary(result).received == 2
        assert re.search(r"tcp.*handshake|handshake.*tcp", result.lines[0], re.I), result.lines[0]


@pytest.mark.parametrize("url, port", [("http://four", 80), ("https://four/", 443), ("tcp://four", 443), ("udp-echo://four", 8888), ("tcp-echo://four", 8888), ("pong://four", 42422)])
def test_default_ports(url, port, named):
    """Refused is enough: it is refused by the port that was asked."""
    with named.capture(f"tcp port {port} or udp port {port}", "lo") as lines:
        run("ping", "-c1", *FAST, url, ns=named, code=1)
    assert any(f"127.0.0.1.{port}" in line for line in lines), lines


# --- text from the network ----------------------------------------------------------------------------


def test_no_byte_of_the_network_steers_the_terminal():
    def serve(connection, number):
        connection.recv(100)
        connection.sendall("error \x1b]0;owned\x07\x1b[31mbusy\u202e \x9b31m\r\n".encode())
        connection.recv(100)

    with peers.TcpPeer(IPV4, serve) as peer:
        result = run("ping", "-v", "-c2", *FAST, IPV4.local("pong", peer.port), code=1)
    for text in (result.out, result.err):
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text), ascii(text)
    assert ping_text.summary(result).received == 0


# --- exit codes ---------------------------------------------------------------------------------------


def test_exit_of_several_targets(family):
    refused = family.local("tcp", peers.closed_port(family))
    with peers.UdpPeer(family, lambda data, n: [data]) as peer:
        alive = family.local("udp-echo", peer.port)
        assert run("ping", "-c2", *FAST, alive, alive).code == 0
        assert run("ping", "-c2", *FAST, alive, refused).code == 1
        assert run("ping", "-c2", *FAST, refused, refused).code == 1


def test_unresolvable_name(named):
    result = run("ping", "-c1", "no-such-host.invalid", ns=named, code=2)
    assert re.fullmatch(r"sounder: ping: cannot resolve 'no-such-host\.invalid': [a-z][^\n]*[^.\n]\n", result.err), result
    assert "nan" not in result.out


def test_unresolvable_name_among_others(named):
    with peers.UdpPeer(IPV4, lambda data, n: [data], ns=named) as peer:
        url = f"udp-echo://four:{peer.port}"
        result = run("ping", "-c3", *FAST, url, "no-such-host.invalid", ns=named, code=2)
    assert result.err.count("\n") == 1 and "'no-such-host.invalid'" in result.err
    assert [found.received for found in ping_text.summaries(result.out)][0] == 3


def test_name_without_an_address_of_the_family(named):
    result = run("ping", "-4", "-c1", "six", ns=named, code=2)
    assert "'six'" in result.err
    result = run("ping", "-6", "-c1", "four", ns=named, code=2)
    assert "'four'" in result.err


def test_family_options_choose_the_address(named):
    for option, address in (("-4", "127.0.0.1"), ("-6", "::1")):
        result = run("ping", option, "-c1", "both", ns=named, code=0)
        assert ping_text.HEADER.search(result.out)["address"] == address


@pytest.mark.parametrize("kind", ["tcp-echo", "pong"])
def test_first_address_refuses_the_next_is_tried(kind, named):
    """`localhost` is ::1 first; the server has 127.0.0.1 only."""
    with Server(f"{kind}://127.0.0.1:0", ns=named) as server:
        result = run("ping", "-c3", *FAST, f"{kind}://localhost:{server.port(kind)}", ns=named, code=0)
    found = ping_text.summary(result)
    assert (found.sent, found.received) == (3, 3)
    assert {reply["address"] for reply in ping_text.REPLY.finditer(result.out)} == {"127.0.0.1"}


# --- several targets ----------------------------------------------------------------------------------


def test_several_targets_side_by_side(served, family):
    targets = [target_of(served, family, kind) for kind in KINDS]
    result = run("ping", "-c4", "-i", PACE, *targets, code=0)
    assert {header["target"] for header in ping_text.HEADER.finditer(result.out)} == {
        family.url("icmp", family.loopback) if target == family.loopback else target for target in targets
    }
    found = ping_text.summaries(result.out)
    assert len(found) == len(targets)
    assert {each.received for each in found} == {4}
    assert result.seconds < 3, "side by side, not one after the other"


def test_a_dead_target_delays_no_other(family):
    with peers.UdpPeer(family, lambda data, n: []) as dead, peers.UdpPeer(family, lambda data, n: [data]) as alive:
        result = run(
            "ping", "-c3", "-i", PACE, "-W", "500ms", family.local("udp-echo", dead.port), family.local("udp-echo", alive.port), code=1
        )
    assert sorted(found.received for found in ping_text.summaries(result.out)) == [0, 3]


def test_the_same_target_twice(family):
    with peers.UdpPeer(family, lambda data, n: [data]) as peer:
        url = family.local("udp-echo", peer.port)
        result = run("ping", "-c5", *FAST, url, url, code=0)
        assert len(peer.heard) == 10
    assert [found.received for found in ping_text.summaries(result.out)] == [5, 5]


def test_eight_targets_have_a_summary_each(family):
    count = 8
    with peers.UdpPeer(family, lambda data, n: [data]) as peer:
        url = family.local("udp-echo", peer.port)
        result = run("ping", "-q", "-c3", "-i", PACE, *[url] * count, code=0)
    assert [found.received for found in ping_text.summaries(result.out)] == [3] * count


# --- output as it happens -----------------------------------------------------------------------------


def test_a_line_is_written_when_it_is_known(family):
    """Through a pipe too: whoever reads along sees each answer at once."""
    with peers.UdpPeer(family, lambda data, n: [data]) as peer:
        with Process("ping", "-c3", "-i", "30s", family.local("udp-echo", peer.port)) as process:
            process.wait_lines(ping_text.REPLY, 1)
            assert process.running()
            assert len(peer.heard) < 3


def test_a_reader_that_goes_away_ends_the_run(family):
    with peers.UdpPeer(family, lambda data, n: [data]) as peer:
        ours, theirs = socket.socketpair()
        with Process("ping", "-c0", "-i", "40ms", family.local("udp-echo", peer.port), stdout=theirs) as process:
            theirs.close()
            ours.recv(100)
            ours.close()
            process.wait(timeout=5)


def test_descriptors_0_to_2_closed(build, family):
    """Descriptors 0-2 closed: no socket may take their place and be written to."""
    with peers.UdpPeer(family, lambda data, n: [data]) as peer:
        url = family.local("udp-echo", peer.port)
        run("-c", 'exec "$0" ping -c3 -i10ms "$1" <&- >&- 2>&-', build.sounder, url, binary="/bin/sh")
        assert {len(data) for data in peer.heard} == {56}
