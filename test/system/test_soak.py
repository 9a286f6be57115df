# SPDX-License-Identifier: MIT
"""The soak that `scripts/test --long` runs for half an hour works: one round of each client, all at once."""
import pathlib
import subprocess

import pytest

import harness

pytestmark = pytest.mark.usefixtures("build")

SOAK = pathlib.Path(__file__).with_name("soak")


def test_one_round_of_all_clients_at_once():
    harness.need_root()
    harness.need_tool("ip")
    done = subprocess.run([SOAK, "1", "--build", harness.build().directory, "--seed", "7"], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0 and done.stdout.endswith("nothing wrong\n"), done
    assert done.stderr == ""
