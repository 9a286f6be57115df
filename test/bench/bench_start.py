# SPDX-License-Identifier: MIT
"""bench_start: from the start of a command to its end."""

from figures import heading, median, milli, quantile, say, table, verdict, with_interval


def commands(bench):
    """Name and words of what is started; the first two are compared."""
    ping = ("ping -c1 127.0.0.1", ["ping", "-c1", "127.0.0.1"])
    nothing = ("true", ["/bin/true"])
    if bench.twin:
        return [ping, ping, nothing]
    sounder = bench.program("sounder")
    return [("sounder ping -c1 127.0.0.1", [sounder, "ping", "-c1", "127.0.0.1"]), ping,
            ("sounder --version", [sounder, "--version"]), nothing]


def column(lines, which, name):
    return [line[name] for line in lines if line["command"] == which]


def run(bench, options):
    starts = options.starts
    chosen = commands(bench)
    words = [word for _, command in chosen for word in ("--", *command)]
    lines = bench.client("spawn", ["--runs", str(starts), *words])

    heading(2, "Starting")
    say(f"Each command {starts} times in turn, on CPU {bench.client_cpu}, output thrown away. "
        "CPU is user and system time as wait4 reports it, the exec included.")
    table(["command", "wall p50", "wall p99", "CPU p50", "CPU p99", "CPU max", "exit not 0"], [
        [f"`{name}`", milli(median(column(lines, which, "wall"))),
         milli(quantile(column(lines, which, "wall"), 0.99)),
         milli(median(column(lines, which, "cpu"))),
         milli(quantile(column(lines, which, "cpu"), 0.99)),
         milli(max(column(lines, which, "cpu"))),
         sum(status != 0 for status in column(lines, which, "status"))]
        for which, (name, _) in enumerate(chosen)], key="start")

    rows = []
    for name, wanted in (("wall", 1.5), ("cpu", None)):
        ratios = [a / b for a, b in zip(column(lines, 0, name), column(lines, 1, name)) if b]
        rows.append([name, with_interval(ratios) if ratios else None,
                     verdict(f"≤ {wanted:g}", median(ratios) <= wanted if ratios else None) if wanted else None])
    table([f"`{chosen[0][0]}` : `{chosen[1][0]}`", "median of pair ratios [95 %]", "wanted"],
          rows, key="start-ratio")
