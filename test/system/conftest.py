# SPDX-License-Identifier: MIT
"""Fixtures shared by all system tests. The tools behind them are in harness.py.

    pytest --build build/dev         which binaries are tested (a directory, from the root of the tree)
"""
import sys

sys.dont_write_bytecode = True

import pathlib

import pytest

import harness

ROOT = pathlib.Path(__file__).resolve().parents[2]


def pytest_addoption(parser):
    parser.addoption("--build", default="build/dev", help="directory that holds the binaries")


def pytest_configure(config):
    directory = pathlib.Path(config.getoption("--build"))
    harness.use_build(directory if directory.is_absolute() else ROOT / directory)


def pytest_unconfigure(config):
    harness.forget_build()


@pytest.fixture(scope="session")
def build():
    """harness.Build: `.sounder`, `.serve` (paths of the binaries) and `.directory`."""
    build = harness.build()
    for binary in (build.sounder, build.serve):
        assert binary.is_file(), f"not built: {binary}"
    return build


@pytest.fixture(autouse=True)
def clean():
    """After each test: no sanitizer of any process started here has written a report."""
    harness.forget_reports()
    yield
    reports = harness.take_reports()
    assert not reports, reports


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
