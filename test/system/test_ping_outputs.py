# SPDX-License-Identifier: MIT
"""Where the output of `ping` goes: text, records, or both, and what happens when it cannot."""
import json
import re
import signal
import subprocess

import ping_text
from harness import PACE, Process, command, environment, run, wait_until
from peers import UdpPeer

FAST = ("-c2", "-i", PACE, "-W", "1s")


def honest(data, number):
    return [data]


def records(text):
    return [json.loads(line) for line in text.splitlines()]


def types(text):
    return [record["type"] for record in records(text)]


def test_json_is_all_there_is_on_stdout(family):
    with UdpPeer(family, honest) as peer:
        for words in (["-J"], ["-o", "-"], ["-J", "-o", "-"]):
            result = run("ping", *FAST, *words, family.local("udp-echo", peer.port), code=0)
            assert types(result.out) == ["start", "reply", "reply", "summary"], result


def test_csv_is_all_there_is_on_stdout(family):
    with UdpPeer(family, honest) as peer:
        result = run("ping", *FAST, "--csv", family.local("udp-echo", peer.port), code=0)
    assert len(result.lines) == 3 and result.lines[0].startswith("t,"), result


def test_a_file_takes_the_records_and_text_stays(family, tmp_path):
    with UdpPeer(family, honest) as peer:
        url = family.local("udp-echo", peer.port)
        file = tmp_path / "records"
        file.write_text("what was there before, and longer than what comes\n" * 1000)
        for words in (["-o", file], ["-J", "-o", file], ["-q", "-o", file]):
            result = run("ping", *FAST, *words, url, code=0)
            assert ping_text.summary(result).received == 2
            found = types(file.read_text())
            assert found[0] == "start" and found[-1] == "summary", found
        result = run("ping", *FAST, "--csv", "-o", file, url, code=0)
        assert ping_text.summary(result).received == 2
        assert len(file.read_text().splitlines()) == 3


def test_a_file_can_be_read_while_it_grows(family, tmp_path):
    file = tmp_path / "records"
    with UdpPeer(family, honest) as peer:
        with Process("ping", "-c0", "-i", "50ms", "-o", file, family.local("udp-echo", peer.port)) as p:
            wait_until(lambda: file.exists() and file.read_text().count('"reply"') >= 3, "there are replies in the file")
            p.signal(signal.SIGINT)
            assert p.wait().code == 0
    assert types(file.read_text())[-1] == "summary"


def test_a_full_disk_is_said_once_and_text_goes_on(family):
    with UdpPeer(family, honest) as peer:
        result = run("ping", *FAST, "-o", "/dev/full", family.local("udp-echo", peer.port), code=2)
    assert result.err == "sounder: ping: cannot write to '/dev/full': no space left on device\n"
    assert ping_text.summary(result).received == 2


def test_a_full_disk_with_nobody_else_to_tell_ends_it(family):
    with UdpPeer(family, honest) as peer, open("/dev/full", "wb") as full:
        words = command(["ping", "-c0", "-i", "100ms", "-J", family.local("udp-echo", peer.port)])
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, env=environment(), check=False, timeout=15)
    assert done.returncode == 2
    assert done.stderr == b"sounder: ping: cannot write to 'stdout': no space left on device\n"


def test_a_file_that_cannot_be_opened_stops_it_before_anything_is_sent(family, tmp_path):
    with UdpPeer(family, honest) as peer:
        result = run("ping", *FAST, "-o", tmp_path / "absent" / "file", family.local("udp-echo", peer.port), code=2)
        assert re.fullmatch(r"sounder: ping: cannot open '[^\n]*': no such file or directory\n", result.err), result
        assert peer.heard == []


def test_a_target_that_cannot_be_asked_is_a_record_and_a_sentence(alone):
    result = run("ping", "-J", "-c1", "-4", "udp-echo://localhost.invalid:7", ns=alone, code=2)
    assert types(result.out) == ["error"], result
    assert "cannot resolve" in records(result.out)[0]["detail"]
    assert result.err.count("\n") == 1


def test_an_interval_is_told_by_itself(family):
    with UdpPeer(family, honest) as peer:
        result = run("ping", "-J", "-c10", "-i", "100ms", "--report", "300ms", family.local("udp-echo", peer.port), code=0)
    assert types(result.out).count("interval") >= 3, result


def test_verbose_tells_how_much_memory_a_target_takes(family):
    with UdpPeer(family, honest) as peer:
        result = run("ping", "-v", *FAST, family.local("udp-echo", peer.port), code=0)
    assert re.search(r"^memory: 1 target takes at most \d+ KiB$", result.out, re.M), result
