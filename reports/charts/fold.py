"""Latency folded on a found period: every cycle laid over the others, the stall in the same place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis import folding
from analysis.findings import Limits, PeriodicStall
from reports import formats
from reports.charts.columns import Paths, column_of, gather, trace
from reports.charts.points import points_of
from reports.charts.scales import LogScale, XTick, YTick, limit_label, offset_ticks

HEIGHT_PX = 168
COLUMNS = 300
LEAD = 0.25
"""The stall begins after this share of the period, so that what comes before it is seen too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """A folded chart; the window of the stall in percent of the width, ``drawn`` 0 when empty."""

    paths: Paths
    columns: int
    height_px: int
    window_left: float
    window_width: float
    x_ticks: tuple[XTick, ...]
    y_ticks: tuple[YTick, ...]
    limit_y: float
    limit_label: str
    drawn: int
    summary: str


def fold(requests: pd.DataFrame | None, stall: PeriodicStall, limits: Limits) -> Fold:
    """Fold the requests of one node by their start on the period of a claimed stall.

    Only requests of the stall's scenario with a known time are drawn.
    """
    points = points_of(requests, stall.scenario)
    known = points.timed
    since_s = folding.fold(points.start_ns[known], stall.period_s, stall.first_stall_ns)
    share = np.mod(since_s / stall.period_s + LEAD, 1.0)
    columns = gather(column_of(share, COLUMNS), points.total_ms[known])
    low = float(columns.low_ms.min()) if len(columns.index) else 1.0
    high = float(columns.high_ms.max()) if len(columns.index) else 1.0
    scale = LogScale.with_limit(low, high, limits.slowest_ms, HEIGHT_PX)
    drawn = int(known.sum())
    return Fold(
        paths=trace(columns, scale),
        columns=COLUMNS,
        height_px=HEIGHT_PX,
        window_left=round(100 * LEAD, 3),
        window_width=round(100 * min(stall.stall_s / stall.period_s, 1 - LEAD), 3),
        x_ticks=offset_ticks(-LEAD * stall.period_s, (1 - LEAD) * stall.period_s),
        y_ticks=scale.ticks(),
        limit_y=scale.y_of(limits.slowest_ms),
        limit_label=limit_label(limits.slowest_ms),
        drawn=drawn,
        summary=f"{formats.counted(drawn, 'request')} laid over each other by their start.",
    )
