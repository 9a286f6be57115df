# SPDX-License-Identifier: MIT
"""results: what was measured, a file for each part, laid out so that a change is seen in a diff."""

import json
import os
import pathlib
import tempfile

WIDTH = 110


def laid_out(value, indent=0):
    """JSON in which whatever fits a line stands on one."""
    flat = json.dumps(value, ensure_ascii=False, sort_keys=True)
    if not isinstance(value, (dict, list)) or not value or indent + len(flat) <= WIDTH:
        return flat
    inner = " " * (indent + 1)
    if isinstance(value, list):
        items = [laid_out(item, indent + 1) for item in value]
    else:
        items = [f"{json.dumps(name, ensure_ascii=False)}: {laid_out(value[name], indent + 1)}"
                 for name in sorted(value)]
    left, right = "[]" if isinstance(value, list) else "{}"
    return f"{left}\n" + ",\n".join(inner + item for item in items) + f"\n{' ' * indent}{right}"


def write(directory, result):
    """Writes the result of result["part"]; whoever reads sees the old one or the new one, whole."""
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=directory, prefix=".", suffix=".json")
    try:
        with open(handle, "w", encoding="utf-8") as file:
            file.write(laid_out(result) + "\n")
            file.flush()
            os.fsync(file.fileno())
            os.fchmod(file.fileno(), 0o644)
        os.replace(name, directory / f"{result['part']}.json")
    except BaseException:
        os.unlink(name)
        raise


def read(directory):
    """{part: result} of all that are there."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8"))
            for path in sorted(pathlib.Path(directory).glob("[!.]*.json"))}
