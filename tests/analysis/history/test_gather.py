"""From Runs to series: which there are, in which order, and what is said of the last night."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from analysis.history.figures import EndpointFigures, RunFigures
from analysis.history.gather import Night, history_of, series_of
from analysis.history.result import past_to_json
from analysis.history.series import Metric, Sensitivity
from tests.analysis.history.nights import DAY_NS

ONE = EndpointFigures(requests=1000, errors=2, p50_ms=5, p95_ms=9, p99_ms=20, slowest_ms=40)
RUN = RunFigures(
    requests=1000, duration_s=1800, stalls=3, stalled_s=6, bytes_per_s=float("nan"), answered_per_s=9,
    endpoints={"/": ONE},
)  # fmt: skip


def night(number: int, node: str = "a", figures: RunFigures = RUN) -> Night:
    """Return one night."""
    return Night(run=f"{number}.{node}", node=node, at_ns=number * DAY_NS, figures=figures)


def test_every_node_and_endpoint_has_its_series() -> None:
    """Five figures an endpoint and three a Node, in the order of time, whatever order Runs come in."""
    found = series_of([night(2), night(0, "b"), night(1)])
    assert [(s.node, s.metric, s.n) for s in found[:8]] == [
        ("a", metric, 2)
        for metric in (
            Metric.P50, Metric.P95, Metric.P99, Metric.SLOWEST, Metric.ERRORS,
            Metric.STALLS, Metric.STALLED, Metric.ANSWERED,
        )
    ]  # fmt: skip
    assert [s.node for s in found[8:]] == ["b"] * 8
    assert all((np.diff(s.at_ns) > 0).all() for s in found)


def test_counts_have_their_exposure() -> None:
    """Errors are among requests, stalls and their length in hours."""
    found = {s.metric: s for s in series_of([night(0)])}
    for metric, value, exposure in (
        (Metric.ERRORS, 2, 1000), (Metric.STALLS, 3, 0.5), (Metric.STALLED, 6, 0.5)
    ):  # fmt: skip
        assert (found[metric].values[0], found[metric].exposure[0]) == (value, exposure)


def test_what_is_not_known_is_a_missing_night() -> None:
    """An endpoint without a latency has errors only; bytes a second stand before answers a second."""
    down = replace(ONE, errors=1000, p50_ms=np.nan, p95_ms=np.nan, p99_ms=np.nan, slowest_ms=np.nan)
    dark = replace(RUN, endpoints={"/": down}, answered_per_s=0.0)
    counts = {s.metric: s.n for s in series_of([night(0), night(1, figures=dark)])}
    assert counts[Metric.P50] == counts[Metric.ANSWERED] == 1
    assert counts[Metric.ERRORS] == 2
    bytes_known = series_of([night(0, figures=replace(RUN, bytes_per_s=1e6))])
    assert next(s for s in bytes_known if s.metric is Metric.THROUGHPUT).values[0] == 1e6


def shifted(number: int, from_night: int) -> Night:
    """Return a night whose median trebles from some night on."""
    level = (15 if number >= from_night else 5) * np.exp(0.05 * np.sin(7.3 * number))
    return night(number, figures=replace(RUN, endpoints={"/": replace(ONE, p50_ms=level)}))


def test_the_normal_of_today_is_that_since_the_last_change() -> None:
    """After a confirmed change its nights alone; a candidate's night is not normal yet."""
    for nights, level, count in ((24, 15, 4), (21, 5, 20)):
        pasts = history_of([shifted(n, 20) for n in range(nights)], Sensitivity())
        past = next(p for p in pasts if p.series.metric is Metric.P50)
        assert past.normal == pytest.approx(level, rel=0.06)
        assert past.normal_n == count
        assert past.last == pytest.approx(15, rel=0.06)
        assert past.regressed is (nights == 24)
        assert (past.candidate is None) is (nights == 24)
    assert {p.series.metric for p in pasts if p.changes} == {Metric.P50}


def test_json_says_since_when_and_how_sure() -> None:
    """One object a series with the change, its bounds and its n."""
    pasts = history_of([shifted(n, 20) for n in range(24)], Sensitivity())
    value: dict[str, Any] = past_to_json(next(p for p in pasts if p.series.metric is Metric.P50))
    [change] = value["changes"]
    assert (value["metric"], value["unit"], value["n"]) == ("p50", "ms", 24)
    assert (change["state"], change["kind"]) == ("confirmed", "regression")
    assert change["since"] == "1970-01-21T00:00:00.000000000Z"
    assert change["factor"] == pytest.approx(3, rel=0.1)
    assert change["campaigns"] == [20, 2]
