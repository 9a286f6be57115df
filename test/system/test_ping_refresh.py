# SPDX-License-Identifier: MIT
"""Names that move: a run goes on at the new address, and a run without end outlives trouble with names."""
import contextlib
import json
import pathlib
import signal
import time

import pytest

from harness import Namespace, Process, run, wait_until
from peers import UdpPeer

NAME = "moving.example"
ETC = {"hosts": "127.0.0.1 localhost\n", "nsswitch.conf": "hosts: files\n"}


class Net(Namespace):
    """A namespace whose only names are those in its hosts file, which may change at any time."""

    def __init__(self):
        super().__init__("names", ETC)

    def resolve(self, *addresses):
        """From now on NAME has these. Written in place: what runs inside has the very file."""
        path = pathlib.Path("/etc/netns") / self.name / "hosts"
        path.write_text(ETC["hosts"] + "".join(f"{address} {NAME}\n" for address in addresses))


@pytest.fixture
def net():
    with Net() as net:
        net.ip("address", "add", "fd98::1/128", "dev", "lo", "nodad")
        net.ip("address", "add", "fd98::2/128", "dev", "lo", "nodad")
        yield net


def addresses(family):
    return ("127.0.0.11", "127.0.0.12") if family.version == 4 else ("fd98::1", "fd98::2")


@contextlib.contextmanager
def two_homes(family, net, answer=(True, True)):
    """Peers at two addresses, on the same port."""
    one, other = addresses(family)
    with UdpPeer(family, lambda data, n: [data] if answer[0] else [], ns=net, address=one) as first:
        with UdpPeer(family, lambda data, n: [data] if answer[1] else [], ns=net, address=other, port=first.port) as second:
            yield first, second


def records(process):
    return [json.loads(line) for line in process.lines if line.startswith("{")]


def hears(peer, count=1):
    begin = len(peer.heard)
    wait_until(lambda: len(peer.heard) >= begin + count, "it is asked")


def test_every_so_often_by_option(family, net):
    one, other = addresses(family)
    net.resolve(one)
    with two_homes(family, net) as (first, second):
        with Process("ping", "-c0", "-i", "50ms", "--resolve-every", "200ms", f"udp-echo://{NAME}:{first.port}", ns=net) as p:
            hears(first, 3)
            net.resolve(other)
            hears(second, 3)
            asked = len(first.heard)
            hears(second, 3)
            assert len(first.heard) == asked, "the old address is asked no more"
            p.signal(signal.SIGINT)
            result = p.wait()
    assert result.code == 0
    assert other in result.out, "the change is told"


def test_an_address_that_is_still_there_stays(family, net):
    one, other = addresses(family)
    net.resolve(one)
    with two_homes(family, net) as (first, second):
        with Process("ping", "-c0", "-i", "50ms", "--resolve-every", "100ms", f"udp-echo://{NAME}:{first.port}", ns=net) as p:
            hears(first)
            net.resolve(other, one)
            hears(first, 12)
            p.signal(signal.SIGINT)
            assert p.wait().code == 0
        assert second.heard == []


def test_after_failures(family, net):
    """Without any option: who does not answer is looked up again after a while."""
    one, other = addresses(family)
    net.resolve(one)
    with two_homes(family, net, (False, True)) as (first, second):
        with Process("ping", "-c0", "-i", "200ms", "-W", "200ms", "-J", f"udp-echo://{NAME}:{first.port}", ns=net) as p:
            hears(first)
            net.resolve(other)
            hears(second, 2)
            wait_until(lambda: any(r["type"] == "reply" for r in records(p)), "it answers")
            p.signal(signal.SIGINT)
            assert p.wait().code == 0
            assert any(r["type"] == "event" for r in records(p)), "the change is an event"


def test_a_name_that_is_gone_keeps_its_address(family, net):
    one, _ = addresses(family)
    net.resolve(one)
    with two_homes(family, net) as (first, _):
        with Process("ping", "-c0", "-i", "50ms", "--resolve-every", "100ms", "-J", f"udp-echo://{NAME}:{first.port}", ns=net) as p:
            hears(first)
            net.resolve()
            wait_until(lambda: any(r["type"] == "event" for r in records(p)), "that is an event")
            hears(first, 3)
            p.signal(signal.SIGINT)
            assert p.wait().code == 0


def test_a_run_without_end_outlives_a_name_that_is_not_there_yet(family, net):
    one, _ = addresses(family)
    with two_homes(family, net) as (first, _):
        with Process("ping", "-c0", "-i", "50ms", f"udp-echo://{NAME}:{first.port}", ns=net) as p:
            p.wait_err(rf"cannot resolve '{NAME}'")
            net.resolve(one)
            hears(first, 3)
            p.signal(signal.SIGINT)
            result = p.wait()
    assert result.code == 0, "it could be asked in the end"
    assert result.err.count("cannot resolve") == 1, result


def test_and_says_so_if_it_never_comes(net):
    result = run("ping", "-w", "1s", f"udp-echo://{NAME}:9", ns=net, code=2)
    assert result.seconds > 0.9
    assert result.err.count("cannot resolve") == 1, result


def test_a_counted_run_does_not_wait_for_it(net):
    result = run("ping", "-c1000", f"udp-echo://{NAME}:9", ns=net, code=2)
    assert result.seconds < 3
    assert result.err.count("\n") == 1, result


def test_others_are_asked_meanwhile(family, net):
    with two_homes(family, net) as (first, _):
        with Process("ping", "-c0", "-i", "50ms", f"udp-echo://{NAME}:9", family.url("udp-echo", addresses(family)[0], first.port), ns=net) as p:
            hears(first, 3)
            p.signal(signal.SIGINT)
            result = p.wait()
    assert result.code == 2


def test_from_one_family_to_the_other_in_the_middle_of_a_flood(net):
    """The channel of the old family goes away while it has something to say."""
    net.resolve("127.0.0.1")
    with Process("ping", "-f", "-J", "-q", "-w", "3", "--resolve-every", "100ms", NAME, ns=net) as process:
        for n in range(10):
            net.resolve("::1" if n % 2 == 0 else "127.0.0.1")
            time.sleep(0.2)
        assert process.wait(20).code == 0
    changes = [record for record in records(process) if record.get("event") == "address_changed"]
    summary = records(process)[-1]
    assert len(changes) >= 2, process.lines
    assert summary["received"] > 100
    assert summary["lost"] <= 2 * len(changes)
