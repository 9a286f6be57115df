# SPDX-License-Identifier: MIT
"""What ping says of a network is what the network did: fates as the wire carried them, round trips as the
wire timed them, whatever the process was doing meanwhile."""
import signal
import time

import pytest

import netlab
import wire_truth
from harness import Process, Server, wait_until
from netlab import busy, captured, errors, median, ping
from relay import BACK, FORWARD, LOST, TWICE, at, behind, every, late

DATAGRAMS = ("icmp", "udp-echo")
ECHOES = (*DATAGRAMS, "tcp-echo")
PACE = ("-i", "25ms", "-W", "400ms")
LOOSE_NS = 100_000  # what a median may be off by; the bench is for judging closely
HANDSHAKE_NS = 200_000
MS = 1_000_000
WAYS = {FORWARD: "forward", BACK: "back"}


def serving(kind, family, pair):
    """A server that answers `kind`, in namespace b. For icmp nobody asks it: the kernel answers."""
    service = kind if kind in ("udp-echo", "tcp-echo") else "tcp-echo"
    return Server(family.url(service, pair.b.address(family), 0), ns=pair.b)


def target(kind, family, pair, server):
    if kind == "icmp":
        return family.url("icmp", pair.b.address(family))
    return family.url(kind, pair.b.address(family), server.listening[0].port)


def asked(kind, family, pair, *args, **options):
    """A run of ping against a server of its own: what it told, what the wire saw."""
    with serving(kind, family, pair) as server, captured(pair) as wire:
        told = ping(pair.a, *args, target(kind, family, pair, server), **options)
    return told, wire


def journeys(kind, wire):
    return wire.streams(56) if kind == "tcp-echo" else wire.journeys()


def matching(kind, family, reply):
    """nft's words for the probes of a kind, or for the replies."""
    if kind == "icmp":
        return f"{'icmp' if family.version == 4 else 'icmpv6'} type echo-{'reply' if reply else 'request'}"
    return f"udp {'sport' if reply else 'dport'} != 0"


def shape(lab, way, *rules):
    """Rules of one direction."""
    lab.relay.shape(forward=rules if way == FORWARD else (), back=rules if way == BACK else ())


def check(told, wire=None, **unusual):
    """The summary says what the records say; all counts but the unusual ones are 0."""
    counts = dict.fromkeys(("lost", "duplicates", "reordered", "late", "junk", "refused"), 0) | unusual
    assert {name: told.summary[name] for name in counts} == counts
    assert told.summary["transmitted"] == len(told.sent) == len(told.seqs("reply")) + counts["lost"]
    assert told.summary["received"] == len(told.seqs("reply"))
    assert wire is None or len(wire.journeys()) == len(told.sent)


# --- fates ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS, ids=WAYS.get)
@pytest.mark.parametrize("kind", DATAGRAMS)
def test_loss_is_what_was_dropped(kind, way, family, pair):
    """Each fifth is dropped behind the capture: a request that nothing follows, or a reply unheard."""
    where = pair.a if way == BACK else pair.b
    where.filter("input", f"{matching(kind, family, way == BACK)} numgen inc mod 5 == 0 counter drop")
    told, wire = asked(kind, family, pair, "-c20", *PACE)
    dropped = list(range(1, len(told.sent) + 1, 5))
    assert where.counted() == len(dropped)
    assert told.seqs("loss") == told.nth(dropped)
    unanswered = [place for place, journey in enumerate(wire.journeys(), 1) if not journey.replies]
    assert unanswered == (dropped if way == FORWARD else [])
    check(told, wire, lost=len(dropped))


@pytest.mark.parametrize("kind", DATAGRAMS)
def test_loss_both_ways_is_the_relays(kind, family, lab):
    """Each seventh lost forward, each fifth of what comes back: the relay's log knows which."""
    lab.relay.shape(forward=[every(7, LOST)], back=[every(5, LOST)])
    told, wire = asked(kind, family, lab, "-c30", *PACE)
    there = [number for number in range(1, len(told.sent) + 1) if number % 7]
    back = [number for place, number in enumerate(there, 1) if place % 5]
    assert told.seqs("reply") == told.nth(back)
    lost = len(lab.relay.done(FORWARD, LOST)) + len(lab.relay.done(BACK, LOST))
    assert lost == len(told.sent) - len(back)
    check(told, lost=lost)


def test_a_lost_segment_is_a_retransmission(family, lab):
    """The relay drops one request of tcp-echo: nothing is lost, that probe's time shows TCP's patience."""
    lab.relay.shape(forward=[at(4, LOST)])
    told, _ = asked("tcp-echo", family, lab, "-c8", "-i", "50ms", "-W", "3s")
    check(told)
    assert told.summary["retransmissions"] >= 1
    marked = [reply["seq"] for reply in told.of("reply") if reply.get("retransmissions")]
    fourth, = told.nth([4])
    assert marked and min(marked) == fourth, told.of("reply")
    others = [reply["rtt_ns"] for reply in told.of("reply") if not reply.get("retransmissions")]
    assert told.reply(fourth)["rtt_ns"] > 5 * median(others), "TCP waits before it repeats itself"


@pytest.mark.parametrize("way", WAYS, ids=WAYS.get)
@pytest.mark.parametrize("kind", DATAGRAMS)
def test_duplicates_are_as_many_as_arrived(kind, way, family, lab):
    shape(lab, way, at(4, TWICE), at(8, TWICE), at(13, TWICE))
    told, wire = asked(kind, family, lab, "-c20", *PACE)
    doubled = lab.relay.done(way, TWICE)
    assert doubled and netlab.duplicates(netlab.replies_in_order(wire)) == len(doubled)
    assert sorted(told.seqs("duplicate")) == told.nth(doubled)
    check(told, duplicates=len(doubled))


@pytest.mark.parametrize("way", WAYS, ids=WAYS.get)
@pytest.mark.parametrize("kind", DATAGRAMS)
def test_reordering_is_counted_as_the_wire_shows_it(kind, way, family, lab):
    shape(lab, way, at(3, behind(4)), at(8, behind(11)), at(13, behind(14)))
    told, wire = asked(kind, family, lab, "-c20", *PACE)
    order = [1, 2, 4, 3, 5, 6, 7, 9, 10, 11, 8, 12, 14, 13, *range(15, len(told.sent) + 1)]
    if way == BACK:  # swapped forward, the requests' places are the swapped ones
        assert netlab.replies_in_order(wire) == order
    assert told.seqs("reply") == told.nth(order)
    check(told, reordered=netlab.reordered(order))


@pytest.mark.parametrize("kind", DATAGRAMS)
def test_late_copies_and_swaps_at_once(kind, family, lab):
    """A late reply stays lost, a late copy of an answered one is a duplicate, and neither hurts the rest."""
    shape(lab, BACK, at(2, late(0.3)), at(5, TWICE), at(9, LOST), at(12, behind(13)))
    told, _ = asked(kind, family, lab, "-c20", "-i", "40ms", "-W", "150ms")
    assert told.seqs("loss") == told.nth([2, 9])
    assert (told.seqs("late"), told.seqs("duplicate")) == (told.nth([2]), told.nth([5]))
    check(told, lost=2, late=1, duplicates=1, reordered=1)
    assert max(told.values("rtt_ns")) <= 150 * MS


# --- round trips ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ECHOES)
def test_the_round_trip_is_the_wires(kind, family, pair):
    told, wire = asked(kind, family, pair, "-c40", "-i", "20ms")
    assert told.stamps == {("kernel", "kernel")}
    check(told)
    assert median(errors(told, journeys(kind, wire))) < LOOSE_NS


def test_the_handshake_is_the_kernels(family, pair):
    told, wire = asked("tcp", family, pair, "-c30", "-i", "20ms")
    check(told)
    assert median(errors(told, wire.journeys(wire_truth.handshake_key))) < HANDSHAKE_NS


@pytest.mark.parametrize("kind", ECHOES)
def test_busy_loops_beside_the_client_do_not_reach_it(kind, family, pair):
    cpu = netlab.a_cpu()
    with busy(4, cpu):
        told, wire = asked(kind, family, pair, "-c40", "-i", "20ms", prefix=("taskset", "-c", cpu))
    assert median(errors(told, journeys(kind, wire))) < LOOSE_NS
    assert min(told.values("host_out_ns")) >= 0 and min(told.values("host_in_ns")) >= 0
    if kind != "tcp-echo":  # replies that TCP hands over together have one stamp between them
        assert told.stamps == {("kernel", "kernel")}


@pytest.mark.parametrize("kind", DATAGRAMS)
def test_a_client_that_slept_blames_itself_not_the_network(kind, family, lab):
    """The process is stopped while the third reply is under way and wakes long after it: the round trip
    is the network's all the same, and the sleep is in the host's own part."""
    lab.relay.shape(delay=(0.05, 0.05))
    with serving(kind, family, lab) as server:
        with Process("ping", "-J", "-c5", "-i", "300ms", "-W", "2s", target(kind, family, lab, server), ns=lab.a) as process:
            wait_until(lambda: 3 in lab.relay.done(FORWARD), "the third request has left")
            process.signal(signal.SIGSTOP)
            wait_until(lambda: 3 in lab.relay.done(BACK), "its reply is under way")
            time.sleep(0.25)  # what is measured
            process.signal(signal.SIGCONT)
            told = netlab.told(process.wait())
    check(told)
    seq, = told.nth([3])
    third = told.reply(seq)
    assert third["host_in_ns"] > 100 * MS
    others = [reply["rtt_ns"] for reply in told.of("reply") if reply["seq"] < seq]
    assert abs(third["rtt_ns"] - median(others)) < 50 * MS, told.of("reply")


@pytest.mark.parametrize("way", WAYS, ids=WAYS.get)
@pytest.mark.parametrize("kind", ECHOES)
def test_a_slower_network_moves_only_the_networks_part(kind, way, family, lab):
    with serving(kind, family, lab) as server:
        where = target(kind, family, lab, server)
        fast = ping(lab.a, "-c12", "-i", "40ms", where)
        lab.relay.shape(delay=(0.02, 0.0) if way == FORWARD else (0.0, 0.02))
        slow = ping(lab.a, "-c12", "-i", "40ms", where)
    for name in ("rtt_ns", "network_ns"):
        gained = median(slow.values(name)) - median(fast.values(name))
        assert min(slow.values(name)) >= 20 * MS
        assert 15 * MS < gained < 35 * MS, (name, gained)
    for name in ("host_out_ns", "host_in_ns"):
        assert abs(median(slow.values(name)) - median(fast.values(name))) < 5 * MS, name
