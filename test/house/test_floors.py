# SPDX-License-Identifier: MIT
"""tools/check-floors refuses an include that looks up or sideways."""
import pytest

from conftest import verdict

CHECK = "check-floors"

SEEN = [  # the file, and a floor that it may see
    ("src/core/clock.c", "core"),
    ("src/core/clock.c", "base"),
    ("src/probe/icmp.c", "core"),
    ("src/probe/icmp.c", "base"),  # by way of core
    ("src/relay/relay.c", "probe"),
    ("src/relay/relay.c", "service"),
    ("src/relay/relay.c", "net"),
    ("src/app/main.c", "relay"),
    ("src/app/main.c", "base"),
    ("src/app/main.c", "app"),
    ("src/base/text.h", "base"),
]

UNSEEN = [
    ("src/base/text.c", "core"),
    ("src/base/text.h", "net"),
    ("src/core/clock.c", "relay"),
    ("src/probe/icmp.c", "service"),
    ("src/service/echo.c", "probe"),
    ("src/service/echo.c", "relay"),
    ("src/relay/relay.c", "app"),
]


@pytest.mark.parametrize("path, floor", SEEN)
def test_a_file_may_look_down_and_at_its_own_floor(house, path, floor):
    house.put(path, f'#include "{floor}/thing.h"\n').passes(CHECK)


@pytest.mark.parametrize("path, floor", UNSEEN)
def test_a_file_may_not_look_up_or_sideways(house, path, floor):
    house.put(path, f'#include <stdio.h>\n#include "{floor}/thing.h"\n')
    house.put("src/base/text.c" if "base" not in path else "src/core/clock.c",
              '#include "base/base.h"\n')
    house.refuses(CHECK, f"{path}:2:", path.split("/")[1], floor)


@pytest.mark.parametrize("line", [
    '  #  include   "net/socket.h"',
    '/* why */ #include "net/socket.h"',
    '#include "net/socket.h" /* why */',
    '#include_next "net/socket.h"',
    '#include <net/socket.h>',
    '#include "../net/socket.h"',
    '#include "base/../net/socket.h"',
    '#include "socket.h"',
    '#include "unknown/socket.h"',
    '#include NET_SOCKET',
])
def test_an_include_cannot_hide_its_floor(house, line):
    house.put("src/net/socket.h", "\n").put("src/core/clock.c", line + "\n")
    house.refuses(CHECK, "src/core/clock.c:1:")


@pytest.mark.parametrize("line", [
    '/* #include "net/socket.h" */',
    '/* as in\n#include "net/socket.h"\n*/',
    '// #include "net/socket.h"',
    '#include <sys/socket.h>',
    '#include <net/if.h>',
    '#include <linux/errqueue.h>',
    '#include "core/clock.h"',
])
def test_an_innocent_line_passes(house, line):
    house.put("src/core/clock.c", line + "\n").passes(CHECK)


@pytest.mark.parametrize("path", ["src/attic/ghost.c", "src/ghost.c", "src/core/deep/clock.c",
                                  "src/core/ghost.c", "src/attic/ghost.h"])
def test_a_room_that_is_not_on_the_plan_is_refused(house, path):
    house.put(path, "\n").put("src/core/clock.h", "\n").refuses(CHECK, path)


@pytest.mark.parametrize("line, culprit", [
    ("floor(attic ROOMS box ON roof)", "roof"),
    ("floor(attic ROOMS box ON attic)", "attic"),
    ("floor(base ROOMS text)", "base"),
    ("floor(app ROOMS main)", "app"),
])
def test_a_plan_that_does_not_stand_is_refused(house, line, culprit):
    plan = (house.root / "CMakeLists.txt").read_text(encoding="utf-8")
    house.put("CMakeLists.txt", plan + line + "\n").refuses(CHECK, "CMakeLists.txt", culprit)


def test_without_a_plan_nothing_is_said_to_be_well(house):
    house.put("CMakeLists.txt", "project(sounder)\n")
    assert house.check(CHECK) == (2, [])


def test_the_verdict_is_the_exit_status(house):
    assert verdict(CHECK, house.root) == (0, [])
    house.put("src/core/clock.c", '#include "net/socket.h"\n')
    assert verdict(CHECK, house.root)[0] == 1
