# SPDX-License-Identifier: MIT
"""`ping TARGET`: at most one packet per second and target leaves this host, whoever asks, however often and
in whatever words. nft counts them."""
import contextlib
import time

import pytest

import harness
from clients import tools
from nameserver import Nameserver, addresses

pytestmark = pytest.mark.usefixtures("build")

ENOUGH = 15.0
CLIENTS = 12


class Wire:
    """The relay's namespace, and the packets to its only neighbour since `since`."""

    def __init__(self, near):
        self.near = near
        self.since = time.monotonic()

    def client(self, stack, number):
        return tools.Lines(stack.enter_context(self.near.call(tools.connect, "127.0.0.1", 9000, f"127.4.0.{number}")))

    def assert_paced(self, most):
        """As many packets as seconds have begun, at most; and no more than `most`, but some."""
        sent = self.near.counted()
        assert 0 < sent <= min(most, time.monotonic() - self.since + 1), sent


@pytest.fixture
def wire():
    etc = {"resolv.conf": Nameserver.RESOLV_CONF.format("127.0.0.1"), "hosts": "127.0.0.1 localhost\n"}
    with harness.Pair(etc) as pair:
        for side, number in ((pair.a, 1), (pair.b, 2)):
            side.ip("address", "add", f"9.8.7.{number}/24", "brd", "+", "dev", "veth")
            side.ip("address", "add", f"2600:9::{number}/64", "dev", "veth", "nodad")
        zone = {"four.example": addresses("9.8.7.2"), "six.example": addresses("2600:9::2"), "again.example": addresses("9.8.7.2")}
        with Nameserver(pair.a, zone), harness.Server("udp-echo://*:9001", "tcp-echo://*:9001", expect=2, ns=pair.b), \
                harness.Server("pong://127.0.0.1:9000", "--workers", "2", ns=pair.a):
            yield Wire(pair.a)


def read_answer(lines):
    answer = [lines.next(ENOUGH)]
    while not answer[-1].startswith(("done ", "error ")):
        answer.append(lines.next(ENOUGH))
    return answer


ICMP_4, ICMP_6 = "ip daddr 9.8.7.2 icmp type echo-request counter", "ip6 daddr 2600:9::2 icmpv6 type echo-request counter"
SAME = {
    "icmp": (ICMP_4, ["9.8.7.2", "icmp://9.8.7.2", "::ffff:9.8.7.2", "icmp://[::ffff:908:702]", "four.example", "again.example", "0x09080702"]),
    "icmp-v6": (ICMP_6, ["2600:9::2", "2600:0009::2", "icmp://[2600:9::2]", "2600:9:0:0::2", "six.example", "SIX.example."]),
    "udp-echo": ("ip daddr 9.8.7.2 udp dport 9001 counter",
                 [f"udp-echo://{host}:9001" for host in ("9.8.7.2", "[::ffff:9.8.7.2]", "four.example", "9.8.1794")]),
    "tcp": ("ip daddr 9.8.7.2 tcp flags & (syn | ack) == syn counter", [f"tcp://{host}:9001" for host in ("9.8.7.2", "four.example", "[::ffff:9.8.7.2]")]),
    "tcp-echo": ("ip6 daddr 2600:9::2 tcp flags & (psh) == psh counter", [f"tcp-echo://{host}:9001" for host in ("[2600:9::2]", "six.example")]),
}


@pytest.mark.parametrize("kind", SAME)
def test_all_who_ask_a_target_share_its_probes(wire, kind):
    """Twelve clients at two workers, in all the words there are for the target: four packets, or eight when one
    of them came too late for the first run; and each hears of four."""
    rule, words = SAME[kind]
    wire.near.filter("output", rule)
    with contextlib.ExitStack() as stack:
        crowd = [wire.client(stack, number) for number in range(1, CLIENTS + 1)]
        for number, lines in enumerate(crowd):
            lines.send(f"ping {words[number % len(words)]}")
        answers = [read_answer(lines) for lines in crowd]
    assert all(answer[-1].startswith("done ") and " sent=4 received=4 " in answer[-1] for answer in answers), answers
    wire.assert_paced(8)


def test_asking_over_and_over_and_leaving_makes_it_no_faster(wire):
    """Clients that go as soon as they have one answer, for some seconds, without a pause."""
    wire.near.filter("output", ICMP_4)
    end = time.monotonic() + 4
    while time.monotonic() < end:
        with contextlib.ExitStack() as stack:
            lines = wire.client(stack, 1)
            lines.send("ping 9.8.7.2")
            assert lines.next(ENOUGH).startswith("reply seq=1 ")
            tools.reset(lines.sock)
    wire.assert_paced(8)


def test_targets_are_paced_each_for_itself(wire):
    """One that is asked delays no other."""
    wire.near.filter("output", ICMP_4)
    wire.near.filter("output", ICMP_6)
    with contextlib.ExitStack() as stack:
        for number, target in enumerate(["9.8.7.2", "2600:9::2", "udp-echo://9.8.7.2:9001"], 1):
            lines = wire.client(stack, number)
            assert lines.ask(f"ping {target}", ENOUGH).startswith("reply seq=1 ")


def test_one_client_cannot_keep_the_others_from_asking(wire):
    """Of thirty pings of one client sixteen are under way, and another's is answered meanwhile."""
    with contextlib.ExitStack() as stack:
        greedy = [wire.client(stack, 1) for _ in range(30)]
        for number, lines in enumerate(greedy):
            lines.send(f"ping udp-echo://9.8.7.2:{100 + number}")
        busy = [lines for lines in greedy if lines.next(ENOUGH) == "error busy (too many pings of yours)"]
        assert len(busy) == 14
        assert wire.client(stack, 2).ask("ping 9.8.7.2", ENOUGH).startswith("reply seq=1 ")
        assert busy[0].ask("ping").startswith("pong ")
        assert all(read_answer(lines)[-1].startswith("done ") for lines in greedy if lines not in busy)
        assert busy[0].ask("ping 9.8.7.2", ENOUGH).startswith("reply seq=1 ")
