"""Throughput of downloads: bytes received a second, over time."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.findings import Throughput
from analysis.normal.samples import whole_seconds
from analysis.requests import NS_PER_S, start_ns

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

COLUMNS = ["end_ns", "total_ns", "receiving_ns", "received_bytes"]
MOST_BINS = 360
STEPS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 86400)
"""Widths that a bin may have; a longer Run takes whole days."""
IDLE_SHARE = 10
"""A bin is at least so many times as long as the line usually lies idle between two downloads."""
LEAST_STEADY = 0.5
"""Less than this share of a Run is not taken for the part in which its load was whole."""


def throughput_of(requests: pd.DataFrame) -> Throughput | None:
    """Return the bytes a second of a Run's downloads; None where no bytes are known, or no time passed.

    Each request's bytes are spread evenly over its receiving phase, [end - receiving, end]: what
    happens within one download does not show, and what was sent is not looked at. The rates of bins
    begin at the first request's start; the figures leave out what comes after the first end behind the
    last start, when ever fewer downloads share the way.

    Parameters
    ----------
    requests
        A request table; rows without ``received_bytes`` are left out, an answer of 0 bytes is not.
    """
    table = requests[COLUMNS][requests["received_bytes"].notna().to_numpy()]
    if table.empty:
        return None
    sizes = table["received_bytes"].to_numpy(dtype=np.float64)
    ends = table["end_ns"].to_numpy(dtype=np.int64)
    begins = ends - np.maximum(table["receiving_ns"].to_numpy(dtype=np.int64), 0)
    starts = np.minimum(start_ns(table), begins)
    first = int(starts.min())
    span, steady = int(ends.max()) - first, steady_ns(starts, ends)
    if span == 0:
        return None
    width = width_ns(
        span, float((ends - begins).sum(dtype=np.float64)), len(table), coarse=whole_seconds(ends)
    )
    count, counted = max(1, span // width), max(1, steady // width)
    rates = received(begins - first, ends - first, sizes, width, count) / (width / NS_PER_S)
    figures = rates[:counted]
    lowest = int(np.argmin(figures))
    return Throughput(
        requests=len(table),
        total_bytes=int(sizes.sum()),
        first_bin_ns=first,
        bin_s=width / NS_PER_S,
        bytes_per_s=tuple(rates.tolist()),
        counted_bins=counted,
        mean_bytes_per_s=float(figures.mean()),
        median_bytes_per_s=float(np.median(figures)),
        p5_bytes_per_s=float(np.quantile(figures, 0.05)),
        lowest_bytes_per_s=float(figures[lowest]),
        lowest_at_ns=first + lowest * width,
    )


def steady_ns(starts: Ints, ends: Ints) -> int:
    """Return how long after the first start the load is whole: to the first end behind the last start.

    After the last start nothing follows a download that ends. Where one that broke off at once makes
    that less than half of the Run, all of the Run counts.
    """
    first, last = int(starts.min()), int(ends.max())
    steady = int(ends[ends > starts.max()].min(initial=last)) - first
    return steady if steady >= LEAST_STEADY * (last - first) else last - first


def width_ns(span: int, receiving: float, requests: int, *, coarse: bool) -> int:
    """Return the width of a bin: round, at most ``MOST_BINS`` of them, wide enough to be no comb of gaps.

    Parameters
    ----------
    span
        Length of the Run.
    receiving
        Sum of the receiving phases; what it leaves of the Run lies idle between downloads.
    requests
        How many there are.
    coarse
        Whether ends are in whole seconds.
    """
    idle = max(0.0, span - receiving) / requests
    least_s = max(span / MOST_BINS, IDLE_SHARE * idle if requests > 1 else 0.0) / NS_PER_S
    least_s = max(least_s, 1.0 if coarse else 0.0)
    day_s = STEPS_S[-1]
    width_s = next((step for step in STEPS_S if step >= least_s), day_s * math.ceil(least_s / day_s))
    return max(1, min(round(width_s * NS_PER_S), span))


def received(begins: Ints, ends: Ints, sizes: Floats, width: int, count: int) -> Floats:
    """Return the bytes received in each of ``count`` bins; what lies behind them is left out.

    Parameters
    ----------
    begins, ends
        int64 of shape (n,): the receiving phases, ns since the first bin begins, not below 0. One of no
        length counts as the nanosecond before its end.
    sizes
        float64 of shape (n,), bytes.
    width
        Of a bin, ns.
    """
    begins = np.maximum(np.minimum(begins, ends - 1), 0)
    ends = np.maximum(ends, begins + 1)
    first, last = begins // width, (ends - 1) // width
    rate = np.where(first < last, sizes / (ends - begins), 0.0)  # of those that reach over an edge
    sums = _summed(first, np.where(first < last, rate * ((first + 1) * width - begins), sizes), count)
    sums += _summed(last, rate * (ends - last * width), count)
    filled = np.cumsum(_summed(first + 1, rate, count) - _summed(last, rate, count))
    return np.maximum(sums + filled * width, 0.0)[:count]


def _summed(bins: Ints, values: Floats, count: int) -> Floats:
    """Add up values by bin; one more bin holds all that lies behind."""
    return np.asarray(np.bincount(np.minimum(bins, count), values, minlength=count + 1), dtype=np.float64)
