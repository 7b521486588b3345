"""From the figures of many Runs to series, and from series to what changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.history.detect import change_points
from analysis.history.figures import EndpointFigures, RunFigures
from analysis.history.series import ChangePoint, Kind, Metric, Sensitivity, Series, State

HOUR_S = 3600.0
LATENCIES = {
    Metric.P50: "p50_ms",
    Metric.P95: "p95_ms",
    Metric.P99: "p99_ms",
    Metric.SLOWEST: "slowest_ms",
}

Point = tuple[int, float, float]
"""Start in ns, value, exposure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """One Run of one Node as its history sees it: when it started, and its figures."""

    run: str
    node: str
    at_ns: int
    figures: RunFigures


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One series with its change points: those confirmed, and perhaps a candidate at the end."""

    series: Series
    changes: tuple[ChangePoint, ...]

    @property
    def confirmed(self) -> tuple[ChangePoint, ...]:
        """The change points that were confirmed."""
        return tuple(change for change in self.changes if change.state is State.CONFIRMED)

    @property
    def candidate(self) -> ChangePoint | None:
        """The change that waits for the next campaign."""
        return next((change for change in self.changes if change.state is State.CANDIDATE), None)

    @property
    def regressed(self) -> bool:
        """Whether the last confirmed change was for the worse: it stands."""
        return bool(self.confirmed) and self.confirmed[-1].kind is Kind.REGRESSION

    @property
    def last(self) -> float:
        """The last campaign's value; of what is counted, the rate."""
        value, exposure = float(self.series.values[-1]), float(self.series.exposure[-1])
        return value / exposure if self.series.metric.counted else value

    @property
    def _span(self) -> slice:
        first = self.confirmed[-1].first if self.confirmed else 0
        return slice(first, self.candidate.first if self.candidate else self.series.n)

    @property
    def normal_n(self) -> int:
        """Over how many campaigns the normal of today is."""
        return len(self.series.values[self._span])

    @property
    def normal(self) -> float:
        """The normal of today: the median since the last confirmed change, or the rate."""
        values, exposure = self.series.values[self._span], self.series.exposure[self._span]
        return float(values.sum() / exposure.sum() if self.series.metric.counted else np.median(values))


def series_of(nights: Sequence[Night]) -> list[Series]:
    """Return every series of every Node, Nodes in the order of their names.

    Parameters
    ----------
    nights
        Runs of one load, in any order. An endpoint that a Run did not ask for is a missing night to it.
    """
    points: dict[tuple[str, str, Metric], list[Point]] = {}
    for night in sorted(nights, key=lambda night: (night.node, night.at_ns)):
        for endpoint, metric, value, exposure in _figures(night.figures):
            if np.isfinite(value) and exposure > 0:
                points.setdefault((night.node, endpoint, metric), []).append((night.at_ns, value, exposure))
    return [_series(*key, points=of) for key, of in points.items()]


def _series(node: str, endpoint: str, metric: Metric, *, points: list[Point]) -> Series:
    at, values, exposure = zip(*points, strict=True)
    return Series(
        node=node,
        endpoint=endpoint,
        metric=metric,
        at_ns=np.asarray(at, dtype=np.int64),
        values=np.asarray(values, dtype=np.float64),
        exposure=np.asarray(exposure, dtype=np.float64),
    )


def _figures(run: RunFigures) -> Iterator[tuple[str, Metric, float, float]]:
    """Yield endpoint, metric, value and exposure; the endpoint is empty for what is the whole Run's."""
    for name, one in run.endpoints.items():
        yield from _latencies(name, one)
        yield name, Metric.ERRORS, one.errors, one.requests
    hours = run.duration_s / HOUR_S
    yield "", Metric.STALLS, run.stalls, hours
    yield "", Metric.STALLED, run.stalled_s, hours
    by_bytes = np.isfinite(run.bytes_per_s)
    rate = run.bytes_per_s if by_bytes else run.answered_per_s
    metric = Metric.THROUGHPUT if by_bytes else Metric.ANSWERED
    yield "", metric, rate if rate > 0 else float("nan"), run.requests


def _latencies(name: str, one: EndpointFigures) -> Iterator[tuple[str, Metric, float, float]]:
    for metric, figure in LATENCIES.items():
        yield name, metric, getattr(one, figure), one.requests


def history_of(nights: Sequence[Night], sensitivity: Sensitivity) -> list[Past]:
    """Return every series with its change points; false alarms are held down over all series together."""
    found = series_of(nights)
    return [
        Past(series=series, changes=change_points(series, sensitivity, all_series=len(found)))
        for series in found
    ]
