"""The stable JSON of a Run's analysis and of a Campaign's."""

from __future__ import annotations

import math
from dataclasses import asdict
from datetime import UTC, datetime

from analysis.findings import CampaignAnalysis, Episode, NodeResult, PeriodicStall, RunAnalysis
from analysis.requests import NS_PER_S

STALL_FIELDS = (
    "period_s",
    "period_ci_s",
    "stall_s",
    "phase_s",
    "peak_ms",
    "cycles_expected",
    "cycles_hit",
    "p_value",
    "dominant_phase",
    "scenario",
    "timer",
)


def to_json(analysis: RunAnalysis, *, input_name: str) -> dict[str, object]:
    """Return one Run's analysis as the object that ``analyze --format json`` prints.

    Numbers that are no finite number become None; instants are ISO 8601 in UTC with nanoseconds.
    """
    latency = analysis.latency
    return {
        "input": input_name,
        "verdict": analysis.verdict.value,
        "requests": analysis.requests,
        "duration_s": finite(analysis.duration_s),
        "periodic_stalls": [stall_json(stall) for stall in analysis.periodic_stalls],
        "periodicity_p_value": finite(analysis.periodicity_p_value),
        "episodes": [episode_json(episode) for episode in analysis.episodes],
        "latency_ms": {
            "p50": finite(latency.p50_ms),
            "p95": finite(latency.p95_ms),
            "p99": finite(latency.p99_ms),
            "max": finite(latency.max_ms),
        },
        "error_rate": finite(analysis.error_rate),
        "dropped_iterations": analysis.dropped_iterations,
        "censored": analysis.censored,
        "needed_duration_s": finite(analysis.needed_duration_s),
        "notes": [*analysis.reasons, *analysis.notes],
    }


def campaign_to_json(campaign: CampaignAnalysis) -> dict[str, object]:
    """Return a Campaign's analysis as one object; each Node carries its Run's object."""
    return {
        "verdict": campaign.verdict.value,
        "sentence": campaign.sentence,
        "nodes": [node_json(node) for node in campaign.nodes],
        "control": node_json(campaign.control) if campaign.control is not None else None,
        "notes": list(campaign.notes),
    }


def node_json(node: NodeResult) -> dict[str, object]:
    """Return one Node's name and kind with its Run's object."""
    return {"name": node.name, "kind": node.kind, **to_json(node.analysis, input_name=node.name)}


def stall_json(stall: PeriodicStall) -> dict[str, object]:
    """Return one claim; the interval as a list."""
    values = asdict(stall)
    return {name: plain(values[name]) for name in STALL_FIELDS}


def episode_json(episode: Episode) -> dict[str, object]:
    """Return one Episode with its instants as text."""
    return {
        "start": instant(episode.start_ns),
        "end": instant(episode.end_ns),
        "peak_ms": finite(episode.peak_ms),
        "requests": episode.requests,
        "dominant_phase": episode.dominant_phase,
    }


def plain(value: object) -> object:
    """Return a JSON value: finite numbers, lists for tuples."""
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return finite(value) if isinstance(value, float) else value


def finite(value: float | None) -> float | None:
    """Return the number, or None where JSON has none."""
    return float(value) if value is not None and math.isfinite(value) else None


def instant(at_ns: int) -> str:
    """Return nanoseconds UTC as ISO 8601 with nine decimals: 2026-11-23T02:00:00.000000001Z."""
    whole, rest = divmod(at_ns, NS_PER_S)
    return f"{datetime.fromtimestamp(whole, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"
