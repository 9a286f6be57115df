# SPDX-License-Identifier: MIT
"""tables: shows bench/results in the pages that have a place for it.

    <!-- bench:NAME -->
    …
    <!-- /bench -->

What stands between is made from the results alone. NAME is a part, PART#KEY (one table of it), `machine`,
`summary` (how many bounds are met), `unmet` (which are not) or `behind` (where others do better than ours).
"""

import re

from figures import markdown, shown

REGION = re.compile(r"^<!-- bench:(?P<name>\S+) -->\n(?P<body>.*?)^<!-- /bench -->$", re.M | re.S)
MARK = re.compile(r"^<!-- /?bench\b.*$", re.M)
PAGES = ("README.md", "docs/benchmarks.md")
OF_A_RUN = ("load before", "revision")  # facts that are of one run, not of the machine
NEARLY = 1.02  # what is nearer than that is no lead


class TableError(Exception):
    """A page or a result that cannot be understood; the text is the sentence for the person."""


def table_of(heads, rows):
    return markdown({"heads": heads, "rows": rows})


def unmeasured(part):
    return f"*Not measured yet: `scripts/bench {part}`.*\n"


def tables(result):
    return [block for block in result["blocks"] if "rows" in block]


# --- regions -------------------------------------------------------------------------------------


def whole(result):
    machine = result["machine"]
    when = (f"*Measured {result['date']} by `{result['command']}`, revision {machine.get('revision', 'unknown')}, "
            f"load before {machine.get('load before', 'unknown')}.*\n")
    return "\n".join([when, *(markdown(block, deeper=1) for block in result["blocks"])])


def by_key(result, key):
    for block in tables(result):
        if block.get("key") == key:
            return markdown(block)
    return f"*Not measured: `scripts/bench {result['part']}` had no such table.*\n"


def machine(results):
    """Each fact once where all parts agree, else with the parts that it is of."""
    facts = {}
    for part, result in results.items():
        for name, value in result["machine"].items():
            if name not in OF_A_RUN:
                facts.setdefault(name, {}).setdefault(value, []).append(part)
    rows = [[name, "; ".join(value if len(values) == 1 else f"{value} ({', '.join(parts)})"
                             for value, parts in values.items())]
            for name, values in facts.items()]
    return table_of(["machine", ""], rows) if rows else unmeasured("all")


def name_of(heads, row):
    """The cells that a row begins with, up to its first figure: a bare number by the head of its column."""
    words = []
    for head, cell in zip(heads, row[:4]):
        if isinstance(cell, dict):
            break
        if cell is not None:
            words.append(cell if isinstance(cell, str) else f"{head} {cell}")
    return ", ".join(words)


def judged(result):
    """(what it is of, the verdict) for each that there is."""
    title = None
    for block in result["blocks"]:
        title = block.get("heading", title)
        for row, cell in ((row, cell) for row in block.get("rows", []) for cell in row):
            if isinstance(cell, dict) and "met" in cell:
                yield f"{title}: {name_of(block['heads'], row)}", cell


def summary(results):
    """How many of the bounds are met, by part."""
    rows = []
    for part, result in results.items():
        met = [cell["met"] for _, cell in judged(result)]
        rows.append([f"`scripts/bench {part}`", result["date"], f"{met.count(True)} of {len(met) - met.count(None)}",
                     met.count(None)])
    return table_of(["part", "measured", "bounds met", "not judged"], rows) if rows else unmeasured("all")


def unmet(results):
    """Those that are not."""
    rows = [[part, name, cell] for part, result in results.items() for name, cell in judged(result)
            if cell["met"] is False]
    if not results:
        return unmeasured("all")
    return table_of(["part", "of", "bound"], rows) if rows else "*All bounds that could be judged are met.*\n"


def number(row, column):
    return row[column].get("value") if isinstance(row[column], dict) else None


def is_ahead(theirs, ours, direction):
    if theirs is None or ours is None:
        return False
    more, less = (theirs, ours) if direction == "most" else (ours, theirs)
    return more > NEARLY * less


def leads(block):
    """Rows of (case, column, those that do better than ours, ours)."""
    ranked = block["rank"]
    at = ranked["name"]
    for ours in (row for row in block["rows"] if row[at] == ranked["ours"]):
        rivals = [row for row in block["rows"] if row[:at] == ours[:at] and row is not ours]
        for head, direction in ranked["better"].items():
            column = block["heads"].index(head)
            ahead = [f"{rival[at]} {shown(rival[column])}" for rival in rivals
                     if is_ahead(number(rival, column), number(ours, column), direction)]
            if ahead:
                yield [name_of(block["heads"], ours[:at]), head, ", ".join(ahead), ours[column]]


def behind(results):
    rows, ranked = [], 0
    for part, result in results.items():
        title = None
        for block in result["blocks"]:
            title = block.get("heading", title)
            if "rank" in block:
                ranked += 1
                rows += [[part, ": ".join(filter(None, [title, case])), *lead] for case, *lead in leads(block)]
    if not ranked:
        return "*Nothing has been compared yet.*\n"
    heads = ["part", "case", "figure", "better than ours", "ours"]
    return table_of(heads, rows) if rows else "*In none of the figures that compare programs.*\n"


def render(name, results, parts):
    """What belongs into the region."""
    combined = {"machine": machine, "summary": summary, "unmet": unmet, "behind": behind}
    if name in combined:
        return combined[name](results)
    part, _, key = name.partition("#")
    if part not in parts:
        raise TableError(f"no part '{part}' to show (region 'bench:{name}')")
    if part not in results:
        return unmeasured(part)
    return by_key(results[part], key) if key else whole(results[part])


# --- pages ---------------------------------------------------------------------------------------


def refreshed(text, results, parts):
    """The page with all its regions as the results have them."""
    regions = len(REGION.findall(text))
    if len(MARK.findall(text)) != 2 * regions:
        raise TableError("a region has no end, or no beginning")
    return REGION.sub(lambda found: f"<!-- bench:{found['name']} -->\n{render(found['name'], results, parts)}"
                                    "<!-- /bench -->", text)


def refresh(root, results, parts, check):
    """Brings the pages up to date, or only tells: the names of those that were not."""
    stale = []
    for name in PAGES:
        path = root / name
        old = path.read_text(encoding="utf-8")
        try:
            new = refreshed(old, results, parts)
        except TableError as error:
            raise TableError(f"{name}: {error}") from None
        if new != old:
            stale.append(name)
            if not check:
                path.write_text(new, encoding="utf-8")
    return stale
