"""What a Run came to as line protocol, so that a dashboard needs no other source than InfluxDB.

Measurements, all with the tags ``run campaign node node_kind profile``:

``run``
    One point a Run, at its start: state, verdict and figures; ``record`` is its run.json, so that
    another machine analyzes it under the same limits.
``finding``
    One point a claim, at its start, with the tag ``kind``: ``periodic stall``, ``episode``, or a
    `FindingKind`; ``end_ns`` is its end.
``evidence``
    Counters by the second, with the tag ``source``: today ``requests``, what k6's requests add up to.

Each point has a time or tags of its own, made from what it is about alone: sent again, it replaces itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from analysis.findings import Episode, Finding, Limits, PeriodicStall, RunAnalysis, Verdict
from analysis.requests import NS_PER_S, is_fresh
from analysis.result import finite
from analysis.verdict import describe, reaches
from orchestrator.runs.record import RunRecord
from orchestrator.stores.influxdb.tags import field_in_line, tag_in_line

if TYPE_CHECKING:
    import pandas as pd

SEVERITY = {Verdict.PASS: 0, Verdict.INCONCLUSIVE: 1, Verdict.FAIL: 2}
"""Verdicts as numbers, of which the greatest is the worst: InfluxQL has no order of texts."""

Value = float | int | bool | str | None
"""Of a field, always of one type: InfluxDB refuses an integer where it has seen a float."""
Fields = Mapping[str, Value]


def result_lines(record: RunRecord, analysis: RunAnalysis) -> list[str]:
    """Return the points of the measurements ``run`` and ``finding`` of one Run.

    A result replaces an older one of its Run but for findings that are no more, and for fields that it
    does not know.

    Parameters
    ----------
    record
        As it was closed; one that still runs gives a point with the state ``running``.
    analysis
        As the Campaign has it, corrected over its Nodes.
    """
    tags = _tags(record)
    lines = [_line("run", tags, _figures(record, analysis), record.started_ns)]
    taken: set[tuple[str, int]] = set()
    for kind, start_ns, fields in _findings(analysis, record.limits):
        at_ns = start_ns
        while (kind, at_ns) in taken:  # two scenarios may stall, or two endpoints fail, at one instant
            at_ns += 1
        taken.add((kind, at_ns))
        lines.append(_line("finding", tags | {"kind": kind}, fields, at_ns))
    return lines


def evidence_lines(record: RunRecord, frame: pd.DataFrame) -> list[str]:
    """Return the points of the measurement ``evidence`` that a Run's requests give.

    For each second of the Run, those without a request too: ``requests`` that ended in it, how many of
    these ``failed``, and how many had opened ``connections``.

    Parameters
    ----------
    record
        The Run.
    frame
        Its request table, or of it ``end_ns``, ``failed`` and ``connecting_ns``.
    """
    if frame.empty:
        return []
    seconds = frame["end_ns"].to_numpy() // NS_PER_S
    first = int(seconds.min())
    at = seconds - first
    columns = {
        "requests": np.bincount(at),
        "failed": np.bincount(at[frame["failed"].to_numpy()], minlength=int(at.max()) + 1),
        "connections": np.bincount(at[is_fresh(frame)], minlength=int(at.max()) + 1),
    }
    tags = _tags(record) | {"source": "requests"}
    return [
        _line(
            "evidence",
            tags,
            {name: int(counts[second]) for name, counts in columns.items()},
            (first + second) * NS_PER_S,
        )
        for second in range(len(columns["requests"]))
    ]


def _tags(record: RunRecord) -> dict[str, str]:
    return {
        "run": record.id,
        "campaign": record.campaign_id,
        "node": record.node,
        "node_kind": record.kind.value,
        "profile": record.profile,
    }


def _figures(record: RunRecord, analysis: RunAnalysis) -> Fields:
    latency = analysis.latency
    return {
        "state": record.state.value,
        "verdict": analysis.verdict.value,
        "severity": SEVERITY[analysis.verdict],
        "sentence": "; ".join([analysis.verdict.value, *analysis.reasons]),
        "notes": "; ".join(analysis.notes),
        "error": record.error,
        "requests": analysis.requests,
        "errors": analysis.errors,
        "error_rate": finite(analysis.error_rate),
        "rows": analysis.rows,
        "k6_requests": record.facts.expected_requests,
        "dropped_iterations": analysis.dropped_iterations,
        "censored": analysis.censored,
        "duration_s": finite(analysis.duration_s),
        "planned_s": finite(record.facts.planned_s),
        "needed_duration_s": finite(analysis.needed_duration_s),
        "rate_per_s": finite(record.rate_per_s),
        "timed": latency.n,
        "p50_ms": finite(latency.p50_ms),
        "p95_ms": finite(latency.p95_ms),
        "p99_ms": finite(latency.p99_ms),
        "max_ms": finite(latency.max_ms),
        "kept_share": finite(analysis.kept_share),
        "stalls": len(analysis.periodic_stalls),
        "stalls_over_limit": sum(reaches(stall, record.limits) for stall in analysis.periodic_stalls),
        "episodes": len(analysis.episodes),
        "findings": len(analysis.findings),
        "periodicity_p_value": finite(analysis.periodicity_p_value),
        "power": finite(analysis.power),
        "ended_ns": record.ended_ns,
        "record": record.to_json(),
    }


def _findings(analysis: RunAnalysis, limits: Limits) -> Iterator[tuple[str, int, Fields]]:
    """Yield kind, start and fields of each claim."""
    for stall in analysis.periodic_stalls:
        yield "periodic stall", stall.first_stall_ns, _stall(stall, limits)
    for finding in analysis.findings:
        yield finding.kind.value, finding.start_ns, _finding(finding)
    for episode in analysis.episodes:
        yield "episode", episode.start_ns, _episode(episode)


def _stall(stall: PeriodicStall, limits: Limits) -> Fields:
    low_s, high_s = stall.period_ci_s
    cycles_s = max(stall.cycles_expected - 1, 0) * stall.period_s
    return {
        "end_ns": stall.first_stall_ns + round((cycles_s + stall.stall_s) * NS_PER_S),
        "length_s": finite(stall.stall_s),
        "period_s": finite(stall.period_s),
        "period_low_s": finite(low_s),
        "period_high_s": finite(high_s),
        "phase_s": finite(stall.phase_s),
        "peak_ms": finite(stall.peak_ms),
        "added_ms": finite(stall.added_ms),
        "over_limit": reaches(stall, limits),
        "cycles_hit": stall.cycles_hit,
        "cycles_expected": stall.cycles_expected,
        "p_value": finite(stall.p_value),
        "dominant_phase": stall.dominant_phase,
        "scenario": stall.scenario,
        "timer": stall.timer,
        "shape": stall.shape,
        "words": describe(stall),
    }


def _finding(finding: Finding) -> Fields:
    return {
        "end_ns": finding.end_ns,
        "length_s": (finding.end_ns - finding.start_ns) / NS_PER_S,
        "size": finite(finding.size),
        "n": finding.n,
        "p_value": finite(finding.p_value),
        "words": finding.words,
    }


def _episode(episode: Episode) -> Fields:
    return {
        "end_ns": episode.end_ns,
        "length_s": (episode.end_ns - episode.start_ns) / NS_PER_S,
        "peak_ms": finite(episode.peak_ms),
        "n": episode.requests,
        "dominant_phase": episode.dominant_phase,
        "words": f"slowest request {episode.peak_ms:,.0f} ms"
        f" (n = {episode.requests:,}, phase {episode.dominant_phase})",
    }


def _line(measurement: str, tags: Mapping[str, str], fields: Fields, at_ns: int) -> str:
    """Return one point; what is not known is left out, as InfluxDB has no word for it."""
    keys = "".join(f",{name}={tag_in_line(value)}" for name, value in sorted(tags.items()))
    values = ((name, _value(value)) for name, value in fields.items())
    return f"{measurement}{keys} {','.join(f'{name}={value}' for name, value in values if value)} {at_ns}"


def _value(value: Value) -> str:
    """Return a field's value as line protocol has it, empty where there is none."""
    if isinstance(value, str):
        return field_in_line(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value}i"
    return "" if value is None else repr(value)
