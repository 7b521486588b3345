"""A pattern that returns with the calendar: the day of the week, or the hour for frequent campaigns."""

from __future__ import annotations

import numpy as np
from scipy.special import chdtrc
from scipy.stats import rankdata

from analysis.history.series import Floats, Ints

HOUR_NS = 3_600_000_000_000
RARE_H = 12.0
"""Campaigns further apart than this have no hours to compare."""
LEAST_PERIODS = 3
"""A pattern is believed after so many weeks (or days), and not before."""
ALPHA = 0.01
SHRINK = 1.0


def slots_of(at_ns: Ints) -> tuple[Ints, int]:
    """Return each campaign's slot in its season, and the number of slots: 7 weekdays or 24 hours, in UTC."""
    hours = at_ns // HOUR_NS
    apart_h = float(np.median(np.diff(at_ns))) / HOUR_NS if len(at_ns) > 1 else 24.0
    return (hours // 24 % 7, 7) if apart_h >= RARE_H else (hours % 24, 24)


def offsets_of(values: Floats, slots: Ints, count: int) -> Floats:
    """Return how far each slot lies from the level of all, shape (count,); zeros where none is sure to.

    Whether slots differ is Kruskal and Wallis's rank test (1952), which single odd nights do not move.
    Each slot's median is shrunk towards the common one, as few values make it.
    """
    none = np.zeros(count)
    if len(values) < LEAST_PERIODS * count:
        return none
    sizes = np.bincount(slots, minlength=count).astype(np.float64)
    if _differ_p(values, slots, sizes) > ALPHA:
        return none
    centre = np.median(values)
    off = [np.median(values[slots == slot]) - centre if sizes[slot] > 1 else 0.0 for slot in range(count)]
    return np.asarray(off * sizes / (sizes + SHRINK), dtype=np.float64)


def _differ_p(values: Floats, slots: Ints, sizes: Floats) -> float:
    """p-value of Kruskal and Wallis's H; ties, which are rare among latencies, only make it larger."""
    n = len(values)
    ranks = np.bincount(slots, rankdata(values), minlength=len(sizes))
    filled = sizes > 0
    h = 12 / (n * (n + 1)) * float((ranks[filled] ** 2 / sizes[filled]).sum()) - 3 * (n + 1)
    return float(chdtrc(filled.sum() - 1, max(h, 0.0))) if filled.sum() > 1 else 1.0
