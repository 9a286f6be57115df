# SPDX-License-Identifier: MIT
"""`sounder ping stamp://`: against reflectors as they are found in the wild, and against liars."""
import re
import signal
import socket
import stat

import pytest

import peers
import ping_text
import reflectors
from harness import PACE, Process, Server, run
from reflectors import Reflector
from test_json import assert_adds_up, of_type, records_of, summary_of

FAST = ("-i", "20ms", "-W", "300ms")
HOUR = 3600 * 10**9
KEY = bytes.fromhex("00112233445566778899aabbccddeeff")


def ask(peer, family, *args, count=5, code=0):
    """The records of a run, valid by the schema."""
    result = run("ping", "-J", "-c", count, *FAST, *args, family.local("stamp", peer.port), code=code)
    records = records_of(result.out)
    assert_adds_up(summary_of(records))
    return records


def text(peer, family, *args, count=5, code=0):
    return run("ping", "-c", count, *FAST, *args, family.local("stamp", peer.port), code=code).out


def answered(records):
    """The replies; nothing was lost or junk."""
    summary = summary_of(records)
    assert summary["received"] == summary["transmitted"] > 0, summary
    assert summary["junk"] == summary["duplicates"] == 0
    return of_type(records, "reply")


def assert_directions(reply):
    for way in ("forward", "reverse"):
        low, middle, high = (reply[f"{way}{part}_ns"] for part in ("_low", "", "_high"))
        assert 0 <= low <= middle <= high
    assert reply["residence_ns"] >= 0


def events(records, word):
    return [event for event in of_type(records, "event") if event["event"] == word]


@pytest.fixture
def key_file(tmp_path):
    def write(line, mode=0o600):
        path = tmp_path / "keys"
        path.write_text(line)
        path.chmod(mode)
        return path

    return write


# --- a reflector as the standard has it ---------------------------------------------------------------


@pytest.mark.parametrize("tlvs", [False, True], ids=["plain", "extended"])
@pytest.mark.parametrize("key", [None, KEY], ids=["open", "authenticated"])
def test_a_conforming_reflector(key, tlvs, family, key_file):
    keys = ("--key", key_file(f"* {KEY.hex()}\n")) if key else ()
    with Reflector(family, key=key, tlvs=tlvs) as peer:
        records = ask(peer, family, *keys, count=20)
        requests = list(peer.requests)
    for reply in answered(records):
        assert_directions(reply)
        assert reply["far_ttl"] == 64
        unsent = sum(each["seq"] < reply["seq"] for each in records if each["type"] == "unsent")
        assert reply["reflector_seq"] == reply["seq"] - 1 - unsent  # what never left has no number on the wire
        assert ("far_tos" in reply) == tlvs
    assert [request.sequence for request in requests] == list(range(len(requests)))
    assert len({request.ssid for request in requests}) == 1 and requests[0].ssid != 0
    assert {len(request.octets) for request in requests} == {72 if not key else 160}
    summary = summary_of(records)
    assert summary["reflector"] == ("extended" if tlvs else "sessions")
    assert summary["clock"]["knowledge"] == "round_trip" and summary["clock"]["impossible"] == 0
    assert summary["residence"]["count"] == summary["net_rtt"]["count"] == summary["received"]
    assert summary["undetermined"] == summary["closing_probes"] == 0
    followed = of_type(records, "follow_up")
    assert summary["followed_up"] == len(followed)
    assert len(followed) == (summary["received"] - 1 if tlvs else 0)
    rtts = {reply["seq"]: reply for reply in of_type(records, "reply")}
    for record in followed:
        assert record["residence_ns"] >= rtts[record["seq"]]["residence_ns"]
        assert record["rtt_ns"] <= rtts[record["seq"]]["rtt_ns"]


def test_the_text_says_what_is_known(family):
    with Reflector(family, tlvs=True) as peer:
        out = text(peer, family, "-v", count=10)
    line = rf"forward {ping_text.NUMBER}\.\.{ping_text.NUMBER}, reverse {ping_text.NUMBER}\.\.{ping_text.NUMBER}"
    assert len(re.findall(rf"time=[\d.]+ ms \({line}, residence [\d.]+\)", out)) >= 8, out
    assert re.search(rf"^least one-way delay {line} ms$", out, re.M), out
    for name in ("rtt followed up", "forward pdv", "reverse pdv", "residence"):
        assert re.search(rf"^{name} p50/max = ", out, re.M), out
    assert re.search(r"^far clock [\d.]+ ms (ahead|behind) ± [\d.]+ ms", out, re.M), out
    assert "the clocks are not both synchronised: one-way delay is known within half the least round trip" in out
    assert "forward: ttl 64 on arrival" in out
    assert not re.search(r"(delay|forward|reverse|residence|pdv)[^\n]* -\d", out), "no delay is negative"


@pytest.mark.parametrize("format", ["ntp", "ptp"])
def test_either_format_of_times(format, family):
    """The reflector says by Z which one its own times have, whatever ours have."""
    error = reflectors.UNSYNCHRONISED | (0x4000 if format == "ptp" else 0)
    for ours in ((), ("--ptp",)):
        with Reflector(family, encode=getattr(reflectors, format), error=error) as peer:
            records = ask(peer, family, *ours)
            sent = peer.requests[0].get("error")
        assert bool(sent & 0x4000) == bool(ours)
        for reply in answered(records):
            assert_directions(reply)
        assert abs(summary_of(records)["clock"]["offset_ns"]) < 10**8


def test_times_of_tai(family):
    error = reflectors.UNSYNCHRONISED | 0x4000
    with Reflector(family, encode=reflectors.ptp, error=error, offset=37 * 10**9) as peer:
        plain = summary_of(ask(peer, family, "--ptp"))["clock"]["offset_ns"]
        corrected = summary_of(ask(peer, family, "--ptp", "--utc-offset", 37))["clock"]["offset_ns"]
    assert abs(plain - 37 * 10**9) < 10**8
    assert abs(corrected) < 10**8


# --- reflectors as they are found ---------------------------------------------------------------------


def ttl_255(reply, request, n):
    reply.put("sender_ttl", 255)


def same_times(reply, request, n):
    reply.put("time", reply.get("received"))


def must_be_zero(reply, request, n):
    reply.octets[38:40], reply.octets[41:44] = b"\xff\xff", b"\xff\xff\xff"


def ssid_elsewhere(reply, request, n):
    reply.octets[38:40] = request.ssid.to_bytes(2, "big")


def no_ssid(reply, request, n):
    reply.put("ssid", 0)


def no_ssid_but_elsewhere(reply, request, n):
    no_ssid(reply, request, n)
    ssid_elsewhere(reply, request, n)


def no_error(reply, request, n):
    reply.put("error", 0)


def of_41(reply, request, n):
    return [bytes(reply.octets[:41])]


def of_44(reply, request, n):
    return [bytes(reply.octets[:44])]


def zero_padded(reply, request, n):
    return [bytes(reply.octets[:44]) + bytes(len(request.octets) - 44)]


def random_padded(reply, request, n):
    return [bytes(reply.octets[:44]) + b"\x5a" * (len(request.octets) - 44)]


@pytest.mark.parametrize("change", [ttl_255, same_times, must_be_zero, ssid_elsewhere, no_ssid, no_ssid_but_elsewhere,
                                    no_error, of_41, of_44, zero_padded, random_padded])
def test_what_a_reflector_may_do_is_measured(change, family):
    with Reflector(family, change=change) as peer:
        records = ask(peer, family)
    for reply in answered(records):
        assert_directions(reply)
        assert reply["far_ttl"] == (255 if change is ttl_255 else 64)
        if change is same_times:
            assert reply["residence_ns"] == 0
    expected = "plain" if change in (no_ssid, no_ssid_but_elsewhere) else "sessions"
    assert summary_of(records)["reflector"] == expected


def test_the_ssid_of_a_sealed_reply_elsewhere_too(family, key_file):
    """stamp-suite wrote it at octet 74."""

    def elsewhere(reply, request, n):
        reply.octets[74:76] = request.ssid.to_bytes(2, "big")

    with Reflector(family, key=KEY, change=elsewhere) as peer:
        answered(ask(peer, family, "--key", key_file(f"* {KEY.hex()}\n")))


def test_a_ttl_of_255_is_said_to_be_perhaps_none(family):
    with Reflector(family, change=ttl_255) as peer:
        assert "forward: ttl 255 on arrival, or not told" in text(peer, family, "-v")


def test_a_reflector_without_ssid_is_said_to_be_old_and_may_be_refused(family):
    with Reflector(family, change=no_ssid) as peer:
        assert "the reflector does not know RFC 8972" in text(peer, family, "-v")
        records = ask(peer, family, "--need-ssid", code=1)
    summary = summary_of(records)
    assert (summary["received"], summary["junk"]) == (0, summary["transmitted"])


@pytest.mark.parametrize("change", ["T3 before T2", "T2 is zero", "both are zero", "longer than the round trip", "T1 in both"])
def test_times_that_cannot_be_give_a_round_trip_and_no_direction(change, family):
    def wrong(reply, request, n):
        if change == "T3 before T2":
            reply.put("time", reply.get("received") - (1 << 32))
        if change in ("T2 is zero", "both are zero"):
            reply.put("received", 0)
        if change == "both are zero":
            reply.put("time", 0)
        if change == "longer than the round trip":
            reply.put("time", reply.get("received") + (5 << 32))
        if change == "T1 in both":  # domos: synchronisation in the place of a time
            reply.put("received", 0)
            reply.put("time", request.get("time"))

    with Reflector(family, change=wrong) as peer:
        records = ask(peer, family)
        said = text(peer, family)
    for reply in answered(records):
        assert reply["rtt_ns"] > 0
        assert not {"residence_ns", "forward_ns", "reverse_ns"} & set(reply)
    clock = summary_of(records)["clock"]
    assert (clock["knowledge"], clock["impossible"]) == ("nothing", summary_of(records)["received"])
    assert "one-way delay is not known" in said and "times that cannot be" in said
    assert "far clock" not in said and "pdv p50" not in re.sub(r"jitter.*", "", said)


# --- the far clock ------------------------------------------------------------------------------------


@pytest.mark.parametrize("offset", [0, HOUR, -HOUR], ids=["none", "an hour ahead", "an hour behind"])
def test_the_stated_bound_contains_the_truth(offset, family):
    """Both ends are this machine, so the truth is known."""
    with Reflector(family, offset=offset) as peer:
        records = ask(peer, family, count=30)
    clock = summary_of(records)["clock"]
    assert abs(clock["offset_ns"] - offset) <= clock["bound_ns"]
    for reply in answered(records):
        assert_directions(reply)
        assert reply["forward_high_ns"] <= reply["rtt_ns"] + 10_000


def test_an_offset_is_told_as_ahead_or_behind(family):
    with Reflector(family, offset=HOUR) as peer:
        assert re.search(r"^far clock 3(600|599)\.\d+ s ahead ± ", text(peer, family), re.M)
    with Reflector(family, offset=-HOUR) as peer:
        assert re.search(r"^far clock 3(600|599)\.\d+ s behind ± ", text(peer, family), re.M)


@pytest.mark.parametrize("step", [10**9, -(10**9)], ids=["forward", "back"])
def test_a_step_of_the_far_clock_is_an_event(step, family):
    def run_over_a_step(ask_it):
        def turn(reply, request, n):
            if n == 15:
                peer.offset += step

        with Reflector(family, change=turn) as peer:
            return ask_it(peer)

    records = run_over_a_step(lambda peer: ask(peer, family, count=40))
    found = events(records, "clock_set")
    assert len(found) == 1, found
    assert abs(found[0]["span_ns"] - step) < 10**8
    clock = summary_of(records)["clock"]
    assert clock["steps"] == 1 and abs(clock["last_step_ns"] - step) < 10**8
    assert abs(clock["offset_ns"] - step) <= clock["bound_ns"]
    for reply in of_type(records, "reply"):
        assert reply["rtt_ns"] < 10**9
    said = run_over_a_step(lambda peer: text(peer, family, count=40))
    assert re.search(rf"^the clock of \S+ was put {'forward' if step > 0 else 'back'} by [\d.]+ ms$", said, re.M), said
    assert re.search(r"set 1 times, last by [+-][\d.]+ ms", said), said


def test_declared_clocks_that_disagree_are_not_believed(family):
    """S set and an error of 2 us beside an hour's offset."""
    with Reflector(family, offset=HOUR, error=0x8000 | (19 << 8) | 1) as peer:
        clock = summary_of(ask(peer, family))["clock"]
    assert clock["far_synchronised"]
    assert clock["knowledge"] == ("contradicted" if clock["own_synchronised"] else "round_trip")
    assert abs(clock["offset_ns"] - HOUR) <= clock["bound_ns"]


# --- liars --------------------------------------------------------------------------------------------


def changed(*changes):
    """A reply of which only these fields are other than they should be."""

    def change(reply, request, n):
        for name, value in changes:
            reply.put(name, value(reply, request) if callable(value) else value)

    return change


def cut(length):
    return lambda reply, request, n: [bytes(reply.octets[:length])]


LIES = {
    "truncated": cut(40),
    "head only": cut(16),
    "nothing": cut(0),
    "one octet too long": lambda reply, request, n: [bytes(reply.octets) + b"\0"],
    "an HMAC TLV too long": lambda reply, request, n: [bytes(reply.octets) + b"\0\x08\0\x10" + bytes(16)],
    "very long": lambda reply, request, n: [bytes(reply.octets) + bytes(1400)],
    "a foreign SSID": changed(("ssid", lambda reply, request: request.ssid ^ 1)),
    "another T1": changed(("sender_time", lambda reply, request: request.get("time") ^ 1)),
    "T1 of zero": changed(("sender_time", 0)),
    "a number never sent": changed(("sender_sequence", lambda reply, request: request.sequence + 1000)),
    "a number far beyond": changed(("sender_sequence", lambda reply, request: request.sequence ^ 0x80000000)),
    "the request itself": lambda reply, request, n: [bytes(request.octets)],
    "all zero": lambda reply, request, n: [bytes(len(request.octets))],
    "all ones": lambda reply, request, n: [b"\xff" * len(request.octets)],
    "from another port": lambda reply, request, n: [("other", reply)],
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
def test_a_lie_is_junk_and_never_received(lie, family):
    with Reflector(family, change=lie) as peer:
        records = ask(peer, family, count=3, code=1)
    summary = summary_of(records)
    assert (summary["received"], summary["late"], summary["duplicates"]) == (0, 0, 0)
    assert summary["junk"] == summary["transmitted"]
    assert "clock" not in summary or summary["clock"]["knowledge"] == "nothing"


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
def test_the_truth_behind_a_lie_is_received(lie, family):
    def both(reply, request, n):
        honest = reflectors.Packet(reply.octets, False)
        lies = lie(reply, request, n)
        return [*([reply] if lies is None else lies), honest]

    with Reflector(family, change=both) as peer:
        summary = summary_of(ask(peer, family, count=3))
    assert summary["received"] == summary["junk"] == summary["transmitted"]


def wrong_key(reply, request, n):
    octets = bytearray(reply.octets)
    octets[96:112] = reflectors.mac(b"another key, as it seems", bytes(octets[:96]))
    return [bytes(octets)]


def one_bit(reply, request, n):
    octets = bytearray(reply.octets)
    octets[96:112] = reflectors.mac(KEY, bytes(octets[:96]))
    octets[(17 * n + 3) % 112] ^= 1 << n % 8
    return [bytes(octets)]


def open_reply(reply, request, n):
    return [bytes(reply.octets[:44])]


@pytest.mark.parametrize("lie", [wrong_key, one_bit, open_reply])
def test_what_is_not_sealed_by_the_key_is_junk(lie, family, key_file):
    with Reflector(family, key=KEY, change=lie) as peer:
        summary = summary_of(ask(peer, family, "--key", key_file(f"* {KEY.hex()}\n"), count=8, code=1))
    assert summary["received"] == 0 and summary["junk"] == summary["transmitted"]


def test_tlvs_without_their_hmac_are_not_believed(family, key_file):
    """In an authenticated session; the base packet has an HMAC of its own, and is."""

    def bare(reply, request, n):
        reply.octets[140:160] = b"\x80\x01\0\x10" + bytes(16)

    with Reflector(family, key=KEY, tlvs=True, change=bare) as peer:
        records = ask(peer, family, "--key", key_file(f"* {KEY.hex()}\n"))
    assert all("far_tos" not in reply for reply in answered(records))
    assert summary_of(records)["reflector"] == "sessions"


# --- an open session whose TLVs alone are protected -----------------------------------------------------


def as_it_is(reply, request, n):
    return None


def another_key(reply, request, n):
    reply.octets[76:92] = reflectors.mac(b"another key, as it seems", bytes(reply.octets[0:4] + reply.octets[44:72]))
    return [bytes(reply.octets)]


def without_its_hmac(reply, request, n):
    return [bytes(reply.octets[:72])]


def flagged(reply, request, n):
    reply.octets[44] = reply.octets[52] = reply.octets[72] = 0x20  # I
    return [bytes(reply.octets)]


@pytest.mark.parametrize("change", [as_it_is, another_key, without_its_hmac, flagged])
def test_in_open_mode_protected_tlvs_are_believed_by_their_hmac_alone(change, family, key_file):
    with Reflector(family, key=KEY, sealed=False, tlvs=True, change=change) as peer:
        records = ask(peer, family, "--stamp-open", "--key", key_file(f"* {KEY.hex()}\n"))
        assert {len(request.octets) for request in peer.requests} == {44 + 28 + 20}
        for request in peer.requests:
            octets = request.octets
            assert octets[76:92] == reflectors.mac(KEY, bytes(octets[0:4] + octets[44:72]))
    assert {"far_tos" in reply for reply in answered(records)} == {change is as_it_is}


@pytest.mark.parametrize("theirs", [KEY, b"another key, as it seems", None])
def test_our_reflector_protects_the_tlvs_of_open_sessions(theirs, family, key_file, tmp_path):
    """With the key of all others; one that has another key, or none, answers the base packet alone."""
    path = tmp_path / "theirs"
    path.write_text(f"* {(theirs or b'').hex()}\n")
    path.chmod(0o600)
    keys = ("--stamp-keys", path, "--stamp-open") if theirs else ()
    with Server(family.local("stamp", 0), *keys) as server:
        result = run("ping", "-J", "-c", 3, *FAST, "--stamp-open", "--key", key_file(f"* {KEY.hex()}\n"), server.url("stamp"), code=0)
    assert {"far_tos" in reply for reply in answered(records_of(result.out))} == {theirs == KEY}


# --- keys ---------------------------------------------------------------------------------------------


def test_the_key_goes_by_the_session(family, key_file):
    path = key_file(f"# keys\n17 text:another key\n18 {KEY.hex()}\n")
    with Reflector(family, key=KEY) as peer:
        answered(ask(peer, family, "--key", path, "--ssid", 18))
        assert {request.ssid for request in peer.requests} == {18}
        assert summary_of(ask(peer, family, "--key", path, "--ssid", 17, count=2, code=1))["received"] == 0


def test_the_only_key_brings_its_session_along(family, key_file):
    with Reflector(family, key=KEY) as peer:
        answered(ask(peer, family, "--key", key_file(f"513 {KEY.hex()}\n")))
        assert {request.ssid for request in peer.requests} == {513}


@pytest.mark.parametrize(
    "line, mode, args, said",
    [
        (f"* {KEY.hex()}\n", 0o644, (), "open to everybody"),
        (f"{KEY.hex()}\n", 0o600, (), ":1: no SSID"),
        ("17\n", 0o600, (), ":1: no key"),
        (f"* {KEY.hex()}\n17 secret words\n", 0o600, (), ":2: no key"),
        ("", 0o600, (), "holds no key"),
        (f"17 {KEY.hex()}\n18 {KEY.hex()}\n", 0o600, (), "say which by --ssid"),
        (f"17 {KEY.hex()}\n", 0o600, ("--ssid", "18"), "has no key for --ssid '18'"),
    ],
)
def test_a_wrong_key_file_is_one_sentence_without_the_key(line, mode, args, said, key_file):
    path = key_file(line, mode)
    assert stat.S_IMODE(path.stat().st_mode) == mode
    result = run("ping", "-c1", "--key", path, *args, "stamp://127.0.0.1:1", code=2)
    assert said in result.err and str(path)[:40] in result.err
    assert result.err.count("\n") == 1 and result.out == ""
    assert KEY.hex() not in result.err and "secret" not in result.err


def test_other_usage_errors():
    for args, said in (
        (("-s", "43", "stamp://127.0.0.1"), "too small for stamp"),
        (("--source-port", "5000", "stamp://127.0.0.1", "stamp://127.0.0.2"), "one stamp target alone"),
        (("--source-port", "862", "stamp://127.0.0.1"), "loop"),
        (("--ssid", "0", "stamp://127.0.0.1"), "0"),
        (("--ssid", "65536", "stamp://127.0.0.1"), "65536"),
        (("--stamp-open", "stamp://127.0.0.1"), "'--stamp-open'"),
        (("--stamp-open", "--key", "/nowhere", "--no-tlvs", "stamp://127.0.0.1"), "'--no-tlvs'"),
    ):
        assert said in run("ping", "-c1", *args, code=2).err


def ssids_of(peer, family, tmp_path, *args):
    """Those of 64 targets, which are one host."""
    targets = tmp_path / "targets"
    targets.write_text(64 * f"{family.local('stamp', peer.port)}\n")
    run("ping", "-q", "-c", 1, "-i", "100ms", *args, "--targets", targets, code=0)
    sessions = {(request.sender, request.ssid) for request in peer.requests}
    assert len(sessions) == 64
    return sorted(ssid for _, ssid in sessions)


def test_no_two_targets_share_a_session_s_number(family, tmp_path):
    """The first is random, each of the others follows the one before."""
    with Reflector(family, counts=False) as peer:
        ssids = ssids_of(peer, family, tmp_path)
    assert 0 not in ssids
    gaps = [(b - a) % 65535 for a, b in zip(ssids, ssids[1:] + ssids[:1])]
    assert sorted(gaps) == 63 * [1] + [65535 - 63]


def test_a_number_that_is_given_goes_to_every_target(family, tmp_path):
    """They differ by their ports."""
    with Reflector(family, counts=False) as peer:
        assert ssids_of(peer, family, tmp_path, "--ssid", 17) == 64 * [17]


# --- what is sent -------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [44, 45, 46, 47, 72, 1400])
def test_the_size_is_that_of_the_datagram(size, family):
    with Reflector(family, tlvs=True) as peer:
        records = ask(peer, family, "-s", size, count=2)
        assert {len(request.octets) for request in peer.requests} == {size}
    assert {reply["bytes"] for reply in answered(records)} == {size}


def test_without_tlvs_it_is_rfc_8762_alone(family):
    with Reflector(family, tlvs=True) as peer:
        answered(ask(peer, family, "--no-tlvs", count=2))
        assert {len(request.octets) for request in peer.requests} == {44}


# --- a run that is cut short, and runs of many ----------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_after_an_interrupt_what_was_under_way_is_undetermined(number, family):
    """The reflector misses one, so that it is seen to count, and falls silent."""

    def falls_silent(reply, request, n):
        if n == 3:  # as if it had never come
            peer.counters[request.ssid] -= 1
            return []
        return None if n < 10 else []

    with Reflector(family, change=falls_silent) as peer:
        with Process("ping", "-J", "-c0", "-i", "50ms", "-W", "30s", family.local("stamp", peer.port)) as process:
            process.wait_lines(r'"type":"reply"', 9)
            peer.pause(0.3)
            process.signal(number)
            records = records_of(process.wait().out)
    summary = summary_of(records)
    assert summary["awaited"] > 1 and summary["received"] == 9
    assert summary["direction_known"] and summary["closing_probes"] == 0
    assert (summary["forward_lost"], summary["reverse_lost"]) == (1, 0)
    assert summary["undetermined"] == summary["awaited"] - 1


def test_stamp_among_other_kinds(family):
    with Reflector(family, tlvs=True) as one, Reflector(family, counts=False, offset=HOUR) as other, Server(
        family.local("udp-echo", 0), family.local("tcp-echo", 0)
    ) as server:
        urls = [family.local("stamp", one.port), family.local("stamp", other.port), server.url("udp-echo"),
                server.url("tcp-echo"), family.local("tcp", server.port("tcp-echo"))]
        records = records_of(run("ping", "-J", "-c", 5, "-i", PACE, "--report", "400ms", *urls, code=0).out)
        said = run("ping", "-c", 2, "-i", PACE, *urls, code=0).out
    for url in urls:
        mine = [record for record in records if record.get("target") == url]
        summary = summary_of(mine)
        assert_adds_up(summary)
        assert summary["received"] == summary["transmitted"] > 0
        assert ("clock" in summary) == url.startswith("stamp:")
        assert all(("residence_ns" in reply) == url.startswith("stamp:") for reply in of_type(mine, "reply"))
        assert all(("undetermined" in each) == url.startswith("stamp:") for each in of_type(mine, "interval"))
    assert len(ping_text.summaries(said)) == len(urls)


def test_csv_has_a_column_for_each_direction(family):
    with Reflector(family) as peer:
        lines = run("ping", "--csv", "-c2", *FAST, family.local("stamp", peer.port), code=0).out.splitlines()
    assert lines[0].endswith(",forward_ns,reverse_ns,residence_ns")
    for line in lines[1:]:
        assert all(int(field) >= 0 for field in line.split(",")[-3:]), line


def test_a_closed_port_is_refused(family):
    port = peers.closed_port(family, socket.SOCK_DGRAM)
    result = run("ping", "-J", "-c2", *FAST, family.local("stamp", port), code=1)
    assert summary_of(records_of(result.out))["refused"] >= 1


def test_help_has_an_example():
    assert "stamp://" in run("ping", "--help", code=0).out


def test_a_server_asks_reflectors_for_others(family):
    allow = "127.0.0.1/32" if family.version == 4 else "::1/128"
    with Server("--relay-allow", allow, family.local("pong", 0), family.local("stamp", 0)) as server:
        with socket.create_connection((family.loopback, server.port("pong")), timeout=10) as line:
            line.sendall(f"ping {server.url('stamp')}\nquit\n".encode())
            said = b"".join(iter(lambda: line.recv(4096), b"")).decode()
    assert re.search(r"^done stamp://\S+ sent=4 received=4 loss=0% ", said, re.M), said
