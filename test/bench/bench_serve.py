# SPDX-License-Identifier: MIT
"""bench_serve: sounder serve beside minimal echo servers, in interleaved pairs."""

from figures import (heading, interval, kilobytes, median, micro, milli, per_second, ratio, say, table,
                     verdict, with_interval)
from servers import parties

IDLE = 19000  # connections
WAIT_PART = 0.02  # of a run, for either side to be kept from its CPU
STEAL_PART = 0.02  # of a run, for the hypervisor to take
STEAL_TICK = 10_000_000  # the grain in which steal is accounted
ATTEMPTS = 3  # times as many pairs as wanted are tried

RULE = (f"A pair is thrown away when, in either of its runs, server or client waited for its CPU "
        f"for more than {WAIT_PART:.0%} of the run, or the hypervisor took more than "
        f"{STEAL_PART:.0%} of it (and more than one tick of {STEAL_TICK // 1_000_000} ms). The "
        f"order within a pair alternates; each run has a freshly started server.")


def disturbed(run):
    return (max(run["wait"], run["own_wait"]) > WAIT_PART * run["wall"]
            or run["steal"] > max(STEAL_PART * run["wall"], STEAL_TICK))


class Pairs:
    """The runs of each party, pair by pair, and how many pairs were thrown away."""

    def __init__(self, names):
        self.names = names
        self.kept = []
        self.thrown = []
        self.all_disturbed = False

    def settle(self):
        """When nothing was undisturbed, disturbed figures are better than none, if named so."""
        if not self.kept:
            self.kept = self.thrown
            self.thrown = []
            self.all_disturbed = True

    def column(self, party, name):
        return [pair[party][name] for pair in self.kept]

    def each(self, figure):
        """The median of a figure of a run, for each party."""
        return [median([figure(pair[party]) for pair in self.kept])
                for party in range(len(self.names))]

    def ratios(self, figure):
        if len(self.names) < 2:
            return None
        pairs = [(figure(pair[0]), figure(pair[1])) for pair in self.kept]
        return [ours / theirs for ours, theirs in pairs] if all(t for _, t in pairs) else None

    def unanswered(self, party):
        faults = ("lost", "corrupt", "strange")
        runs = [pair[party] for pair in self.kept + self.thrown]
        counts = {fault: sum(run[fault] for run in runs) for fault in faults}
        return ", ".join(f"{count} {fault}" for fault, count in counts.items() if count) or "0"

    def account(self):
        if self.all_disturbed:
            return f"Pairs: {len(self.kept)}, ALL disturbed: the figures say little"
        return f"Pairs: {len(self.kept)} kept, {len(self.thrown)} thrown away"


def measure(bench, sides, mode, options, wanted, unfit=disturbed):
    """Runs each side in turn until `wanted` pairs are there of which no run is unfit."""
    pairs = Pairs([side.name for side in sides])
    for attempt in range(wanted * ATTEMPTS):
        runs = [None] * len(sides)
        places = range(len(sides)) if attempt % 2 == 0 else reversed(range(len(sides)))
        for place in places:
            with sides[place].start() as server:
                runs[place] = bench.load(server, mode, options)
        (pairs.thrown if any(map(unfit, runs)) else pairs.kept).append(runs)
        if len(pairs.kept) == wanted:
            break
    pairs.settle()
    return pairs


def heads(pairs):
    if len(pairs.names) < 2:
        return ["", pairs.names[0]]
    first = pairs.names[0] + (" (a)" if pairs.names[0] == pairs.names[1] else "")
    second = pairs.names[1] + (" (b)" if pairs.names[0] == pairs.names[1] else "")
    return ["", first, second, "ratio of medians", "median of pair ratios [95 %]", "wanted"]


def at_most(limit):
    """A bound on the median of the pair ratios."""
    return lambda _, ratios: verdict(f"≤ {limit:g}", median(ratios) <= limit if ratios else None)


def reaches(limit):
    """A bound that the interval of the pair ratios has to reach."""

    def judge(_, ratios):
        bounds = interval(ratios or [])
        return verdict(f"lower end of the interval ≤ {limit:g}", bounds[0] <= limit if bounds else None)

    return judge


def row(pairs, name, figure, show, wanted=None):
    """`wanted` judges the medians and the pair ratios."""
    medians = pairs.each(figure)
    cells = [name, *map(show, medians)]
    if len(medians) > 1:
        ratios = pairs.ratios(figure)
        cells += [ratio(*medians), with_interval(ratios) if ratios else None,
                  wanted(medians, ratios) if wanted else None]
    return cells


def plain_row(pairs, name, cells):
    return [name, *cells, *[None] * (len(heads(pairs)) - 1 - len(cells))]


def unanswered_row(pairs):
    return plain_row(pairs, "unanswered, all runs",
                     [pairs.unanswered(party) for party in range(len(pairs.names))])


def rate(run):
    return run["answered"] / (run["wall"] / 1e9)


def latency(bench, runs):
    options = ["--connections", "1000", "--in-flight", "1000", "--size", "64",
               "--warm-up", "20000", "--rounds", "200000"]
    heading(3, "1000 TCP connections, 64-byte round trips")
    say("Closed loop: every connection has one message under way all the time, 200 000 round "
        "trips a run after 20 000 to warm up; exact percentiles of each run.")
    pairs = measure(bench, parties(bench, "tcp-echo"), "tcp", options, runs)
    table(heads(pairs), [
        row(pairs, "p50", lambda run: run["p50"], milli),
        row(pairs, "p99", lambda run: run["p99"], milli),
        row(pairs, "p99.9", lambda run: run["p999"], milli, at_most(1.2)),
        row(pairs, "maximum", lambda run: run["max"], milli, at_most(3)),
        row(pairs, "round trips", rate, per_second),
        unanswered_row(pairs),
    ], key="latency")
    say(f"{pairs.account()}.")


def idle(bench, runs):
    options = ["--connections", str(IDLE), "--in-flight", "64", "--size", "64",
               "--hold-ms", "2000"]
    heading(3, f"{IDLE} idle TCP connections")
    say("Opened one after the other from as many addresses as keep each below 1000, silent for 2 s, then each asked once, "
        "64 at a time. Resident memory is VmRSS of the server, growth against a server that "
        "has just begun to listen, the greater of before and after the answers.")
    pairs = measure(bench, parties(bench, "tcp-echo"), "hold", options, runs,
                    unfit=lambda run: False)
    table(heads(pairs), [
        row(pairs, "resident before", lambda run: run["before_kb"], kilobytes),
        row(pairs, "growth", lambda run: max(run["held_kb"], run["after_kb"])
            - run["before_kb"], kilobytes,
            lambda medians, _: verdict(f"< {IDLE * 64 // 1024} kB: 64 B each", medians[0] < IDLE * 64 / 1024)),
        row(pairs, "time to open", lambda run: run["open"], milli, at_most(1.2)),
        row(pairs, "CPU in 2 s of idleness", lambda run: run["idle_cpu"], milli),
        row(pairs, "answered afterwards", lambda run: run["answered"], "{:.0f}".format,
            lambda medians, _: verdict(f"{IDLE}", medians[0] == IDLE)),
        row(pairs, "time to answer all", lambda run: run["wall"], milli),
        unanswered_row(pairs),
    ], key="idle")
    say(f"{pairs.account()}: neither memory nor answers hang on the machine's mood.")


CPU_CASES = (
    # key, title, kind, host, mode of the client, its options
    ("cpu-tcp", "TCP, 64 connections", "tcp-echo", "127.0.0.1", "tcp",
     ["--connections", "64", "--in-flight", "64", "--warm-up", "5000", "--rounds", "25000"]),
    ("cpu-udp", "UDP, 64 outstanding", "udp-echo", "127.0.0.1", "udp",
     ["--in-flight", "64", "--warm-up", "8000", "--rounds", "40000"]),
    ("cpu-udp-any", "UDP, 64 outstanding, bound to 0.0.0.0", "udp-echo", "0.0.0.0", "udp",
     ["--in-flight", "64", "--warm-up", "8000", "--rounds", "40000"]),
)


def cpu(bench, wanted):
    heading(3, "Server's CPU per 64-byte round trip")
    say("From the scheduler's account of all its threads (ns), over a fixed number of round "
        "trips after a warm-up. Many short runs rather than few long ones: a virtual machine's "
        "speed wanders by a tenth within seconds, and a pair must lie within one mood.")
    for key, title, kind, host, mode, options in CPU_CASES:
        pairs = measure(bench, parties(bench, kind, host), mode, [*options, "--size", "64"],
                        wanted)
        heading(4, title)
        table(heads(pairs), [
            row(pairs, "CPU per round trip", lambda run: run["cpu"] / max(run["answered"], 1),
                micro, reaches(1.05)),
            row(pairs, "round trips", rate, per_second),
            row(pairs, "p50", lambda run: run["p50"], micro),
            unanswered_row(pairs),
        ], key=key)
        say(f"{pairs.account()}.")


def run(bench, options):
    heading(2, "Serving")
    say(RULE)
    latency(bench, options.runs)
    idle(bench, min(options.runs, 3))
    cpu(bench, options.pairs)
