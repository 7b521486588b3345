"""Latency over time."""

from __future__ import annotations

import math
from dataclasses import replace

import pandas as pd
import pytest

from analysis.findings import CampaignAnalysis, Limits, NodeResult, PeriodicStall
from analysis.requests import NS_PER_S
from reports.charts.fold import fold
from reports.charts.timeline import Panel, timeline
from tests.reports.samples import FIRST_S, PERIOD_S, STALL_S, STARTED_NS, episode_at, quiet_run, request_table

SPAN_S = 74.95
"""From the first start to the last, at 20 requests a second for 75 s."""


def panel(table: pd.DataFrame, result: NodeResult | None = None) -> Panel:
    """Return the panel of one node alone."""
    node = result or NodeResult(name="n", kind="node", analysis=quiet_run())
    return timeline([node], {node.name: table}, Limits()).panels[0]


def test_episodes_stand_where_they_were(campaign: CampaignAnalysis) -> None:
    """Each episode is a span at its own time and of its own length."""
    spans = panel(request_table(stall=True), campaign.nodes[1]).episodes
    assert [span.left for span in spans] == pytest.approx(
        [100 * (FIRST_S + k * PERIOD_S) / SPAN_S for k in range(6)], abs=0.01
    )
    assert [span.width for span in spans] == pytest.approx([100 * STALL_S / SPAN_S] * 6, abs=0.01)
    assert not any(span.crowded for span in spans)


def test_expected_stalls_stand_on_the_episodes(campaign: CampaignAnalysis) -> None:
    """The places where a claim expects stalls are those of the episodes."""
    drawn = panel(request_table(stall=True), campaign.nodes[1])
    assert drawn.expected == pytest.approx([span.left for span in drawn.episodes], abs=0.01)


def test_too_many_expected_stalls_are_no_line(campaign: CampaignAnalysis) -> None:
    """Where the marks would run together, none is drawn."""
    node = campaign.nodes[1]
    stalls = tuple(replace(s, cycles_expected=900) for s in node.analysis.periodic_stalls)
    crowded = replace(node, analysis=replace(node.analysis, periodic_stalls=stalls))
    assert panel(request_table(stall=True), crowded).expected == ()


def test_episodes_too_close_to_tell_apart_are_one_span() -> None:
    """Episodes within two pixel columns become one span that says how many they are and the slowest."""
    episodes = tuple(episode_at(10 + 0.1 * k, 0.05, peak_ms=300.0 + k) for k in range(4))
    run = replace(quiet_run(), episodes=(*episodes, episode_at(40, 1)))
    spans = panel(request_table(), NodeResult(name="n", kind="node", analysis=run)).episodes
    assert [span.crowded for span in spans] == [True, False]
    assert spans[0].title == "4 episodes from 02:00:10.000 UTC, peak 303 ms"


def test_a_gap_is_a_gap() -> None:
    """A stretch without requests is a span, inside the run and where a run ended before the others."""
    table = request_table()
    start_s = (table["end_ns"] - STARTED_NS) / NS_PER_S
    short = table[(start_s < 20) | ((start_s > 30) & (start_s < 60))]
    nodes = [NodeResult(name=name, kind="node", analysis=quiet_run()) for name in ("whole", "short")]
    whole, cut = timeline(nodes, {"whole": table, "short": short}, Limits()).panels
    assert whole.gaps == ()
    assert [(round(gap.left), round(gap.width)) for gap in cut.gaps] == [(27, 13), (80, 20)]
    assert cut.gaps[0].title == "No requests for 10 s"


def test_errors_are_on_their_strip_and_not_at_zero_ms() -> None:
    """Requests of unknown time appear as ticks; the latency trace has only the others."""
    table = request_table(seconds=10, rate=1, errors=3)
    drawn = panel(table)
    assert (drawn.drawn, drawn.failed) == (10, 3)
    assert drawn.errors.count("M") == 3
    assert drawn.paths.band.count("M") == 7


def test_all_requests_failed() -> None:
    """A node that never answered is an empty trace over a full strip, not an error."""
    drawn = panel(request_table(seconds=10, rate=1, errors=10))
    assert drawn.paths.band == ""
    assert drawn.errors.count("M") == 10


def test_one_request() -> None:
    """A Run of one request is drawn."""
    assert panel(request_table(seconds=1, rate=1)).paths.band.count("M") == 1


def test_runs_side_by_side_share_the_clock() -> None:
    """Panels of Runs made together are on one UTC axis, and the limit is on it."""
    nodes = [NodeResult(name=name, kind="node", analysis=quiet_run()) for name in "ab"]
    chart = timeline(nodes, {"a": request_table(seed=1), "b": request_table(seed=2)}, Limits(slowest_ms=4000))
    assert chart.axis_label == "UTC, 12 Mar 2026"
    assert chart.x_ticks[0].label == "02:00:00"
    assert chart.limit_label == "limit 4 s"
    assert 0 < chart.limit_y < chart.height_px / 2


def test_a_limit_that_does_not_apply_is_not_drawn(stall: PeriodicStall) -> None:
    """An infinite limit (a download's) has no label and stretches no axis, in either chart."""
    node, limits = NodeResult(name="a", kind="node", analysis=quiet_run()), Limits(slowest_ms=math.inf)
    for chart in (
        timeline([node], {"a": request_table()}, limits),
        fold(request_table(stall=True), stall, limits),
    ):
        assert chart.limit_label == ""
        assert len(chart.y_ticks) >= 2
        assert 0 <= min(tick.at for tick in chart.y_ticks) < 60


def test_runs_far_apart_count_from_their_own_start() -> None:
    """Runs of different days are each drawn from their start, not as two dots on a week."""
    later = request_table(seed=2)
    later["end_ns"] += 86400 * NS_PER_S
    nodes = [NodeResult(name=name, kind="node", analysis=quiet_run()) for name in "ab"]
    chart = timeline(nodes, {"a": request_table(seed=1), "b": later}, Limits())
    assert "since the start of each run" in chart.axis_label
    assert [one.paths.band.count("M") > 500 for one in chart.panels] == [True, True]
    assert [one.gaps for one in chart.panels] == [(), ()]


def test_many_nodes_get_fewer_columns() -> None:
    """A campaign of thirty nodes does not grow to megabytes."""
    nodes = [NodeResult(name=str(k), kind="node", analysis=quiet_run()) for k in range(30)]
    assert timeline(nodes, {}, Limits()).columns == 240
