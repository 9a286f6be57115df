# SPDX-License-Identifier: MIT
"""Fixtures shared by all system tests. The tools behind them are in harness.py.

    pytest --build build/dev         which binaries are tested (a directory, from the root of the tree)
    pytest --failures FILE           write there which failed tests deserve a second attempt
"""
import sys

sys.dont_write_bytecode = True

import pathlib
import re
import shutil
import tempfile

import pytest

import harness
import netlab
import peers

ROOT = pathlib.Path(__file__).resolve().parents[2]
CRASH = r"\bcode=-(4|6|7|8|11)\b"  # a harness.Result ended by SIGILL, SIGABRT, SIGBUS, SIGFPE, SIGSEGV


def pytest_addoption(parser):
    parser.addoption("--build", default="build/dev", help="directory that holds the binaries")
    parser.addoption("--failures", help="file for the names of failed tests that deserve a second attempt")


class Failures:
    """Which tests failed, and of these, which in a way that a busy machine can cause. Neither a crash nor
    a sanitizer's report is one: they are never forgiven, however seldom they come."""

    def __init__(self):
        self.failed, self.condemned = {}, set()

    def pytest_runtest_logreport(self, report):
        if not report.failed:
            return
        self.failed[report.nodeid] = None
        if re.search(rf"{harness.REPORT}|{CRASH}", report.longreprtext):
            self.condemned.add(report.nodeid)

    def write(self, path, directory):
        names = [name for name in self.failed if name not in self.condemned]
        pathlib.Path(path).write_text("".join(f"{directory / name}\n" for name in names))


def pytest_configure(config):
    directory = pathlib.Path(config.getoption("--build"))
    harness.use_build(directory if directory.is_absolute() else ROOT / directory)
    if config.getoption("--failures") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Failures(), "failures")


def pytest_unconfigure(config):
    harness.forget_build()
    failures = config.pluginmanager.get_plugin("failures")
    if failures:
        failures.write(config.getoption("--failures"), config.rootpath)


@pytest.fixture(scope="session")
def build():
    """harness.Build: `.sounder`, `.serve` (paths of the binaries) and `.directory`."""
    build = harness.build()
    for binary in (build.sounder, build.serve):
        assert binary.is_file(), f"not built: {binary}"
    return build


@pytest.fixture(scope="module")
def copy(build):
    """The binaries where everybody may read them."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="sounder-copy-"))
    directory.chmod(0o755)
    for binary in (build.sounder, build.serve):
        shutil.copy(binary, directory)
        (directory / binary.name).chmod(0o755)
    yield directory / build.sounder.name
    shutil.rmtree(directory)


@pytest.fixture(autouse=True)
def clean():
    """After each test: no sanitizer of any process started here has written a report."""
    harness.forget_reports()
    yield
    peers.release_ports()
    reports = harness.take_reports()
    assert not reports, reports


@pytest.fixture
def sandbox(build, monkeypatch):
    """Servers enter the sandbox in each build; a sanitizer finds no leaks then."""
    monkeypatch.setattr(build, "sandbox", True)


@pytest.fixture(params=harness.FAMILIES, ids=lambda family: family.name)
def family(request):
    """The test runs twice: IPv4, IPv6 (harness.Family)."""
    return request.param


@pytest.fixture
def alone():
    """One network namespace with nothing in it but a loopback interface: every port is free."""
    with harness.Namespace("a") as namespace:
        yield namespace


@pytest.fixture
def pair():
    """Two namespaces `pair.a` and `pair.b`, joined by a veth pair, with IPv4 and IPv6 addresses."""
    with harness.Pair() as pair:
        yield pair


@pytest.fixture(scope="module")
def laid():
    with netlab.Lab() as lab:
        yield lab


@pytest.fixture
def lab(laid):
    """The Lab (netlab) of a module, its relay as good as a cable."""
    laid.relay.shape()
    return laid
