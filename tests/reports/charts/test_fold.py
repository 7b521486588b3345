"""Latency folded on a period."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from analysis.findings import Limits, PeriodicStall
from reports.charts.fold import COLUMNS, LEAD, Fold, fold
from tests.reports.samples import PERIOD_S, STALL_S, request_table


def slow_columns(chart: Fold) -> list[int]:
    """Return the columns whose slowest request is in the upper half of the chart."""
    tops = re.findall(r"M(\d+) ([\d.]+)h1", chart.paths.top)
    return [int(x) for x, y in tops if float(y) < chart.height_px / 2]


def test_the_stall_stands_in_its_window(stall: PeriodicStall) -> None:
    """Folded on the true period, the slow requests of all cycles lie in the marked window alone."""
    chart = fold(request_table(stall=True), stall, Limits())
    slow = slow_columns(chart)
    assert slow[0] == LEAD * COLUMNS
    assert slow[-1] < (LEAD + STALL_S / PERIOD_S) * COLUMNS
    assert len(slow) >= 25
    assert (chart.window_left, chart.window_width) == (25.0, 12.5)
    assert chart.drawn == 1500


def test_a_wrong_period_smears(stall: PeriodicStall) -> None:
    """Folded on another period, the slow requests leave the window: the picture can refute a claim."""
    chart = fold(request_table(stall=True), replace(stall, period_s=10.0), Limits())
    assert slow_columns(chart)[-1] > (LEAD + STALL_S / 10.0) * COLUMNS


def test_only_the_scenario_of_the_claim(stall: PeriodicStall) -> None:
    """A stall of one scenario is drawn from that scenario's requests."""
    assert fold(request_table(stall=True), replace(stall, scenario="kept"), Limits()).drawn == 750


@pytest.mark.parametrize("stall_s", [1.5, 11.0])
def test_the_window_stays_inside(stall: PeriodicStall, stall_s: float) -> None:
    """A stall nearly as long as its period does not leave the chart."""
    chart = fold(None, replace(stall, stall_s=stall_s), Limits())
    assert chart.window_left + chart.window_width <= 100
    assert chart.drawn == 0


def test_requests_of_unknown_time_are_not_drawn(stall: PeriodicStall) -> None:
    """Errors without a time are left out of the fold, and n says so."""
    assert fold(request_table(errors=40), stall, Limits()).drawn == 1460
