"""Begin and end of the fault in each cycle, as far as its requests tell, and one anchor pooled of both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.extent.shape import Ladder, Shape, Slow
from analysis.normal.samples import Floats, Ints, Samples

ALL_HIT = 0.85
"""Share of struck requests inside a fault from which a good one counts as a sign that it is over."""
SHARPEST_S = 1e-3
MAD_TO_SIGMA = 1.4826
UNEVEN = 2.0
"""Lengths must vary so many times more than their edges are unsure before they are taken to differ."""
UNIFORM = 12.0
"""A uniform distribution's width squared over its variance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """The slow requests of one cycle, and the good starts right before and after them.

    ``unsure_s`` is how long the fault may have lasted beyond its slow requests, on average, where it
    strikes only some and a good one says nothing.
    """

    number: int
    slow: Slow
    good_before_s: float
    good_after_s: float
    unsure_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Edges:
    """Begin and end of the fault in c cycles with their variances; an unknown end has an infinite one.

    ``cycle`` numbers the Episodes that the cycles came from.
    """

    cycle: Ints
    begin_s: Floats
    begin_var: Floats
    end_s: Floats
    end_var: Floats


def neighbours(samples: Samples, slow: Slow, number: int, share: float) -> Cycle:
    """Take one cycle; where the fault hits only some requests, a good one after it says nothing."""
    mine = slow.cycle == number
    starts = slow.start_s[mine]
    before = int(np.searchsorted(samples.start_s, starts.min(), side="left")) - 1
    after = int(np.searchsorted(samples.start_s, starts.max(), side="right"))
    return Cycle(
        number=number,
        slow=slow.only(mine),
        good_before_s=float(samples.start_s[before]) if before >= 0 else float(starts.min()),
        good_after_s=float(samples.start_s[after]) if share >= ALL_HIT and after < samples.n else np.inf,
        unsure_s=0.0 if share >= ALL_HIT else samples.span_s / max(samples.n, 1) / max(share, 0.05),
    )


def edges_of(cycles: list[Cycle], shape: Shape, ladder: Ladder | None, resolution_s: float) -> Edges:
    """Bound begin and end of every cycle by the shape of the fault."""
    begins = np.array([begin_of(cycle) for cycle in cycles])
    ends = np.array([end_of(cycle, shape, ladder) for cycle in cycles])
    coarse = resolution_s**2 / UNIFORM + SHARPEST_S**2
    return Edges(
        cycle=np.array([cycle.number for cycle in cycles]),
        begin_s=begins[:, 0],
        begin_var=begins[:, 1] + coarse,
        end_s=ends[:, 0],
        end_var=ends[:, 1] + coarse,
    )


def between(low_s: float, high_s: float) -> tuple[float, float]:
    """Middle and variance of an instant somewhere between two bounds."""
    return (low_s + high_s) / 2, (high_s - low_s) ** 2 / UNIFORM


def begin_of(cycle: Cycle) -> tuple[float, float]:
    """After the last good start and before the first slow one."""
    first = float(cycle.slow.start_s.min())
    if cycle.unsure_s:
        return first - cycle.unsure_s, cycle.unsure_s**2
    return between(cycle.good_before_s, first)


def end_of(cycle: Cycle, shape: Shape, ladder: Ladder | None) -> tuple[float, float]:
    """The common end of a freeze, between two rungs of a ladder, else before the next good start."""
    slow, timed = cycle.slow, ~cycle.slow.gave_up
    last = float(slow.start_s.max())
    ends = slow.start_s[timed] + slow.timed_s
    if shape is Shape.FREEZE:
        if len(ends) == 0:
            return last, np.inf
        middle = float(np.median(ends))
        spread = MAD_TO_SIGMA * float(np.median(np.abs(ends - middle)))
        return middle, (spread**2 + slow.noise_s**2) / len(ends)
    if shape is Shape.LADDER and ladder is not None and timed.any():
        sure = ladder.near(slow)
        missed = (slow.start_s[timed] + ladder.below(slow.timed_s))[sure]
        if len(missed):
            low, high = max(float(missed.max()), last), min(float(ends[sure].min()), cycle.good_after_s)
            return between(low, high)
    if np.isfinite(cycle.good_after_s):
        return between(last, cycle.good_after_s)
    return last + cycle.unsure_s, cycle.unsure_s**2 if cycle.unsure_s else np.inf


def pooled(edges: Edges) -> tuple[Floats, Floats]:
    """Begin of each fault from both its edges, with its variance.

    An end tells the begin by way of the length, which is the same in all cycles; what it varies by more
    than the edges are unsure is added to the variance of the ends.
    """
    length = edges.end_s - edges.begin_s
    unsure = edges.begin_var + edges.end_var
    known = np.isfinite(unsure)
    if known.sum() < 3:
        return edges.begin_s, edges.begin_var
    middle = float(np.median(length[known]))
    spread = (MAD_TO_SIGMA * float(np.median(np.abs(length[known] - middle)))) ** 2
    end_var = edges.end_var + max(spread - UNEVEN * float(np.median(unsure[known])), 0.0)
    weight = 1 / edges.begin_var + 1 / end_var
    by_end = np.where(known, (edges.end_s - middle) / end_var, 0.0)
    return (edges.begin_s / edges.begin_var + by_end) / weight, 1 / weight
