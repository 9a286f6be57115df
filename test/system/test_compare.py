# SPDX-License-Identifier: MIT
"""`sounder compare`: two files of results, real and crafted ones, held against each other."""
import json
import math
import pathlib
import random
import re
import tempfile

import pytest

from harness import Server, run
from test_json import records_of

URL = "udp-echo://192.0.2.7:8888"


# --- crafting -----------------------------------------------------------------------------------------


def record(name, target=URL, **fields):
    return json.dumps({"v": 1, "type": name, "t": 1767225600000000000, "target": target, **fields}, separators=(",", ":")) + "\n"


def pinged(count=1000, mean=1.0, loss=0.0, seed=1, target=URL):
    """Records of a ping: round trips in ms with a jitter of 0.1."""
    chance = random.Random(seed)
    lines = [record("start", target, kind="udp-echo")]
    for seq in range(1, count + 1):
        if chance.random() < loss:
            lines.append(record("loss", target, seq=seq, reason="timeout", detail="timed out"))
        else:
            lines.append(record("reply", target, seq=seq, rtt_ns=round(chance.gauss(mean, 0.1) * 1e6)))
    return "".join(lines)


def histogram(values):
    """As of schema 7: bucket i ends at 2^(i/128) seconds."""
    buckets = [math.ceil(math.log2(value * 1e-3) * 128) for value in values]
    counts = [0] * (max(buckets) - min(buckets) + 1)
    for bucket in buckets:
        counts[bucket - min(buckets)] += 1
    return {"schema": 7, "zero": 0, "offset": min(buckets), "counts": counts}


def values_of(mean, seed, count=2000):
    chance = random.Random(seed)
    return [chance.gauss(mean, 0.1) for _ in range(count)]


def durations(mean, seed, count=2000):
    values = values_of(mean, seed, count)
    return {"count": count, "mean_ns": round(sum(values) / count * 1e6), "histogram": histogram(values)}


def loaded(mean=1.0, seed=1, failed=0, **more):
    fields = {"corrected": durations(mean, seed), "uncorrected": durations(0.6, seed), **more}
    return "".join(seconds(mean, seed, "uncorrected" if more.get("corrected", True) is None else "corrected")) + record("load_summary", answered=2000, failed=failed, **{key: value for key, value in fields.items() if value})


def seconds(mean, seed, name):
    """What a load tells of each of ten seconds."""
    values = values_of(mean, seed)
    for part in (values[i::10] for i in range(10)):
        yield record("load_progress", **{name: {"count": len(part), "mean_ns": round(sum(part) / len(part) * 1e6)}})


@pytest.fixture
def files():
    """Writes what a test gives it, and names the files, so briefly that nobody cuts the name."""
    with tempfile.TemporaryDirectory(prefix="compare") as directory:

        def write(*texts):
            paths = [pathlib.Path(directory, f"{number}.ndjson") for number in range(len(texts))]
            for path, text in zip(paths, texts):
                path.write_bytes(text if isinstance(text, bytes) else text.encode())
            return paths

        yield write


def verdict_of(result):
    return result.lines[-1]


# --- what it finds ------------------------------------------------------------------------------------


def test_a_slower_run_is_slower_and_the_other_faster(build, files):
    a, b = files(pinged(seed=1), pinged(mean=1.2, seed=2))
    slower, faster = run("compare", a, b, code=0), run("compare", b, a, code=0)
    found = re.fullmatch(r"B is slower: p\d\d is (\S+) ms instead of (\S+) ms, \+(\S+) ms \(\+(\S+) ms to \+(\S+) ms with 95 % confidence\)\.", verdict_of(slower))
    assert found, verdict_of(slower)
    after, before, difference, low, high = map(float, found.groups())
    assert low < difference < high and abs(after - before - difference) < 0.002
    assert 0.1 < low < 0.2 < high < 0.3
    assert verdict_of(faster).startswith("B is faster: p")
    assert slower.err == "" == faster.err


def test_runs_that_do_not_differ_say_what_would_have_shown(build, files):
    result = run("compare", *files(pinged(seed=1), pinged(seed=2)), code=0)
    assert verdict_of(result).startswith("no difference that these samples could show; a shift of p50 by 0.0"), result
    assert not any(line.endswith("*") for line in result.lines)


def test_losses_are_found(build, files):
    result = run("compare", *files(pinged(seed=1), pinged(seed=2, loss=0.05)), code=0)
    assert verdict_of(result).startswith("B loses more: loss is "), result


def test_the_same_seed_gives_the_same_output(build, files):
    a, b = files(pinged(seed=1), pinged(seed=2))
    outputs = [run("compare", a, b, *seed, code=0).out for seed in ([], ["--seed", "1"], ["--seed", "2"])]
    assert outputs[0] == outputs[1] != outputs[2]


def test_real_runs_of_a_server(tmp_path, family):
    """Whatever they say, they say it of all that came."""
    paths = [tmp_path / "a.json", tmp_path / "b.json"]
    with Server(family.local("udp-echo", 0)) as server:
        for path in paths:
            run("ping", "-q", "-c", 60, "-i", "2ms", "-o", path, server.url("udp-echo"), code=0)
        quiet = records_of(run("compare", "-J", *paths, code=0).out)[0]
        for path in paths:
            run("ping", "-c", 60, "-i", "2ms", "-o", path, server.url("udp-echo"), code=0)
        full = records_of(run("compare", "-J", *paths, code=0).out)[0]
    assert not quiet["a"]["ordered"] and full["a"]["ordered"]
    for found in (quiet, full):
        assert found["target"] == server.url("udp-echo")
        assert found["a"]["settled"] > 0 and found["a"]["count"] > 0
        median = found["p50"]  # neighbours may be so alike that there are no bounds
        assert median.get("low_ns", median["difference_ns"]) <= median["difference_ns"] <= median.get("high_ns", median["difference_ns"])
    for side, path in zip("ab", paths):
        summary = json.loads(path.read_text().splitlines()[-1])
        assert full[side]["count"] == summary["received"] - summary["unmeasured"]
        assert full[side]["lost"] == summary["lost"] + summary["refused"]


def test_histograms_alone_will_do(build, files):
    def quiet(mean, seed):
        times = durations(mean, seed)
        return record("summary", received=2000, lost=0, refused=0, loss_runs=0, avg_ns=times["mean_ns"], ipdv_avg_ns=112838, histogram=times["histogram"])

    result = run("compare", *files(quiet(1, 1), quiet(1.2, 2)), code=0)
    assert verdict_of(result).startswith("B is slower: p50 is 1."), result
    assert "from a histogram" in result.out


def test_loads_are_compared_by_their_corrected_durations(build, files):
    result = run("compare", *files(loaded(1, 1), loaded(1.2, 2)), code=0)
    assert verdict_of(result).startswith("B is slower: p"), result
    assert "closed loop" not in result.out


def seconds_lost(*lost, sent=1000):
    """A load of a few seconds, of which so many requests failed in each."""
    lines = [record("load_start")]
    for failed in lost:
        lines.append(record("load_progress", answered=sent - failed, failed=failed, corrected={"count": 1, "mean_ns": 10**6}))
    return "".join(lines) + record("load_summary", answered=sent * len(lost) - sum(lost), failed=sum(lost), corrected=durations(1, 1))


def test_of_a_load_losses_in_one_second_are_hardly_more_than_one(build, files):
    none, burst, evenly = files(seconds_lost(*[0] * 10), seconds_lost(0, 0, 0, 100, 0, 0, 0, 0, 0, 0), seconds_lost(*[10] * 10))
    for path, differs in ((burst, False), (evenly, True)):
        (found,) = records_of(run("compare", "-J", none, path, code=0).out)
        assert found["loss"]["b"] == 0.01 and found["loss"]["differs"] == differs, found["loss"]


def test_losses_of_a_load_that_nobody_can_place_have_no_bounds(build, files):
    a, b = files(record("load_summary", answered=2000, failed=0), record("load_summary", answered=1980, failed=20))
    (found,) = records_of(run("compare", "-J", a, b, code=0).out)
    assert found["loss"] == {"a": 0, "b": 0.01, "difference": 0.01}
    assert re.search(r"^loss .*too few samples$", run("compare", a, b, code=0).out, re.M)
    assert "too few samples to compare loss" in run("compare", a, b, "--fail-if", "loss +5%", code=1).err
    (same,) = records_of(run("compare", "-J", a, a, code=0).out)
    assert same["loss"]["high"] > 0 and not same["loss"]["differs"]


def test_a_closed_loop_has_uncorrected_ones_alone_and_it_is_said(build, files):
    closed = loaded(seed=3, corrected=None)
    assert verdict_of(run("compare", *files(closed, closed), code=0)).startswith("no difference")
    assert "closed loop" in run("compare", *files(loaded(), closed), code=0).out


# --- targets ------------------------------------------------------------------------------------------


def test_one_target_in_each_is_compared_whatever_its_name(build, files):
    result = run("compare", *files(pinged(target="x"), pinged(target="y")), code=0)
    assert "A: x," in result.out and "B: y," in result.out


def test_of_several_those_in_both_are_compared_and_the_others_named(build, files):
    a, b = files(pinged(50, target="x") + pinged(50, target="y"), pinged(50, target="z") + pinged(50, target="y"))
    result = run("compare", "-J", a, b, code=0)
    assert [record["target"] for record in records_of(result.out)] == ["y"]
    assert result.err == f"sounder: compare: only '{a}' has 'x'\nsounder: compare: only '{b}' has 'z'\n"


def test_nothing_in_common_is_an_error(build, files):
    a, b = files(pinged(5, target="x") + pinged(5, target="y"), pinged(5, target="z"))
    result = run("compare", a, b, code=2)
    assert result.err.splitlines()[-1] == f"sounder: compare: '{a}' and '{b}' have no target in common"


# --- limits -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit, code", [("p50 +5%", 1), ("p50 +30%", 0), ("p99+0.1ms", 1), ("avg + 1ms", 0), ("loss +1%", 0), ("p99.9 +50%", 1)])
def test_limits_decide_the_exit_code(build, files, limit, code):
    result = run("compare", *files(pinged(seed=1), pinged(mean=1.2, seed=2)), "--fail-if", limit, "--fail-if", "p90 +50%", code=code)
    assert (f"fails '{limit}'" in result.err) == bool(code), result
    assert result.err.count("\n") == code


def test_a_run_that_lost_everything_keeps_no_promise(build, files):
    a, b = files(pinged(seed=1), pinged(seed=2, loss=1.1))
    result = run("compare", a, b, "--fail-if", "p50 +5%", "--fail-if", "loss +1%", code=1)
    assert result.err.count("fails") == 2
    assert "B has no round trips to compare" in verdict_of(result)


# --- records ------------------------------------------------------------------------------------------


def test_the_record_says_what_the_text_says(build, files):
    a, b = files(pinged(seed=1), pinged(mean=1.2, seed=2, target="other"))
    text, result = run("compare", a, b, code=0), run("compare", "-J", a, b, "--fail-if", "p50 +5%", code=1)
    (found,) = records_of(result.out)
    assert found["verdict"] == "slower" and found["detail"] == verdict_of(text)
    assert found["a"]["target"] == URL and found["b"]["target"] == "other"
    assert [failed["limit"] for failed in found["failed"]] == ["p50 +5%"]
    median = found["p50"]
    assert median["differs"] and median["low_ns"] < median["difference_ns"] < median["high_ns"]
    assert "low_ns" not in found["p99_9"], "a thousand are too few"
    assert not found["loss"]["differs"]


# --- files --------------------------------------------------------------------------------------------


def test_one_of_them_may_be_stdin(build, files):
    (a,) = files(pinged(seed=1))
    for args in ((a, "-"), ("-", a)):
        assert verdict_of(run("compare", *args, stdin=pinged(seed=2).encode(), code=0)).startswith("no difference")


def test_a_run_that_was_cut_off_is_used_and_it_is_said(build, files):
    a, b = files(pinged(100, seed=1), pinged(100, seed=2)[:-20])
    result = run("compare", "-J", a, b, code=0)
    assert result.err == f"sounder: compare: {b}:101: the last line was cut off\n"
    assert records_of(result.out)[0]["b"]["count"] == 99


def test_what_is_not_known_is_ignored(build, files):
    text = record("weather", sky="blue") + pinged(50).replace('"v":1', '"v":1,"new":[{}]')
    assert verdict_of(run("compare", *files(text, pinged(50, seed=2)), code=0)).startswith("no difference")


@pytest.mark.parametrize("line, sentence", [
    ("t,target,label\n", "this is no JSON"),
    ("{}\n", "no 'type'"),
    ("[]\n", "this is no record"),
    (record("reply", rtt_ns="1"), "'rtt_ns' is no number"),
    (record("reply").replace('"v":1', '"v":2'), "'v' is not 1"),
    (record("summary"), "'received' is missing"),
    (loaded(corrected={"mean_ns": 1, "histogram": {"schema": 7, "zero": 0, "offset": 10**9, "counts": [1]}}).splitlines(True)[-1], "buckets that do not exist"),
    (b"\xff\xfe\n", "this is no JSON"),
    (b"\x00\n", "this is no JSON"),
    ("[" * (5 << 20) + "\n", "too long"),
], ids=range(10))
def test_broken_files_are_refused_by_file_and_line(build, files, line, sentence):
    line = line if isinstance(line, bytes) else line.encode()
    a, b = files(pinged(5), pinged(5).encode() + line + pinged(5).encode())
    result = run("compare", a, b, code=2)
    assert re.fullmatch(rf"sounder: compare: {re.escape(str(b))}:7: [^\n]*{re.escape(sentence)}[^\n]*\n", result.err), result
    assert result.out == ""


@pytest.mark.parametrize("text", ["", "\n\n", record("weather")], ids=range(3))
def test_a_file_without_results_is_named(build, files, text):
    a, b = files(pinged(5), text)
    assert run("compare", a, b, code=2).err.startswith(f"sounder: compare: '{b}' holds no results")


def test_a_full_disk_is_trouble(build, files):
    for json_too in ([], ["-J"]):
        result = run("-c", 'exec "$@" >/dev/full', "sh", str(build.sounder), "compare", *files(pinged(50), pinged(50)), *json_too, binary="sh", code=2)
        assert "cannot write to 'stdout'" in result.err
