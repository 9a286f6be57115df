# SPDX-License-Identifier: MIT
"""--fail-if: what a person does not put up with becomes exit code 1 and a sentence that says which."""
import re

import pytest

import ping_text
from harness import PACE, Namespace, run
from peers import UdpPeer

FAST = ("-c4", "-i", PACE, "-W", "300ms")


def every_other(data, number):
    return [data] if number % 2 == 0 else []


def twice(data, number):
    return [data, data]


def ping(family, answer, *words):
    with UdpPeer(family, answer) as peer:
        url = family.local("udp-echo", peer.port)
        return url, run("ping", *FAST, *words, url)


def honest(data, number):
    return [data]


def test_what_is_kept_changes_nothing(family):
    _, result = ping(family, honest, "--fail-if", "loss>0", "--fail-if", "max > 3s", "--fail-if=duplicates>0", "--fail-if", "avg>2")
    assert (result.code, result.err) == (0, ""), result


def test_loss_is_named_with_target_and_value(family):
    url, result = ping(family, every_other, "--fail-if", "loss > 10%")
    assert result.code == 1
    assert result.err == f"sounder: ping: '{url}' fails 'loss > 10%': loss is 50% (2 of 4)\n"
    assert ping_text.summary(result).received == 2, "the summary stands all the same"


def test_each_that_is_violated_is_said(family):
    url, result = ping(family, twice, "--fail-if", "min>0", "--fail-if", "duplicates>0", "--fail-if", "loss>0", "--fail-if", "reordered>0")
    assert result.code == 1
    found = re.findall(r"^sounder: ping: '(.*)' fails '(.*)': (.*)$", result.err, re.M)
    assert [(who, what) for who, what, _ in found] == [(url, "min>0"), (url, "duplicates>0")], result
    assert re.fullmatch(r"min is [\d.e-]+ ms", found[0][2])
    assert re.fullmatch(r"duplicates is [1-4]", found[1][2])


@pytest.mark.parametrize("expression", ["p50>1ns", "p90>=1ns", "p95>1ns", "p99>1ns", "p99.9>1ns", "p99.99>1ns", "avg>1ns", "max>1ns", "min>1ns", "p50<1h"])
def test_durations(family, expression):
    url, result = ping(family, honest, "--fail-if", expression)
    metric = re.match(r"[a-z0-9.]+", expression)[0]
    assert result.code == 1
    assert re.match(rf"sounder: ping: '{re.escape(url)}' fails '{re.escape(expression)}': {metric} is [\d.e-]+ ms", result.err), result
    few = metric in ("p90", "p95", "p99", "p99.9", "p99.99")
    assert ("(by nearest rank: 4 answers are too few for it)" in result.err) == few, result


def test_without_an_answer_nothing_is_kept(family):
    url, result = ping(family, lambda data, number: [], "--fail-if", "p99>1h", "--fail-if", "jitter>1h")
    assert result.code == 1
    assert result.err == (
        f"sounder: ping: '{url}' fails 'p99>1h': p99 cannot be told from no answers\n"
        f"sounder: ping: '{url}' fails 'jitter>1h': jitter cannot be told from no answers\n"
    )


def test_each_target_is_judged(family):
    with UdpPeer(family, honest) as good, UdpPeer(family, every_other) as bad:
        urls = [family.local("udp-echo", peer.port) for peer in (good, bad)]
        result = run("ping", *FAST, "--fail-if", "loss>0", *urls, code=1)
    assert result.err.count("\n") == 1 and f"'{urls[1]}' fails 'loss>0'" in result.err, result


def test_records_do_not_change_the_verdict(family):
    url, result = ping(family, every_other, "-J", "--fail-if", "loss>1%")
    assert result.code == 1
    assert f"'{url}' fails 'loss>1%'" in result.err


def test_who_cannot_be_asked_outweighs_it(family):
    with Namespace("verdict", {"hosts": "", "nsswitch.conf": "hosts: files\n"}) as ns:
        with UdpPeer(family, every_other, ns=ns) as peer:
            result = run("ping", *FAST, "--fail-if", "loss>1%", family.local("udp-echo", peer.port), "udp-echo://nobody.invalid", ns=ns, code=2)
    assert "fails 'loss>1%'" in result.err
