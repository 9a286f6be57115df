# SPDX-License-Identifier: MIT
"""`sounder serve stamp`: the packets of RFC 8762, as a peer made by hand sees them."""
import random
import re
import signal
import struct
import time

import pytest

import harness
from clients import tools
from stamp_peer import AUTHENTICATED, OPEN, Peer, Reply, clock_claim, ntp, ptp, request, seconds_of, sign, signed_request

pytestmark = pytest.mark.usefixtures("build")

KEY = bytes(range(16))
OTHER = b"quite another key"


def serve(family, *options, ns=None):
    return harness.Server(family.local("stamp", 0), "--workers", "1", *options, ns=ns)


def key_file(tmp_path, text):
    path = tmp_path / "keys"
    path.write_text(text)
    path.chmod(0o600)
    return path


@pytest.fixture
def keys(tmp_path):
    return key_file(tmp_path, f"17 {KEY.hex()}\n18 text:{OTHER.decode()}\n")


def assert_times(reply, before, is_ptp=False):
    """T2 and T3 lie, in this order, between our own readings."""
    t2, t3 = (seconds_of(each, is_ptp) for each in (reply.t2, reply.t3))
    assert before - 0.001 <= t2 <= t3 <= time.time() + 0.001


def test_an_open_exchange_octet_by_octet(family):
    with serve(family) as server, Peer(family.loopback, server.port("stamp"), ttl=63) as peer:
        before = time.time()
        for seq in (0, 1, 0x01020304, 0xFFFFFFFF):
            asked = request(seq=seq, t=0x1122334455667788, error=0x9A5B & ~0x4000, ssid=0xBEEF)
            reply = peer.ask(asked)
            assert (reply.sender_seq, reply.t1, reply.sender_error) == (seq, 0x1122334455667788, 0x9A5B & ~0x4000)
            assert (reply.ssid, reply.ttl, reply.zeroes) == (0xBEEF, 63, bytes(5))
            assert_times(reply, before)
        assert reply.seq == 3, "counted by the reflector"


def test_an_authenticated_exchange_octet_by_octet(family, keys):
    with serve(family, "--stamp-keys", keys) as server, Peer(family.loopback, server.port("stamp"), ttl=61) as peer:
        for ssid, key in ((17, KEY), (18, OTHER)):
            before = time.time()
            reply = peer.ask(signed_request(key, seq=9, ssid=ssid, t=0x99), authenticated=True)
            assert (reply.seq, reply.sender_seq, reply.t1, reply.sender_error) == (0, 9, 0x99, 0x8001)
            assert (reply.ssid, reply.ttl, reply.zeroes) == (ssid, 61, bytes(57))
            assert reply.octets[96:] == sign(key, reply.octets[:96])
            assert_times(reply, before)


def test_a_reply_is_as_long_as_its_request(family):
    rng = random.Random(1)
    with serve(family) as server, Peer(family.loopback, server.port("stamp")) as peer:
        for size in (*range(41, 130), 500, 1400, 2000, 9000, 60_000):
            padding = bytes(size - OPEN) if size > OPEN else b""
            asked = request(seq=size, more=padding)[:size]
            octets = peer.octets(asked)
            assert octets[24:28] == asked[:4] and octets[OPEN:] == asked[OPEN:]
            assert octets[40] == 64
        # of an unknown type: comes back as it is
        blob = struct.pack("!BBH", 0x80, 0xFF, 996) + rng.randbytes(996)
        assert peer.octets(request(more=blob))[OPEN:] == blob


def test_what_would_be_answered_by_more_gets_silence(family, keys):
    with serve(family) as server, Peer(family.loopback, server.port("stamp")) as peer:
        peer.assert_silent_to(*(request()[:size] for size in range(41)))
    with serve(family, "--stamp-keys", keys) as server, Peer(family.loopback, server.port("stamp")) as peer:
        whole = signed_request(KEY, ssid=17)
        peer.assert_silent_to(*(whole[:size] for size in (0, 44, 48, 96, 111)), then=whole)


def test_short_requests_of_a_named_peer_get_a_whole_reply(family):
    with serve(family, "--short-requests", "192.0.2.1", "--short-requests", family.loopback) as server, \
            Peer(family.loopback, server.port("stamp")) as peer:
        for size in (14, 30, 41, 43, 44):
            peer.send(request(seq=size)[:size])
            reply = Reply.read(peer.receive())
            assert (len(reply.octets), reply.sender_seq) == (44, size)
        peer.assert_silent_to(b"", bytes(13))
    with serve(family, "--short-requests", "192.0.2.1") as server, \
            Peer(family.loopback, server.port("stamp")) as peer:
        peer.assert_silent_to(request()[:40], request()[:14])


def test_the_ttl_is_that_of_the_request_and_replies_leave_with_255(family):
    with serve(family) as server, Peer(family.loopback, server.port("stamp")) as peer:
        for ttl in (1, 2, 64, 200, 255):
            peer.mark(ttl=ttl)
            assert peer.ask(request()).ttl == ttl
            assert peer.ttl == 255


def test_a_reply_is_marked_as_its_request_but_for_congestion(family):
    with serve(family) as server, Peer(family.loopback, server.port("stamp")) as peer:
        for sent, back in ((0, 0), (0xB8, 0xB8), (0x22, 0x22), (0x21, 0x21), (0xBB, 0xB8)):
            peer.mark(tos=sent)
            peer.ask(request())
            assert peer.tos == back


def test_times_have_the_format_of_the_request(family):
    with serve(family) as server, Peer(family.loopback, server.port("stamp")) as peer:
        before = time.time()
        reply = peer.ask(request(t=ptp(), error=0x4001))
        assert reply.error & 0x4000
        assert_times(reply, before, is_ptp=True)
        reply = peer.ask(request())
        assert not reply.error & 0x4000
        assert_times(reply, before)


def test_the_error_estimate_is_the_kernel_s_claim(family):
    """S, and the maximum error rounded up, as adjtimex tells it to anybody."""
    with serve(family) as server, Peer(family.loopback, server.port("stamp")) as peer:
        reply = peer.ask(request())
    synchronised, maximum = clock_claim()
    scale, multiplier = reply.error >> 8 & 0x3F, reply.error & 0xFF
    assert bool(reply.error & 0x8000) == synchronised
    assert multiplier > 0
    claimed = multiplier * 2.0 ** (scale - 32)
    # it grows by 500 ppm, is coarse to a 128th, and may be two seconds old
    assert maximum * 0.99 - 0.002 <= claimed <= maximum * 1.02 + 0.002


def test_t2_is_when_the_kernel_had_it_and_t3_when_it_was_answered(family):
    """A server that stands still for a while: the time passes between T2 and T3, not before."""
    with serve(family) as server, Peer(family.loopback, server.port("stamp")) as peer:
        peer.ask(request())
        server.signal(signal.SIGSTOP)
        before = time.time()
        peer.send(request())
        sent = time.time()
        time.sleep(0.2)
        server.signal(signal.SIGCONT)
        reply = Reply.read(peer.receive())
        assert before - 0.001 <= seconds_of(reply.t2) <= sent + 0.01
        assert seconds_of(reply.t3) - seconds_of(reply.t2) > 0.18


def test_a_reply_comes_from_the_very_address_that_was_asked(pair):
    with harness.Server("stamp://*:862", "--workers", "1", expect=1, ns=pair.b):
        pair.b.ip("address", "add", "10.9.9.9/32", "dev", "lo")
        pair.a.ip("route", "add", "10.9.9.9/32", "via", pair.b.v4)
        for host in (pair.b.v4, "10.9.9.9", pair.b.v6):
            with Peer(host, 862, ns=pair.a) as peer:  # connected: hears no other address
                assert peer.ask(request(seq=5)).sender_seq == 5
                assert peer.ttl == 255


def test_a_wrong_hmac_gets_silence_and_leaves_nothing_behind(family, keys):
    """The table has one place: a session that a forgery began would hold it."""
    with serve(family, "--stamp-keys", keys, "--stamp-sessions", "1") as server, \
            Peer(family.loopback, server.port("stamp")) as peer:
        whole = signed_request(KEY, seq=7, ssid=17)
        wrong = [whole[:96] + bytes(16), whole[:111] + bytes([whole[111] ^ 1]), signed_request(OTHER, seq=7, ssid=17),
                 signed_request(KEY, ssid=19), signed_request(KEY), signed_request(KEY, ssid=18), request(), request(ssid=17)]
        peer.assert_silent_to(*wrong, then=whole)
        reply = peer.ask(signed_request(KEY, seq=8, ssid=17), authenticated=True)
        assert reply.seq == 1, "the one session, whose first reply was the marker's"


def test_open_and_authenticated_sessions_beside_each_other(family, keys):
    with serve(family, "--stamp-keys", keys, "--stamp-open") as server, \
            Peer(family.loopback, server.port("stamp")) as peer:
        assert peer.ask(request(seq=3)).sender_seq == 3
        assert peer.ask(signed_request(KEY, seq=4, ssid=17), authenticated=True).sender_seq == 4
        # who has a key is authenticated, whatever it claims to be
        peer.assert_silent_to(request(ssid=17), request(ssid=17, more=bytes(200)), signed_request(OTHER, ssid=17))


def test_the_key_of_all_others(family, tmp_path):
    keys = key_file(tmp_path, f"17 {KEY.hex()}\n* text:{OTHER.decode()}\n")
    with serve(family, "--stamp-keys", keys) as server, Peer(family.loopback, server.port("stamp")) as peer:
        for ssid in (0, 1, 16, 18, 65535):
            assert peer.ask(signed_request(OTHER, ssid=ssid), authenticated=True).ssid == ssid
        peer.assert_silent_to(signed_request(OTHER, ssid=17), then=signed_request(KEY, ssid=17))


@pytest.mark.parametrize("text, complaint", [
    ("", "holds no key"), ("17 zz\n", "no key of"), ("70000 00112233445566778899\n", "no SSID"),
    (None, "No such file|no such file|not found|cannot"),
])
def test_a_wrong_key_file_is_told_without_its_keys(tmp_path, text, complaint):
    path = tmp_path / "keys" if text is None else key_file(tmp_path, text)
    result = harness.run("serve", "stamp://127.0.0.1:0", "--stamp-keys", path, code=2)
    assert re.search(complaint, result.err), result.err
    assert "00112233" not in result.err


def test_keys_that_everybody_may_read_are_refused(tmp_path):
    path = key_file(tmp_path, f"17 {KEY.hex()}\n")
    path.chmod(0o644)
    assert "open to everybody" in harness.run("serve", "stamp://127.0.0.1:0", "--stamp-keys", path, code=2).err


def test_twamp_light_and_its_kin_are_served(family):
    """Whatever stands where zeroes should; no SSID; a constant TTL; T1 that is no time; padding without end."""
    rng = random.Random(2)
    with serve(family) as server, Peer(family.loopback, server.port("stamp"), ttl=255) as peer:
        # octet 45 would be the type of a TLV: TWAMP's padding is zero there, or what comes back whole
        for asked in (request(t=0), request(t=0xFFFFFFFFFFFFFFFF), request(mbz=b"\xa5" * 28),
                      request(mbz=rng.randbytes(28)), request(mbz=b"\xff" * 28, more=bytes(27)),
                      request(error=0), request(error=0xFFFF), request(t=ntp() ^ 0b11), request(more=bytes(1400))):
            reply = peer.ask(asked)
            assert (reply.t1, reply.sender_error, reply.ttl) == (*struct.unpack("!QH", asked[4:14]), 255)
            assert reply.zeroes == bytes(5) and reply.octets[OPEN:] == asked[OPEN:]
        octets = peer.octets(request(seq=6)[:41])  # 14 octets and 27 of padding
        assert octets[24:28] == bytes([0, 0, 0, 6]) and octets[40] == 255


def test_a_long_run_of_zeroes_costs_no_more_than_its_copy(family):
    """As TLVs they would be 16 000."""
    with serve(family) as server, Peer(family.loopback, server.port("stamp")) as peer:
        begin = tools.cpu_ns(server.pid)
        for _ in range(100):
            assert len(peer.octets(request(more=bytes(64_000)))) == 64_044
        assert tools.cpu_ns(server.pid) - begin < 2e9


def test_stateless_replies_have_the_numbers_of_their_requests(family):
    with serve(family, "--stamp-stateless") as server, Peer(family.loopback, server.port("stamp")) as peer:
        for seq in (5, 0, 0xFFFFFFFF, 5):
            reply = peer.ask(request(seq=seq))
            assert (reply.seq, reply.sender_seq) == (seq, seq)


def mutate(packet, rng):
    octets = bytearray(packet)
    for _ in range(rng.randint(1, 8)):
        way = rng.randrange(4)
        at = rng.randrange(len(octets)) if octets else 0
        if way == 0 and octets:
            octets[at] = rng.randrange(256)
        elif way == 1 and octets:
            octets[at] ^= 1 << rng.randrange(8)
        elif way == 2:
            octets[at:at] = rng.randbytes(rng.randrange(20))
        else:
            del octets[at:at + rng.randrange(20)]
    return bytes(octets)


def seeds(key=None):
    area = b"".join(struct.pack("!BBH", 0x80, kind, size) + bytes(size)
                    for kind, size in ((1, 8), (2, 32), (3, 4), (4, 4), (5, 12), (6, 4), (7, 16), (8, 16), (200, 3)))
    make = (lambda more: request(more=more)) if key is None else (lambda more: signed_request(key, ssid=17, more=more))
    return [make(b""), make(bytes(60)), make(area), make(area[:-1])]


def answers(peer, packets, last, at):
    """Each answer with those it may belong to; nothing else may come. After every few packets `last` is asked, whose answer, known by
    its first four octets coming back at octet `at`, comes behind those of all before it."""
    for begin in range(0, len(packets), 32):
        part = packets[begin:begin + 32]
        for each in (*part, last):
            peer.send(each)
        while (octets := peer.receive())[at:at + 4] != last[:4]:
            yield part, octets


def test_five_thousand_mutants_get_no_more_than_they_sent(family):
    rng = random.Random(5000)
    packets = [mutate(rng.choice(seeds()), rng) for _ in range(5000)]
    with serve(family) as server, Peer(family.loopback, server.port("stamp")) as peer:
        replies = 0
        for part, octets in answers(peer, packets, request(seq=0xfeedbeef), 24):
            replies += 1
            assert len(octets) in {len(each) for each in part if each[:4] == octets[24:28]}
        assert 1000 < replies <= 5000
        assert peer.ask(request(seq=1)).sender_seq == 1


def test_no_bit_of_an_authenticated_request_can_be_flipped(family, keys):
    whole = signed_request(KEY, seq=3, ssid=17)
    flipped = [bytes(octet ^ (1 << bit % 8 if at == bit // 8 else 0) for at, octet in enumerate(whole)) for bit in range(896)]
    rng = random.Random(896)
    mutants = [mutate(rng.choice(seeds(KEY)), rng) for _ in range(2000)]
    mutants = [each for each in mutants if len(each) < AUTHENTICATED or each[96:112] != sign(KEY, each[:96])]
    with serve(family, "--stamp-keys", keys) as server, Peer(family.loopback, server.port("stamp")) as peer:
        assert [octets for _, octets in answers(peer, flipped + mutants, signed_request(KEY, seq=0xfeedbeef, ssid=17), 48)] == []
        assert peer.ask(whole, authenticated=True).sender_seq == 3
