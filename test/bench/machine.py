# SPDX-License-Identifier: MIT
"""machine: what the figures were measured on."""

import os
import pathlib
import platform
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


def text(path, otherwise="unknown"):
    try:
        return pathlib.Path(path).read_text(encoding="utf-8").strip()
    except OSError:
        return otherwise


def spoken(command):
    """The first line a command says, or 'unknown'."""
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    except OSError:
        return "unknown"
    lines = done.stdout.splitlines() if done.returncode == 0 else []
    return lines[0] if lines else "unknown"


def facts(bench):
    """{fact: what it is}, as it is now."""
    model = [line.split(":", 1)[1].strip() for line in text("/proc/cpuinfo").splitlines()
             if line.startswith("model name")]
    virtual = "hypervisor" in text("/proc/cpuinfo")
    devices = "/sys/devices/system"
    return {
        "CPU": f"{len(model)} × {model[0] if model else platform.machine()}" + (", virtual" if virtual else ""),
        "kernel": f"{platform.system()} {platform.release()}",
        "clock": text(f"{devices}/clocksource/clocksource0/current_clocksource"),
        "governor": text(f"{devices}/cpu/cpu0/cpufreq/scaling_governor", "not shown"),
        "load before": "/".join(f"{load:.2f}" for load in os.getloadavg()),
        "compiler": spoken(["cc", "--version"]),
        "revision": spoken(["git", "describe", "--always", "--dirty"]),
        "references": "measured beside" if bench.references else "absent",
        "pinned": f"server to CPU {bench.server_cpu}, client to CPU {bench.client_cpu}"
                  + (" (ONE CPU: figures are of little use)" if bench.server_cpu == bench.client_cpu else ""),
    }
