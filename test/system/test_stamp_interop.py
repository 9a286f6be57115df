# SPDX-License-Identifier: MIT
"""`sounder serve stamp` and STAMP as others wrote it: tshark's dissector of TWAMP-Test, and scapy's layers."""
import json
import shutil
import subprocess
import time

import pytest

import harness
from stamp_peer import OPEN, Peer, Reply, ntp, request, seconds_of, tlv

pytestmark = pytest.mark.usefixtures("build")


def scapy_stamp():
    """scapy's contributed layers."""
    try:
        from scapy.contrib import stamp
    except ImportError:
        pytest.skip("tool: python3-scapy is not installed")
    return stamp


def captured(ns, path, port, talk):
    """Have tcpdump write what `talk` brings over loopback, each packet once."""
    dump = [*ns.prefix, harness.need_tool("tcpdump"), "-Z", "root", "-i", "lo", "-Q", "in", "-U", "--immediate-mode", "-w", str(path), f"udp port {port}"]
    with subprocess.Popen(dump, stderr=subprocess.PIPE, text=True) as process:
        try:
            while "listening on" not in (line := process.stderr.readline()):
                assert line, "tcpdump ended"
            count = talk()
            harness.wait_until(lambda: packets_in(path) >= count, "all packets are written")
        finally:
            process.terminate()


def packets_in(path):
    """In a pcap file: 24 octets of header, then 16 before each packet that tell its length."""
    data = path.read_bytes()
    at, count = 24, 0
    while at + 16 <= len(data):
        at += 16 + int.from_bytes(data[at + 8:at + 12], "little")
        count += at <= len(data)
    return count


def dissected(path, port):
    """The TWAMP-Test layer of each packet, as tshark understands it."""
    words = [harness.need_tool("tshark"), "-r", str(path), "-d", f"udp.port=={port},twamp.test", "-T", "json", "-J", "twamp.test udp", "-x"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True)
    layers = [packet["_source"]["layers"] for packet in json.loads(done.stdout)]
    return layers


def find(layer, name):
    """The value of a field, wherever it stands in a layer of tshark's."""
    for key, value in layer.items():
        if key == name:
            return value
        if isinstance(value, dict) and (found := find(value, name)) is not None:
            return found
    return None


def test_tshark_reads_octets_0_to_40_as_we_sent_them(alone, family, tmp_path):
    path = tmp_path / "stamp.pcap"
    port = 5862
    exchanges = []

    def talk():
        with Peer(family.loopback, port, ns=alone, ttl=77) as peer:
            for seq in (1, 2, 0x01020304):
                asked = request(seq=seq, t=ntp(), error=0x8105, more=bytes(30))
                exchanges.append((asked, peer.ask(asked)))
        return 2 * len(exchanges)

    with harness.Server(family.local("stamp", port), "--workers", "1", ns=alone):
        captured(alone, path, port, talk)
    layers = dissected(path, port)
    assert len(layers) == 2 * len(exchanges)
    for (asked, reply), layer in zip(exchanges, layers[1::2]):
        seen = layer["twamp.test"]
        assert int(find(seen, "twamp.test.seq_number")) == reply.seq
        assert int(find(seen, "twamp.test.sender_seq_number")) == int.from_bytes(asked[:4], "big")
        assert int(find(seen, "twamp.test.sender_ttl")) == 77
        raw = {name: find(seen, f"twamp.test.{name}_raw")[0]
               for name in ("timestamp", "error_estimate", "receive_timestamp", "sender_timestamp", "sender_error_estimate")}
        assert raw == {
            "timestamp": f"{reply.t3:016x}", "error_estimate": f"{reply.error:04x}", "receive_timestamp": f"{reply.t2:016x}",
            "sender_timestamp": asked[4:12].hex(), "sender_error_estimate": "8105",
        }
        assert find(layer["udp"], "udp.length") == str(8 + len(asked))


def test_tshark_reads_the_shortest_reply_too(alone, tmp_path):
    path = tmp_path / "short.pcap"

    def talk():
        with Peer("127.0.0.1", 5862, ns=alone) as peer:
            assert len(peer.octets(request(seq=9)[:41])) == 41
        return 2

    with harness.Server("stamp://127.0.0.1:5862", "--workers", "1", ns=alone):
        captured(alone, path, 5862, talk)
    seen = dissected(path, 5862)[1]["twamp.test"]
    assert int(find(seen, "twamp.test.sender_seq_number")) == 9
    assert int(find(seen, "twamp.test.sender_ttl")) == 64


def test_scapy_s_sender_is_answered_and_understands_the_answer(family):
    """The base packets both ways are scapy's: what it builds is asked, what comes it takes apart."""
    stamp = scapy_stamp()
    with harness.Server(family.local("stamp", 0), "--workers", "1") as server, \
            Peer(family.loopback, server.port("stamp"), ttl=99) as peer:
        for seq in (0, 1, 70_000):
            now = time.time()
            asked = stamp.STAMPSessionSenderTestUnauthenticated(seq=seq, ts=now + 2208988800, ssid=321)
            octets = peer.octets(bytes(asked))
            assert len(octets) == OPEN
            seen = stamp.STAMPSessionReflectorTestUnauthenticated(octets)
            assert (seen.seq_sender, seen.ssid, seen.ttl_sender) == (seq, 321, 99)
            assert seen.ts_sender == stamp.STAMPSessionSenderTestUnauthenticated(bytes(asked)).ts
            assert abs(float(seen.ts_rx) - 2208988800 - now) < 5 and float(seen.ts_rx) <= float(seen.ts)
            assert bytes(seen) == octets, "what it builds out of what it read is the same again"


def test_scapy_s_reading_and_ours_agree_on_the_error_estimate():
    stamp = scapy_stamp()
    with harness.Server("stamp://127.0.0.1:0", "--workers", "1") as server, Peer("127.0.0.1", server.port("stamp")) as peer:
        octets = peer.octets(request(error=0x9A01))
    reply, seen = Reply.read(octets), stamp.STAMPSessionReflectorTestUnauthenticated(octets)
    theirs, copied = seen.err_estimate, seen.err_estimate_sender
    assert (theirs.S, theirs.Z, theirs.scale, theirs.multiplier) == \
        (reply.error >> 15, reply.error >> 14 & 1, reply.error >> 8 & 0x3F, reply.error & 0xFF)
    assert (copied.S, copied.Z, copied.scale, copied.multiplier) == (1, 0, 0x1A, 1)
