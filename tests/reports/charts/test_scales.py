"""Axes and what is written beside them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from analysis.requests import NS_PER_S
from reports.charts.scales import LogScale, RateScale, elapsed_ticks, offset_ticks, time_ticks
from tests.reports.samples import STARTED_NS


def test_the_scale_is_logarithmic() -> None:
    """Each tenfold is the same height, and what lies outside is drawn at the edge."""
    scale = LogScale(low_ms=1, high_ms=1000, height_px=90)
    assert scale.y(np.array([0.0, 1, 10, 100, 1000, 5000])).tolist() == pytest.approx([90, 90, 60, 30, 0, 0])


def test_a_narrow_range_still_has_labels() -> None:
    """Latencies of much the same size are not blown up to the whole height, and the axis has labels."""
    scale = LogScale.around(9.0, 11.0, 120)
    assert scale.high_ms / scale.low_ms >= 10
    assert len(scale.ticks()) >= 2


@pytest.mark.parametrize(
    ("highest", "labels"),
    [
        (0.0, ["0 B/s", "0.5 B/s", "1 B/s"]),
        (2_400.0, ["0 kB/s", "1 kB/s", "2 kB/s"]),
        (98e6, ["0 MB/s", "50 MB/s", "100 MB/s"]),
        (0.95e9, ["0 GB/s", "0.5 GB/s", "1 GB/s"]),
    ],
)
def test_rates_are_linear_and_named_from_nothing_up(highest: float, labels: list[str]) -> None:
    """An axis of rates begins at 0, holds the highest, and its round labels share one unit."""
    scale = RateScale.up_to(highest, 100)
    assert [tick.label for tick in scale.ticks()] == labels
    assert scale.ticks()[0].at == 100
    assert scale.y_of(scale.high / 4) == 75
    assert 0 < scale.y_of(highest) <= 100


@pytest.mark.parametrize(
    ("span_s", "first"),
    [
        *((75, ["02:00:00", "02:00:10"]), (600, ["02:00", "02:02"]), (28800, ["02:00", "03:00"])),
        (10 * 86400, ["14 Mar", "16 Mar"]),
    ],
)
def test_time_ticks_are_round_utc_times(span_s: int, first: list[str]) -> None:
    """The axis names round times of the UTC clock, in a step that leaves room for the labels."""
    ticks = time_ticks(STARTED_NS, span_s * NS_PER_S)
    assert [tick.label for tick in ticks][:2] == first
    assert 2 <= len(ticks) <= 10
    assert all(0 <= tick.at <= 100 for tick in ticks)


def test_time_ticks_of_a_crooked_start() -> None:
    """A run that starts between round times has its first tick at the next one."""
    ticks = time_ticks(STARTED_NS + 3 * NS_PER_S, 20 * NS_PER_S)
    assert (ticks[0].label, ticks[0].at) == ("02:00:05", 10.0)


def test_elapsed_ticks_count_from_the_start() -> None:
    """Without a shared clock the axis counts minutes and seconds."""
    assert [tick.label for tick in elapsed_ticks(75 * NS_PER_S)][:3] == ["0:00", "0:10", "0:20"]


@pytest.mark.parametrize("period_s", [0.8, 12.0, 61.3, 3600.0])
def test_offset_ticks_hold_zero(period_s: float) -> None:
    """The start of the stall is always named, at its place."""
    ticks = offset_ticks(-period_s / 4, period_s * 3 / 4)
    zero = next(tick for tick in ticks if tick.label == "0")
    assert math.isclose(zero.at, 25)
    assert not zero.minor
    assert 4 <= len(ticks) <= 10
