# SPDX-License-Identifier: MIT
"""figures: medians, their intervals, and the page of Markdown that they are shown on.

What a part says goes to its page: it is printed at once, and kept, so that results.py can store it and
tables.py show it again. A cell that is a Figure keeps the number behind what is shown, a Verdict whether
a bound was met.
"""

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


# --- cells ---------------------------------------------------------------------------------------


class Figure(str):
    """What is shown of a number; the number, its unit ("ns", "/s", "ratio" …), its interval or None."""

    def __new__(cls, shown, value, unit, bounds=None):
        self = super().__new__(cls, shown)
        self.value, self.unit, self.bounds = value, unit, bounds
        return self


class Verdict(str):
    """Whether a bound was met; None: it could not be judged."""

    def __new__(cls, shown, met):
        self = super().__new__(cls, shown)
        self.met = met
        return self


def verdict(bound, met):
    """The bound in words, and what came of it."""
    said = {True: "met", False: "NOT MET", None: "not judged"}[None if met is None else bool(met)]
    return Verdict(f"{bound}: {said}" if bound else said, None if met is None else bool(met))


def verdicts(several):
    """Several in one cell."""
    met = [one.met for one in several if one.met is not None]
    return Verdict(", ".join(several), all(met) if met else None)


def with_interval(values):
    bounds = interval(values)
    tail = f"[{bounds[0]:.3f} … {bounds[1]:.3f}]" if bounds else "[too few for an interval]"
    return Figure(f"{median(values):.3f} {tail}", median(values), "ratio", bounds)


def ratio(ours, theirs):
    return Figure(f"{ours / theirs:.3f}", ours / theirs, "ratio") if theirs else None


def nano(span):
    return Figure(f"{span:.1f} ns", span, "ns")


def micro(span):
    return Figure(f"{span / 1e3:.2f} µs", span, "ns")


def milli(span):
    return Figure(f"{span / 1e6:.3f} ms", span, "ns")


def per_second(rate):
    return Figure(f"{rate / 1e3:.1f} k/s", rate, "/s")


def kilobytes(amount):
    return Figure(f"{amount:.0f} kB", amount, "kB")


# --- the page ------------------------------------------------------------------------------------


def rounded(number):
    """Six digits are more than any of these figures is worth."""
    if isinstance(number, bool) or number == int(number) and abs(number) < 1e15:
        return int(number)
    return float(f"{number:.6g}")


def plain(cell):
    """A cell as it is stored."""
    if isinstance(cell, Figure):
        stored = {"shown": str(cell), "unit": cell.unit, "value": rounded(cell.value)}
        if cell.bounds:
            stored["interval"] = [rounded(bound) for bound in cell.bounds]
        return stored
    if isinstance(cell, Verdict):
        return {"met": cell.met, "shown": str(cell)}
    return cell if cell is None or isinstance(cell, int) else str(cell)


def shown(cell):
    """A stored cell as it is shown; none says that there was nothing to measure."""
    if isinstance(cell, dict):
        return cell["shown"]
    return "–" if cell is None else str(cell)


def markdown(block, deeper=0):
    """A stored block as text, its headings so many levels deeper."""
    if "heading" in block:
        return "#" * (block["level"] + deeper) + f" {block['heading']}\n"
    if "text" in block:
        return block["text"] + "\n"
    lines = [block["heads"], ["---"] * len(block["heads"]), *block["rows"]]
    return "".join("| " + " | ".join(map(shown, line)) + " |\n" for line in lines)


class Page:
    """What the part under way has said."""

    def __init__(self):
        self.blocks = []

    def add(self, block):
        self.blocks.append(block)
        print(markdown(block), flush=True)

    def take(self):
        taken, self.blocks = self.blocks, []
        return taken


page = Page()


def heading(level, text):
    page.add({"heading": text, "level": level})


def say(text):
    page.add({"text": text})


def rank(better, name=0, ours="sounder"):
    """Says of a table that its rows compare programs: the column of their names, the row that is ours, and
    in which columns ("most" or "least") is better. Only rows with equal cells before the name compare."""
    return {"better": better, "name": name, "ours": ours}


def table(heads, rows, key=None, ranked=None):
    """A table; by its key, if it has one, others find it; `ranked` as rank() says."""
    block = {"heads": list(heads), "rows": [[plain(cell) for cell in row] for row in rows]}
    if key:
        block["key"] = key
    if ranked:
        block["rank"] = ranked
    page.add(block)
