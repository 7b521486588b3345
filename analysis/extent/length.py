"""How long a stall lasts: a lower and an upper bound of each cycle, pooled over cycles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.extent.edges import ALL_HIT, Cycle, Edges, edges_of, neighbours
from analysis.extent.shape import Ladder, Shape, Slow, recognize
from analysis.normal.samples import Bools, Floats, Samples
from analysis.stalls.episodes import MIN_SLOW

NEARLY_ALL = 0.95
FAINT, EARLY = 0.04, 0.3
"""Least share of the largest delay, in an Episode and just before it: the first wait longest."""
SHORTEST_S = 1e-3
WIDE = 3.0
"""Bounds this far apart leave the length open."""
UNEVEN = 0.01
"""A fault's own lengths differ by this share: without it a cycle outvotes one that is a hair longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """n requests sorted by start: residual, usual total, whether the client gave up on them."""

    samples: Samples
    residual: Floats
    usual_s: Floats
    gave_up: Bools


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """Shape and length of a fault, and its edges cycle by cycle (None when no request is slow by itself)."""

    shape: Shape
    length_s: float
    edges: Edges | None


def extent_of(waits: Waits, spans_s: Floats, stalls: int) -> Extent:
    """Extent of the fault behind the Episodes that span ``spans_s``.

    Per cycle the fault began after the last good start and before the first slow one, and ended between
    bounds that depend on its shape: at the common end of a freeze, above the last rung missed and below
    the one that got through of a ladder of retransmissions, else between the last slow and the next good
    start. A fault that delays all by the same is as long as that delay.

    Parameters
    ----------
    waits
        The requests.
    spans_s
        First slow start and last end of each Episode, shape (m, 2), sorted.
    stalls
        How many there were, those among them that no request met.
    """
    slow = slow_requests(waits, spans_s)
    if len(slow.cycle) == 0:  # only together do they stand out: what is seen of them is all there is
        length_s = max(float(np.median(np.diff(spans_s, axis=1))), SHORTEST_S)
        return Extent(shape=Shape.SPREAD, length_s=length_s, edges=None)
    shape, ladder = recognize(slow)
    share = hit_share(waits.samples, slow)
    counted_s = len(slow.cycle) * waits.samples.span_s / (waits.samples.n * max(stalls, len(spans_s)))
    cycles = [neighbours(waits.samples, slow, int(number), share) for number in np.unique(slow.cycle)]
    if shape is Shape.SPREAD and sparse_freeze(cycles):
        shape = Shape.FREEZE
    return Extent(
        shape=shape,
        length_s=max(length_of(slow, cycles, shape, ladder, counted_s), SHORTEST_S),
        edges=edges_of(cycles, shape, ladder, waits.samples.resolution_s),
    )


def length_of(
    slow: Slow, cycles: list[Cycle], shape: Shape, ladder: Ladder | None, counted_s: float
) -> float:
    """The length that most cycles' bounds agree on; of what they leave open the geometric middle.

    Where that is next to everything, as with a lone slow request a cycle, ``counted_s`` tells more: as many
    requests are slow as start while the fault lasts.
    """
    if shape is Shape.HOLD:
        return float(np.median(slow.added_s))
    bounds = np.concatenate([cycle_bounds(cycle, shape, ladder) for cycle in cycles])
    low, high = most_agreed(bounds * [1 - UNEVEN, 1 + UNEVEN])
    low, high = low / (1 - UNEVEN), max(high / (1 + UNEVEN), low / (1 - UNEVEN))
    if shape in (Shape.SPREAD, Shape.LADDER) and high > WIDE * low:
        return float(np.clip(counted_s, low, high))
    if shape is Shape.FREEZE and not slow.gave_up.any():
        high = min(high, low + 2 * (low - float(bounds[:, 0].min())) / len(cycles))
    return float(np.sqrt(max(low, SHORTEST_S) * max(high, SHORTEST_S)))


def slow_requests(waits: Waits, spans_s: Floats) -> Slow:
    """Collect the slow requests in and around each Episode, also those below its own threshold."""
    samples = waits.samples
    added = samples.total_s - waits.usual_s
    index, cycle = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for number, (start, end) in enumerate(spans_s):
        low, high = np.searchsorted(samples.start_s, [start - 1.0 - samples.resolution_s, end])
        inside = np.arange(low, min(high + 1, samples.n))
        least = np.where(samples.start_s[inside] < start, EARLY, FAINT) * added[inside].max(initial=0.0)
        chosen = inside[(waits.residual[inside] > MIN_SLOW) & (added[inside] > least)]
        index.append(chosen)
        cycle.append(np.full(len(chosen), number))
    rows = np.concatenate(index)
    quiet = np.ones(samples.n, dtype=bool)
    quiet[rows] = False
    return Slow(
        cycle=np.concatenate(cycle),
        start_s=samples.start_s[rows],
        added_s=np.maximum(added[rows], SHORTEST_S),
        gave_up=waits.gave_up[rows],
        noise_s=1.4826 * float(np.median(np.abs(added[quiet]))) if quiet.any() else 0.0,
    )


def cycle_bounds(cycle: Cycle, shape: Shape, ladder: Ladder | None) -> Floats:
    """Lower and upper bounds of the fault's length from one cycle, shape (k, 2)."""
    slow, timed = cycle.slow, ~cycle.slow.gave_up
    first, last = float(slow.start_s.min()), float(slow.start_s.max())
    unsure = first - cycle.good_before_s
    if shape is Shape.FREEZE and timed.all():
        longest = float(slow.added_s.max())
        return np.array([[longest, longest + unsure]])
    ends = slow.start_s[timed] + slow.timed_s
    if shape is Shape.FREEZE and timed.any():
        length = max(float(ends.max()), last) - first
        return np.array([[length, length + unsure]])
    starts_only = np.array([[last - first, cycle.good_after_s - cycle.good_before_s]])
    if shape is not Shape.LADDER or ladder is None or not timed.any():
        return starts_only
    sure = ladder.near(slow)
    missed = slow.start_s[timed] + ladder.below(slow.timed_s)
    return np.concatenate([starts_only, np.column_stack([missed - first, ends - cycle.good_before_s])[sure]])


def sparse_freeze(cycles: list[Cycle]) -> bool:
    """Tell cycles of about one slow request each that a freeze explains.

    A freeze shortens a delay by no more than the time since the last good start; a factor on latency
    knows no such limit.
    """
    longest = np.array([cycle.slow.added_s.max() for cycle in cycles])
    gap = np.array([cycle.slow.start_s.min() - cycle.good_before_s for cycle in cycles])
    if np.median(gap) > 0.5 * np.median(longest):
        return False
    return float(np.mean(np.quantile(longest, 0.9) - longest <= 1.2 * gap)) >= ALL_HIT


def hit_share(samples: Samples, slow: Slow) -> float:
    """Share of slow requests among those started between the first and last slow one of a cycle."""
    seen, hit = 0, 0
    for cycle in np.unique(slow.cycle):
        starts = slow.start_s[slow.cycle == cycle]
        low = np.searchsorted(samples.start_s, starts.min(), side="left")
        high = np.searchsorted(samples.start_s, starts.max(), side="right")
        seen += int(high - low)
        hit += len(starts)
    return hit / max(seen, 1)


def most_agreed(bounds: Floats) -> tuple[float, float]:
    """The stretch of lengths that most bounds allow, shape of ``bounds`` (k, 2); outliers are outvoted."""
    edges = np.unique(bounds[np.isfinite(bounds)])
    if len(edges) < 2:
        return float(edges[0]), float(edges[0])
    middle = (edges[1:] + edges[:-1]) / 2
    lower, upper = np.sort(bounds[:, 0]), np.sort(bounds[:, 1])
    votes = np.searchsorted(lower, middle) - np.searchsorted(upper, middle)
    best = np.flatnonzero(votes >= max(NEARLY_ALL * votes.max(), 1))
    if len(best) == 0:
        return float(np.median(bounds[:, 0])), float(np.median(bounds[:, 0]))
    high = edges[best[-1] + 1]
    open_ended = best[-1] == len(middle) - 1 and not np.isfinite(bounds[:, 1]).all()
    low = float(edges[best[0]])
    return low, low if open_ended else float(high)
