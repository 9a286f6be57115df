# SPDX-License-Identifier: MIT
"""`sounder serve udp-echo` beside a source that floods: whoever asks from elsewhere loses nothing."""
import pathlib
import re
import subprocess

import pytest

import harness

pytestmark = pytest.mark.usefixtures("build")

PORT = 9001
RATE = 100_000  # datagrams a second
FLOODER = {4: ("10.78.0.1", 32, "10.78.0.0/24"), 6: ("fd78::1", 128, "fd78::/64")}


@pytest.fixture(scope="module")
def flood(tmp_path_factory):
    """The program of flood.c."""
    harness.need_tool("cc")
    made = tmp_path_factory.mktemp("flood") / "flood"
    subprocess.run(["cc", "-O2", "-o", made, pathlib.Path(__file__).with_name("flood.c")], check=True)
    return made


def first(priority):
    """What else the machine has to do must not count: only the flood is to be beside the server."""
    words = ["chrt", "--rr", str(priority)]
    if subprocess.run([*words, "true"], capture_output=True, check=False).returncode:
        pytest.skip("kernel: no real-time priorities")
    return words


def flooding(pair, family, program, seconds):
    """A process that floods b from an address of a's which is in another network than a's own."""
    source, width, network = FLOODER[family.version]
    pair.a.ip("address", "add", f"{source}/{width}", "dev", "veth", *(["nodad"] if family.version == 6 else []))
    pair.b.ip("route", "add", network, "via", pair.a.address(family))
    pair.b.filter("output", f"ip{'6' if family.version == 6 else ''} daddr {source} udp sport {PORT} counter")
    words = [source, pair.b.address(family), PORT, RATE, seconds]
    return harness.Process(*words, ns=pair.a, prefix=first(1), binary=program)


def test_who_asks_a_thousand_times_a_second_loses_nothing(pair, family, flood):
    target = family.url("udp-echo", pair.b.address(family), PORT)
    with harness.Server("udp-echo://*:9001", "--workers", "1", expect=1, ns=pair.b, prefix=first(2)), \
            flooding(pair, family, flood, 2) as flooder:
        harness.wait_until(lambda: pair.b.counted() > 0, "the flood has begun")
        told = harness.run("ping", "-q", "-c", "1000", "-i", "1ms", target, ns=pair.a, prefix=first(2))
        assert flooder.running(), "the flood was over first"
        sent = int(flooder.wait().out)
        answered = pair.b.counted()
    if sent < RATE:
        pytest.skip(f"kernel: this machine floods no faster than {sent // 2} datagrams a second")
    assert answered < sent * 3 / 4, "the flood has a network of its own, and that has a rate"
    assert int(re.search(r"(\d+) packets transmitted", told.out)[1]) > 100, told.out
    assert " 0% packet loss" in told.out, told.out
