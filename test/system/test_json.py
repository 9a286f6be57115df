# SPDX-License-Identifier: MIT
"""Records for programs: whatever becomes of a run, each line is a whole record as docs/json.md describes it."""
import contextlib
import csv
import io
import json
import pathlib
import re
import signal
import socket
import subprocess

import pytest

import harness
import ping_text
from harness import Process, Server, run
from peers import TcpPeer, UdpPeer, closed_port, echo

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "docs/schema/sounder.json").read_text())
MANUAL = (ROOT / "docs/json.md").read_text()
DEFINITIONS = SCHEMA["$defs"]
TYPES = SCHEMA["properties"]["type"]["enum"]
COLUMNS = re.search(r"```csv\n(.*)\n```", MANUAL)[1].split(",")


# --- reading ------------------------------------------------------------------------------------------


def records_of(text):
    """Every line as a record, held against the schema; unknown fields are for readers of the future, not for us."""
    jsonschema = pytest.importorskip("jsonschema", reason="tool: python3-jsonschema is not installed")
    validator = jsonschema.Draft202012Validator(SCHEMA)
    assert text == "" or text.endswith("\n"), text[-200:]
    records = [json.loads(line, parse_constant=pytest.fail) for line in text.splitlines()]
    for record in records:
        wrong = [error.message for error in validator.iter_errors(record)]
        assert not wrong, (wrong, record)
        known = {*SCHEMA["properties"], *DEFINITIONS[record["type"]]["properties"]}
        assert set(record) <= known, (set(record) - known, record)
    return records


def of_type(records, *types):
    return [record for record in records if record["type"] in types]


def summary_of(records):
    found = of_type(records, "summary")
    assert len(found) == 1, records
    return found[0]


def assert_adds_up(summary):
    settled = [summary[name] for name in ("received", "lost", "refused", "awaited")]
    assert summary["transmitted"] == sum(settled), summary


def silent(family):
    """A UDP port that takes everything and says nothing."""
    return UdpPeer(family, lambda data, n: [])


def closed(family, kind):
    """The URL of a port that refuses."""
    style = socket.SOCK_DGRAM if kind == "udp-echo" else socket.SOCK_STREAM
    return family.local(kind, closed_port(family, style))


# --- runs of every kind -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["udp-echo", "tcp-echo", "pong", "tcp", "icmp"])
def test_a_normal_run(kind, family):
    served = "tcp-echo" if kind == "tcp" else "udp-echo" if kind == "icmp" else kind
    if kind == "icmp":
        harness.need_root()
    with Server(family.local(served, 0)) as server:
        url = family.local(kind) if kind == "icmp" else family.local(kind, server.port(served))
        records = records_of(run("ping", "-J", "-c", 5, "-i", "20ms", url, code=0).out)
    assert [record["type"] for record in records if record["type"] != "unsent"][0] == "start"
    summary = summary_of(records)
    assert records[-1] is summary
    assert_adds_up(summary)
    replies = of_type(records, "reply")
    assert len(replies) == summary["received"] > 0
    assert len(replies) + len(of_type(records, "unsent")) == 5
    for record in records:
        assert record["target"] == url
    for reply in replies:
        assert summary["min_ns"] <= reply["rtt_ns"] <= summary["max_ns"]
        assert reply["addr"] == family.loopback


def test_all_lost(family):
    with silent(family) as peer:
        url = family.local("udp-echo", peer.port)
        records = records_of(run("ping", "-J", "-c", 3, "-i", "30ms", "-W", "60ms", url, code=1).out)
    losses, summary = of_type(records, "loss"), summary_of(records)
    assert {loss["reason"] for loss in losses} == {"timeout"}
    assert len(losses) == summary["lost"] == summary["transmitted"]
    assert summary["loss_ratio"] == 1 and summary["loss_high"] == 1 and 0 < summary["loss_low"] < 1
    assert summary["longest_loss_run"] == summary["lost"]
    assert not {"min_ns", "p50_ns", "jitter_ns", "histogram"} & set(summary)


@pytest.mark.parametrize("kind, reason", [("udp-echo", "port_unreachable"), ("tcp", "connection_refused")])
def test_all_refused(kind, reason, family):
    records = records_of(run("ping", "-J", "-c", 2, "-i", "30ms", closed(family, kind), code=1).out)
    assert {record["reason"] for record in of_type(records, "refused")} == {reason}
    assert summary_of(records)["refused"] >= 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run(number, family):
    with Server(family.local("udp-echo", 0)) as server:
        with Process("ping", "-J", "-c", 0, "-i", "20ms", server.url("udp-echo")) as ping:
            ping.wait_lines(r'"type":"reply"', 3)
            ping.signal(number)
            result = ping.wait()
    assert result.code == 0, result
    records = records_of(result.out)
    summary = summary_of(records)
    assert records[-1] is summary
    assert_adds_up(summary)
    assert summary["received"] == len(of_type(records, "reply")) >= 3


def test_whatever_a_far_end_does_has_its_record(family):
    """Twice the answer, a lie, an answer of another size, and one that comes too late."""

    def answer(data, number):
        return [[data, data], [data[:-1] + b"?", data], [data + b"!"], [(0.15, data)]][number % 4]

    with UdpPeer(family, answer) as peer:
        url = family.local("udp-echo", peer.port)
        records = records_of(run("ping", "-J", "-O", "-c", 8, "-i", "60ms", "-W", "100ms", url, code=0).out)
    summary = summary_of(records)
    assert {"reply", "duplicate", "junk", "loss", "late"} <= {record["type"] for record in records}
    assert "wrong_content" in {record["reason"] for record in of_type(records, "junk")}
    assert "outstanding" in {record["event"] for record in of_type(records, "event")}
    for name, type_ in (("duplicates", "duplicate"), ("junk", "junk"), ("late", "late"), ("lost", "loss")):
        assert summary[name] == len(of_type(records, type_)), name


def test_a_connection_that_breaks_is_told(family):
    """The first connection ends in the middle of an answer; the next one stands."""

    def serve(connection, number):
        if number == 0:
            connection.recv(7)
        else:
            echo(connection)

    with TcpPeer(family, serve) as peer:
        url = family.local("tcp-echo", peer.port)
        records = records_of(run("ping", "-J", "-c", 4, "-i", "50ms", url, code=0).out)
    assert of_type(records, "loss", "refused")
    assert "reconnected" in [event["event"] for event in of_type(records, "event")]


def test_a_name_that_is_not_known():
    result = run("ping", "-J", "-c", 1, "nosuch.invalid", code=2)
    (error,) = records_of(result.out)
    assert error["type"] == "error"
    assert "nosuch.invalid" in error["detail"]
    assert "nosuch.invalid" in result.err


def test_one_of_several_that_fails_stops_nobody(family):
    with Server(family.local("udp-echo", 0)) as server:
        records = records_of(run("ping", "-J", "-c", 2, "-i", "20ms", "nosuch.invalid", server.url("udp-echo"), code=2).out)
    assert len(of_type(records, "error")) == 1
    assert summary_of(records)["target"] == server.url("udp-echo")
    assert of_type(records, "reply")


def test_nothing_but_the_end_where_quiet_is_wanted(family):
    with Server(family.local("udp-echo", 0)) as server:
        records = records_of(run("ping", "-J", "-q", "-c", 3, "-i", "20ms", server.url("udp-echo"), code=0).out)
    assert [record["type"] for record in records] == ["start", "summary"]


# --- what the figures say -----------------------------------------------------------------------------


def test_the_parts_of_a_round_trip_belong_to_it(family):
    with Server(family.local("udp-echo", 0)) as server:
        records = records_of(run("ping", "-J", "-c", 10, "-i", "10ms", server.url("udp-echo"), code=0).out)
    by_kernel = [reply for reply in of_type(records, "reply") if reply["tx_stamp"] == reply["rx_stamp"] == "kernel"]
    assert by_kernel
    for reply in by_kernel:
        assert reply["network_ns"] == reply["rtt_ns"]
        assert {"host_out_ns", "host_in_ns", "lag_ns", "delay_ns"} <= set(reply), reply
        assert reply["delay_ns"] <= max(reply["lag_ns"], 0)
        assert not {"to_queue_ns", "in_queue_ns"} & set(reply), reply
    summary = summary_of(records)
    assert summary["kernel_stamps"] == len(by_kernel)
    assert summary["kernel_stamps"] + summary["user_stamps"] == summary["received"]


@pytest.mark.parametrize("kind", ["udp-echo", "tcp-echo", "pong", "icmp"])
def test_the_way_out_is_told_in_two_parts_under_v(family, kind):
    with Server(family.local(kind if kind != "icmp" else "udp-echo", 0)) as server:
        target = server.url(kind) if kind != "icmp" else family.local("icmp")
        records = records_of(run("ping", "-J", "-v", "-c", 10, "-i", "10ms", target, code=0).out)
    parted = [reply for reply in of_type(records, "reply") if "in_queue_ns" in reply]
    assert parted
    for reply in parted:
        assert reply["to_queue_ns"] + reply["in_queue_ns"] == reply["host_out_ns"] and reply["in_queue_ns"] >= 0, reply


def bucket_bounds(histogram, k):
    i, width = histogram["offset"] + k, 2.0 ** -histogram["schema"]
    return 2 ** ((i - 1) * width) * 1e9, 2 ** (i * width) * 1e9


def test_the_histogram_holds_every_round_trip(family):
    with Server(family.local("udp-echo", 0)) as server:
        records = records_of(run("ping", "-J", "-c", 50, "-i", "4ms", server.url("udp-echo"), code=0).out)
    summary = summary_of(records)
    histogram = summary["histogram"]
    assert sum(histogram["counts"]) + histogram["zero"] == summary["received"]
    assert histogram["counts"][0] > 0 and histogram["counts"][-1] > 0
    low, high = bucket_bounds(histogram, 0)
    assert low - 1 <= summary["min_ns"] <= high + 1
    low, high = bucket_bounds(histogram, len(histogram["counts"]) - 1)
    assert low - 1 <= summary["max_ns"] <= high + 1
    for k, count in enumerate(histogram["counts"]):
        low, high = bucket_bounds(histogram, k)
        certain = [reply for reply in of_type(records, "reply") if low + 1 < reply["rtt_ns"] < high - 1]
        assert len(certain) <= count


def test_intervals_add_up_to_the_summary(family):
    with Server(family.local("udp-echo", 0)) as server:
        words = ("--report", "100ms", "-c", 20, "-i", "20ms", server.url("udp-echo"))
        records = records_of(run("ping", "-J", *words, code=0).out)
    intervals, summary = of_type(records, "interval"), summary_of(records)
    assert len(intervals) >= 3
    assert [interval["number"] for interval in intervals] == sorted({interval["number"] for interval in intervals})
    for name in ("transmitted", "received", "lost", "unsent"):
        assert sum(interval[name] for interval in intervals) == summary[name], name
    assert min(interval["min_ns"] for interval in intervals if "min_ns" in interval) == summary["min_ns"]


def test_text_and_records_of_one_run_agree(family, tmp_path):
    with Server(family.local("udp-echo", 0)) as server:
        path = tmp_path / "run.ndjson"
        result = run("ping", "-o", path, "-c", 5, "-i", "20ms", server.url("udp-echo"), code=0)
    shown, summary = ping_text.summary(result), summary_of(records_of(path.read_text()))
    assert (shown.sent, shown.received) == (summary["transmitted"], summary["received"])
    told = [summary[name] for name in ("min_ns", "avg_ns", "max_ns", "mdev_ns")]
    assert shown.rtt == pytest.approx([ns / 1e6 for ns in told], abs=0.00051)
    assert ping_text.jitters(result.out).rfc3550 == pytest.approx(summary["jitter_ns"] / 1e6, abs=0.00051)


def test_two_in_a_row_make_an_outage(family):
    with Server(family.local("udp-echo", 0)) as server, silent(family) as peer:
        url = family.local("udp-echo", peer.port)
        records = records_of(run("ping", "-J", "-c", 5, "-i", "60ms", "-W", "80ms", url, server.url("udp-echo"), code=1).out)
    gone, well = (next(r for r in of_type(records, "summary") if r["target"] == t) for t in (url, server.url("udp-echo")))
    assert well["loss_runs"] == 0 and "outages" not in well
    (outage,) = gone["outages"]
    assert outage["length"] == gone["lost"] and outage["seq"] == of_type(records, "loss")[0]["seq"]


# --- hostile surroundings -----------------------------------------------------------------------------


def test_a_label_may_be_anything(family):
    with Server(family.local("udp-echo", 0)) as server:
        url = server.url("udp-echo")
        labels = [b'"},{"v":2', b"esc\x1b[2J", "\u202ebidi".encode(), b"Z\xfcrich"]
        targets = b"".join(url.encode() + b" " + label + b"\n" for label in labels)
        records = records_of(run("ping", "-J", "-c", 1, "--targets", "-", stdin=targets, code=0).out)
    assert len(of_type(records, "summary")) == len(labels)
    for record in records:
        assert record["target"] == url


def test_a_full_disk_is_said_once(family):
    with Server(family.local("udp-echo", 0)) as server:
        result = run("ping", "-o", "/dev/full", "-c", 3, "-i", "20ms", server.url("udp-echo"), code=2)
    assert result.err.count("\n") == 1 and "/dev/full" in result.err, result.err
    assert ping_text.summary(result).sent == 3 or "unsent" in result.out


def test_a_reader_that_is_gone_ends_the_run(family):
    with Server(family.local("udp-echo", 0)) as server:
        with Process("ping", "-J", "-c", 0, "-i", "10ms", server.url("udp-echo"), stdout=subprocess.PIPE) as ping:
            ping.wait_lines(r'"type":"reply"', 1)
        with subprocess.Popen(
            harness.command(("ping", "-J", "-c", "0", "-i", "10ms", server.url("udp-echo"))),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=harness.environment(),
        ) as ping:
            try:
                assert json.loads(ping.stdout.readline())["type"] == "start"
                ping.stdout.close()
                assert ping.wait(harness.PATIENCE) != 0
            finally:
                ping.kill()


def test_a_reader_that_sleeps_stops_no_probe(family):
    """A pipe holds 64 KiB, and we keep 1 MiB: all that is in them is whole when it is read at last."""
    with Server(family.local("udp-echo", 0)) as server:
        with subprocess.Popen(
            harness.command(("ping", "-J", "-c", "1500", "-i", "1ms", server.url("udp-echo"))),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=harness.environment(),
        ) as ping:
            try:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    ping.wait(2)
                out, err = ping.communicate(timeout=harness.PATIENCE)
            finally:
                ping.kill()
    assert ping.returncode == 0, err
    records = records_of(out.decode())
    summary = summary_of(records)
    assert summary["span_ns"] < 3e9
    missing = sum(event["count"] for event in of_type(records, "event") if event["event"] == "missing")
    assert len(of_type(records, "reply", "loss", "unsent")) + missing >= 1500


# --- CSV ----------------------------------------------------------------------------------------------


def test_csv_has_a_line_for_each_probe(family):
    gone = closed(family, "udp-echo")
    with Server(family.local("udp-echo", 0)) as server:
        targets = f"{server.url('udp-echo')} =1+1\n{gone} two, words\n".encode()
        result = run("ping", "--csv", "-c", 2, "-i", "30ms", "--targets", "-", stdin=targets, code=1)
    rows = list(csv.reader(io.StringIO(result.out, newline="")))
    assert rows[0] == COLUMNS
    assert all(len(row) == len(COLUMNS) for row in rows)
    lines = [dict(zip(COLUMNS, row)) for row in rows[1:]]
    assert {line["label"] for line in lines} == {"'=1+1", "two, words"}
    assert len(lines) == 4
    for line in lines:
        if line["type"] == "reply":
            assert int(line["rtt_ns"]) > 0 and line["reason"] == "" and line["target"] == server.url("udp-echo")
        else:
            assert line["reason"] in {"port_unreachable", "interval_late"}, line


def test_csv_of_nothing_is_its_head():
    assert run("ping", "--csv", "-c", 1, "nosuch.invalid", code=2).out == ",".join(COLUMNS) + "\r\n"


# --- the manual ---------------------------------------------------------------------------------------


def test_the_records_in_the_manual_are_records():
    examples = "".join(re.findall(r"```json\n(.*?)```", MANUAL, re.S))
    assert len(records_of(examples)) >= 3


def jq_lines():
    return [line for block in re.findall(r"```jq\n(.*?)```", MANUAL, re.S) for line in block.splitlines()]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """The directory of a run.ndjson with answers, refusals and losses."""
    directory = tmp_path_factory.mktemp("run")
    family = harness.IPV4
    with Server(family.local("udp-echo", 0)) as server, silent(family) as nobody:
        urls = (server.url("udp-echo"), family.local("udp-echo", nobody.port), closed(family, "tcp"))
        run("ping", "-o", directory / "run.ndjson", "-c", 3, "-i", "30ms", "-W", "60ms", *urls, code=1)
    return directory


@pytest.mark.parametrize("line", jq_lines())
def test_what_the_manual_does_with_jq_works(recorded, line):
    harness.need_tool("jq")
    done = subprocess.run(["bash", "-c", line], cwd=recorded, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() not in ("null", "[]", "{}"), done.stdout
    if "!=" not in line:
        assert done.stdout.strip(), line


def test_the_manual_names_every_type_field_and_reason():
    for name in TYPES:
        assert f"`{name}`" in MANUAL
        for field in DEFINITIONS[name]["properties"]:
            stem = re.sub(r"^p(\d+(_\d+)?)_(low|high)_ns$", r"p\1_ns", field)
            assert re.search(rf"\b{stem}\b", MANUAL), field
    for name, definition in DEFINITIONS.items():
        if name.endswith("_reason"):
            row = re.search(rf"^\| `{name.removesuffix('_reason')}` \| (`timeout|`port_|`interval_|`wrong_).*$", MANUAL, re.M)[0]
            assert re.findall(r"`(\w+)`", row)[1:] == definition["enum"]


def test_the_schema_knows_every_reason_of_the_source():
    source = (ROOT / "src/report/words.c").read_text()
    rows = re.findall(r'\{ ([A-Z |]+), (?:0|-E\w+), "(\w+)"', source)
    assert len(rows) > 20
    for classes, word in rows:
        for name in classes.split(" | "):
            assert word in DEFINITIONS[f"{name.lower().replace('lost', 'loss')}_reason"]["enum"], (name, word)
