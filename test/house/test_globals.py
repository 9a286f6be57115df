# SPDX-License-Identifier: MIT
"""tools/check-globals refuses a variable that outlives its function."""
import subprocess

import pytest

from conftest import verdict

CHECK = "check-globals"

INNOCENT = """
#include <stdio.h>
static const int numbers[] = { 1, 2, 3 };
const char *const names[] = { "one", "two" };
static const struct { int (*call)(const char *); const char *name; } table[] = { { puts, "puts" } };
extern int elsewhere;
static const char *pick(int i) { static const char *const words[] = { "a", "b" }; return words[i]; }
int use(int i);
int use(int i) { int local = numbers[i] + elsewhere; table[i].call(pick(i)); return local; }
"""

OFFENDERS = {
    "initialised": ("int offender = 1;", "'offender'"),
    "zero": ("int offender;", "'offender'"),
    "static": ("static int offender; int use(void) { return ++offender; }", "'offender'"),
    "in a function": ("int use(void) { static int offender; return ++offender; }", "'offender"),
    "in a block": ("int use(int i) { if (i) { static int offender = 2; i = ++offender; } return i; }",
                   "'offender"),
    "of one thread": ("_Thread_local int offender;", "'offender'"),
    "of one thread, initialised": ("_Thread_local int offender = 3;", "'offender'"),
    "hidden": ('__attribute__((visibility("hidden"))) int offender = 3;', "'offender'"),
    "common": ("__attribute__((common)) int offender;", "'offender'"),
    "in a section of its own": ('__attribute__((section("mine"))) int offender = 1;', "'offender'"),
    "without a name": ("int *const offender = (int[]){ 1, 2 };", "outlives"),
    "pointer to a constant": ('const char *offender = "text";', "'offender'"),
    "before main": ("void wake(void); __attribute__((constructor)) static void f(void) { wake(); }",
                    ".init_array"),
}


def archive(directory, *sources, flags=()):
    """An archive made as a release build makes it, one object for each source text."""
    objects = []
    for number, source in enumerate(sources):
        path = directory / f"room{number}.c"
        path.write_text(source, encoding="utf-8")
        objects.append(path.with_suffix(".o"))
        subprocess.run(["gcc", "-O2", "-g", "-fPIE", *flags, "-c", path, "-o", objects[-1]],
                       check=True)
    library = directory / "libfloor.a"
    subprocess.run(["ar", "rc", library, *objects], check=True)
    return library


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("offender, words", OFFENDERS.values(), ids=OFFENDERS)
def test_a_variable_is_refused(tmp_path, offender, words, place):
    rooms = [INNOCENT]
    rooms.insert(place, offender)
    status, lines = verdict(CHECK, archive(tmp_path, *rooms))
    assert (status, len(lines)) == (1, 1), lines
    assert f"room{place}.o" in lines[0] and words in lines[0]


@pytest.mark.parametrize("flags", [["-fPIE"], ["-fno-pie"], ["-fPIC"], ["-O0"]])
def test_constants_and_variables_of_others_pass(tmp_path, flags):
    assert verdict(CHECK, archive(tmp_path, INNOCENT, flags=flags)) == (0, [])


def test_an_object_that_cannot_be_judged_is_refused(tmp_path):
    status, lines = verdict(CHECK, archive(tmp_path, INNOCENT, flags=["-flto"]))
    assert status == 1 and len(lines) == 1 and "-flto" in lines[0]


def test_what_is_no_archive_is_an_error(tmp_path):
    (tmp_path / "libfloor.a").write_text("text\n", encoding="utf-8")
    assert verdict(CHECK, tmp_path / "libfloor.a")[0] == 2
    assert verdict(CHECK, tmp_path / "absent.a")[0] == 2
    assert verdict(CHECK)[0] == 2
