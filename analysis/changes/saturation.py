"""Saturation: latency that rises with the load."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from analysis.changes.series import Series, p_of, shuffled
from analysis.normal.samples import Floats

LOAD_RANGE = 1.5
"""Least ratio of high to low load: a steady load tells nothing."""
LEAST_FACTOR = 1.3
LEAST_CORRELATION = 0.5
BLOCKS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Rise:
    """Latency at high load as a factor of that at low load, the loads, and the p-value."""

    factor: float
    low_per_s: float
    high_per_s: float
    p_value: float


def rise_with_load(series: Series, alpha: float, rng: np.random.Generator) -> Rise | None:
    """How latency rises with load, if that is confirmed.

    Rank correlation of load and level, both without what a straight line in time explains (a ramp and a
    drift go together without a cause); p-value by permutation of blocks of bins.
    """
    low, high = np.quantile(series.rate_per_s, [0.1, 0.9])
    if high < LOAD_RANGE * low:
        return None
    load, level = without_trend(rankdata(series.rate_per_s)), without_trend(rankdata(series.level))
    observed = correlation(load, level[None, :])[0]
    if observed < LEAST_CORRELATION:
        return None
    busy, idle = series.rate_per_s >= high, series.rate_per_s <= low
    factor = float(np.exp(np.median(series.level[busy]) - np.median(series.level[idle])))
    if factor < LEAST_FACTOR:
        return None
    p_value = p_of(float(observed), correlation(load, level[shuffled(series.n, BLOCKS, rng)]))
    if p_value > alpha:
        return None
    return Rise(factor=factor, low_per_s=float(low), high_per_s=float(high), p_value=p_value)


def without_trend(values: Floats) -> Floats:
    """What a straight line leaves over."""
    at = np.arange(len(values))
    return np.asarray(values - np.polyval(np.polyfit(at, values, 1), at))


def correlation(one: Floats, rows: Floats) -> Floats:
    """Correlation of a series with each of several rows; 0 for constants."""
    a = one - one.mean()
    b = rows - rows.mean(axis=1, keepdims=True)
    norm = np.sqrt((a * a).sum() * (b * b).sum(axis=1))
    return np.asarray(np.where(norm > 1e-9, (b @ a) / np.maximum(norm, 1e-9), 0.0))
