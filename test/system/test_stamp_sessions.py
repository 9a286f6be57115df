# SPDX-License-Identifier: MIT
"""`sounder serve stamp`, stateful: which packets are of one session, and what is counted of it."""
import contextlib
import re
import struct
import time

import pytest

import harness
from clients import scrape, tools
from stamp_peer import DIRECT, FOLLOW_UP, OPEN, Peer, Reply, request, seconds_of, tlv, tlvs

pytestmark = pytest.mark.usefixtures("build")


def serve(family, *options, ns=None):
    return harness.Server(family.local("stamp", 0), "--workers", "1", *options, ns=ns)


def number(peer, **what):
    return peer.ask(request(**what)).seq


def counters(peer, sent=0, **what):
    """(R_RxC, R_TxC) of a Direct Measurement."""
    reply = peer.ask(request(more=tlv(DIRECT, struct.pack("!III", sent, 0, 0)), **what))
    (flags, kind, value), = tlvs(reply.octets[OPEN:])
    s_tx, r_rx, r_tx = struct.unpack("!III", value)
    assert (flags, kind, s_tx) == (0, DIRECT, sent)
    return r_rx, r_tx


def test_each_port_and_each_ssid_is_a_session_of_its_own(family):
    with serve(family) as server, Peer(family.loopback, server.port("stamp")) as one, \
            Peer(family.loopback, server.port("stamp")) as two:
        assert [number(one, seq=100 + i) for i in range(3)] == [0, 1, 2]
        assert [number(two), number(one), number(two)] == [0, 3, 1]
        assert [number(one, ssid=7), number(one, ssid=8), number(one, ssid=7), number(one)] == [0, 0, 1, 4]


def test_two_endpoints_of_one_server_do_not_share_sessions(family):
    with harness.Server(family.local("stamp", 0), family.local("stamp", 0), "--workers", "1") as server:
        first, second = (each.port for each in server.listening)
        with Peer(family.loopback, first) as peer:
            assert [number(peer), number(peer)] == [0, 1]
            peer.sock.connect((family.loopback, second))
            assert number(peer) == 0
            peer.sock.connect((family.loopback, first))
            assert number(peer) == 2


def test_a_number_is_used_up_only_by_a_reply_that_left(alone, family):
    """nft refuses every third reply: the kernel says so to the reflector."""
    with serve(family, ns=alone) as server, Peer(family.loopback, server.port("stamp"), ns=alone) as peer:
        alone.filter("output", f"udp sport {server.port('stamp')} numgen inc mod 3 == 1 counter drop")
        for seq in range(30):
            peer.send(request(seq=seq, ssid=5, more=tlv(DIRECT, bytes(12))))
        replies = [Reply.read(peer.receive()) for _ in range(20)]
        assert alone.counted() == 10
        assert [reply.seq for reply in replies] == list(range(20))
        assert [reply.sender_seq for reply in replies] == [seq for seq in range(30) if seq % 3 != 1]
        for reply in replies:
            (_, _, value), = tlvs(reply.octets[OPEN:])
            assert struct.unpack("!III", value) == (0, reply.sender_seq + 1, reply.seq + 1)


def test_lost_requests_are_seen_by_the_numbers(alone, family):
    with serve(family, ns=alone) as server, Peer(family.loopback, server.port("stamp"), ns=alone) as peer:
        alone.filter("input", f"udp dport {server.port('stamp')} numgen inc mod 4 == 2 drop")
        for seq in range(40):
            peer.send(request(seq=seq))
        replies = [Reply.read(peer.receive()) for _ in range(30)]
        assert replies[-1].sender_seq - replies[-1].seq == 10
        assert [reply.seq for reply in replies] == list(range(30))


def test_a_session_that_was_silent_for_too_long_begins_anew(family):
    with serve(family, "--stamp-idle", "1s") as server, Peer(family.loopback, server.port("stamp")) as idle, \
            Peer(family.loopback, server.port("stamp")) as busy:
        assert [number(idle), number(idle), number(busy)] == [0, 1, 0]
        end, expected = time.monotonic() + 1.3, 1
        while time.monotonic() < end:
            assert number(busy) == expected
            expected += 1
            time.sleep(0.05)
        assert (number(idle), number(busy)) == (0, expected)


def test_a_full_table_leaves_its_sessions_alone_and_newcomers_stateless(family):
    with serve(family, "--stamp-sessions", "2", "--stamp-idle", "1s") as server, contextlib.ExitStack() as stack:
        one, two, three = (stack.enter_context(Peer(family.loopback, server.port("stamp"))) for _ in range(3))
        assert [number(one), number(two), number(one)] == [0, 0, 1]
        assert [number(three, seq=77), number(three, seq=99), number(three, seq=5)] == [77, 99, 5]
        more = request(seq=4, more=tlv(DIRECT, bytes(12)) + tlv(FOLLOW_UP, bytes(16)))
        (flags, _, value), (flags_2, _, value_2) = tlvs(three.ask(more).octets[OPEN:])
        assert (flags, value, flags_2, value_2) == (0x80, bytes(12), 0, bytes(16)), "nobody counts"
        assert [number(one), number(two)] == [2, 1]
        harness.wait_until(lambda: number(one) and number(three, seq=1000) == 0, "the idle one has gone")
        assert number(three, seq=1001) == 1


def test_who_finds_no_session_free_is_counted(family):
    where = family.url("", family.loopback, 0).removeprefix("://")
    with serve(family, "--stamp-sessions", "1", "--metrics", where, family.local("udp-echo", 0)) as server, \
            contextlib.ExitStack() as stack:
        one, two = (stack.enter_context(Peer(family.loopback, server.port("stamp"))) for _ in range(2))
        assert [number(one), number(two, seq=7), number(two, seq=8)] == [0, 7, 8]
        samples = scrape.place_of(server).samples()
    assert scrape.value(samples, "sounder_sessions_refused_total", service="stamp") == 2
    assert ("sounder_sessions_refused_total", ("service", "udp-echo")) not in samples


def test_the_memory_of_a_hundred_thousand_sessions_is_told_and_kept(alone):
    """Told at the start; and by the time that so many have come it is no more."""
    with harness.Server("stamp://127.0.0.1:0", "--workers", "1", "--stamp-sessions", "100000", "-v", "--rate", "0", ns=alone) as server:
        told = int(server.wait_err(r'msg="stamp" sessions_per_worker=100000 bytes_per_worker=(\d+)')[1]) // 1024
        assert 5000 < told < 20_000
        with Peer("127.0.0.1", server.port("stamp"), ns=alone) as peer:
            number(peer)
            before = tools.resident_kb(server.pid)
            for base in range(0, 60_000, 100):  # by SSID
                for ssid in range(base + 1, base + 101):
                    peer.send(request(seq=3, ssid=ssid))
                assert {Reply.read(peer.receive()).seq for _ in range(100)} == {0}
            assert tools.resident_kb(server.pid) - before < told + 2000


def follow_up(peer, **what):
    """(number of the reply, T3 of it), (number, time, method) of a reply before."""
    reply = peer.ask(request(more=tlv(FOLLOW_UP, bytes(16)), **what))
    (flags, kind, value), = tlvs(reply.octets[OPEN:])
    assert (flags, kind, value[13:]) == (0, FOLLOW_UP, bytes(3))
    return reply, struct.unpack("!IQB", value[:13])


def test_follow_up_telemetry_tells_when_the_reply_before_really_left(pair, family):
    with harness.Server("stamp://*:862", "--workers", "1", expect=1, ns=pair.b), \
            Peer(pair.b.address(family), 862, ns=pair.a) as peer:
        before, told = follow_up(peer)
        assert told == (0, 0, 0)
        for _ in range(200):
            reply, (seq, when, method) = follow_up(peer)
            assert (seq, method) == (before.seq, 2)
            assert 0 < seconds_of(when) - seconds_of(before.t3) < 0.2
            before = reply
        # of another session of the same socket nothing is told, and of it nothing to that one
        assert follow_up(peer, ssid=9)[1] == (0, 0, 0)
        assert follow_up(peer)[1][0] == before.seq


def test_follow_up_telemetry_survives_replies_that_could_not_leave(alone, family):
    with serve(family, ns=alone) as server, Peer(family.loopback, server.port("stamp"), ns=alone) as peer:
        alone.filter("output", f"udp sport {server.port('stamp')} numgen inc mod 5 == 3 drop")
        told, by_number = [], {}
        for seq in range(100):
            peer.send(request(seq=seq, more=tlv(FOLLOW_UP, bytes(16))))
            if not tools.silent(peer.sock, 0.3 if seq % 5 != 3 else 0.02):
                reply = Reply.read(peer.receive())
                by_number[reply.seq] = reply
                told.append((reply.seq, struct.unpack("!IQ", tlvs(reply.octets[OPEN:])[0][2][:12])))
        assert len(told) == 80
        known = [(seq, before, when) for seq, (before, when) in told if when]
        assert len(known) >= 60
        for seq, before, when in known:
            assert before < seq and 0 < seconds_of(when) - seconds_of(by_number[before].t3) < 0.2


def test_in_stateless_mode_nothing_is_told_of_other_replies(family):
    with serve(family, "--stamp-stateless") as server, Peer(family.loopback, server.port("stamp")) as peer:
        for seq in range(5):
            assert follow_up(peer, seq=seq)[1] == (0, 0, 0)


def test_stamps_of_departure_never_keep_a_worker_awake(family):
    """What nobody has read yet makes a socket ready for ever."""
    with serve(family) as server, Peer(family.loopback, server.port("stamp")) as peer:
        for seq in range(100):
            follow_up(peer, seq=seq)
        assert tools.cpu_share(server.pid, 0.3) < 0.1
        for seq in range(500):  # more at once than are awaited
            peer.send(request(seq=seq, more=tlv(FOLLOW_UP, bytes(16))))
        for _ in range(500):
            peer.receive()
        assert tools.cpu_share(server.pid, 0.3) < 0.1
        reply, (seq, _, _) = follow_up(peer)
        assert (reply.seq, seq) == (600, 599)


def test_who_does_not_ask_costs_no_call_more(family):
    """strace sees one receive and one send, in its two steps, for each exchange: no clock, no error queue, no lock."""
    strace = harness.need_tool("strace")
    with serve(family) as server, Peer(family.loopback, server.port("stamp")) as peer:
        number(peer)
        with harness.Process("-f", "-qq", "-o", "/dev/stdout", "-p", server.pid, binary=strace) as trace:
            harness.wait_until(lambda: "TracerPid:\t0" not in open(f"/proc/{server.pid}/status").read(), "strace is there")
            for seq in range(200):
                number(peer, seq=seq)
            harness.wait_until(lambda: sum("sendto(" in line for line in trace.lines) >= 200, "all was traced")
            calls = [match[1] for match in (re.search(r"(\w+)\(", line) for line in trace.lines) if match]
    named = {name: calls.count(name) for name in set(calls)}
    assert named.pop("sendmsg") == 200 and named.pop("sendto") == 200
    waits = named.pop("epoll_wait", 0) + named.pop("epoll_pwait2", 0) + named.pop("epoll_pwait", 0)
    assert waits <= 205
    receives = named.pop("recvmsg", 0) + named.pop("recvmmsg", 0)
    assert receives <= 205
    assert sum(named.values()) <= 40, named  # adjtimex once a second, the loop's timer


def test_a_server_that_hands_over_its_sockets_leaves_follow_up_right(tmp_path, family):
    """The socket has counted before, and the old one still answers by it for a while."""
    words = (family.local("stamp", 0), "--workers", "1", "--handover", tmp_path / "there")
    with contextlib.ExitStack() as stack:
        old = stack.enter_context(harness.Server(*words))
        port = old.port("stamp")
        peer = stack.enter_context(Peer(family.loopback, port))
        for _ in range(20):
            follow_up(peer)
        new = stack.enter_context(harness.Server(family.local("stamp", port), *words[1:]))
        assert old.wait().code == 0
        assert new.port("stamp") == port
        before, _ = follow_up(peer)
        assert before.seq == 0, "sessions are not handed over"
        for _ in range(20):
            reply, (seq, when, _) = follow_up(peer)
            if when:
                assert seq == before.seq and 0 < seconds_of(when) - seconds_of(before.t3) < 0.2
            before = reply
        assert when


def test_a_socket_that_is_handed_over_is_one_worker_s(tmp_path, family):
    """Four workers would each count for themselves."""
    there = tmp_path / "there"
    with contextlib.ExitStack() as stack:
        old = stack.enter_context(harness.Server(family.local("stamp", 0), "--workers", "1", "--handover", there))
        url, port = old.url("stamp"), old.port("stamp")
        stack.enter_context(harness.Server(url, "--workers", "4", "--handover", there))
        assert old.wait().code == 0
        peers = [stack.enter_context(Peer(family.loopback, port)) for _ in range(8)]
        for count in range(50):
            for peer in peers:
                peer.send(request(seq=count))
            assert [Reply.read(peer.receive()).seq for peer in peers] == [count] * 8
