"""The figures of one Run that its Node's series are made of: small, and kept when its requests are gone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.findings import Limits, RunAnalysis
from analysis.generator import own_faults
from analysis.requests import NS_PER_MS, NS_PER_S
from analysis.result import finite
from analysis.run import measured_rows

NAN = float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointFigures:
    """One endpoint's requests: how many, how many of them failed, and the latency of those with a time."""

    requests: int
    errors: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    slowest_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFigures:
    """One Run's figures.

    ``stalls`` counts the slow Episodes that add at least ``limits.stall_ms`` to the median, ``stalled_s`` is
    their length in all. ``bytes_per_s`` is NaN where no bytes are known.
    """

    requests: int
    duration_s: float
    stalls: int
    stalled_s: float
    bytes_per_s: float
    answered_per_s: float
    endpoints: dict[str, EndpointFigures]

    def to_json(self) -> dict[str, Any]:
        """Return the figures as JSON values: null for what is not known."""
        return {
            name: {key: {k: finite(v) for k, v in one.items()} for key, one in value.items()}
            if isinstance(value, dict)
            else finite(value)
            for name, value in asdict(self).items()
        }


def figures_from_json(values: Mapping[str, Any]) -> RunFigures:
    """Return the figures that `RunFigures.to_json` wrote.

    Raises
    ------
    KeyError, TypeError
        They are none.
    """
    endpoints = {
        str(name): EndpointFigures(**_numbers(one, ("requests", "errors")))
        for name, one in values["endpoints"].items()
    }
    return RunFigures(**_numbers(values, ("requests", "stalls")) | {"endpoints": endpoints})


def _numbers(values: Mapping[str, Any], whole: tuple[str, ...]) -> dict[str, Any]:
    return {
        name: int(value) if name in whole else NAN if value is None else value
        for name, value in values.items()
    }


def figures_of(requests: pd.DataFrame, analysis: RunAnalysis, limits: Limits) -> RunFigures:
    """Return a Run's figures.

    Parameters
    ----------
    requests
        Its request table.
    analysis
        What `analysis.run.analyze_run` says of it.
    limits
        What counts as a stall.
    """
    table = measured_rows(requests)
    stalls = [
        episode
        for episode in analysis.episodes
        if episode.peak_ms - analysis.latency.p50_ms >= limits.stall_ms
    ]
    groups = table.groupby("endpoint", observed=True) if len(table) else ()
    endpoints = {str(name): _endpoint(part) for name, part in groups}
    answered = sum(one.requests - one.errors for one in endpoints.values())
    duration_s = analysis.duration_s
    return RunFigures(
        requests=analysis.requests,
        duration_s=duration_s,
        stalls=len(stalls),
        stalled_s=sum(episode.end_ns - episode.start_ns for episode in stalls) / NS_PER_S,
        bytes_per_s=analysis.throughput.mean_bytes_per_s if analysis.throughput else NAN,
        answered_per_s=answered / duration_s if duration_s > 0 else NAN,
        endpoints=endpoints,
    )


def _endpoint(part: pd.DataFrame) -> EndpointFigures:
    total = part["total_ns"].to_numpy(dtype=np.float64, na_value=np.nan)
    known = np.isfinite(total)
    failed = (part["failed"].to_numpy(dtype=bool) | ~known) & ~own_faults(part)
    quantiles = np.quantile(total[known], (0.5, 0.95, 0.99, 1)) / NS_PER_MS if known.any() else [NAN] * 4
    p50, p95, p99, slowest = map(float, quantiles)
    return EndpointFigures(
        requests=len(part), errors=int(failed.sum()), p50_ms=p50, p95_ms=p95, p99_ms=p99, slowest_ms=slowest
    )
