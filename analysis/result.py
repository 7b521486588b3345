"""The stable JSON of a Run's analysis and of a Campaign's."""

from __future__ import annotations

import math
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from analysis.findings import (
    CampaignAnalysis,
    Episode,
    Finding,
    Limits,
    NodeResult,
    PeriodicStall,
    RunAnalysis,
    Throughput,
)
from analysis.requests import NS_PER_S

if TYPE_CHECKING:  # a Run's record needs this module long before anything is compared
    from analysis.compare import Comparison, NodeComparison

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
    "shape",
    "shape_evidence",
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
        "throughput": throughput_json(analysis.throughput) if analysis.throughput else None,
        "findings": [finding_json(finding) for finding in analysis.findings],
        "notes": [*analysis.reasons, *analysis.notes],
    }


def campaign_to_json(campaign: CampaignAnalysis) -> dict[str, object]:
    """Return a Campaign's analysis as one object; each Node carries its Run's object."""
    return {
        "verdict": campaign.verdict.value,
        "sentence": campaign.sentence,
        "nodes": [node_json(node) for node in campaign.nodes],
        "control": node_json(campaign.control) if campaign.control is not None else None,
        "across_nodes": [plain(asdict(sighting)) for sighting in campaign.sightings],
        "notes": list(campaign.notes),
    }


def node_json(node: NodeResult) -> dict[str, object]:
    """Return one Node's name and kind with its Run's object."""
    return {"name": node.name, "kind": node.kind, **to_json(node.analysis, input_name=node.name)}


def comparison_to_json(
    comparison: Comparison, *, before: str, after: str, limits: Limits
) -> dict[str, object]:
    """Return a comparison as the object that ``compare --format json`` prints."""
    return {
        "before": before,
        "after": after,
        "outcome": comparison.outcome.value,
        "sentence": comparison.sentence,
        "nodes": [compared_json(node, limits) for node in comparison.nodes],
        "notes": list(comparison.notes),
    }


def compared_json(node: NodeComparison, limits: Limits) -> dict[str, object]:
    """Return one Node's comparison: both sides' figures, and each trouble that was looked for."""
    runs = {"before": node.before, "after": node.after}
    return {
        "name": node.name,
        "outcome": node.outcome.value,
        "checks": [
            {
                "outcome": check.outcome.value,
                "reason": check.reason,
                "expected": finite(check.expected),
                "seen": check.seen,
                "p_value": finite(check.p_value),
            }
            for check in node.checks
        ],
        "verdict": {side: run.verdict.value for side, run in runs.items()},
        "requests": {side: run.requests for side, run in runs.items()},
        "duration_s": {side: finite(run.duration_s) for side, run in runs.items()},
        "slowest_ms": {
            **{side: finite(run.latency.max_ms) for side, run in runs.items()},
            "limit": finite(limits.slowest_ms),
        },
    }


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


def throughput_json(throughput: Throughput) -> dict[str, object]:
    """Return the figures of a Run's throughput, without the rates that they are of."""
    return {
        "requests": throughput.requests,
        "total_bytes": throughput.total_bytes,
        "bin_s": throughput.bin_s,
        "bins": throughput.counted_bins,
        "bytes_per_s": {
            "mean": finite(throughput.mean_bytes_per_s),
            "median": finite(throughput.median_bytes_per_s),
            "p5": finite(throughput.p5_bytes_per_s),
            "lowest": finite(throughput.lowest_bytes_per_s),
        },
        "lowest_at": instant(throughput.lowest_at_ns),
    }


def finding_json(finding: Finding) -> dict[str, object]:
    """Return one finding with its instants as text."""
    return {
        "kind": finding.kind.value,
        "start": instant(finding.start_ns),
        "end": instant(finding.end_ns),
        "size": finite(finding.size),
        "n": finding.n,
        "p_value": finite(finding.p_value),
        "words": finding.words,
    }


def plain(value: object) -> object:
    """Return a JSON value: finite numbers, lists for tuples, also inside."""
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    return finite(value) if isinstance(value, float) else value


def finite(value: float | None) -> float | None:
    """Return the number, or None where JSON has none."""
    return float(value) if value is not None and math.isfinite(value) else None


def instant(at_ns: int) -> str:
    """Return nanoseconds UTC as ISO 8601 with nine decimals: 2026-11-23T02:00:00.000000001Z."""
    whole, rest = divmod(at_ns, NS_PER_S)
    return f"{datetime.fromtimestamp(whole, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"
