"""Requests gathered into pixel columns, so that a chart's size does not grow with their number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reports.charts.scales import LogScale

MIN_BAR_PX = 1.6
"""A column of one request is still a visible mark."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Columns:
    """What each of the k columns that hold requests shows.

    ``index`` is int64 of shape (k,), ascending; ``low_ms``, ``median_ms``, ``high_ms`` are float64
    of shape (k,): the fastest, the lower median and the slowest request of the column.
    """

    index: npt.NDArray[np.int64]
    low_ms: npt.NDArray[np.float64]
    median_ms: npt.NDArray[np.float64]
    high_ms: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """SVG path data of a latency trace: the band from fastest to slowest, its top, and the median."""

    band: str = ""
    top: str = ""
    median: str = ""


def column_of(share: npt.NDArray[np.float64], columns: int) -> npt.NDArray[np.int64]:
    """Return the column of each position (a share of the width, 0 to 1), the edges kept inside."""
    return np.clip((share * columns).astype(np.int64), 0, columns - 1)


def gather(column: npt.NDArray[np.int64], latency_ms: npt.NDArray[np.float64]) -> Columns:
    """Gather n requests into their columns.

    Parameters
    ----------
    column
        int64 of shape (n,): where each request is drawn, from 0 to at most some thousands.
    latency_ms
        float64 of shape (n,), without NaN.
    """
    size = np.bincount(column)
    index = np.flatnonzero(size)
    # A radix sort, as integers are small: putting all latencies in order would take many times as long.
    ordered = latency_ms[np.argsort(column.astype(np.int16), kind="stable")]
    groups = np.split(ordered, np.cumsum(size[index])[:-1]) if len(index) else []
    middles = [np.partition(group, (len(group) - 1) // 2)[(len(group) - 1) // 2] for group in groups]
    return Columns(
        index=index,
        low_ms=np.array([group.min() for group in groups]),
        median_ms=np.array(middles),
        high_ms=np.array([group.max() for group in groups]),
    )


def trace(columns: Columns, scale: LogScale) -> Paths:
    """Draw columns as path data; x counts columns, y counts pixels."""
    low, high = scale.y(columns.low_ms), scale.y(columns.high_ms)
    middle = scale.y(columns.median_ms)
    low = np.maximum(low, high + MIN_BAR_PX)
    return Paths(
        band="".join(f"M{x}.5 {a:g}V{b:g}" for x, a, b in _rows(columns, high, low)),
        top="".join(f"M{x} {y:g}h1" for x, y, _ in _rows(columns, high, high)),
        median="".join(f"M{x} {y:g}h1" for x, y, _ in _rows(columns, middle, middle)),
    )


def ticks(column: npt.NDArray[np.int64], height_px: float) -> str:
    """Draw one full-height tick in each column that is named at least once, as path data."""
    return "".join(f"M{x}.5 0v{height_px:g}" for x in np.unique(column).tolist())


def _rows(
    columns: Columns, first: npt.NDArray[np.float64], second: npt.NDArray[np.float64]
) -> list[tuple[int, float, float]]:
    return list(zip(columns.index.tolist(), first.round(1).tolist(), second.round(1).tolist(), strict=True))
