"""Explained by load: slow stretches that come where the generator itself sends more."""

from __future__ import annotations

import numpy as np

from analysis.normal.samples import Floats, Samples

BINS = 12
"""Bins a period."""
MULTIPLES = (1, 2, 3)
"""A comb may stand at a fraction of the load's own period."""
RHYTHM = 0.2
"""Load above its median, as a share of it, at which Episodes come where the generator sends more."""
EXPLAINED = 0.5
"""Share of the load's variance that the period must explain to be the load's own rhythm."""


def follows_load(samples: Samples, times_s: Floats, period_s: float, gaps_s: Floats) -> bool:
    """Tell whether the load itself swings with the period and the Episodes come where it is high.

    A closed model falls silent in a stall: its load has the period too, but it is no higher than usual
    right before a stall begins. Steps and ramps of the load repeat with no period.

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
    last = float(samples.start_s[-1])
    edges = np.arange(0.0, last + 1e-9, width)
    if len(edges) < 2:
        return False
    counts = np.diff(np.searchsorted(samples.start_s, edges)).astype(np.float64)
    known = np.ones(len(counts), dtype=bool)
    for begin, end in gaps_s:
        known &= (edges[1:] <= begin) | (edges[:-1] >= end)
    before = np.diff(np.searchsorted(samples.start_s, np.column_stack([times_s - width, times_s])), axis=1)
    if not known.any() or before.mean() <= (1 + RHYTHM) * np.median(counts[known]):
        return False
    counts[~known] = np.nan
    return any(explained(counts, BINS * multiple) > EXPLAINED for multiple in MULTIPLES)


def explained(counts: Floats, bins: int) -> float:
    """Share of the variance of counts that a cycle of so many bins explains; NaN is not known.

    Corrected for the bins' own means, as R squared is for its degrees of freedom; 0 where a part of the
    cycle was not seen twice.
    """
    cycles = np.pad(counts, (0, -len(counts) % bins), constant_values=np.nan).reshape(-1, bins)
    seen = np.isfinite(cycles).sum(axis=0)
    if seen.min() < 2:
        return 0.0
    within = float(np.nansum((cycles - np.nanmean(cycles, axis=0)) ** 2)) / float((seen - 1).sum())
    total = float(np.nanvar(counts, ddof=1))
    return 1 - within / total if total > 0 else 0.0
