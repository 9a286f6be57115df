# SPDX-License-Identifier: MIT
"""What `--help` and the manual pages say, taken apart."""
import dataclasses
import os
import pathlib
import re
import subprocess

from harness import need_tool, run

SOURCES = pathlib.Path(__file__).resolve().parents[2] / "man"
PAGES = sorted(path.stem for path in SOURCES.glob("*.scd"))  # sounder-ping.1 ...


@dataclasses.dataclass(frozen=True)
class Option:
    letter: str | None
    name: str
    argument: str | None
    help: str


def commands():
    """Those that `sounder --help` lists."""
    listed = run("--help", code=0).out.partition("\ncommands:\n")[2]
    return re.findall(r"^  (\w+) ", listed, re.M)


def options(command):
    """The Options that `sounder COMMAND --help` lists."""
    listed = run(command, "--help", code=0).out.partition("\noptions:\n")[2].splitlines()
    line = re.compile(r"  (?:-(\S), |    )--([\w-]+)(?: ([A-Z|:.]+|[a-z]+(?:\|[a-z]+)+))? +(\S.*)")
    found = [line.fullmatch(each) for each in listed]
    assert found and all(found), listed
    return [Option(*match.groups()) for match in found]


def page_of(command):
    return next(page for page in PAGES if page.startswith(f"sounder-{command}."))


def path(build, page):
    need_tool("scdoc")
    return build.directory / "man" / page


def rendered(build, page, width=78):
    """The lines of a page as a terminal of 80 columns has them, without bold and underlined."""
    done = subprocess.run(
        [need_tool("mandoc"), "-T", "utf8", "-O", f"width={width}", path(build, page)],
        capture_output=True,
        check=True,
        env=dict(os.environ, LC_ALL="C.UTF-8"),
    )
    return re.sub(".\b", "", done.stdout.decode()).splitlines()


def sections(build, page):
    """{heading: lines}"""
    found, lines = {}, []
    for line in rendered(build, page)[1:-1]:
        if re.match(r"[A-Z]", line):
            lines = found.setdefault(line, [])
        else:
            lines.append(line)
    return found


def blocks(build, page):
    """What a page shows as it is: one list of lines for each block."""
    text = path(build, page).with_name(f"{page}.scd").read_text()
    return [re.sub(r"\\(.)", r"\1", block).splitlines() for block in re.findall(r"^```\n(.*?)^```$", text, re.M | re.S)]


@dataclasses.dataclass
class Example:
    command: str
    shows: list  # lines, without those that are left out


def examples(build, page):
    """The commands of a page, each with what it is said to print."""
    for lines in blocks(build, page):
        if not lines[0].startswith("$ "):
            continue
        command = [lines.pop(0)[2:]]
        while command[-1].endswith("|"):
            command.append(lines.pop(0))
        yield Example("\n".join(command), [line for line in lines if line.strip() and line != "..."])
