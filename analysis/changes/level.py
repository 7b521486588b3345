"""A level shift: one change point at which the usual latency jumps and stays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from analysis.changes.series import Series, p_of, shuffled
from analysis.normal.samples import Floats

LEAST_RATIO = 0.2
"""A jump of the log by a fifth."""
ABRUPT = 2.5
"""The jump is this many times what the level does elsewhere over as long a time: no drift, no wave."""
SLOPE = 3
"""Least bins that a slope takes; a jump takes one at most."""
EVIDENCE = 3.0
"""Least log of the likelihood ratio of a jump against slopes: twenty times as likely."""
EDGE = 0.1
"""Share of the Run at its start that is left out, as warm-up, and at both ends that no split may cut off."""
BLOCKS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """A change point: when, by which factor, with which p-value."""

    at_s: float
    factor: float
    p_value: float


def level_shift(series: Series, alpha: float, rng: np.random.Generator) -> Shift | None:
    """The change point of a series of medians, if it is confirmed.

    The candidate is the split with the least absolute deviations from two medians; the p-value is that of
    Pettitt's statistic (1979), by permutation of blocks of bins. It is confirmed at ``alpha`` when the
    level jumps there within a bin, and nowhere else by comparable amounts.
    """
    edge = max(int(EDGE * series.n), 2)
    level, middle_s = series.level[edge:], series.middle_s[edge:]
    place = best_split(level, edge)
    before, after = np.median(level[:place]), np.median(level[place:])
    if abs(after - before) < LEAST_RATIO or not abrupt(level, place) or not sudden(level, place):
        return None
    ranks = rankdata(level)
    observed = float(np.abs(pettitt(ranks[None, :])).max())
    by_chance = np.abs(pettitt(ranks[shuffled(len(level), BLOCKS, rng)])).max(axis=1)
    p_value = p_of(observed, by_chance)
    if p_value > alpha:
        return None
    at_s = float((middle_s[place - 1] + middle_s[place]) / 2)
    return Shift(at_s=at_s, factor=float(np.exp(after - before)), p_value=p_value)


def pettitt(ranks: Floats) -> Floats:
    """Pettitt's U after each bin but the last, for rows of ranks: shape (k, b) to (k, b - 1)."""
    bins = ranks.shape[1]
    first = np.arange(1, bins)
    return np.asarray(2 * np.cumsum(ranks, axis=1)[:, :-1] - first * (bins + 1))


def width(bins: int) -> int:
    """Bins on each side over which a jump is measured."""
    return max(3, bins // 12)


def jumps(level: Floats) -> Floats:
    """Median after minus median before each boundary, over ``width`` bins; NaN at the edges."""
    wide = width(len(level))
    windows = np.median(np.lib.stride_tricks.sliding_window_view(level, wide), axis=1)
    found = np.full(len(level), np.nan)
    found[wide : len(level) - wide + 1] = windows[wide:] - windows[:-wide]
    return found


def best_split(level: Floats, edge: int) -> int:
    """The boundary, at least ``edge`` bins inside, beside which two medians fit best."""
    places = np.arange(edge, len(level) - edge + 1)
    off = [
        sum(float(np.abs(part - np.median(part)).sum()) for part in (level[:place], level[place:]))
        for place in places
    ]
    return int(places[np.argmin(off)])


def abrupt(level: Floats, place: int) -> bool:
    """Tell a jump from drift and waves: elsewhere the level moves far less over as long a time."""
    found = np.abs(jumps(level))
    far = np.abs(np.arange(len(level)) - place) > width(len(level))
    others = found[far & np.isfinite(found)]
    if len(others) == 0 or not np.isfinite(found[place]):
        return False
    return bool(found[place] >= ABRUPT * np.quantile(others, 0.95))


def sudden(level: Floats, place: int) -> bool:
    """Tell a jump from a slope, there or over all of the Run, by likelihood (Laplace: absolute deviations).

    Quiet latency wanders: over a few bins it moves as far as it does in a jump, but it takes these bins.
    """
    reach = max(2 * SLOPE, 2 * width(len(level)))
    part = level[max(place - reach, 0) : place + reach]
    at = place - max(place - reach, 0)
    near = better(slope_off(part, at), jump_off(part, at), len(part))
    return near and better(line_off(level), jump_off(level, place), len(level))


def better(others_off: float, own_off: float, bins: int) -> bool:
    """Tell whether a fit with deviations ``own_off`` is sufficiently likelier than others."""
    return others_off - own_off >= EVIDENCE * own_off / bins


def deviation(level: Floats) -> float:
    """Sum of absolute deviations from the median."""
    return float(np.abs(level - np.median(level)).sum())


def jump_off(level: Floats, at: int) -> float:
    """Deviations from two medians; the bin in which the jump lies may be left out."""
    cuts = [(first, last) for first in (at - 1, at, at + 1) for last in (first, first + 1)]
    return min(
        deviation(level[:first]) + deviation(level[last:])
        for first, last in cuts
        if first > 0 and last < len(level)
    )


def slope_off(level: Floats, at: int) -> float:
    """Deviations from two medians with a slope of ``SLOPE`` bins or more between them, around the place."""
    found = [np.inf]
    for first in range(2, min(at + 2, len(level) - SLOPE - 1)):
        for last in range(max(first + SLOPE, at - 1), len(level) - 1):
            before, after = np.median(level[:first]), np.median(level[last:])
            slope = np.linspace(before, after, last - first + 2)[1:-1]
            off = float(np.abs(level[first:last] - slope).sum())
            found.append(deviation(level[:first]) + deviation(level[last:]) + off)
    return min(found)


def line_off(level: Floats) -> float:
    """Deviations from a straight line (Theil 1950, Sen 1968)."""
    one, other = np.triu_indices(len(level), 1)
    slope = np.median((level[other] - level[one]) / (other - one))
    return deviation(level - slope * np.arange(len(level)))
