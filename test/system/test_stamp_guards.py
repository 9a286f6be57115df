# SPDX-License-Identifier: MIT
"""`sounder serve stamp`: no loop of packets between reflectors, nobody flooded, nobody left out."""
import contextlib
import re
import select
import socket
import struct
import time

import pytest

import harness
from clients import tools
from stamp_peer import Peer, Reply, ntp, ptp, request, signed_request

pytestmark = pytest.mark.usefixtures("build")

KEY = b"sixteen octets.."


def two_reflectors(pair, family, stack, *options):
    """On ports of their own, at both ends of the wire; returns how to forge a request from a to b."""
    for side, port in ((pair.a, 5001), (pair.b, 5002)):
        stack.enter_context(harness.Server(family.url("stamp", side.address(family), port), "--workers", "1", *options, ns=side))
        side.filter("prerouting", "udp sport { 5001, 5002 } udp dport { 5001, 5002 } counter")
    return lambda payload: pair.a.call(tools.forge_udp, pair.a.address(family), 5001, pair.b.address(family), 5002, payload)


def settled(pair):
    """How many packets have come in at both ends, once none comes any more."""
    count = -1
    while count != (count := pair.a.counted() + pair.b.counted()):
        time.sleep(0.1)
    return count


@pytest.mark.parametrize("is_ptp", [False, True], ids=["ntp", "ptp"])
def test_two_reflectors_do_not_answer_each_other(pair, family, is_ptp):
    """One forged request, its reply, and silence."""
    with contextlib.ExitStack() as stack:
        forge = two_reflectors(pair, family, stack)
        for count in range(1, 11):
            forge(request(seq=count, error=0x4001 if is_ptp else 1))
            harness.wait_until(lambda: pair.a.counted() + pair.b.counted() >= 2 * count, "request and reply")
        assert settled(pair) == 20


def test_nor_do_two_that_share_a_key(pair, family, tmp_path):
    keys = tmp_path / "keys"
    keys.write_text(f"* {KEY.hex()}\n")
    keys.chmod(0o600)
    with contextlib.ExitStack() as stack:
        forge = two_reflectors(pair, family, stack, "--stamp-keys", keys)
        forge(signed_request(KEY, ssid=3))
        harness.wait_until(lambda: settled(pair) == 2, "request and reply")


def test_a_reflector_whose_clock_is_wrong_is_left_alone_after_its_first_reply(family):
    """What it takes for now is an hour off, so T2 betrays nothing; but what it gives back is our own T3."""
    with harness.Server(family.local("stamp", 0), "--workers", "1") as server, \
            Peer(family.loopback, server.port("stamp")) as peer:
        for offset, write in ((3600, ntp), (-3600, ntp), (3600, ptp)):
            first = peer.ask(request(t=0))
            wrong = write(time.time() + offset)
            echoed = struct.pack("!IQHHQIQHHB3x", first.seq, wrong, 1, 0, wrong, first.seq, first.t3, first.error, 0, 64)
            peer.assert_silent_to(echoed, echoed + bytes(50))


def test_whatever_gives_our_reply_back_is_not_answered(family):
    with harness.Server(family.local("stamp", 0), "--workers", "1") as server, \
            Peer(family.loopback, server.port("stamp")) as peer:
        for asked in (request(), request()[:41], request(more=bytes(100)), request(error=0x4001)):
            peer.assert_silent_to(peer.octets(asked))


def test_source_port_862_gets_silence_unless_it_is_allowed(alone, family):
    for options, answered in (((), False), (("--allow-source-port", "862"), True)):
        with harness.Server(family.local("stamp", 5000), "--workers", "1", *options, ns=alone), \
                Peer(family.loopback, 5000, ns=alone, sport=862) as peer, \
                Peer(family.loopback, 5000, ns=alone) as other:
            peer.send(request(seq=7))
            other.ask(request())
            assert bool(select.select([peer.sock], [], [], 0.05)[0]) == answered
            if answered:
                assert Reply.read(peer.receive()).sender_seq == 7


def test_its_own_port_and_those_of_the_list_get_silence(alone, family):
    with harness.Server(family.local("stamp", 5000), "udp-echo://127.0.0.1:5001", "--workers", "1", ns=alone), \
            contextlib.ExitStack() as stack:
        def ask(sport):
            host = "127.0.0.9" if family.version == 4 else family.loopback
            peer = stack.enter_context(Peer(family.loopback, 5000, ns=alone, sport=sport, source=host))
            peer.send(request())
            return peer

        silent = [ask(port) for port in (*((5000,) if family.version == 4 else ()), 5001, 7, 19, 53, 123, 161, 1900, 11211)]
        with Peer(family.loopback, 5000, ns=alone) as other:
            other.ask(request())
        assert not select.select([peer.sock for peer in silent], [], [], 0.05)[0]


def test_a_network_that_floods_is_limited_and_loopback_is_not(pair, family):
    with harness.Server("stamp://*:862", "--workers", "1", "--rate", "100", expect=1, ns=pair.b):
        with Peer(pair.b.address(family), 862, ns=pair.a) as peer:
            for seq in range(1000):
                peer.send(request(seq=seq))
            replies = 0
            while select.select([peer.sock], [], [], 0.3)[0]:
                peer.receive()
                replies += 1
            assert 100 <= replies < 700
        with Peer(family.loopback, 862, ns=pair.b) as peer:
            for seq in range(300):
                peer.ask(request(seq=seq))


def test_what_is_sent_to_many_gets_silence(pair):
    with harness.Server("stamp://*:862", "--workers", "1", expect=1, ns=pair.b), \
            pair.a.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sock.sendto(request(), ("10.77.0.255", 862))
        with Peer(pair.b.v4, 862, ns=pair.a) as peer:
            peer.ask(request())
        assert tools.silent(sock, 0.1)


def test_without_an_endpoint_stamp_is_left_out_where_its_port_is_not_permitted(alone, copy):
    alone.sysctl("net.ipv4.ip_unprivileged_port_start=1024")
    unprivileged = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all")
    harness.need_tool("setpriv")
    with harness.Server(expect=6, ns=alone, prefix=unprivileged, binary=copy) as server:
        assert {each.kind for each in server.listening} == {"pong", "tcp-echo", "udp-echo"}
        server.wait_err("left out")
        assert len(re.findall(r"""msg="left out" reason="cannot listen on 'stamp://127.0.0.1:862': .*cap_net_bind_service""", server.err)) == 1
        assert alone.call(tools.udp_echoes, "127.0.0.1", 8888)
    # who asks for it is told that it cannot be
    result = harness.run("serve", "stamp", ns=alone, prefix=unprivileged, binary=copy, code=2)
    assert "cannot listen on 'stamp://127.0.0.1:862'" in result.err
