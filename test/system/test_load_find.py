# SPDX-License-Identifier: MIT
"""`sounder load --find`: the highest rate that keeps a promise, of servers whose capacity is known."""
import re
import signal

import pytest

from harness import IPV4, Process, run
from peers import UdpPeer, closed_port
from sleeper import Sleeper
from test_json import of_type, records_of
from test_load import summary_of

STEP = ("-d", "800ms", "--warmup", "200ms")
SHORT = ("-d", "300ms", "--warmup", "100ms")
LINE = ("--send", "PING", "--expect", "+OK")


def find(*args, code=0):
    """The records of a search: those of its steps, and what was found."""
    records = records_of(run("load", "-J", "-q", *args, code=code, timeout=120).out)
    steps = of_type(records, "load_step")
    found = of_type(records, "load_found")
    assert len(found) == 1 and found[0]["steps"] == len(steps), records
    return steps, found[0], summary_of(records)


def test_the_knee_of_a_server_that_sleeps(family):
    with Sleeper(family, 0.004) as server:
        steps, found, summary = find("--find", "p90<50ms", "-R", 120, *STEP, family.local("line", server.port), *LINE)
        capacity = server.capacity
    assert found["finished"] is True
    assert 0.9 * capacity <= found["rate"] <= 1.1 * capacity, (capacity, steps)
    assert found["failed_rate"] > found["rate"]
    assert summary["failed"] <= 0.05 * summary["sent"], "of the highest that held"


def test_people_and_programs_are_told_each_step(tmp_path):
    path = tmp_path / "run.ndjson"
    with Sleeper(IPV4, 0.005) as server:
        args = ("--find", "p90<100ms", "-R", 100, "-o", path, *SHORT, IPV4.local("line", server.port), *LINE)
        result = run("load", *args, code=0, timeout=120)
    assert "looking for the highest rate that keeps 'p90<100ms'" in result.out
    assert re.search(r"^step 1: 100/s holds \(p90 is ", result.out, re.M), result.out
    assert re.search(r"^highest rate that kept 'p90<100ms': [\d.]+/s \([\d.]+/s did not\), after \d+ steps$", result.out, re.M)
    failed = [step for step in of_type(records_of(path.read_text()), "load_step") if not step["held"]]
    assert [step["again"] for step in failed][:2] == [False, True], "a failure is confirmed"
    assert failed[0]["rate"] == failed[1]["rate"]


@pytest.mark.parametrize("one_in, wish, said", [
    (5, "p50<10s", "20% were not answered"), (25, "p99<10s", "4% were not answered"),
    (25, "max<10s", "4% were not answered"), (25, "p90<10s", None)])
def test_a_request_that_is_not_answered_took_longer_than_any(family, one_in, wish, said):
    """It has no duration, and yet it counts."""
    with UdpPeer(family, lambda data, n: [data] if n % one_in else []) as peer:
        args = ("--find", wish, "-R", 100, "-d", "1s", "--warmup", "0", "-W", "500ms", "-c", 1, family.local("udp-echo", peer.port))
        with Process("load", "-J", "-q", *args) as process:
            step = records_of(process.wait_line(r'.*"load_step".*')[0] + "\n")[0]
    assert step["held"] is (said is None)
    assert said is None or step["finding"] == said


def test_nobody_there_is_known_at_once(family):
    steps, found, summary = find("--find", "p99<1ms", *SHORT, family.local("tcp-echo", closed_port(family)), code=1)
    assert len(steps) == 1 and "rate" not in found
    assert summary["answered"] == 0


def test_a_signal_ends_it_with_what_is_known():
    with Sleeper(IPV4, 0.001) as server:
        args = ("--find", "p90<100ms", *SHORT, IPV4.local("line", server.port), *LINE)
        with Process("load", "-J", *args) as process:
            process.wait_line(r'"load_step".*"held":true')
            process.signal(signal.SIGINT)
            result = process.wait()
    found = of_type(records_of(result.out), "load_found")[0]
    assert result.code == 0 and found["finished"] is False and found["rate"] >= 100
