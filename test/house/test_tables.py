# SPDX-License-Identifier: MIT
"""The tables of README.md and docs/benchmarks.md are those of bench/results, and nobody's handwriting."""
import importlib
import json
import subprocess
import sys

import pytest

from conftest import REPOSITORY

BENCH = REPOSITORY / "test" / "bench"
PARTS = ("serve", "targets")


@pytest.fixture(scope="module")
def bench():
    """The rooms of scripts/bench by name."""
    sys.path.insert(0, str(BENCH))
    try:
        yield {name: importlib.import_module(name) for name in ("figures", "results", "tables")}
    finally:
        sys.path.remove(str(BENCH))


@pytest.fixture
def measured(bench, tmp_path, capsys):
    """A result of one part, written and read as scripts/bench does."""
    figures, results = bench["figures"], bench["results"]
    figures.page.take()
    figures.heading(2, "Many targets")
    figures.say("Each figure the median of 5 runs.")
    figures.table(["program", "pings/s", "CPU", "bound"], [
        ["sounder", figures.per_second(2000.0), figures.micro(1500.0), figures.verdict("≤ 1", False)],
        ["fping", figures.per_second(1000.0), figures.micro(1000.0), None],
        ["mping", "not installed", None, None]], key="programs",
        ranked=figures.rank({"pings/s": "most", "CPU": "least"}))
    capsys.readouterr()
    results.write(tmp_path / "results", {
        "part": "targets", "date": "2026-11-28", "command": "scripts/bench targets", "commands": [],
        "machine": {"CPU": "2 × fast", "revision": "abc", "load before": "0.00"}, "blocks": figures.page.take()})
    return results.read(tmp_path / "results")


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "README.md").write_text("A house.\n<!-- bench:summary -->\n<!-- /bench -->\nMore.\n")
    (tmp_path / "docs" / "benchmarks.md").write_text(
        "Before.\n<!-- bench:targets -->\nold\n<!-- /bench -->\nBetween.\n<!-- bench:serve -->\n<!-- /bench -->\n")
    return tmp_path


def test_the_pages_say_what_was_measured():
    done = subprocess.run([sys.executable, "-B", REPOSITORY / "scripts" / "bench", "tables", "--check"],
                          capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_each_page_has_a_region():
    for name in ("README.md", "docs/benchmarks.md"):
        assert "<!-- bench:" in (REPOSITORY / name).read_text(encoding="utf-8")


def test_a_result_keeps_the_numbers_and_what_is_shown(measured):
    rows = next(block for block in measured["targets"]["blocks"] if "rows" in block)["rows"]
    assert rows[0][1] == {"shown": "2.0 k/s", "unit": "/s", "value": 2000}
    assert rows[0][3] == {"met": False, "shown": "≤ 1: NOT MET"}
    assert rows[1][3] is None


def test_a_result_is_laid_out_to_the_same_bytes(bench, measured, tmp_path):
    path = tmp_path / "results" / "targets.json"
    first = path.read_bytes()
    bench["results"].write(tmp_path / "results", json.loads(first))
    assert path.read_bytes() == first
    assert [each.name for each in path.parent.iterdir()] == ["targets.json"]


def test_a_page_is_brought_up_to_date_once(bench, measured, tree):
    tables = bench["tables"]
    assert tables.refresh(tree, measured, PARTS, check=True) == ["README.md", "docs/benchmarks.md"]
    assert "old" in (tree / "docs" / "benchmarks.md").read_text()
    assert tables.refresh(tree, measured, PARTS, check=False) == ["README.md", "docs/benchmarks.md"]
    assert tables.refresh(tree, measured, PARTS, check=False) == []
    page = (tree / "docs" / "benchmarks.md").read_text()
    assert "| sounder | 2.0 k/s | 1.50 µs | ≤ 1: NOT MET |" in page
    assert page.startswith("Before.\n<!-- bench:targets -->\n") and "\nBetween.\n" in page
    assert "old" not in page


def test_a_figure_that_was_altered_by_hand_is_seen(bench, measured, tree):
    tables = bench["tables"]
    tables.refresh(tree, measured, PARTS, check=False)
    path = tree / "docs" / "benchmarks.md"
    path.write_text(path.read_text().replace("2.0 k/s", "3.0 k/s"))
    assert tables.refresh(tree, measured, PARTS, check=True) == ["docs/benchmarks.md"]


def test_what_was_not_measured_is_said(bench, tree):
    bench["tables"].refresh(tree, {}, PARTS, check=False)
    assert "*Not measured yet: `scripts/bench serve`.*" in (tree / "docs" / "benchmarks.md").read_text()
    assert bench["tables"].refresh(tree, {}, PARTS, check=True) == []


@pytest.mark.parametrize("name", ["machine", "summary", "unmet", "behind", "targets", "targets#programs"])
@pytest.mark.parametrize("with_results", [True, False])
def test_every_region_has_something_to_say(bench, measured, name, with_results):
    assert bench["tables"].render(name, measured if with_results else {}, PARTS).endswith("\n")


def test_where_others_are_ahead_is_found(bench, measured):
    said = bench["tables"].render("behind", measured, PARTS)
    assert "| targets | Many targets | CPU | fping 1.00 µs | 1.50 µs |" in said
    assert "pings/s" not in said and "mping" not in said


def test_what_was_not_met_is_named(bench, measured):
    assert "0 of 1" in bench["tables"].render("summary", measured, PARTS)
    assert "| targets | Many targets: sounder | ≤ 1: NOT MET |" in bench["tables"].render("unmet", measured, PARTS)


@pytest.mark.parametrize("page, word", [
    ("<!-- bench:serve -->\n", "end"), ("<!-- /bench -->\n", "end"), ("<!-- bench:nothing -->\n<!-- /bench -->\n", "nothing"),
    ("<!-- bench:serve -->\n<!-- bench:targets -->\n<!-- /bench -->\n", "end")])
def test_a_region_that_is_wrong_is_refused(bench, tree, page, word):
    (tree / "README.md").write_text(page)
    with pytest.raises(bench["tables"].TableError, match=word) as refused:
        bench["tables"].refresh(tree, {}, PARTS, check=False)
    assert str(refused.value).startswith("README.md: ")
