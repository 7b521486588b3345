"""Latency over time: one panel a node, all on the same axes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.findings import Episode, Limits, NodeResult
from analysis.requests import NS_PER_S
from reports import formats
from reports.charts.columns import Columns, Paths, column_of, gather, ticks, trace
from reports.charts.points import Points, points_of
from reports.charts.scales import LogScale, XTick, YTick, elapsed_ticks, limit_label, time_ticks
from reports.charts.windows import Span, Window, axis_label, windows_of

HEIGHT_PX = 118
ERROR_HEIGHT_PX = 9
CROWDED_HEIGHT_PX = 6
MIN_APART = 2
MAX_EXPECTED_MARKS = 200
"""More expected stalls than this would be a solid line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One node's part of the timeline; ``expected`` are places of claimed stalls, in percent."""

    name: str
    kind: str
    summary: str
    paths: Paths
    errors: str
    drawn: int
    failed: int
    slow: int
    episodes: tuple[Span, ...] = ()
    gaps: tuple[Span, ...] = ()
    expected: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The whole chart: panels and the axes that they share; no panel holds a request when ``empty``."""

    panels: tuple[Panel, ...]
    columns: int
    height_px: int
    error_height_px: int
    crowded_height_px: int
    x_ticks: tuple[XTick, ...]
    y_ticks: tuple[YTick, ...]
    limit_y: float
    limit_label: str
    axis_label: str
    empty: bool


def timeline(results: Sequence[NodeResult], frames: Mapping[str, pd.DataFrame], limits: Limits) -> Timeline:
    """Lay out the latency of every node over time.

    Nodes that ran at the same time share a UTC axis; where the runs lie further apart than they are
    long, each panel counts from its own start.

    Parameters
    ----------
    results
        The nodes in the order of their panels.
    frames
        Request tables by node name; a missing one is an empty panel.
    limits
        ``slowest_ms`` is drawn as a line, an infinite one not at all.
    """
    points = [points_of(frames.get(result.name)) for result in results]
    columns = max(240, min(600, 3600 // max(1, len(points))))
    windows, clocked = windows_of([point.start_ns for point in points], columns)
    gathered = [_columns(point, window) for point, window in zip(points, windows, strict=True)]
    scale = _scale(gathered, limits)
    axis = windows[0] if windows else Window(start_ns=0, span_ns=NS_PER_S, columns=columns)
    return Timeline(
        panels=tuple(map(_panel, results, points, windows, gathered, [scale] * len(points))),
        columns=columns,
        height_px=HEIGHT_PX,
        error_height_px=ERROR_HEIGHT_PX,
        crowded_height_px=CROWDED_HEIGHT_PX,
        x_ticks=time_ticks(axis.start_ns, axis.span_ns) if clocked else elapsed_ticks(axis.span_ns),
        y_ticks=scale.ticks(),
        limit_y=scale.y_of(limits.slowest_ms),
        limit_label=limit_label(limits.slowest_ms),
        axis_label=axis_label(axis, clocked=clocked),
        empty=not any(len(point.start_ns) for point in points),
    )


def _columns(points: Points, window: Window) -> Columns:
    known = points.timed
    return gather(column_of(window.share(points.start_ns[known]), window.columns), points.total_ms[known])


def _scale(gathered: Iterable[Columns], limits: Limits) -> LogScale:
    held = [columns for columns in gathered if len(columns.index)]
    low = min((float(columns.low_ms.min()) for columns in held), default=1.0)
    high = max((float(columns.high_ms.max()) for columns in held), default=1.0)
    return LogScale.with_limit(low, high, limits.slowest_ms, HEIGHT_PX)


def _panel(result: NodeResult, points: Points, window: Window, columns: Columns, scale: LogScale) -> Panel:
    failed = points.failed
    return Panel(
        name=result.name,
        kind=result.kind,
        summary=_summary(result, points),
        paths=trace(columns, scale),
        errors=ticks(column_of(window.share(points.start_ns[failed]), window.columns), ERROR_HEIGHT_PX),
        drawn=len(points.start_ns),
        failed=int(failed.sum()),
        slow=len(result.analysis.episodes),
        episodes=_episodes(result.analysis.episodes, window),
        gaps=_gaps(points, window) if len(points.start_ns) else (),
        expected=_expected(result, window),
    )


def _episodes(episodes: Sequence[Episode], window: Window) -> tuple[Span, ...]:
    """Return the episodes as spans; those closer than ``MIN_APART`` pixel columns become one."""
    spans: list[Span] = []
    held: list[Episode] = []
    apart_ns = MIN_APART * window.span_ns // window.columns
    for episode in sorted(episodes, key=lambda episode: episode.start_ns):
        if held and episode.start_ns <= max(other.end_ns for other in held) + apart_ns:
            held.append(episode)
            continue
        if held:
            spans.append(_episode_span(held, window))
        held = [episode]
    return (*spans, _episode_span(held, window)) if held else ()


def _episode_span(held: Sequence[Episode], window: Window) -> Span:
    start, end = held[0].start_ns, max(episode.end_ns for episode in held)
    many = f"{len(held)} episodes" if len(held) > 1 else "Episode"
    peak = formats.latency(max(episode.peak_ms for episode in held))
    title = f"{many} from {formats.clock(start, millis=True)} UTC, peak {peak}"
    return window.span(start, end, title, crowded=len(held) > 1)


def _gaps(points: Points, window: Window) -> tuple[Span, ...]:
    """Return the stretches without any request: ten times the usual distance, and at least 2 s."""
    starts = np.sort(points.start_ns)
    usual = float(np.median(np.diff(starts))) if len(starts) > 1 else 0.0
    least = max(10 * usual, 2.0 * NS_PER_S, 2.0 * window.span_ns / window.columns)
    edges = np.concatenate([[window.start_ns], starts, [window.start_ns + window.span_ns]])
    wide = np.flatnonzero(np.diff(edges) > least).tolist()
    return tuple(
        window.span(
            int(edges[at]),
            int(edges[at + 1]),
            f"No requests for {formats.duration((edges[at + 1] - edges[at]) / NS_PER_S)}",
        )
        for at in wide
    )


def _expected(result: NodeResult, window: Window) -> tuple[float, ...]:
    places: list[float] = []
    for stall in result.analysis.periodic_stalls:
        number = np.arange(min(stall.cycles_expected, MAX_EXPECTED_MARKS + 1))
        at = stall.first_stall_ns + np.round(number * stall.period_s * NS_PER_S).astype(np.int64)
        share = window.share(at)
        if len(number) <= MAX_EXPECTED_MARKS:
            places += (100 * share[(share >= 0) & (share <= 1)]).round(3).tolist()
    return tuple(places)


def _summary(result: NodeResult, points: Points) -> str:
    failed = formats.counted(int(points.failed.sum()), "error")
    episodes = formats.counted(len(result.analysis.episodes), "episode")
    return f"{formats.counted(len(points.start_ns), 'request')}, {failed}, {episodes} of slow requests."
