# SPDX-License-Identifier: MIT
"""bench_peers: sounder serve beside the echo servers that people run, beside redis' PING and memcached's
version."""

import socket

import peer_servers
from bench_serve import rate
from figures import heading, median, milli, per_second, rank, say, table, verdict
from servers import Ours, Reference

PEERS = ("redis-server", "memcached", "xinetd", "socat", "ncat")
CONNECTIONS = (1, 64, 1000)
ROUNDS = {1: 20000, 64: 100000, 1000: 100000}
WARM_UP = {1: 2000, 64: 10000, 1000: 20000}
NEAR_THE_BEST = 0.95


def parties(bench):
    """All that are measured, ours first; and those that are not there."""
    own = [Ours(bench, "tcp-echo")]
    if bench.references is not None:
        own.append(Reference(bench, "ref_epoll", socket.SOCK_STREAM, ["PORT", "1"]))
    for party in own:
        party.options = []
    others = [make(bench) for make in (peer_servers.redis, peer_servers.memcached, peer_servers.xinetd,
                                       peer_servers.socat, peer_servers.ncat, peer_servers.threads)]
    return ([*own, *(peer for peer in others if not peer.absent)],
            [peer for peer in others if peer.absent])


def load(bench, party, connections):
    options = ["--connections", str(connections), "--in-flight", str(connections), "--size", "64",
               "--warm-up", str(WARM_UP[connections]), "--rounds", str(ROUNDS[connections]), *party.options]
    with party.start() as server:
        return bench.load(server, "tcp", options)


def against(runs, others, figure, pick):
    """Ours by theirs, round by round, since a round lies within one mood of the machine: the median for each
    of the others, and of these the one that is picked."""
    return pick(median([figure(ours) / figure(theirs) for ours, theirs in zip(runs["sounder"], runs[name])])
                for name in others)


def judged(connections, runs):
    """What was wanted of each table, and what came of it."""
    peers = [name for name in runs if name not in ("sounder", "ref_epoll")]
    rates = against(runs, peers, rate, min)
    if connections == 1:
        return ["round trips ≥ 0.95 × the best peer's", f"{rates:.3f}", verdict("", rates >= NEAR_THE_BEST)]
    tails = against(runs, peers, lambda run: run["p99"], max)
    return ["more round trips and a lower p99 than each peer, in the median of the rounds",
            f"{rates:.3f} × the best rate, {tails:.3f} × the lowest p99", verdict("", rates > 1 and tails < 1)]


def compare(bench, connections, rounds):
    present, absent = parties(bench)
    runs = {party.name: [] for party in present}
    for number in range(rounds):
        for party in present if number % 2 == 0 else reversed(present):
            runs[party.name].append(load(bench, party, connections))
    heading(3, f"{connections} TCP connection{'s' if connections > 1 else ''}")
    rows = []
    for name, each in runs.items():
        rows.append([name, per_second(median([rate(run) for run in each])),
                     *(milli(median([run[figure] for run in each])) for figure in ("p50", "p99", "max")),
                     sum(run["lost"] + run["corrupt"] for run in each)])
    rows += [[peer.name, "not installed", *[None] * 4] for peer in absent]
    table(["server", "round trips", "p50", "p99", "maximum", "unanswered"], rows, key=f"peers-{connections}",
          ranked=rank({"round trips": "most", "p50": "least", "p99": "least", "maximum": "least"}))
    table(["bound", "measured", ""], [judged(connections, runs)], key=f"peers-{connections}-bound")


def run(bench, options):
    heading(2, "Beside other servers")
    say(f"64-byte round trips, one under way on each connection, each figure the median of {options.rounds} runs, "
        "taken in turn, each with a freshly started server; redis answers the line PING, memcached the line version. "
        "Servers on one CPU, the client on the other; ours with one worker.")
    for connections in CONNECTIONS:
        compare(bench, connections, options.rounds)
