"""Slow Episodes without a period that strike two Nodes together."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt
from scipy.special import bdtrc

from analysis.findings import Episode, NodeResult, RunAnalysis
from analysis.fleet.holm import sure
from analysis.requests import NS_PER_S

COINCIDENCE_ALPHA = 0.005
"""Chance of one false coincidence a Campaign."""
JOIN_S, JOIN_SHARE = 5.0, 0.05
"""Episodes closer than this, or than this share of the Run, may have one cause: they count once."""
BESIDE_S = 1.0
STARTUP = 0.05
"""What is slow in the first twentieth of a Run is its own start, at every Node at the same time."""

Spans = npt.NDArray[np.float64]


def shared_episodes(nodes: Sequence[NodeResult]) -> list[str]:
    """Slow Episodes outside every claim that strike two Nodes (or a Node and the control) together.

    Given one Node's Episodes, each Episode of the other falls beside one with the share of time these
    cover: the tail is binomial, taken both ways, the larger counts (Holm over pairs).
    """
    single = [(node, clustered(outside(node), node.analysis)) for node in nodes]
    pairs = list(combinations([item for item in single if len(item[1])], 2))
    tests = [both_ways(a, b) for a, b in pairs]
    held = sure([p for _, _, p in tests], COINCIDENCE_ALPHA)
    return [
        f"slow episodes of {a.name} and {b.name} coincide ({hit} of {fewer}, p = {p:.1g}): "
        + ("the generator stalls" if "control" in (a.kind, b.kind) else "one cause for both")
        for ((a, _), (b, _)), (hit, fewer, p), good in zip(pairs, tests, held, strict=True)
        if good
    ]


def outside(node: NodeResult) -> list[Episode]:
    """Episodes that belong to no claim and not to the start of the Run."""
    run = node.analysis
    begin_ns = run.first_start_ns + round(STARTUP * run.duration_s * NS_PER_S)
    single = [episode for episode in run.episodes if episode.start_ns > begin_ns]
    for stall in run.periodic_stalls:
        middles = np.array([(e.start_ns - stall.first_stall_ns) / NS_PER_S for e in single])
        off = np.abs(middles - np.round(middles / stall.period_s) * stall.period_s)
        slack_s = max(stall.stall_s, 0.05 * stall.period_s)
        single = [episode for episode, far in zip(single, off > slack_s, strict=True) if far]
    return single


def spans_of(episodes: Sequence[Episode], origin_ns: int) -> Spans:
    """Begins and ends in seconds from an instant, shape (m, 2), sorted."""
    spans = [((e.start_ns - origin_ns) / NS_PER_S, (e.end_ns - origin_ns) / NS_PER_S) for e in episodes]
    return np.array(sorted(spans)).reshape(-1, 2)


def clustered(episodes: Sequence[Episode], run: RunAnalysis) -> Spans:
    """Spans in seconds UTC, those closer than a twentieth of the Run joined."""
    spans = spans_of(episodes, 0)
    gap_s = max(JOIN_S, JOIN_SHARE * run.duration_s)
    joined: list[list[float]] = []
    for begin, end in spans:
        if joined and begin - joined[-1][1] <= gap_s:
            joined[-1][1] = max(joined[-1][1], float(end))
        else:
            joined.append([float(begin), float(end)])
    return np.array(joined).reshape(-1, 2)


def both_ways(one: tuple[NodeResult, Spans], other: tuple[NodeResult, Spans]) -> tuple[int, int, float]:
    """Coincidences of two Nodes' Episodes, of how many, and the larger of both binomial tails."""
    (a, spans_a), (b, spans_b) = one, other
    close = (spans_a[:, 0][:, None] <= spans_b[:, 1] + BESIDE_S) & (
        spans_a[:, 1][:, None] >= spans_b[:, 0] - BESIDE_S
    )
    tails = []
    for hits, mine, theirs, run in (
        (close.any(axis=1), spans_a, spans_b, a.analysis),
        (close.any(axis=0), spans_b, spans_a, b.analysis),
    ):
        # An Episode of mean length coincides when it begins within theirs, its own length before them.
        reach = np.diff(theirs, axis=1).sum() + len(theirs) * (2 * BESIDE_S + np.diff(mine, axis=1).mean())
        chance = min(1.0, float(reach) / max((1 - STARTUP) * run.duration_s, 1e-9))
        tails.append(float(bdtrc(int(hits.sum()) - 1, len(mine), chance)) if hits.any() else 1.0)
    fewer = min(len(spans_a), len(spans_b))
    return min(int(close.any(axis=1).sum()), int(close.any(axis=0).sum())), fewer, max(tails)
