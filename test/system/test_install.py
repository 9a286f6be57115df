# SPDX-License-Identifier: MIT
"""`cmake --install` puts a product in place that works from there, and from wherever it is moved."""
import os
import stat
import subprocess

import pytest

import pages
import ping_text
from harness import PACE, Process, Server, need_tool, run

NOTHING = {"PATH": ""}


@pytest.fixture(scope="module")
def prefix(build, tmp_path_factory):
    """A prefix with the product in it."""
    cmake = need_tool("cmake")
    place = tmp_path_factory.mktemp("prefix") / "here"
    done = subprocess.run([cmake, "--install", build.directory, "--prefix", place], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return place


@pytest.fixture
def moved(prefix, tmp_path):
    """The same after a move."""
    place = tmp_path / "some where else"
    prefix.rename(place)
    yield place
    place.rename(prefix)


def exercise(prefix, env):
    """Serve and ping with what is below `prefix`."""
    sounder = prefix / "bin" / "sounder"
    with Server("udp-echo://127.0.0.1:0", "pong://127.0.0.1:0", binary=sounder, env=env) as server:
        for kind in ("udp-echo", "pong"):
            result = run("ping", "-c3", "-i", PACE, server.url(kind), binary=sounder, env=env, code=0)
            assert ping_text.summary(result).received == 3
    for command in ("serve", "compare"):
        assert run(command, "--version", binary=sounder, env=env, code=0).out == run("--version", binary=sounder, env=env, code=0).out


def test_works_from_its_prefix(prefix):
    exercise(prefix, None)


def test_needs_no_path(prefix):
    exercise(prefix, NOTHING)


def test_works_without_the_variable_at_all(prefix):
    exercise(prefix, {"PATH": None})


def test_works_after_a_move(moved):
    exercise(moved, NOTHING)


def test_works_through_a_link(prefix, tmp_path):
    """As /usr/local/bin/sounder is often a symbolic link."""
    link = tmp_path / "sounder"
    link.symlink_to(prefix / "bin" / "sounder")
    with Server("udp-echo://127.0.0.1:0", binary=link, env=NOTHING):
        pass


def test_works_by_name_from_the_path(prefix, tmp_path):
    with Process("serve", "udp-echo://127.0.0.1:0", binary="sounder", env={"PATH": f"{prefix}/bin"}, cwd=tmp_path) as server:
        server.wait_line("^listening on ")


def test_works_by_a_relative_path(prefix):
    with Process("serve", "udp-echo://127.0.0.1:0", binary="./sounder", env=NOTHING, cwd=prefix / "bin") as server:
        server.wait_line("^listening on ")


def test_another_directory_does_not_decide_what_is_started(prefix, tmp_path):
    """A sounder-serve in the working directory or on the PATH is not ours."""
    trap = tmp_path / "sounder-serve"
    trap.write_text("#!/bin/sh\necho trapped\n")
    trap.chmod(0o755)
    with Process("serve", "udp-echo://127.0.0.1:0", binary=prefix / "bin" / "sounder", env={"PATH": str(tmp_path)}, cwd=tmp_path) as server:
        server.wait_line("^listening on ")
        assert "trapped" not in server.lines


def test_a_missing_executable_is_one_sentence(prefix, tmp_path):
    alone = tmp_path / "sounder"
    alone.write_bytes((prefix / "bin" / "sounder").read_bytes())
    alone.chmod(0o755)
    result = run("serve", "udp-echo://127.0.0.1:0", binary=alone, env=NOTHING)
    if result.code == 0:
        pytest.fail("started something from elsewhere")
    assert result.code == 2
    assert result.err.startswith("sounder: ") and result.err.count("\n") == 1 and "sounder-serve" in result.err, result


def test_what_is_installed_is_readable_by_all_and_writable_by_the_owner(prefix):
    for path in prefix.rglob("*"):
        mode = stat.S_IMODE(os.stat(path).st_mode)
        assert mode & 0o022 == 0, path
        assert mode & 0o444 == 0o444, path
        if path.is_dir() or path.parent.name in ("bin", "libexec"):
            assert mode & 0o111 == 0o111, path


def test_nothing_of_the_tree_is_installed(prefix):
    """No static library, no header, no test."""
    names = {path.name for path in prefix.rglob("*") if path.is_file()}
    assert {"sounder"} <= names
    assert not [name for name in names if name.endswith((".a", ".h", ".c", ".py")) or name.startswith("test")]


def test_pages_and_completions_are_where_they_are_looked_for(build, prefix):
    """Where man, and the shells themselves, find them."""
    need_tool("scdoc")
    share = prefix / "share"
    for page in pages.PAGES:
        installed = share / "man" / f"man{page[-1]}" / page
        assert installed.read_bytes() == pages.path(build, page).read_bytes()
    completions = build.directory / "completions"
    for shell, place in (("bash", "bash-completion/completions/sounder"), ("zsh", "zsh/site-functions/_sounder"), ("fish", "fish/vendor_completions.d/sounder.fish")):
        assert (share / place).read_bytes() == (completions / f"sounder.{shell}").read_bytes()


def test_ping_stands_alone(prefix, tmp_path):
    """`ping` is in the front door itself."""
    alone = tmp_path / "sounder"
    alone.write_bytes((prefix / "bin" / "sounder").read_bytes())
    alone.chmod(0o755)
    with Server("udp-echo://127.0.0.1:0") as server:
        run("ping", "-c1", server.url("udp-echo"), binary=alone, env=NOTHING, code=0)
