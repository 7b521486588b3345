"""Bytes a second over time."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from analysis.findings import NodeResult, Throughput
from reports.charts.throughput import HEIGHT_PX, rate_chart
from tests.reports.samples import STARTED_NS, quiet_run, throughput_of


def node(name: str, throughput: Throughput | None) -> NodeResult:
    """Make a node's result."""
    return NodeResult(name=name, kind="node", analysis=replace(quiet_run(), throughput=throughput))


def corners(line: str) -> list[tuple[float, float]]:
    """Return where each horizontal part of a step line ends, and how high it is."""
    return [(float(x), float(y)) for y, x in re.findall(r"V([\d.]+)H([\d.]+)", line)]


def test_each_bin_is_a_step_at_its_time_and_height() -> None:
    """The line goes through all rates in their order; the axis begins at 0 and holds the highest."""
    chart = rate_chart([node("a", throughput_of(10e6, 0.0, 5e6, 10e6))])
    (panel,) = chart.panels
    steps = corners(panel.line)
    assert [x for x, _ in steps] == [150, 300, 450, 600]
    heights = [HEIGHT_PX - y for _, y in steps]
    assert heights[1] == 0
    assert heights[2] == pytest.approx(heights[0] / 2, abs=0.1)
    assert heights[3] == heights[0] <= HEIGHT_PX
    assert corners(panel.area)[:4] == steps
    assert chart.y_ticks[0].at == HEIGHT_PX


def test_the_lowest_bin_and_the_median_are_marked() -> None:
    """The mark stands over the middle of the lowest bin, the line at the median's height."""
    (panel,) = rate_chart([node("a", throughput_of(10e6, 4e6, 10e6, 10e6))]).panels
    assert panel.lowest == 37.5
    assert panel.median_y == corners(panel.line)[0][1]


def test_what_is_not_counted_is_shown_as_such() -> None:
    """The end that the figures leave out is a span of its own; without one there is none."""
    cut, whole = rate_chart(
        [node("cut", throughput_of(9e6, 8e6, 9e6, 1e6, counted=3)), node("whole", throughput_of(9e6, 8e6))]
    ).panels
    assert cut.uncounted is not None
    assert (cut.uncounted.left, cut.uncounted.width) == (75, 25)
    assert whole.uncounted is None


def test_nodes_share_the_axes() -> None:
    """A rate of half the size is drawn half as high, whichever node it is of, and on one clock."""
    chart = rate_chart([node("fast", throughput_of(10e6, 10e6)), node("slow", throughput_of(5e6, 5e6))])
    fast, slow = (HEIGHT_PX - corners(panel.line)[0][1] for panel in chart.panels)
    assert slow == pytest.approx(fast / 2, abs=0.1)
    assert chart.axis_label == "UTC, 12 Mar 2026"


def test_only_nodes_with_bytes_have_a_panel() -> None:
    """A node whose bytes are unknown has no panel, and without any there is no chart."""
    chart = rate_chart([node("a", None), node("b", throughput_of(1e6))])
    assert [panel.name for panel in chart.panels] == ["b"]
    assert rate_chart([node("a", None)]).panels == ()


def test_nothing_received_is_a_line_at_the_bottom() -> None:
    """Rates of 0 are drawn at 0."""
    (panel,) = rate_chart([node("a", throughput_of(0.0, 0.0))]).panels
    assert {y for _, y in corners(panel.line)} == {HEIGHT_PX}


def test_the_description_says_the_figures() -> None:
    """Whoever cannot see the chart hears its figures, with n and the time of the lowest."""
    late = replace(throughput_of(8e6, 2e6), lowest_at_ns=STARTED_NS + 61 * 10**9)
    (panel,) = rate_chart([node("a", late)]).panels
    assert "Lowest 0.5 s 2.00 MB/s at 02:01:01" in panel.summary
    assert "Requests (n) 900" in panel.summary
