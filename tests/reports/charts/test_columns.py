"""Requests gathered into pixel columns."""

from __future__ import annotations

import re

import numpy as np

from reports.charts.columns import column_of, gather, ticks, trace
from reports.charts.scales import LogScale


def test_gather_against_the_obvious_way() -> None:
    """Fastest, median and slowest of each column are those that sorting each column by hand gives."""
    rng = np.random.default_rng(7)
    column = rng.integers(0, 40, 500)
    latency_ms = rng.lognormal(2, 1, 500)
    gathered = gather(column, latency_ms)
    for at, index in enumerate(gathered.index.tolist()):
        held = sorted(latency_ms[column == index].tolist())
        assert gathered.low_ms[at] == held[0]
        assert gathered.high_ms[at] == held[-1]
        assert gathered.median_ms[at] == held[(len(held) - 1) // 2]
    assert gathered.index.tolist() == sorted(set(column.tolist()))


def test_the_edges_stay_inside() -> None:
    """The last instant of the axis falls into the last column, not behind it."""
    assert column_of(np.array([0.0, 0.5, 1.0, 1.2, -0.1]), 10).tolist() == [0, 5, 9, 9, 0]


def test_the_slowest_request_is_drawn() -> None:
    """A single slow request among thousands reaches its full height: nothing is averaged away."""
    latency_ms = np.full(5000, 10.0)
    latency_ms[1234] = 1000.0
    scale = LogScale(low_ms=1, high_ms=1000, height_px=90)
    paths = trace(gather(np.arange(5000) // 100, latency_ms), scale)
    tops = {int(x): float(y) for x, y in re.findall(r"M(\d+) ([\d.]+)h1", paths.top)}
    assert tops[12] == 0
    assert {y for x, y in tops.items() if x != 12} == {60}


def test_one_request_is_a_visible_mark() -> None:
    """A column of one request has a bar of more than a pixel."""
    scale = LogScale(low_ms=1, high_ms=1000, height_px=90)
    paths = trace(gather(np.array([3]), np.array([10.0])), scale)
    assert paths.band == "M3.5 60V61.6"


def test_ticks_name_each_column_once() -> None:
    """Many errors in one column are one tick."""
    assert ticks(np.array([4, 4, 9]), 8) == "M4.5 0v8M9.5 0v8"
