"""Explained by load: slow stretches that come where the generator itself sends more."""

from __future__ import annotations

import numpy as np

from analysis.normal.samples import Floats, Samples

BINS = 12
"""Bins a period, of which the one around an Episode's start is looked at."""
RHYTHM = 0.2
"""Load above its median, as a share of it, at which Episodes come where the generator sends more."""
EXPLAINED = 0.5
"""Share of the load's variance that the period must explain to be the load's own rhythm."""


def follows_load(samples: Samples, times_s: Floats, period_s: float, gaps_s: Floats) -> bool:
    """Tell whether the load itself swings with the period and the Episodes come where it is high.

    The load is folded on the period, phases counted from the Episodes. A closed model falls silent in a
    stall: its load has the period too, but it is no higher than usual where a stall begins. Steps and
    ramps of the load repeat with no period.

    Parameters
    ----------
    times_s
        Starts of the Episodes of one comb.
    period_s
        Its period.
    gaps_s
        Stretches without data, shape (g, 2), where the load is not known.
    """
    if len(times_s) == 0 or samples.n == 0:
        return False
    width = period_s / BINS
    turn = np.angle(np.mean(np.exp(2j * np.pi * times_s / period_s))) / (2 * np.pi) * period_s
    first = float(turn % period_s) - width / 2 - period_s
    cycles = int((samples.start_s[-1] - first) // period_s) + 1
    edges = first + width * np.arange(cycles * BINS + 1)
    counts = np.diff(np.searchsorted(samples.start_s, edges)).astype(np.float64)
    known = (edges[:-1] >= 0) & (edges[1:] <= samples.start_s[-1])
    for begin, end in gaps_s:
        known &= (edges[1:] <= begin) | (edges[:-1] >= end)
    table = np.where(known, counts, np.nan).reshape(cycles, BINS)
    seen = known.reshape(cycles, BINS).sum(axis=0)
    if seen.min() < 2:
        return False
    profile = np.nansum(table, axis=0) / seen
    within = float(np.nansum((table - profile) ** 2)) / float((seen - 1).sum())
    total = float(np.nanvar(table, ddof=1))
    high = profile[0] > (1 + RHYTHM) * float(np.median(profile))
    return bool(high and total > 0 and 1 - within / total > EXPLAINED)
