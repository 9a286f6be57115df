# SPDX-License-Identifier: MIT
"""figures: medians, their intervals, and the Markdown they are printed in."""

import math
import statistics

median = statistics.median


def quantile(values, part):
    """The nearest-rank quantile."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(part * len(ordered)) - 1)]


def interval(values):
    """A 95 % interval of the median by order statistics, whatever the distribution; None when
    fewer than six values cannot support one."""
    ordered = sorted(values)
    count = len(ordered)
    outside = 0.0  # chance that the median lies below the value of this rank
    rank = 0
    while rank < count // 2:
        outside += math.comb(count, rank) / 2**count
        if 2 * outside > 0.05:
            break
        rank += 1
    return (ordered[rank - 1], ordered[count - rank]) if rank else None


def with_interval(values):
    bounds = interval(values)
    tail = f"[{bounds[0]:.3f} … {bounds[1]:.3f}]" if bounds else "[too few for an interval]"
    return f"{median(values):.3f} {tail}"


def micro(span):
    return f"{span / 1e3:.2f} µs"


def milli(span):
    return f"{span / 1e6:.3f} ms"


def table(heads, rows):
    """Prints a Markdown table; a None cell says that there was nothing to measure."""
    print("| " + " | ".join(heads) + " |")
    print("|" + "---|" * len(heads))
    for row in rows:
        print("| " + " | ".join("–" if cell is None else str(cell) for cell in row) + " |")
    print(flush=True)
