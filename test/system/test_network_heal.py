# SPDX-License-Identifier: MIT
"""Links and addresses that go away and come back: unsent with the reason meanwhile, and then it goes on by itself."""
import json
import time

import pytest

from harness import Process, Server, run, wait_until

# What the kernel says meanwhile.
DOWN = {"network_unreachable", "network_down", "no_address", "host_unreachable", "connection_timeout"}
GONE = {"network_unreachable", "no_address", "invalid", "connection_timeout"}
KINDS = ["icmp", "udp-echo", "tcp-echo", "tcp"]


def records(process, kind):
    return [record for record in map(json.loads, process.lines) if record["type"] == kind]


def replies(process, count):
    wait_until(lambda: len(records(process, "reply")) >= count, f"{count} replies")


def asking(pair, family, kind, server, *args):
    target = family.url(kind, pair.b.address(family), None if kind == "icmp" else server.port("tcp-echo" if kind == "tcp" else kind))
    return Process("ping", "-J", "-c", "0", "-i", "200ms", "-W", "250ms", *args, target, ns=pair.a)


def serving(pair, family):
    host = pair.b.address(family)
    return Server(family.url("tcp-echo", host, 0), family.url("udp-echo", host, 0), ns=pair.b)


def assert_it_goes_on(process, kind, reasons):
    """There were unsent probes, each with one of the reasons, and there are answers after them."""
    unsent = [r for r in records(process, "unsent") if r["reason"] != "interval_late"]
    before = len(records(process, "reply"))
    replies(process, before + 3)
    last = records(process, "reply")[-1]["seq"]
    assert unsent, process.lines
    assert {r["reason"] for r in unsent} <= reasons, unsent
    assert last > unsent[-1]["seq"]


def wait_unsent(process):
    wait_until(lambda: any(r["reason"] != "interval_late" for r in records(process, "unsent")), "unsent probes", timeout=30)


@pytest.mark.parametrize("kind", KINDS)
def test_a_link_that_goes_down_and_comes_up(family, pair, kind):
    with serving(pair, family) as server, asking(pair, family, kind, server) as process:
        replies(process, 2)
        pair.a.ip("link", "set", "veth", "down")
        wait_unsent(process)
        pair.a.ip("link", "set", "veth", "up")
        if family.version == 6:  # its addresses went away with the link
            pair.a.ip("address", "replace", pair.a.address(family) + "/64", "dev", "veth", "nodad")
        assert_it_goes_on(process, kind, DOWN)


@pytest.mark.parametrize("kind", KINDS)
def test_the_address_that_is_asked_from_is_removed_and_comes_back(family, pair, kind):
    source = pair.a.address(family)
    prefix = "/24" if family.version == 4 else "/64"
    with serving(pair, family) as server, asking(pair, family, kind, server, "-I", source) as process:
        replies(process, 2)
        pair.a.ip("address", "delete", source + prefix, "dev", "veth")
        wait_unsent(process)
        pair.a.ip("address", "add", source + prefix, "dev", "veth", *(["nodad"] if family.version == 6 else []))
        assert_it_goes_on(process, kind, GONE)


@pytest.mark.parametrize("kind", ["icmp", "udp-echo"])
def test_a_run_ends_though_its_interface_is_gone(family, pair, kind):
    with serving(pair, family) as server:
        target = family.url(kind, pair.b.address(family), None if kind == "icmp" else server.port(kind))
        pair.b.filter("output", "drop")
        with Process("ping", "-J", "-c", "6", "-i", "200ms", "-W", "900ms", "-I", "veth", target, ns=pair.a) as process:
            process.wait_line('"start"')
            time.sleep(0.5)
            pair.a.ip("link", "delete", "veth")
            assert process.wait(20).code == 1
    summary = json.loads(process.lines[-1])
    assert summary["type"] == "summary" and summary["awaited"] == 0
    assert summary["lost"] == summary["transmitted"] > 0
    assert summary["unsent"] > 0


@pytest.mark.parametrize("kind", ["icmp", "udp-echo"])
def test_who_cannot_be_sent_to_spoils_nobody_else(family, pair, kind):
    """Neither their answers nor their stamps, whatever the kernel says of the sends to others."""
    nowhere = ["203.0.113.1", "203.0.113.2"] if family.version == 4 else ["2001:db8::1", "2001:db8::2"]
    with serving(pair, family) as server:
        port = None if kind == "icmp" else server.port(kind)
        targets = [family.url(kind, host, port) for host in (nowhere[0], pair.b.address(family), nowhere[1])]
        result = run("ping", "-J", "-c", "8", "-i", "200ms", *targets, ns=pair.a)
    records = [json.loads(line) for line in result.out.splitlines()]
    summaries = {record["target"]: record for record in records if record["type"] == "summary"}
    assert all(summaries[target]["transmitted"] == 0 for target in (targets[0], targets[2]))
    good = summaries[targets[1]]
    assert good["transmitted"] + good["unsent"] == 8
    assert good["received"] == good["transmitted"] == good["kernel_stamps"] > 4


def test_an_address_that_reaches_one_of_them_only(family, pair):
    """Sends that the source address does not allow fail alone."""
    near = family.loopback
    far = pair.b.address(family)
    result = run("ping", "-J", "-c", "6", "-i", "200ms", "-W", "500ms", "-I", near, near, far, ns=pair.a)
    summaries = [json.loads(line) for line in result.out.splitlines() if '"summary"' in line]
    good = next(s for s in summaries if near in s["target"])
    assert good["received"] == good["transmitted"] == 6 - good["unsent"] > 3
