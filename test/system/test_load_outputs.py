# SPDX-License-Identifier: MIT
"""`sounder load`: the files it writes, and what it holds open."""
import signal

import pytest

from clients.tools import descriptors
from harness import IPV4, Process, Server, run
from test_json import records_of
from test_load import BRIEF, summary_of


@pytest.fixture
def echo_server():
    with Server(IPV4.local("tcp-echo", 0)) as server:
        yield server


WRONG_LATE = [("--with-ping", "nonsense"), ("-I", "nonsense0"), ("--server-pid", 2147483647), ("-t", 1000, "-c", 1000)]


@pytest.mark.parametrize("wrong", WRONG_LATE, ids=lambda each: each[0])
def test_a_wrong_line_leaves_the_files_of_an_earlier_run(tmp_path, wrong):
    records, percentiles = tmp_path / "run.ndjson", tmp_path / "run.hgrm"
    for path in (records, percentiles):
        path.write_text("dear\n")
    run("load", "-o", records, "--hgrm", percentiles, *wrong, "tcp-echo://127.0.0.1:1", code=2)
    assert [path.read_text() for path in (records, percentiles)] == ["dear\n", "dear\n"]


def test_percentiles_beside_text_and_records_in_a_file(echo_server, tmp_path):
    result = run("load", "-o", tmp_path / "run.ndjson", "--hgrm", "-", *BRIEF, echo_server.url("tcp-echo"), code=0)
    assert "#[Mean" in result.out
    assert summary_of(records_of((tmp_path / "run.ndjson").read_text()))["answered"] > 0


def count_descriptors(url):
    """Of a load of ten targets, while it asks."""
    with Process("load", "-J", "-c", 10, "-d", 0, "--warmup", 0, *[url] * 10) as process:
        process.wait_line(r'"load_progress"')
        count = descriptors(process.pid)
        process.signal(signal.SIGINT)
        assert process.wait().code == 0
    return count


def test_names_that_were_looked_up_leave_nothing_open(echo_server):
    port = echo_server.port("tcp-echo")
    assert count_descriptors(f"tcp-echo://localhost:{port}") == count_descriptors(f"tcp-echo://127.0.0.1:{port}")
