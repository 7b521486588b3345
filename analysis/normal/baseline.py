"""What is normal: the residual of each request against its endpoint, the load and slow drift."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.optimize import isotonic_regression

from analysis.normal.samples import Floats, Samples

SHORTEST_S = 1e-6
MIN_SCALE = 0.02
"""A log-ratio of 2 % is the least spread believed: constant latency has none of its own."""
LEAST_ADDED_S = 0.010
"""Less than 10 ms more than usual is no stall of a path, however steady the path is."""
MAD_TO_SIGMA = 1.4826
MIN_GROUP = 12
LOAD_BINS = 20
LOAD_GAIN = 0.93
"""Load is subtracted where it takes at least 7 % off the spread; less is chance."""


def residuals(samples: Samples) -> Floats:
    """Log-ratio of each request to what is normal for it, in units of the usual spread.

    Median of the endpoint in its scenario, then a monotone effect of offered load where it explains
    something, then a slow running median; divided by the group's median absolute deviation.

    Parameters
    ----------
    samples
        n requests, sorted by start.

    Returns
    -------
    float64 array of shape (n,); about standard normal for well-behaved noise.
    """
    if samples.n == 0:
        return np.zeros(0)
    log_total = np.log(np.maximum(samples.total_s, SHORTEST_S))
    residual = log_total - group_medians(log_total, samples.group)
    residual = residual - load_effect(residual, samples)
    residual = residual - running_median(residual, samples)
    residual = residual / group_scales(residual, samples.group)
    added_s = samples.total_s - group_medians(samples.total_s, samples.group)
    return np.where(added_s < LEAST_ADDED_S, np.minimum(residual, 0.0), residual)


def group_medians(values: Floats, group: np.ndarray) -> Floats:
    """Median of each row's group; groups too small for one take the median of all."""
    series = pd.Series(values)
    grouped = series.groupby(group)
    medians = grouped.transform("median").to_numpy()
    sizes = grouped.transform("size").to_numpy()
    overall = np.median(values) if len(values) else 0.0
    return np.asarray(np.where(sizes >= MIN_GROUP, medians, overall))


def group_scales(residual: Floats, group: np.ndarray) -> Floats:
    """Robust spread (median absolute deviation) of each row's group, at least ``MIN_SCALE``."""
    return np.maximum(MAD_TO_SIGMA * group_medians(np.abs(residual), group), MIN_SCALE)


def window_s(samples: Samples) -> float:
    """Length of the running median: far longer than a stall, at least some 40 requests."""
    span = max(samples.span_s, 1e-9)
    return max(20.0, span / 24, 40 * span / samples.n)


def running_median(residual: Floats, samples: Samples) -> Floats:
    """Median over a slow window around each request, from medians of short bins."""
    width = window_s(samples) / 4
    span = samples.start_s[-1] - samples.start_s[0]
    if span < 2 * width:
        return np.full(samples.n, np.median(residual))
    bins = ((samples.start_s - samples.start_s[0]) / width).astype(np.int64)
    by_bin = pd.Series(residual).groupby(bins)
    medians, counts = by_bin.median(), by_bin.size()
    centres = (medians.index.to_numpy() + 0.5) * width
    smooth = weighted_running(medians.to_numpy(), counts.to_numpy(), 5)
    return np.asarray(np.interp(samples.start_s - samples.start_s[0], centres, smooth))


def weighted_running(medians: Floats, counts: np.ndarray, width: int) -> Floats:
    """Weighted median of ``width`` neighbouring bins, weights being their counts; shape kept."""
    half = width // 2
    values = np.pad(medians, half, mode="edge")
    weights = np.pad(counts.astype(np.float64), half, mode="edge")
    block = np.lib.stride_tricks.sliding_window_view(values, width)
    weight = np.lib.stride_tricks.sliding_window_view(weights, width)
    order = np.argsort(block, axis=1)
    ranked = np.cumsum(np.take_along_axis(weight, order, axis=1), axis=1)
    middle = (ranked < ranked[:, -1:] / 2).sum(axis=1)
    chosen = np.take_along_axis(order, middle[:, None], axis=1)
    return np.asarray(np.take_along_axis(block, chosen, axis=1)[:, 0], dtype=np.float64)


def offered_load(samples: Samples) -> Floats:
    """Requests started around each request (a few seconds), as a rate."""
    half = max(2.0, 10 * samples.span_s / samples.n, samples.span_s / 60) / 2
    left = np.searchsorted(samples.start_s, samples.start_s - half)
    right = np.searchsorted(samples.start_s, samples.start_s + half)
    return np.asarray((right - left) / (2 * half))


def load_effect(residual: Floats, samples: Samples) -> Floats:
    """Monotone rise of the residual with offered load; zeros where it explains too little.

    Isotonic regression (Barlow et al. 1972) of the medians of load quantiles.
    """
    if samples.n < 8 * LOAD_BINS:
        return np.zeros(samples.n)
    load = offered_load(samples)
    edges = np.unique(np.quantile(load, np.linspace(0, 1, LOAD_BINS + 1)))
    if len(edges) < 4:
        return np.zeros(samples.n)
    bins = np.clip(np.searchsorted(edges, load, side="right") - 1, 0, len(edges) - 2)
    grouped = pd.Series(residual).groupby(bins)
    medians, counts = grouped.median(), grouped.size()
    fit = isotonic_regression(medians.to_numpy(), weights=counts.to_numpy(dtype=np.float64)).x
    centres = pd.Series(load).groupby(bins).median().to_numpy()
    effect = np.interp(load, centres, fit)
    before = np.median(np.abs(residual - np.median(residual)))
    after = np.median(np.abs(residual - effect - np.median(residual - effect)))
    return effect if after < LOAD_GAIN * before else np.zeros(samples.n)
