"""Bytes a second over time: one panel a node that received any, all on the same axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.findings import NodeResult, Throughput
from analysis.requests import NS_PER_S
from reports import formats
from reports.charts.scales import RateScale, XTick, YTick, elapsed_ticks, time_ticks
from reports.charts.windows import Span, Window, axis_label, windows_of

HEIGHT_PX = 118
COLUMNS = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class RatePanel:
    """One node's bytes a second.

    ``area`` and ``line`` are path data; ``lowest`` is the place of the lowest rate in percent of the
    width, ``uncounted`` the end that the figures leave out.
    """

    name: str
    kind: str
    summary: str
    area: str
    line: str
    median_y: float
    median_label: str
    lowest: float
    uncounted: Span | None
    requests: int
    figures: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RateChart:
    """The whole chart: panels, none where no bytes are known, and the axes that they share."""

    panels: tuple[RatePanel, ...]
    columns: int
    height_px: int
    x_ticks: tuple[XTick, ...]
    y_ticks: tuple[YTick, ...]
    axis_label: str


def rate_chart(nodes: Sequence[NodeResult]) -> RateChart:
    """Lay out the throughput of every node that has one, in this order.

    The control is none of them: what loopback carries would set the axis of all.
    """
    measured = [(node, node.analysis.throughput) for node in nodes if node.analysis.throughput is not None]
    windows, clocked = windows_of([_edges_ns(throughput) for _, throughput in measured], COLUMNS)
    axis = windows[0] if windows else Window(start_ns=0, span_ns=NS_PER_S, columns=COLUMNS)
    highest = max((max(throughput.bytes_per_s) for _, throughput in measured), default=0.0)
    scale = RateScale.up_to(highest, HEIGHT_PX)
    return RateChart(
        panels=tuple(
            _panel(node, throughput, window, scale)
            for (node, throughput), window in zip(measured, windows, strict=True)
        ),
        columns=COLUMNS,
        height_px=HEIGHT_PX,
        x_ticks=time_ticks(axis.start_ns, axis.span_ns) if clocked else elapsed_ticks(axis.span_ns),
        y_ticks=scale.ticks(),
        axis_label=axis_label(axis, clocked=clocked),
    )


def figures(throughput: Throughput) -> tuple[tuple[str, str], ...]:
    """Return the figures of a throughput, each with its name."""
    return (
        ("Mean", formats.rate(throughput.mean_bytes_per_s)),
        ("Median", formats.rate(throughput.median_bytes_per_s)),
        ("p5", formats.rate(throughput.p5_bytes_per_s)),
        (
            f"Lowest {formats.duration(throughput.bin_s)}",
            f"{formats.rate(throughput.lowest_bytes_per_s)} at {formats.clock(throughput.lowest_at_ns)}",
        ),
        ("Received", formats.size(throughput.total_bytes)),
        ("Requests (n)", formats.count(throughput.requests)),
    )


def _edges_ns(throughput: Throughput) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return where the bins begin, and where the last one ends."""
    number = np.arange(len(throughput.bytes_per_s) + 1)
    return throughput.first_bin_ns + np.round(number * throughput.bin_s * NS_PER_S).astype(np.int64)


def _panel(node: NodeResult, throughput: Throughput, window: Window, scale: RateScale) -> RatePanel:
    edges = _edges_ns(throughput)
    x = (window.columns * window.share(edges)).round(2).tolist()
    y = scale.y(np.array(throughput.bytes_per_s)).round(1).tolist()
    steps = "".join(f"V{height:g}H{right:g}" for height, right in zip(y, x[1:], strict=True))
    counted = int(edges[throughput.counted_bins])
    middle = throughput.lowest_at_ns + round(throughput.bin_s * NS_PER_S / 2)
    return RatePanel(
        name=node.name,
        kind=node.kind,
        summary=_summary(throughput),
        area=f"M{x[0]:g} {HEIGHT_PX}{steps}V{HEIGHT_PX}Z",
        line=f"M{x[0]:g} {y[0]:g}{steps}",
        median_y=scale.y_of(throughput.median_bytes_per_s),
        median_label=f"median {formats.rate(throughput.median_bytes_per_s)}",
        lowest=round(100 * float(window.share(np.array([middle]))[0]), 3),
        uncounted=window.span(counted, int(edges[-1]), "Not counted: no new download began")
        if throughput.counted_bins < len(throughput.bytes_per_s)
        else None,
        requests=throughput.requests,
        figures=figures(throughput),
    )


def _summary(throughput: Throughput) -> str:
    said = ", ".join(f"{name} {value}" for name, value in figures(throughput))
    return f"{said}; {formats.counted(len(throughput.bytes_per_s), 'bin')}."
