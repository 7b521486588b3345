"""The timer behind the anchors: its period with an interval, and whether it keeps to a grid or drifts."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr, softmax

from analysis.normal.samples import Bools, Floats, Ints

LEAST_JITTER, MOST_JITTER, JITTERS = 1e-5, 0.2, 18
"""Jitter that is believed, as a share of the period, on a scale of equal ratios."""
DRIFTS = (0.0, 0.02, 0.3, 1.0)
"""Shares of the jitter's variance that add up from cycle to cycle."""
PRIOR = (0.55, 0.15, 0.1, 0.2)
NEAR_GRID = 0.02
PERIOD_PRIOR = 0.1
FAR = 5.0
MOST_LEFT_OUT = 0.15
SURE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """Period with its interval, and the probability that the timer drifts (is set anew each cycle)."""

    period_s: float
    interval_s: tuple[float, float]
    drifts: float

    @property
    def kind(self) -> str:
        """Fixed (keeps to a grid), re-armed (each cycle counts from the last), or unknown."""
        if self.drifts >= SURE:
            return "re-armed"
        return "fixed" if self.drifts <= 1 - SURE else "unknown"


def clock(cycles: Ints, anchors_s: Floats, variance: Floats, period_s: float) -> Timer:
    """Estimate the timer whose ticks the anchors are.

    Anchors are ticks plus what is not known of them (``variance``). Ticks keep to a grid but for jitter,
    or each counts from the one before, or both in shares (``DRIFTS``). A Kalman filter (Kalman 1960)
    follows tick and period for each share and size of the jitter side by side; the answers are averaged
    by their likelihoods.

    Parameters
    ----------
    cycles
        Rising cycle numbers of n anchors, shape (n,), at least three.
    anchors_s
        Anchors, seconds.
    variance
        Variance of each anchor around its tick, s^2.
    period_s
        A first guess of the period.
    """
    kept = trusted(cycles, anchors_s, variance, period_s)
    mean, var, weight = follow(cycles[kept], anchors_s[kept], variance[kept], period_s)
    sd = np.sqrt(np.maximum(var, 1e-24))
    low, high = float((mean - 9 * sd).min()), float((mean + 9 * sd).max())

    def quantile(q: float) -> float:
        return float(brentq(lambda x: float((weight * ndtr((x - mean) / sd)).sum()) - q, low, high))

    away = np.repeat(np.array(DRIFTS) > NEAR_GRID, JITTERS)
    return Timer(
        period_s=float((weight * mean).sum()),
        interval_s=(quantile(0.025), quantile(0.975)),
        drifts=float(weight[away].sum()),
    )


def trusted(cycles: Ints, anchors_s: Floats, variance: Floats, period_s: float) -> Bools:
    """Leave out the few anchors far off the line between their neighbours: Episodes that are no tick."""
    off = anchors_s - period_s * cycles
    kept = np.ones(len(off), dtype=bool)
    if len(off) < 6:
        return kept
    middle = np.interp(cycles[1:-1], cycles[1:-1], off[1:-1])
    span = (cycles[2:] - cycles[:-2]).astype(np.float64)
    between = off[:-2] + (off[2:] - off[:-2]) * (cycles[1:-1] - cycles[:-2]) / np.maximum(span, 1)
    apart = np.abs(middle - between)
    usual = 1.4826 * float(np.median(apart)) + np.sqrt(np.median(variance))
    far = np.flatnonzero(apart > FAR * usual) + 1
    # The neighbours of an outlier look off as well: of a row of them the farthest goes.
    worst = [i for i in far if apart[i - 1] >= max(apart[max(i - 2, 0)], apart[min(i, len(apart) - 1)])]
    if len(worst) <= MOST_LEFT_OUT * len(off):
        kept[worst] = False
    return kept


def follow(
    cycles: Ints, anchors_s: Floats, variance: Floats, guess_s: float
) -> tuple[Floats, Floats, Floats]:
    """Period and its variance under each model, and the models' weights; shape (models,) each."""
    jitter = guess_s * np.geomspace(LEAST_JITTER, MOST_JITTER, JITTERS)
    share = np.repeat(np.array(DRIFTS), JITTERS)
    total = np.tile(jitter**2, len(DRIFTS))
    walk, grid = share * total, (1 - share) * total
    level, period = np.full(len(share), anchors_s[0]), np.full(len(share), guess_s)
    level_var, period_var = variance[0] + grid, np.full(len(share), (PERIOD_PRIOR * guess_s) ** 2)
    cross, fit = np.zeros(len(share)), np.zeros(len(share))
    for i, (before, now) in enumerate(pairwise(cycles.tolist()), start=1):
        d = now - before
        level = level + d * period
        level_var = level_var + 2 * d * cross + d * d * period_var + d * walk
        cross = cross + d * period_var
        spread = level_var + grid + variance[i]
        error = anchors_s[i] - level
        fit -= (np.log(spread) + error * error / spread) / 2
        level, period = level + level_var / spread * error, period + cross / spread * error
        period_var = period_var - cross * cross / spread
        cross, level_var = cross - level_var * cross / spread, level_var - level_var * level_var / spread
    return period, period_var, softmax(fit + np.repeat(np.log(PRIOR), JITTERS))
