# SPDX-License-Identifier: MIT
"""A small house to break: each test builds a tree, runs a check on it, and reads the verdict."""
import contextlib
import importlib.machinery
import importlib.util
import io
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]

PLAN = """
# A floor(comment ROOMS no_floor) is no floor.
floor(base    ROOMS text                ON "")
floor(core    ROOMS clock random        ON base)
floor(net     ROOMS socket loop resolver address ON core base)
floor(probe   ROOMS icmp session   # what (really) asks
              ON net core)
floor(service ROOMS
	echo
	ON net core)
floor(relay   ROOMS relay ON service probe)
app(sounder   ROOMS main ON relay)
"""


class House:
    def __init__(self, root):
        self.root = root
        self.put("CMakeLists.txt", PLAN)
        (root / "src").mkdir()

    def put(self, path, text):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text, encoding="utf-8")
        return self

    def check(self, tool):
        """What verdict() says, without starting a process for it."""
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            status = tool_named(tool).main(self.root)
        return status, said.getvalue().splitlines()

    def refuses(self, tool, *words):
        """The check must refuse one thing, in one line that has all the words."""
        status, lines = self.check(tool)
        assert status == 1, lines
        assert len(lines) == 1, lines
        for word in words:
            assert word in lines[0]

    def passes(self, tool):
        assert self.check(tool) == (0, [])


def tool_named(tool):
    """A check as a module: main(root) and, of check-powers, powers()."""
    loader = importlib.machinery.SourceFileLoader(tool, str(REPOSITORY / "tools" / tool))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(tool, loader))
    loader.exec_module(module)
    return module


def verdict(tool, *arguments):
    """A check's exit status and the lines of its standard output."""
    run = subprocess.run([REPOSITORY / "tools" / tool, *arguments], stdout=subprocess.PIPE,
                         text=True, timeout=60, check=False)
    return run.returncode, run.stdout.splitlines()


@pytest.fixture
def house(tmp_path):
    return House(tmp_path)
