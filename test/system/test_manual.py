# SPDX-License-Identifier: MIT
"""The manual pages: they say what the programs do, all of it and nothing else, and anybody can read them."""
import json
import re
import shlex
import subprocess

import pytest

import pages
from harness import PATIENCE, Process, Server, environment, need_tool, run

NEEDED = {"NAME", "DESCRIPTION", "EXAMPLES", "SEE ALSO"}


@pytest.fixture(params=pages.PAGES)
def page(request, build):
    return request.param


def test_there_is_a_page_for_each_command_and_format(build):
    expected = {f"sounder-{command}" for command in pages.commands()} | {"sounder", "sounder-json", "sounder-pong"}
    assert {page.rpartition(".")[0] for page in pages.PAGES} == expected


def test_mandoc_finds_nothing_to_say(build, page):
    done = subprocess.run([need_tool("mandoc"), "-T", "lint", "-W", "warning", pages.path(build, page)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_nor_does_groff(build, page):
    """By which most systems show them."""
    words = [need_tool("groff"), "-Kutf8", "-man", "-t", "-Tutf8", "-ww", "-z", pages.path(build, page)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_it_fits_a_terminal_of_80_columns(build, page):
    assert [line for line in pages.rendered(build, page) if len(line) > 80] == []


def test_it_has_the_sections_that_a_reader_looks_for(build, page):
    found = pages.sections(build, page)
    commands = any(page == pages.page_of(command) for command in pages.commands())
    assert NEEDED | ({"SYNOPSIS", "OPTIONS", "EXIT STATUS"} if commands else set()) <= set(found)
    assert all(any(line.strip() for line in lines) for lines in found.values())


def test_its_name_and_version_are_right(build, page):
    name, _, section = page.rpartition(".")
    lines = pages.rendered(build, page)
    assert lines[0].split()[0] == lines[0].split()[-1] == f"{name}({section})"
    assert lines[-1].startswith(run("--version", code=0).out.strip() + " ")
    assert re.match(rf" +{name} - \S", pages.sections(build, page)["NAME"][0])


def test_the_pages_that_it_names_exist(build, page):
    text = "\n".join(pages.rendered(build, page))
    named = {f"{name}.{section}" for name, section in re.findall(r"\b(sounder(?:-\w+)?)\((\d)\)", text)}
    assert named <= set(pages.PAGES)


def in_page(build, command):
    """The options of a page's list, as it has them."""
    found = []
    for line in pages.sections(build, pages.page_of(command))["OPTIONS"]:
        match = re.fullmatch(r" {7}(?:-(\S), )?--([\w-]+)(?: (\S+))?", line)
        if match:
            found.append([*match.groups(), ""])
        elif line.strip():
            found[-1][3] += line.strip() + " "
    return [pages.Option(letter, name, argument, text.strip()) for letter, name, argument, text in found]


def test_every_option_is_in_its_page_and_no_other(build):
    for command in pages.commands():
        assert in_page(build, command) == pages.options(command)


def test_no_page_speaks_of_an_option_that_does_not_exist(build, page):
    own = [command for command in pages.commands() if page == pages.page_of(command)]
    known = [option for command in own or pages.commands() for option in pages.options(command)]
    everywhere = {option.name for command in pages.commands() for option in pages.options(command)}
    prose = "\n".join(line for heading, lines in pages.sections(build, page).items() if heading != "EXAMPLES" for line in lines)
    letters = set(re.findall(r"(?<![\w-])-(\w)(?![\w-])", prose))
    assert set(re.findall(r"(?<![\w-])--([a-z][\w-]*)", prose)) <= everywhere
    assert letters <= {option.letter for option in known}


def words_of_schema(part):
    """Names of fields, and words that stand in them."""
    if isinstance(part, list):
        return set().union(*map(words_of_schema, part))
    if not isinstance(part, dict):
        return set()
    words = {*part.get("properties", ()), *part.get("enum", ()), part.get("const")}
    return {word for word in words if isinstance(word, str)}.union(*map(words_of_schema, part.values()))


def test_every_field_of_a_record_is_explained(build):
    schema = json.loads((pages.SOURCES.parent / "docs" / "schema" / "sounder.json").read_text())
    told = set(re.findall(r"\w+", "\n".join(pages.rendered(build, "sounder-json.5"))))
    # What is said of the way there holds of the way back, and of p50's bounds for those of all quantiles.
    wanted = {re.sub("^p[0-9_]+_(?=low|high)", "p50_", word.replace("reverse", "forward")) for word in words_of_schema(schema)}
    assert len(wanted) > 150
    assert wanted - told == set()


def test_every_kind_is_explained(build):
    kinds = next(option.help for option in pages.options("ping") if option.name == "kind")
    explained = [line.strip() for line in pages.sections(build, "sounder.1")["ENDPOINTS"] if re.match(r" {7}\S", line)]
    assert set(re.findall(r"[\w-]+", kinds)) <= set(explained)


# --- examples -----------------------------------------------------------------------------------------


def masked(line):
    """A line without its figures, of which the next run has others."""
    line = re.sub(r"\bp\d[\d./p]*", "p", line)
    line = re.sub(r"[+-]?\d+(\.\d+)?(e-?\d+)?", "0", line)
    line = re.sub(r"0(/0)+", "0", line)  # as many quantiles as there were answers for
    return " ".join(line.replace("behind", "ahead").split())


def is_here(command):
    return re.search(r"\b127\.0\.0\.1\b|\[::1\]|\blocalhost\b", command)


def test_what_asks_prints_what_the_page_shows(build, page, alone):
    """Every example that asks this host, by a server that has the ports of old."""
    asking = [each for each in pages.examples(build, page) if is_here(each.command) and not each.command.startswith("sounder serve")]
    if not asking:
        return
    need_tool("jq")
    path = {"PATH": f"{build.directory}:/usr/bin:/bin:/usr/sbin:/sbin"}
    with Server(ns=alone, expect=8):
        for example in asking:
            done = subprocess.run(
                [*alone.prefix, "bash", "-c", example.command],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=environment(**path),
                timeout=PATIENCE,
                check=False,
            )
            said = {masked(line) for line in done.stdout.decode().splitlines()}
            assert done.returncode == ("--fail-if" in example.command), done
            assert {masked(line) for line in example.shows} - said == set(), done


def test_what_serves_listens_where_the_page_says(build, page, alone):
    for example in pages.examples(build, page):
        words = shlex.split(example.command)
        if words[:2] != ["sounder", "serve"]:
            continue
        with Process(*words[1:], ns=alone) as server:
            for line in example.shows:
                server.wait_line(f"^{re.escape(line)}$")
            assert len(server.lines) == len(example.shows)


def test_what_asks_elsewhere_is_well_formed(build, page):
    """Examples that cannot be run here: their options are read, and --help ends them there."""
    for example in pages.examples(build, page):
        words = shlex.split(example.command)
        if words[0] == "sounder" and not is_here(example.command):
            run(*words[1:], "--help", code=0)


def test_there_are_examples_to_run(build):
    """These tests would pass with none."""
    found = [example for page in pages.PAGES for example in pages.examples(build, page)]
    assert sum(example.command.startswith("sounder serve") for example in found) >= 3
    assert sum(bool(is_here(example.command)) for example in found) >= 8
