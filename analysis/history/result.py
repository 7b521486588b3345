"""The stable JSON of a history."""

from __future__ import annotations

from analysis.history.gather import Past
from analysis.history.series import ChangePoint, Series
from analysis.result import finite, instant


def past_to_json(past: Past) -> dict[str, object]:
    """Return one series as the object that ``history --format json`` prints a line of."""
    series = past.series
    return {
        "node": series.node,
        "endpoint": series.endpoint or None,
        "metric": series.metric.name.lower(),
        "unit": series.metric.unit,
        "n": series.n,
        "first": instant(int(series.at_ns[0])),
        "last": {
            "at": instant(int(series.at_ns[-1])),
            "value": finite(past.last),
            "n": finite(float(series.exposure[-1])),
        },
        "normal": {"value": finite(past.normal), "campaigns": past.normal_n},
        "changes": [change_to_json(change, series) for change in past.changes],
    }


def change_to_json(change: ChangePoint, series: Series) -> dict[str, object]:
    """Return one change point with its instants as text."""
    return {
        "state": change.state.value,
        "kind": change.kind.value,
        "since": instant(int(series.at_ns[change.first])),
        "since_95": [instant(int(series.at_ns[i])) for i in (change.earliest, change.latest)],
        "seen": instant(int(series.at_ns[change.seen])),
        "before": finite(change.before),
        "after": finite(change.after),
        "factor": finite(change.factor),
        "campaigns": [change.n_before, change.n_after],
        "confidence": finite(change.confidence),
        "false_alarm_years": finite(change.false_alarm_years),
    }
