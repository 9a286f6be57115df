# SPDX-License-Identifier: MIT
"""What we send, read by those who have not read our code: tshark's TWAMP-Test dissector and scapy."""
import json
import struct
import subprocess

import pytest

import harness
from harness import run
from reflectors import Reflector
from test_json import of_type, records_of

PORT = 18620


def pcap(path, datagrams):
    """Datagrams as raw IPv4 (LINKTYPE_RAW), from and to the port of the reflector."""
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101))
        for number, (data, outward) in enumerate(datagrams):
            ports = (40000, PORT) if outward else (PORT, 40000)
            udp = struct.pack("!HHHH", *ports, 8 + len(data), 0) + data
            head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), number, 0, 64, 17, 0, bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2]))
            file.write(struct.pack("<IIII", number, 0, 20 + len(udp), 20 + len(udp)) + head + udp)


@pytest.fixture(scope="module")
def exchange():
    """Requests as they came, their replies as they went, and what was told of them."""
    replies = []

    def note(reply, request, n):
        replies.append(bytes(reply.octets))

    with Reflector(harness.IPV4, change=note) as peer:
        records = records_of(run("ping", "-J", "-c", 3, "-i", "20ms", harness.IPV4.local("stamp", peer.port), code=0).out)
        requests = [bytes(request.octets) for request in peer.requests]
    return requests, replies, records


def test_tshark_reads_it_as_twamp_test(exchange, tmp_path):
    tshark = harness.need_tool("tshark")
    requests, replies, records = exchange
    pcap(tmp_path / "run.pcap", [pair for both in zip(requests, replies) for pair in ((both[0], True), (both[1], False))])
    words = [tshark, "-r", tmp_path / "run.pcap", "-d", f"udp.port=={PORT},twamp.test", "-T", "json"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    packets = [packet["_source"]["layers"] for packet in json.loads(done.stdout)]
    assert len(packets) == 2 * len(requests)
    for number in range(len(requests)):
        sender, reflector = packets[2 * number], packets[2 * number + 1]
        assert int(sender["twamp.test"]["twamp.test.seq_number"]) == number, sender
        answer = reflector["twamp.test"]
        assert int(answer["twamp.test.seq_number"]) == number
        assert int(answer["twamp.test.sender_seq_number"]) == number
        assert int(answer["twamp.test.sender_ttl"]) == 64
        assert answer["twamp.test.sender_timestamp"] == sender["twamp.test"]["twamp.test.timestamp"]
        assert "_ws.malformed" not in sender and "_ws.malformed" not in reflector
    assert len(of_type(records, "reply")) == len(requests)


def test_scapy_reads_the_base_packet(exchange):
    stamp = pytest.importorskip("scapy.contrib.stamp", reason="tool: python3-scapy is not installed")
    requests, replies, records = exchange
    start = of_type(records, "start")[0]
    for number, octets in enumerate(requests):
        packet = stamp.STAMPSessionSenderTestUnauthenticated(octets[:44])
        assert packet.seq == number
        assert packet.ssid != 0 and packet.mbz == 0
        assert abs(packet.ts - start["t"] / 1e9) < 10 or abs(packet.ts - 2208988800 - start["t"] / 1e9) < 10, packet.ts
        assert packet.err_estimate.Z == 0 and packet.err_estimate.multiplier > 0
        assert bytes(packet) == octets[:44], "and would write the same"
    for number, octets in enumerate(replies):
        packet = stamp.STAMPSessionReflectorTestUnauthenticated(octets[:44])
        assert (packet.seq, packet.seq_sender, packet.ttl_sender) == (number, number, 64)


def test_scapy_writes_replies_that_we_read():
    stamp = pytest.importorskip("scapy.contrib.stamp", reason="tool: python3-scapy is not installed")

    def by_scapy(reply, request, n):
        asked = stamp.STAMPSessionSenderTestUnauthenticated(bytes(request.octets[:44]))
        answer = stamp.STAMPSessionReflectorTestUnauthenticated(bytes(reply.octets[:44]))
        answer.seq_sender, answer.ts_sender, answer.ssid = asked.seq, asked.ts, asked.ssid
        octets = bytearray(bytes(answer))
        octets[28:36] = request.octets[4:12]  # scapy's times are floating point
        return [bytes(octets)]

    with Reflector(harness.IPV4, change=by_scapy) as peer:
        records = records_of(run("ping", "-J", "-c", 3, "-i", "20ms", harness.IPV4.local("stamp", peer.port), code=0).out)
    replies = of_type(records, "reply")
    assert len(replies) >= 2
    for reply in replies:
        assert reply["far_ttl"] == 64 and reply["residence_ns"] >= 0
