"""How a history is shown: one line a series, and in words what changed."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from analysis.history.series import Kind, Metric
from orchestrator.cli.show.results import table
from reports.formats import UNKNOWN, counted, latency, percent, rate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from analysis.history.gather import Past
    from analysis.history.series import ChangePoint, Sensitivity, Series
    from orchestrator.history.gather import Gathered

HEADINGS = ("node", "endpoint", "figure", "n", "last", "normal", "changed")
NO_CHANGE = "-"


def _three(value: float) -> str:
    """Write three digits, and all of those before the point."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


WRITTEN: dict[Metric, Callable[[float], str]] = {
    Metric.ERRORS: percent,
    Metric.STALLS: lambda value: f"{_three(value)}/h",
    Metric.STALLED: lambda value: f"{_three(value)} s/h",
    Metric.THROUGHPUT: rate,
    Metric.ANSWERED: lambda value: f"{_three(value)}/s",
}


def history_lines(
    gathered: Gathered, pasts: Sequence[Past], sensitivity: Sensitivity, since_ns: int
) -> list[str]:
    """Return what stands, the table of series, and how often it errs."""
    rows = [_row(past, since_ns) for past in pasts]
    return [
        _headline(gathered, pasts, since_ns),
        "",
        *table(HEADINGS, rows),
        "",
        *gathered.left_out,
        _said_of_alarms(pasts, sensitivity),
    ]


def standing(pasts: Sequence[Past], since_ns: int) -> list[Past]:
    """Return the series whose last confirmed change, since then, was a regression."""
    return [
        past for past in pasts if past.regressed and past.series.at_ns[past.confirmed[-1].first] >= since_ns
    ]


def value_words(value: float, metric: Metric) -> str:
    """Write a value, or a level, of a series with its unit."""
    if not math.isfinite(value):
        return UNKNOWN
    return WRITTEN.get(metric, latency)(value)


def change_words(change: ChangePoint, series: Series) -> str:
    """Say what changed since when, by how much, over how many campaigns, and how sure it is."""
    first, earliest, latest = (_when(series, i) for i in (change.first, change.earliest, change.latest))
    between = f" ({earliest} to {latest})" if earliest != latest else ""
    name = "" if change.state == "confirmed" else f"{change.state}: "
    levels = f"{value_words(change.before, series.metric)} to {value_words(change.after, series.metric)}"
    factor = f" (x {change.factor:.3g})" if math.isfinite(change.factor) and change.factor else ""
    return (
        f"{name}{change.kind} since {first}{between}: {levels}{factor},"
        f" n = {change.n_before} and {change.n_after}, confidence {percent(change.confidence, 1)}"
    )


def _headline(gathered: Gathered, pasts: Sequence[Past], since_ns: int) -> str:
    stand, waiting = len(standing(pasts, since_ns)), sum(past.candidate is not None for past in pasts)
    recovered = sum(
        bool(past.confirmed)
        and past.confirmed[-1].kind is Kind.RECOVERY
        and past.series.at_ns[past.confirmed[-1].first] >= since_ns
        for past in pasts
    )
    said = [f"{counted(stand, 'regression')} {'stands' if stand == 1 else 'stand'}"] if stand else []
    said += [f"{recovered:,} series recovered"] if recovered else []
    said += [f"{counted(waiting, 'candidate')} to be confirmed by the next campaigns"] if waiting else []
    nodes = len({past.series.node for past in pasts})
    return (
        f"{'; '.join(said) or 'no change of level'}: {counted(gathered.campaigns, 'campaign')} of"
        f" {gathered.profile}, {counted(nodes, 'node')}, {len(pasts):,} series"
    )


def _row(past: Past, since_ns: int) -> tuple[str, ...]:
    series = past.series
    changes = [change for change in past.changes if series.at_ns[change.first] >= since_ns]
    return (
        series.node,
        series.endpoint or "(all)",
        series.metric.value,
        f"{series.n:,}",
        value_words(past.last, series.metric),
        f"{value_words(past.normal, series.metric)} (n = {past.normal_n})",
        "; ".join(change_words(change, series) for change in changes) or NO_CHANGE,
    )


def _said_of_alarms(pasts: Sequence[Past], sensitivity: Sensitivity) -> str:
    after = counted(sensitivity.confirmations, "campaign")
    return (
        f"a change is confirmed by the next {after}; set for {sensitivity.false_alarms_a_year:g} false"
        f" alarms a year over all {len(pasts):,} series"
    )


def _when(series: Series, index: int) -> str:
    return f"{datetime.fromtimestamp(int(series.at_ns[index]) / 1e9, UTC):%Y-%m-%d %H:%M}Z"
