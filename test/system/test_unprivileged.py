# SPDX-License-Identifier: MIT
"""Somebody without any privilege: everything works but what the kernel keeps for itself, and of that the
program says how to get it."""
import re

import pytest

import ping_text
from harness import PACE, Server, need_root, need_tool, run

FAST = ("-c3", "-i", PACE, "-W", "1s")
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all"]


@pytest.fixture
def nobody(copy, alone):
    """Options of run and Server to be nobody in a namespace."""
    need_root()
    need_tool("setpriv")
    return {"binary": copy, "prefix": NOBODY, "ns": alone}


@pytest.fixture
def ping_sockets(alone):
    """Ping sockets for everybody."""
    alone.sysctl("net.ipv4.ping_group_range=0 2147483647")


@pytest.fixture
def no_ping_sockets(alone):
    """For nobody, as on a stock Debian."""
    alone.sysctl("net.ipv4.ping_group_range=1 0")


@pytest.mark.parametrize("kind", ["tcp", "tcp-echo", "udp-echo", "pong"])
def test_kinds_that_need_nothing(kind, family, nobody, no_ping_sockets):
    service = "tcp-echo" if kind == "tcp" else kind
    with Server(family.local(service, 0), **nobody) as server:
        result = run("ping", *FAST, family.local(kind, server.port(service)), code=0, **nobody)
    found = ping_text.summary(result)
    assert (found.sent, found.received) == (3, 3)


def test_refusals_need_nothing(family, nobody, no_ping_sockets):
    for kind in ("tcp", "udp-echo"):
        result = run("ping", *FAST, family.local(kind, 9), code=1, **nobody)
        assert ping_text.seqs(ping_text.REFUSED, result.out) == [1, 2, 3], result


def test_icmp_by_a_ping_socket(family, nobody, ping_sockets):
    result = run("ping", *FAST, family.loopback, code=0, **nobody)
    assert ping_text.summary(result).received == 3
    assert result.err == ""


def test_icmp_by_ping_socket_of_every_size(family, nobody, ping_sockets):
    for size in (0, 1, 56, 1472, 65507):
        assert ping_text.summary(run("ping", *FAST, "-s", size, family.loopback, code=0, **nobody)).received == 3


def test_many_ping_sockets_at_once(family, nobody, ping_sockets):
    result = run("ping", "-c4", "-i", PACE, *[family.loopback] * 5, code=0, **nobody)
    assert [found.received for found in ping_text.summaries(result.out)] == [4] * 5


def test_icmp_without_permission_says_both_fixes(family, nobody, no_ping_sockets, copy):
    result = run("ping", *FAST, family.loopback, code=2, **nobody)
    assert result.err.startswith("sounder: ping: ")
    assert f"setcap cap_net_raw+ep {copy}" in result.err, result.err
    assert "net.ipv4.ping_group_range" in result.err
    assert "tcp://" in result.err
    assert len(re.findall(r"^sounder: ", result.err, re.M)) == 1, "one message"
    assert not ping_text.REPLY.search(result.out)


def test_icmp_without_permission_does_not_stop_other_targets(family, nobody, no_ping_sockets):
    with Server(family.local("udp-echo", 0), **nobody) as server:
        result = run("ping", *FAST, server.url("udp-echo"), family.loopback, code=2, **nobody)
    assert max(found.received for found in ping_text.summaries(result.out)) == 3, result


def test_icmp_by_a_raw_socket_of_root(family, alone, no_ping_sockets):
    result = run("ping", *FAST, family.loopback, ns=alone, code=0)
    assert ping_text.summary(result).received == 3


def test_icmp_by_a_capability_alone(family, nobody, no_ping_sockets):
    """cap_net_raw without root, as setcap on the file gives it."""
    raw = NOBODY[:-1] + ["--inh-caps=+net_raw", "--ambient-caps=+net_raw"]
    result = run("ping", *FAST, family.loopback, code=0, **{**nobody, "prefix": raw})
    assert ping_text.summary(result).received == 3


def test_icmp_by_the_fix_as_printed(family, nobody, no_ping_sockets, copy):
    """What the message says to do is done, word for word, and then it works."""
    need_tool("setcap")
    said = run("ping", "-c1", family.loopback, code=2, **nobody).err
    words = re.search(r"setcap (cap_net_raw\+ep) (\S+)", said)
    try:
        run(words[1], words[2].strip("'\""), binary=need_tool("setcap"), code=0)
        result = run("ping", *FAST, family.loopback, env={"ASAN_OPTIONS": "detect_leaks=0:exitcode=99"}, code=0, **nobody)
        assert ping_text.summary(result).received == 3
    finally:
        run("-r", str(copy), binary=need_tool("setcap"))


def test_a_privileged_port_is_one_sentence(family, nobody):
    result = run("serve", family.local("tcp-echo", 7), code=2, **nobody)
    assert result.out == ""
    assert re.fullmatch(r"sounder: serve: [^\n]*permi[^\n]*\n", result.err), result


def test_an_interface_is_no_privilege(family, nobody, ping_sockets):
    """SO_BINDTODEVICE is free for sockets not yet bound (Linux 5.7)."""
    run("ping", *FAST, "-I", "lo", family.loopback, code=0, **nobody)


def test_ttl_tos_and_size_are_no_privilege(family, nobody, ping_sockets):
    run("ping", *FAST, "-t", "9", "-Q", "8", "-s", "1000", "-M", "do", family.loopback, code=0, **nobody)
