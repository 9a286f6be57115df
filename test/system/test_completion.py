# SPDX-License-Identifier: MIT
"""What shells propose: the commands, their options, and values where they are known. zsh is asked on a
terminal, as a person would."""
import os
import pty
import re
import select
import signal
import subprocess
import time

import pytest

import pages
from harness import PATIENCE, need_tool

PROBED = ["icmp", "line", "pong", "stamp", "tcp", "tcp-echo", "udp-echo"]
LOADED = ["line", "pong", "stamp", "tcp-echo", "udp-echo"]
SERVED = ["pong", "stamp", "tcp-echo", "udp-echo"]


def endpoints(kinds):
    return sorted(f"{kind}://" for kind in kinds)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A home and a working directory with two files."""
    for name in ("run.ndjson", "two words"):
        (tmp_path / name).touch()
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "ZDOTDIR"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    return tmp_path


def script(build, shell):
    return build.directory / "completions" / f"sounder.{shell}"


def output(words, cwd):
    done = subprocess.run(words, cwd=cwd, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


# --- each shell: a line of words, the last of which is to be completed -----------------------------------


class Bash:
    def __init__(self, build, place):
        self.place, self.script = place, script(build, "bash")

    def offers(self, *words):
        # As bash has it: what is behind an "=" is a word of its own, and so is the "=".
        split = [part for word in ("sounder", *words) for part in re.split("(?==)|(?<==)", word)]
        ask = 'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _sounder; for word in "${COMPREPLY[@]}"; do printf "%s\\n" "$word"; done'
        return output([need_tool("bash"), "-c", ask, self.script, *split], self.place).split("\n")[:-1]

    def options(self, command):
        return set(self.offers(command, "-"))


class Fish:
    def __init__(self, build, place):
        self.place, self.script = place, script(build, "fish")

    def offers(self, *words):
        ask = f"source {self.script}; complete -C '{' '.join(('sounder', *words))}'"
        found = [line.split("\t")[0] for line in output([need_tool("fish"), "--no-config", "-c", ask], self.place).splitlines()]
        return [each.partition("=")[2] if each.startswith("--") and "=" in each else each.replace("\\ ", " ") for each in found]

    def options(self, command):
        return set(self.offers(command, "-") + self.offers(command, "--"))


@pytest.fixture(params=[Bash, Fish], ids=["bash", "fish"])
def shell(request, build, place):
    return request.param(build, place)


def known(found):
    """What was offered but for the names of hosts, which are the machine's."""
    return sorted(word for word in found if word.endswith("://") or word in PROBED)


def test_commands_come_first(shell):
    assert sorted(shell.offers("")) == sorted([*pages.commands(), "help", "version"])
    assert shell.offers("ser") == ["serve"]
    assert sorted(shell.offers("help", "")) == sorted(pages.commands())


def test_every_option_is_offered_and_no_other(shell):
    for command in pages.commands():
        options = pages.options(command)
        spelled = {f"--{option.name}" for option in options} | {f"-{option.letter}" for option in options if option.letter}
        assert shell.options(command) == spelled


@pytest.mark.parametrize(
    "words, expected",
    [
        (["ping", "--kind", ""], PROBED),
        (["load", "--kind", ""], LOADED),
        (["load", "--with-ping", ""], PROBED),
        (["ping", "-k", "t"], ["tcp", "tcp-echo"]),
        (["ping", "-q", "--kind=ud"], ["udp-echo"]),
        (["ping", "-M", ""], ["do", "dont", "want"]),
        (["serve", "--log", ""], ["json", "text"]),
        (["serve", "--log="], ["json", "text"]),
        (["ping", "-c", ""], []),
        (["ping", "--targets", "r"], ["run.ndjson"]),
        (["ping", "-o", "two"], ["two words"]),
        (["serve", "--config=run"], ["run.ndjson"]),
        (["ping", "tcp"], ["tcp-echo://", "tcp://"]),
        (["ping", "-q", "tcp://localhost", "st"], ["stamp://"]),
        (["serve", "tcp"], ["tcp-echo://"]),
        (["ping", "--n"], ["--need-ssid", "--no-tlvs", "--numeric"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_values_are_offered(shell, words, expected):
    assert sorted(shell.offers(*words)) == expected


def test_endpoints_are_offered_where_no_option_is(shell):
    assert known(shell.offers("ping", "")) == endpoints(PROBED)
    assert known(shell.offers("serve", "")) == endpoints(SERVED)
    assert known(shell.offers("serve", "--listen", "")) == endpoints(SERVED)


def test_an_interface_is_offered(shell):
    assert "lo" in shell.offers("ping", "-I", "")


def test_no_value_is_taken_for_a_target(shell):
    """Behind an option that takes anything but a kind or an endpoint none is offered."""
    for command in pages.commands():
        for option in pages.options(command):
            if option.argument and option.argument not in ("KIND", "ENDPOINT"):
                assert known(shell.offers(command, f"--{option.name}", "")) == [], option


def test_bash_is_not_misled_by_a_colon(build, place):
    """There it begins another word."""
    shell = Bash(build, place)
    assert shell.offers("ping", "tcp", ":", "//") == shell.offers("ping", "tcp", ":") == []


def test_bash_finds_it_by_the_name_of_the_program(build, place):
    ask = f"source {script(build, 'bash')}; complete -p sounder"
    assert output([need_tool("bash"), "-c", ask], place) == "complete -F _sounder sounder\n"


# --- zsh ------------------------------------------------------------------------------------------------


class Terminal:
    """An interactive zsh that completes by the tab key."""

    def __init__(self, directory, place):
        zsh = need_tool("zsh")
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(place)
            os.environ.update(TERM="dumb", LC_ALL="C")
            os.execv(zsh, [zsh, "-f", "-i"])
        self.shown = b""
        # What is waited for is put together by the shell, so that the echo of the line is not taken for it.
        self.type(
            f"stty cols 200 rows 200; fpath=({directory} $fpath); autoload -U compinit; compinit -u -D; PS1='> '; "
            "unsetopt promptsp; LISTMAX=0; bindkey '^I' complete-word; print rea''dy\n"
        )
        self.wait("ready\r?\n")

    def type(self, text):
        os.write(self.fd, text.encode())

    def wait(self, pattern):
        """Read until what has been shown matches; returns that."""
        end = time.monotonic() + PATIENCE
        while not re.search(pattern, self.shown.decode(errors="replace")):
            assert time.monotonic() < end, (pattern, self.shown)
            if select.select([self.fd], [], [], 0.1)[0]:
                self.shown += os.read(self.fd, 65536)
        return self.shown.decode(errors="replace")

    def complete(self, line, pattern):
        """Type a line and the tab key, and wait for what is to be shown."""
        self.shown = b""
        self.type(line + "\t")
        shown = self.wait(pattern)
        self.type("\x15print do''ne\n")
        self.wait("done\r?\n")
        return shown

    def end(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)


@pytest.fixture
def terminal(build, place):
    (place / "functions").mkdir()
    (place / "functions" / "_sounder").symlink_to(script(build, "zsh"))
    terminal = Terminal(place / "functions", place)
    yield terminal
    terminal.end()


@pytest.mark.parametrize(
    "typed, becomes",
    [
        ("sounder ser", "sounder serve "),
        ("sounder help pi", "sounder help ping "),
        ("sounder ping --ki", "sounder ping --kind="),
        ("sounder ping --kind ic", "sounder ping --kind icmp "),
        ("sounder ping --kind=ud", "sounder ping --kind=udp-echo "),
        ("sounder ping -qk po", "sounder ping -qk pong "),
        ("sounder ping -o tw", r"sounder ping -o two\ words "),
        ("sounder ping udp", "sounder ping udp-echo://"),
        ("sounder serve --log j", "sounder serve --log json "),
        ("sounder serve st", "sounder serve stamp://"),
    ],
)
def test_zsh_completes(terminal, typed, becomes):
    terminal.complete(typed, re.escape(becomes))


def test_zsh_lists_every_option_with_its_help(terminal):
    for command in pages.commands():
        options = pages.options(command)
        last = max(options, key=lambda option: option.name)
        shown = terminal.complete(f"sounder {command} -", rf"--{last.name} .*-- {re.escape(last.help)}\s*\r?\n")
        listed = re.findall(r"^--([\w-]+) +(?:-(\S) +)?-- (.*?)\s*$", shown.replace("\r", ""), re.M)
        assert sorted(listed) == sorted((option.name, option.letter or "", option.help) for option in options)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_syntax(build, shell):
    output([need_tool(shell), "-n", script(build, shell)], None)
