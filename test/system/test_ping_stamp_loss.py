# SPDX-License-Identifier: MIT
"""Loss by direction, restarts and rewriting, in a network whose truth is known: by the reflector, which knows what
arrived, and by nft, which counts what it drops."""
import re

import pytest

from harness import PACE, Server, run
from reflectors import Reflector
from test_json import assert_adds_up, of_type, records_of, summary_of

FAST = ("-i", "4ms", "-W", "300ms")


def ask(pair, peer, family, *args, count, code=0):
    url = family.url("stamp", pair.b.address(family), peer.port)
    records = records_of(run("ping", "-J", "-c", count, *FAST, *args, url, ns=pair.a, code=code, timeout=60).out)
    assert_adds_up(summary_of(records))
    return records


def lose(pair, peer, forward=None, back=None):
    """nft's words for which packets are dropped, each way."""
    if forward:
        pair.b.filter("input", f"udp dport {peer.port} {forward} counter drop")
    if back:
        pair.a.filter("input", f"udp sport {peer.port} {back} counter drop")


def truth(peer, summary):
    """(lost forward, lost reverse): by what the reflector heard; closing probes left out."""
    heard = {number for number in peer.received if number < summary["transmitted"]}
    return summary["transmitted"] - len(heard), len(heard) - summary["received"]


def assert_exact(peer, summary):
    assert summary["direction_known"]
    assert (summary["forward_lost"], summary["reverse_lost"], summary["undetermined"]) == (*truth(peer, summary), 0)


@pytest.mark.parametrize("tlvs", [False, True], ids=["plain", "extended"])
def test_loss_by_direction_is_exact_both_ways_at_once(tlvs, family, pair):
    """Nothing crosses here, so what is dropped at random is told exactly, the tail included."""
    with Reflector(family, ns=pair.b, tlvs=tlvs) as peer:
        lose(pair, peer, "numgen random mod 100 < 5", "numgen random mod 100 < 2")
        summary = summary_of(ask(pair, peer, family, count=1200))
        assert summary["transmitted"] > 900
        assert summary["forward_lost"] > 20 and summary["reverse_lost"] > 3
        assert_exact(peer, summary)
        # Each loss is one that nft counted; closing probes may have been dropped, too.
        dropped = pair.b.counted() + pair.a.counted()
        assert 0 <= dropped - summary["lost"] <= summary["closing_probes"]


@pytest.mark.parametrize("way", ["forward", "back"])
def test_the_last_probes_lost_are_told_by_the_closing_one(way, family, pair):
    """All from the 6th to the 10th are dropped; the closing probe, the 11th, is not."""
    rule = "numgen inc mod 1000 5-9"
    with Reflector(family, ns=pair.b) as peer:
        lose(pair, peer, **{way: rule})
        summary = summary_of(ask(pair, peer, family, "-i", PACE, count=10))
        assert summary["transmitted"] == 10 and summary["received"] == 5
        assert summary["closing_probes"] == 1
        if way == "forward":
            assert (summary["direction_known"], summary["forward_lost"], summary["undetermined"]) == (True, 5, 0)
        else:  # every number that came repeats ours: it may copy them for all that anybody knows
            assert (summary["direction_known"], summary["undetermined"]) == (False, 5)
        assert pair.b.counted() + pair.a.counted() == 5
        assert len(peer.requests) == (6 if way == "forward" else 11)


def test_closing_probes_that_are_lost_leave_it_undetermined(family, pair):
    """The second is lost, so that it is seen to count; from the 8th on nothing comes back."""

    def dies(reply, request, n):
        if n == 1:
            peer.counters[request.ssid] -= 1
            return []
        return [] if n >= 7 else None

    with Reflector(family, ns=pair.b, change=dies) as peer:
        records = ask(pair, peer, family, "-i", PACE, count=10)
        summary = summary_of(records)
        assert len(peer.requests) == 13
    assert (summary["transmitted"], summary["received"], summary["lost"]) == (10, 6, 4)
    assert summary["closing_probes"] == 3
    assert (summary["forward_lost"], summary["reverse_lost"], summary["undetermined"]) == (1, 0, 3)
    assert max(record["seq"] for record in records if "seq" in record) == 10
    assert summary["residence"]["count"] == summary["net_rtt"]["count"] == 6


def test_of_a_reflector_that_copies_nothing_is_claimed(family, pair):
    with Reflector(family, ns=pair.b, counts=False) as peer:
        lose(pair, peer, "numgen random mod 100 < 10", "numgen random mod 100 < 10")
        url = family.url("stamp", pair.b.address(family), peer.port)
        summary = summary_of(ask(pair, peer, family, count=300))
        said = run("ping", "-c", 100, *FAST, url, ns=pair.a, code=0).out
    assert not summary["direction_known"]
    assert not {"forward_lost", "reverse_lost"} & set(summary)
    assert summary["undetermined"] == summary["lost"] > 0
    lost = re.search(r"(\d+) packets transmitted, (\d+) received", said)
    assert f"the reflector's numbers repeat ours (undetermined {int(lost[1]) - int(lost[2])})" in said
    assert "lost forward" not in said


def test_the_text_tells_each_direction(family, pair):
    with Reflector(family, ns=pair.b) as peer:
        lose(pair, peer, "numgen inc mod 10 == 3", "numgen inc mod 10 == 5")
        url = family.url("stamp", pair.b.address(family), peer.port)
        result = run("ping", "-c", 60, *FAST, "--report", "100ms", url, ns=pair.a, code=0)
        sent = int(re.search(r"(\d+) packets transmitted", result.out)[1])
        forward, reverse = pair.b.counted(), pair.a.counted()
        arrived = {number for number in peer.received if number < sent}
    told = re.search(r"^lost forward (\d+), reverse (\d+)$", result.out, re.M)
    assert told and int(told[1]) == sent - len(arrived), result.out
    assert int(told[1]) <= forward and int(told[2]) <= reverse
    assert re.search(r"^interval \d.*, lost forward \d+, reverse \d+", result.out, re.M), result.out


def test_intervals_add_up_to_the_run(family, pair):
    with Reflector(family, ns=pair.b) as peer:
        lose(pair, peer, "numgen random mod 100 < 8", "numgen random mod 100 < 4")
        records = ask(pair, peer, family, "--report", "250ms", count=500)
    summary, intervals = summary_of(records), of_type(records, "interval")
    assert len(intervals) > 4
    for interval in intervals:
        told = interval.get("forward_lost", 0) + interval.get("reverse_lost", 0) + interval["undetermined"]
        assert told == interval["transmitted"] - interval["received"] - interval["late"], interval
    assert sum(interval["transmitted"] for interval in intervals) == summary["transmitted"]
    known = [interval for interval in intervals if interval["direction_known"]]
    assert sum(interval["forward_lost"] for interval in known) <= summary["forward_lost"]
    assert sum(interval["reverse_lost"] for interval in known) <= summary["reverse_lost"]
    assert sum(interval["undetermined"] for interval in known) <= len(known) * 3


def test_duplicates_of_replies_are_no_replies(family, pair):
    with Reflector(family, ns=pair.b, change=lambda reply, request, n: [reply] * (2 if n % 3 == 0 else 1)) as peer:
        lose(pair, peer, "numgen random mod 100 < 10", None)
        summary = summary_of(ask(pair, peer, family, count=300))
    assert summary["duplicates"] > summary["received"] / 5
    assert_exact(peer, summary)


def test_a_restart_of_the_reflector_is_told_and_opens_what_was_lost_around_it(family, pair):
    def restarts(reply, request, n):
        if n == 249:
            peer.restart()

    with Reflector(family, ns=pair.b, change=restarts) as peer:
        lose(pair, peer, "numgen random mod 100 < 10", "numgen random mod 100 < 5")
        records = ask(pair, peer, family, count=500)
    summary = summary_of(records)
    forward, reverse = truth(peer, summary)
    restarted = [event for event in of_type(records, "event") if event["event"] == "reflector_restarted"]
    assert len(restarted) == summary["reflector_restarts"] == 1
    assert summary["forward_lost"] + summary["reverse_lost"] + summary["undetermined"] == summary["lost"]
    assert 0 <= forward - summary["forward_lost"] <= summary["undetermined"] <= 10
    assert 0 <= reverse - summary["reverse_lost"] <= summary["undetermined"]


# --- what becomes of the mark of a packet ---------------------------------------------------------------


def ip(family):
    return "ip" if family.version == 4 else "ip6"


def test_marks_that_arrive_as_they_left(family, pair):
    with Reflector(family, ns=pair.b, tlvs=True) as peer:
        records = ask(pair, peer, family, "--dscp", "ef", count=20)
        assert {request.tos for request in peer.requests} == {46 << 2}
    summary = summary_of(records)
    assert summary["forward_marks_seen"] == summary["reverse_marks_seen"] == summary["received"]
    assert summary["forward_remarked"] == summary["reverse_remarked"] == 0
    assert {(reply["far_tos"], reply["tos"]) for reply in of_type(records, "reply")} == {(46 << 2, 46 << 2)}


@pytest.mark.parametrize("way", ["forward", "reverse"])
def test_rewriting_is_seen_in_the_direction_where_it_happens(way, family, pair):
    with Reflector(family, ns=pair.b, tlvs=True) as peer:
        rule = f"{ip(family)} dscp set cs1"
        if way == "forward":
            pair.b.filter("prerouting", f"udp dport {peer.port} {rule}")
        else:
            pair.a.filter("prerouting", f"udp sport {peer.port} {rule}")
        records = ask(pair, peer, family, "--dscp", "ef", count=20)
        url = family.url("stamp", pair.b.address(family), peer.port)
        said = run("ping", "-c", 5, *FAST, "--dscp", "ef", url, ns=pair.a, code=0).out
    summary = summary_of(records)
    other = "reverse" if way == "forward" else "forward"
    assert summary[f"{way}_remarked"] == summary["received"]
    assert summary[f"{other}_remarked"] == 0
    name = "far_tos" if way == "forward" else "tos"
    assert {reply[name] for reply in of_type(records, "reply")} == {8 << 2}
    assert re.search(rf"^{way}: DSCP/ECN rewritten in (\d+) of \1, 46/0 arrived as 8/0$", said, re.M), said
    assert f"{other}: DSCP" not in said


def test_congestion_is_told_apart_from_rewriting(family, pair):
    with Reflector(family, ns=pair.b, tlvs=True) as peer:
        pair.b.filter("prerouting", f"udp dport {peer.port} {ip(family)} ecn set ce")
        summary = summary_of(ask(pair, peer, family, "-Q", 2, count=20))
    assert summary["forward_congested"] == summary["received"]
    assert summary["forward_remarked"] == 0


def test_of_a_reflector_that_does_not_tell_no_rewriting_is_claimed(family, pair):
    """Its replies leave unmarked: nobody has rewritten them."""
    with Reflector(family, ns=pair.b) as peer:
        summary = summary_of(ask(pair, peer, family, "--dscp", "ef", count=10))
    assert not {"forward_remarked", "reverse_remarked", "forward_marks_seen"} & set(summary)


def test_the_ttl_both_ways(family, pair):
    with Reflector(family, ns=pair.b) as peer:
        records = ask(pair, peer, family, "-t", 17, count=5)
    assert {(reply["far_ttl"], reply["ttl"]) for reply in of_type(records, "reply")} == {(17, 64)}


# --- our own reflector ----------------------------------------------------------------------------------


@pytest.mark.parametrize("sealed", [False, True], ids=["open", "authenticated"])
def test_our_own_reflector_and_exact_loss(sealed, family, pair, tmp_path):
    """What nft drops of probes and replies is told of each direction; it may drop closing probes, too."""
    keys = tmp_path / "keys"
    keys.write_text("* text:correct horse battery\n")
    keys.chmod(0o600)
    serve, ask_with = (("--stamp-keys", keys), ("--key", keys)) if sealed else ((), ())
    with Server(family.url("stamp", pair.b.address(family), 0), *serve, ns=pair.b) as server:
        port = server.port("stamp")
        pair.b.filter("input", f"udp dport {port} numgen random mod 100 < 5 counter drop")
        pair.a.filter("input", f"udp sport {port} numgen random mod 100 < 2 counter drop")
        url = family.url("stamp", pair.b.address(family), port)
        result = run("ping", "-J", "-c", 1000, *FAST, *ask_with, "--dscp", "af41", url, ns=pair.a, code=0, timeout=60)
        records = records_of(result.out)
        forward, reverse = pair.b.counted(), pair.a.counted()
    summary = summary_of(records)
    assert_adds_up(summary)
    assert summary["direction_known"] and summary["undetermined"] == 0 and summary["junk"] == 0
    assert 0 <= forward - summary["forward_lost"] <= summary["closing_probes"]
    assert 0 <= reverse - summary["reverse_lost"] <= summary["closing_probes"]
    assert summary["forward_lost"] > 15 and summary["lost"] == summary["forward_lost"] + summary["reverse_lost"]
    assert summary["reflector"] == "extended" and summary["clock"]["impossible"] == 0
    assert summary["forward_remarked"] == summary["reverse_remarked"] == 0
    assert {(reply["far_tos"], reply["far_ttl"], reply["ttl"]) for reply in of_type(records, "reply")} == {(34 << 2, 64, 255)}
    # Each reply tells of the one before, where that was not lost.
    assert summary["followed_up"] > summary["received"] * 0.8
    assert abs(summary["clock"]["offset_ns"]) <= summary["clock"]["bound_ns"], "one machine, one clock"
