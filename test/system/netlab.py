# SPDX-License-Identifier: MIT
"""A network whose truth is known: two namespaces, what passes between them captured, and shaped at will.

    with Lab() as lab:                   like harness.Pair (.a asks, .b answers), with a relay between:
        lab.relay.shape(back=[every(5, TWICE)])
    with captured(pair) as wire: ...     then wire.journeys(): what arrived and when (wire_truth.py)
    busy(4, cpu)                         busy loops
    ping(ns, ...)                        `sounder ping -J`, its records sorted by what they say (Told)
"""
import contextlib
import dataclasses
import json
import os
import pathlib
import statistics
import subprocess
import sys
import types

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "bench"))

import harness
import relay
import wire_truth

median = statistics.median


class Lab(harness.Pair):
    """Namespaces `a` and `b` as in a Pair, but each is joined to a third where `relay` carries frames."""

    def __init__(self):
        super().__init__()
        # Names of its own: it may stand beside a Pair.
        self.a, self.b, self._middle = map(harness.Namespace, ("near", "far", "between"))
        self.relay = None

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            for side in (self.a, self.b, self._middle):
                stack.enter_context(side)
            self._middle.sysctl("net.ipv6.conf.all.disable_ipv6=1")  # the cable itself says nothing
            self._middle.sysctl("net.ipv6.conf.default.disable_ipv6=1")
            for number, (side, end) in enumerate(((self.a, "left"), (self.b, "right")), 1):
                self._join(number, side, end)
            self._introduce()
            self.relay = stack.enter_context(relay.Relay(self._middle))
            self._settle()
            self.relay.shape()
            self._stack = stack.pop_all()
        return self

    def _join(self, number, side, end):
        side.v4, side.v6 = f"10.77.0.{number}", f"fd77::{number}"
        side.ip("link", "add", "veth", "type", "veth", "peer", "name", end, "netns", self._middle.name)
        side.sysctl("net.ipv6.conf.veth.accept_dad=0")
        side.ip("link", "set", "veth", "address", f"02:00:00:00:00:0{number}")
        side.ip("address", "add", f"{side.v4}/24", "dev", "veth")
        side.ip("address", "add", f"{side.v6}/64", "dev", "veth", "nodad")
        self._middle.ip("link", "set", end, "up")
        side.ip("link", "set", "veth", "up")


def captured(pair):
    """A wire_truth.Wire over both ends of a Pair or Lab."""
    return wire_truth.Wire(*(types.SimpleNamespace(interface="veth", call=side.call) for side in (pair.a, pair.b)))


@contextlib.contextmanager
def busy(loops, cpu):
    """Busy loops on one CPU; they end by themselves should nobody end them."""
    words = ["timeout", "30", "taskset", "-c", str(cpu), "sh", "-c", "while :; do :; done"]
    with contextlib.ExitStack() as stack:
        for _ in range(loops):
            process = stack.enter_context(subprocess.Popen(words, stdin=subprocess.DEVNULL))
            stack.callback(process.terminate)
        yield


def a_cpu():
    """One this process may use."""
    return max(os.sched_getaffinity(0))


# --- what sounder told ----------------------------------------------------------------------------------


@dataclasses.dataclass
class Told:
    """The records of one target's run."""

    records: list

    def of(self, kind):
        return [record for record in self.records if record["type"] == kind]

    def seqs(self, kind):
        return [record["seq"] for record in self.of(kind)]

    @property
    def sent(self):
        """The sequence numbers that left, in order: beside a machine's other work a probe may be unsent."""
        return sorted(self.seqs("reply") + self.seqs("loss") + self.seqs("refused"))

    def nth(self, numbers):
        """The sequence numbers of the probes that the wire counts as so many, from 1."""
        return [self.sent[number - 1] for number in numbers if number <= len(self.sent)]

    @property
    def summary(self):
        found = self.of("summary")
        assert len(found) == 1, self.records[-3:]
        return found[0]

    def reply(self, seq):
        return next(reply for reply in self.of("reply") if reply["seq"] == seq)

    def values(self, name):
        """A field of all replies that bear it."""
        return [reply[name] for reply in self.of("reply") if name in reply]

    @property
    def stamps(self):
        return {(reply.get("tx_stamp"), reply.get("rx_stamp")) for reply in self.of("reply")}


def ping(ns, *args, prefix=(), code=0):
    """Run `sounder ping -J ARGS…` in a namespace to its end."""
    return told(harness.run("ping", "-J", *args, ns=ns, prefix=prefix, code=code))


def told(result):
    return Told([json.loads(line) for line in result.lines])


def errors(told, journeys):
    """|reported rtt − the wire's| in ns, of each reply."""
    truth = {seq: journey.rtt for seq, journey in zip(told.sent, journeys, strict=True)}
    return [abs(reply["rtt_ns"] - truth[reply["seq"]]) for reply in told.of("reply")]


def replies_in_order(wire, key=wire_truth.echo_key):
    """Which request (by its place, from 1) each reply answers, as they arrived, copies included."""
    places = {journey.key: place for place, journey in enumerate(wire.journeys(key), 1)}
    keyed = [key(packet) for packet in wire.replies]
    return [places[each[0]] for each in keyed if each and each[0] in places and each[1] is not True]


def duplicates(order):
    return len(order) - len(set(order))


def reordered(order):
    """RFC 4737, section 3: first arrivals with a number below the next expected one."""
    expected, seen, count = 0, set(), 0
    for seq in order:
        if seq in seen:
            continue
        seen.add(seq)
        count += seq < expected
        expected = max(expected, seq + 1)
    return count
