# SPDX-License-Identifier: MIT
"""What the options do to the packets themselves, seen from the far end."""
import pytest

import peers
import ping_text
from harness import IPV4, PACE, Server, run, wait_until

FAST = ("-c2", "-i", PACE, "-W", "1s")
SIZES = [0, 1, 3, 4, 11, 12, 56, 1472, 65507]


def expected(family, tos, ttl):
    """How tcpdump shows them."""
    if family.version == 4:
        return ([f"tos {tos:#x}"] if tos else []) + [f"ttl {ttl}"]
    return ([f"class {tos:#04x}"] if tos else []) + [f"hlim {ttl}"]


def opening_or_data(family):
    """TCP segments with SYN or PSH: the last ACK of a closed connection is the kernel's, not the socket's."""
    return f"{'tcp[13]' if family.version == 4 else 'ip6[53]'} & 0x0a != 0"


def target_in(pair, family, kind, port):
    address = pair.b.address(family)
    return address if kind == "icmp" else family.url(kind, address, port)


@pytest.mark.parametrize("kind", ["icmp", "tcp", "tcp-echo", "udp-echo", "pong"])
def test_ttl_and_tos(kind, family, pair):
    address = pair.b.address(family)
    service = "tcp-echo" if kind in ("tcp", "icmp") else kind
    with Server(family.url(service, address, 0), ns=pair.b) as server:
        port = server.port(service)
        chosen = {"icmp": "icmp or icmp6", "udp-echo": f"dst port {port}"}.get(kind, opening_or_data(family))
        with pair.b.capture(f"src host {pair.a.address(family)} and ({chosen})") as lines:
            run("ping", *FAST, "-t", "7", "-Q", "40", target_in(pair, family, kind, port), ns=pair.a, code=0)
    heads = [line for line in lines if ("ttl" in line or "hlim" in line) and "neighbor" not in line]
    assert heads
    for head in heads:
        for word in expected(family, 0x28, 7):
            assert word in head, head


@pytest.mark.parametrize("name, tos", [("46", 0xB8), ("EF", 0xB8), ("ef", 0xB8), ("CS1", 0x20), ("AF41", 0x88), ("0", 0)])
def test_dscp(name, tos, family, pair):
    with Server(family.url("udp-echo", pair.b.address(family), 0), ns=pair.b) as server:
        with pair.b.capture(f"src host {pair.a.address(family)} and udp") as lines:
            run("ping", *FAST, "--dscp", name, server.url("udp-echo"), ns=pair.a, code=0)
    head = [line for line in lines if "ttl" in line or "hlim" in line][0]
    for word in expected(family, tos, 64):
        assert word in head, head


def test_a_ttl_that_does_not_suffice_is_refused(family, pair):
    """The gateway's `time exceeded` is an ICMP error like another."""
    far = "10.88.0.1" if family.version == 4 else "fd88::1"
    near = pair.b.address(family)
    words = [] if family.version == 4 else ["-6"]
    pair.a.ip(*words, "route", "add", far, "via", near)
    pair.b.ip(*words, "route", "add", far, "via", pair.a.address(family))
    pair.b.sysctl("net.ipv4.ip_forward=1" if family.version == 4 else "net.ipv6.conf.all.forwarding=1")
    for target in (far, family.url("udp-echo", far, 9000)):
        result = run("ping", "-c1", "-t", "1", "-W", "1s", target, ns=pair.a, code=1)
        refused = ping_text.REFUSED.search(result.out)
        assert refused, result.out
        assert "exceeded" in refused["why"], result.out


@pytest.mark.parametrize("kind", ["udp-echo", "tcp-echo", "tcp"])
def test_source_port(kind, family, alone):
    """In a namespace of its own: among other tests the port may be taken, or in TIME_WAIT."""
    if kind == "udp-echo":
        peer = peers.UdpPeer(family, lambda data, n: [data], ns=alone)
    else:
        peer = peers.TcpPeer(family, peers.echo, ns=alone)
    with peer:
        run("ping", "-c1", "--source-port", 9000, family.local(kind, peer.port), ns=alone, code=0)
        wait_until(lambda: peer.senders, "the handshake is seen")
        assert [sender[1] for sender in peer.senders] == [9000]


def test_the_client_never_sends_from_the_port_it_asks(family, alone):
    """An echo server that sees its own port must be silent: our client does not choose it."""
    alone.sysctl("net.ipv4.ip_local_port_range=8888 8889")
    with Server(family.local("udp-echo", 8888), ns=alone):
        for _ in range(6):
            run("ping", "-c1", family.local("udp-echo", 8888), ns=alone, code=0)


@pytest.mark.parametrize("kind", ["udp-echo", "tcp-echo", "tcp", "icmp"])
def test_source_address(kind, pair):
    """-I ADDR: a second address of ours."""
    pair.a.ip("address", "add", "10.77.0.99/24", "dev", "veth")
    with Server("tcp-echo://10.77.0.2:0", "udp-echo://10.77.0.2:0", ns=pair.b) as server:
        port = server.port("tcp-echo" if kind == "tcp" else kind) if kind != "icmp" else None
        with pair.b.capture("src host 10.77.0.99") as lines:
            run("ping", *FAST, "-I", "10.77.0.99", target_in(pair, IPV4, kind, port), ns=pair.a, code=0)
    assert lines


@pytest.mark.parametrize("kind", ["udp-echo", "tcp-echo", "tcp", "icmp"])
def test_interface(kind, family, pair):
    """-I IFACE: by the veth it works, by loopback it does not."""
    with Server(family.url("tcp-echo", pair.b.address(family), 0), family.url("udp-echo", pair.b.address(family), 0), ns=pair.b) as server:
        port = server.port("tcp-echo" if kind == "tcp" else kind) if kind != "icmp" else None
        target = target_in(pair, family, kind, port)
        run("ping", *FAST, "-I", "veth", target, ns=pair.a, code=0)
        result = run("ping", *FAST, "-I", "lo", target, ns=pair.a)
        assert result.code in (1, 2), result


def test_link_local_with_its_zone(pair):
    """fe80::… needs a zone, in both spellings of a target."""
    words = pair.b.ip("-6", "-o", "address", "show", "dev", "veth", "scope", "link").split()
    address = words[words.index("inet6") + 1].split("/")[0]
    with Server(f"udp-echo://[{address}%veth]:0", ns=pair.b) as server:
        port = server.listening[0].port
        for target in (f"{address}%veth", f"icmp://[{address}%veth]", f"udp-echo://[{address}%veth]:{port}"):
            result = run("ping", "-c2", "-i", PACE, "-W", "3s", target, ns=pair.a, code=0)
            assert ping_text.summary(result).received == 2


# --- sizes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["icmp", "udp-echo", "tcp-echo"])
def test_payload_sizes(kind, family, pair):
    with Server(family.url("tcp-echo", pair.b.address(family), 0), family.url("udp-echo", pair.b.address(family), 0), ns=pair.b) as server:
        port = server.port(kind) if kind != "icmp" else None
        for size in SIZES[1:] if kind == "tcp-echo" else SIZES:
            result = run("ping", "-c2", "-i", PACE, "-W", "1s", "-s", size, target_in(pair, family, kind, port), ns=pair.a, code=0)
            found = ping_text.summary(result)
            assert (found.sent, found.received) == (2, 2), (size, result.out)
            assert {int(reply["bytes"]) for reply in ping_text.REPLY.finditer(result.out)} == {size}


def test_payload_is_sequence_nonce_pattern(family):
    with peers.UdpPeer(family, lambda data, n: [data]) as peer:
        run("ping", "-c5", "-i", PACE, family.local("udp-echo", peer.port), code=0)
    sequences = [int.from_bytes(data[:4], "big") for data in peer.heard]
    assert [sequence - sequences[0] for sequence in sequences] == [0, 1, 2, 3, 4]
    assert len({data[4:12] for data in peer.heard}) == 5, "a nonce each"
    assert len({data[:12] for data in peer.heard}) == 5


def test_nonces_are_not_predictable(family):
    """Two runs share none."""
    with peers.UdpPeer(family, lambda data, n: [data]) as peer:
        for _ in range(2):
            run("ping", "-c20", "-i", "20ms", family.local("udp-echo", peer.port), code=0)
    assert len({data[4:12] for data in peer.heard}) == len(peer.heard) > 20


@pytest.mark.parametrize("size", [0, 1, 3])
def test_below_four_bytes_one_is_in_flight(size, family):
    """The next probe waits for the answer or the end of the one before."""
    with peers.UdpPeer(family, lambda data, n: [(0.1, data)]) as peer:
        result = run("ping", "-c5", "-i", "40ms", "-W", "1s", "-s", size, family.local("udp-echo", peer.port), code=0)
    found = ping_text.summary(result)
    assert found.received == found.sent < 5, result.out
    assert found.count("unsent") == 5 - found.sent, result.out


def test_more_than_65536_probes_wrap_their_numbers(family):
    """Sequences of ICMP have 16 bits."""
    result = run("ping", "-q", "-c", "70000", "-i", "15us", family.loopback, timeout=60, code=0)
    found = ping_text.summary(result)
    assert found.sent + found.count("unsent") == 70000
    assert found.received == found.sent, result.out
    assert found.count("junk") == found.count("duplicate") == 0, result.out
