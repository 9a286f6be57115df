# SPDX-License-Identifier: MIT
"""Somebody sets the clock while probes are under way: no round trip notices."""
import json
import pathlib
import subprocess

import pytest

from harness import Server, environment, need_tool, run

SECOND = 10**9
# At these ms the clock jumps by so many seconds: forth and back, by little and by years.
STEPS = {700: 1, 1100: -1, 1500: 1000, 1900: 10**8, 2300: -(10**8), 2700: -1000}


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    need_tool("cc")
    made = tmp_path_factory.mktemp("clock") / "step_clock.so"
    source = pathlib.Path(__file__).with_name("step_clock.c")
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", made, source], check=True)
    return made


def deceived(library):
    """An environment in which the wall clock is set again and again."""
    steps = ",".join(f"{at}:{seconds * SECOND}" for at, seconds in STEPS.items())
    options = environment().get("ASAN_OPTIONS", "")
    return environment(LD_PRELOAD=str(library), STEPS=steps, ASAN_OPTIONS=options + ":verify_asan_link_order=0")


@pytest.mark.parametrize("kind", ["icmp", "udp-echo", "tcp-echo", "pong", "tcp"])
def test_no_step_reaches_a_round_trip(family, library, kind):
    services = [family.local(name, 0) for name in ("udp-echo", "tcp-echo", "pong")]
    with Server(*services) as server:
        port = None if kind == "icmp" else server.port("tcp-echo" if kind == "tcp" else kind)
        result = run("ping", "-J", "-c", "16", "-i", "200ms", family.local(kind, port), env=deceived(library))
    records = [json.loads(line) for line in result.out.splitlines()]
    replies = [record for record in records if record["type"] == "reply"]
    summary = records[-1]

    assert len(replies) >= 12, result
    # The labels do show what the clock showed.
    assert max(r["t"] for r in replies) - min(r["t"] for r in replies) > 10**7 * SECOND
    assert all(0 <= record["rtt_ns"] < SECOND for record in replies if "rtt_ns" in record), replies
    assert all(0 <= record.get("host_out_ns", 0) < SECOND and 0 <= record.get("host_in_ns", 0) < SECOND for record in replies)
    assert 0 <= summary["min_ns"] <= summary["max_ns"] < SECOND
    if kind == "tcp":
        assert all(record["tx_stamp"] == "kernel" for record in replies if "rtt_ns" in record)
        return
    # Believed until the first step, and not when they contradict the clock that never steps.
    assert replies[0]["tx_stamp"] == replies[0]["rx_stamp"] == "kernel"
    assert any(record["tx_stamp"] == "user" for record in replies)
    assert summary["distrusted_stamps"] > 0
