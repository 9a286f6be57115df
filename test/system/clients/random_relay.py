# SPDX-License-Identifier: MIT
"""A seeded client that has others pinged: `ping TARGET` in any mixture with plain requests. Every answer has
the form that docs/protocol.md promises, keeps its place, and has one last line."""
import random
import re
import time

from . import tools

VISITORS = 6
LATEST = 2.5  # seconds after the first: some find a target half asked
TARGETS = 3  # that the visitors of a round share
REQUESTS = 4
PATIENCE = 30.0
FATES = r"reply seq={0}( time_ms=\d+\.\d+)?|lost seq={0}|refused seq={0} \(.+\)|unsent seq={0} \(.+\)"
DONE = r"done {} sent=\d received=\d loss=(-|[\d.]+%)( min/avg/max/mdev=[\d.]+/[\d.]+/[\d.]+/[\d.]+ ms)?"


class Wrong(Exception):
    """An answer that the protocol does not allow."""


def hear_answer(lines, target):
    """Up to four fates in order, then the end; an error may come at any time."""
    for number in range(1, 6):
        line = lines.next(PATIENCE)
        if line is None:
            raise Wrong(f"the end of the stream within the answer about {target}")
        if line.startswith("error ") or re.fullmatch(DONE.format(re.escape(target)), line):
            return
        if number > 4 or not re.fullmatch(FATES.format(number), line):
            raise Wrong(f"{line!r} as line {number} about {target}")


def converse(rng, lines, targets):
    asked = [rng.choice((None, *targets, *targets)) for _ in range(rng.randint(1, REQUESTS))]
    lines.send(*(f"ping {target}" if target else "ping" for target in asked))
    for target in asked:
        if target:
            hear_answer(lines, target)
        elif not (line := lines.next(PATIENCE)) or not line.startswith("pong "):
            raise Wrong(f"{line!r} where a pong was due")


def vanish(rng, lines, targets):
    """Go with questions unanswered."""
    lines.send(*(f"ping {rng.choice(targets)}" for _ in range(rng.randint(1, REQUESTS))))
    if rng.random() < 0.5:
        lines.next(PATIENCE)
    tools.reset(lines.sock)


def visit(host, port, targets, rng):
    """One visitor; None, or one sentence on what was wrong."""
    source = f"127.{rng.randint(5, 200)}.{rng.randint(0, 255)}.{rng.randint(1, 254)}" if host == "127.0.0.1" else None
    manner = vanish if rng.random() < 0.2 else converse
    time.sleep(rng.uniform(0, LATEST))
    try:
        with tools.connect(host, port, source=source) as sock:
            manner(rng, tools.Lines(sock), targets)
    except (OSError, AssertionError, Wrong) as why:
        return f"{manner.__name__}: {why!r}"
    return None


def run(host, port, targets, seed):
    """A round of visitors who share a few of the targets; None, or one sentence on what was wrong."""
    shared = random.Random(f"relay/{seed}").sample(targets, TARGETS)
    wrong = []

    def one(number):
        wrong.append(visit(host, port, shared, random.Random(f"relay/{seed}/{number}")))

    tools.together(VISITORS, one)
    return next((f"relay, seed {seed}, {each}" for each in wrong if each), None)
