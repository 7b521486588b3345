"""Request tables and analyses made by hand, of which every number is known."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd

from analysis.findings import Episode, Latency, RunAnalysis, Throughput, Verdict
from analysis.requests import NS_PER_MS, NS_PER_S, PHASE_COLUMNS

STARTED = datetime(2026, 3, 12, 2, 0, 0, tzinfo=UTC)
STARTED_NS = int(STARTED.timestamp()) * NS_PER_S
PERIOD_S, STALL_S, FIRST_S = 12.0, 1.5, 7.0


def request_table(
    *,
    seconds: float = 75.0,
    rate: float = 20.0,
    seed: int = 0,
    stall: bool = False,
    errors: int = 0,
    typical_ms: float = 9.0,
) -> pd.DataFrame:
    """Make a request table; with ``stall``, what starts in a freeze ends together when it ends."""
    rng = np.random.default_rng(seed)
    n = int(seconds * rate)
    start_s = np.arange(n) / rate
    total_ms = rng.lognormal(np.log(typical_ms), 0.25, n)
    if stall:
        into_s = np.mod(start_s - FIRST_S, PERIOD_S)
        frozen = (into_s < STALL_S) & (start_s >= FIRST_S)
        total_ms = np.where(frozen, total_ms + 1000 * (STALL_S - into_s), total_ms)
    start_ns = STARTED_NS + np.round(start_s * NS_PER_S).astype(np.int64)
    total_ns = np.round(total_ms * NS_PER_MS)
    failed = np.zeros(n, dtype=bool)
    failed[rng.choice(n, errors, replace=False)] = True
    frame = pd.DataFrame({name: np.zeros(n, dtype=np.int64) for name in PHASE_COLUMNS})
    frame["end_ns"] = start_ns + total_ns.astype(np.int64)
    frame["total_ns"] = np.where(failed, np.nan, total_ns)
    frame["status"] = np.where(failed, 0, 200).astype(np.int16)
    frame["error_code"] = np.where(failed, 1212, 0).astype(np.int16)
    frame["failed"] = failed
    frame["received_bytes"] = np.nan
    frame["scenario"] = pd.Categorical(np.where(np.arange(n) % 2, "kept", "fresh"))
    frame["error"] = pd.Categorical(np.where(failed, "dial: i/o timeout", ""))
    for name, value in (
        ("endpoint", "/healthz"),
        ("method", "GET"),
        ("proto", "HTTP/1.1"),
        ("ip", "203.0.113.11"),
    ):
        frame[name] = pd.Categorical([value] * n)
    return frame


def quiet_run() -> RunAnalysis:
    """Make the analysis of a Run in which nothing happened."""
    return RunAnalysis(
        verdict=Verdict.PASS,
        requests=1500,
        first_start_ns=STARTED_NS,
        duration_s=75.0,
        latency=Latency(n=1500, p50_ms=9.1, p95_ms=13.6, p99_ms=16.2, max_ms=21.9),
        errors=0,
        error_rate=0.0,
        kept_share=0.4987,
        periodic_stalls=(),
        periodicity_p_value=0.61,
        episodes=(),
        dropped_iterations=0,
        censored=0,
        power=0.97,
        needed_duration_s=None,
    )


def throughput_of(*rates: float, counted: int | None = None, requests: int = 900) -> Throughput:
    """Make the throughput of rates of 0.5 s each from the campaign's start on; figures of those counted."""
    counted = len(rates) if counted is None else counted
    figures = np.array(rates[:counted])
    return Throughput(
        requests=requests,
        total_bytes=int(sum(rates) / 2),
        first_bin_ns=STARTED_NS,
        bin_s=0.5,
        bytes_per_s=rates,
        counted_bins=counted,
        mean_bytes_per_s=float(figures.mean()),
        median_bytes_per_s=float(np.median(figures)),
        p5_bytes_per_s=float(np.quantile(figures, 0.05)),
        lowest_bytes_per_s=float(figures.min()),
        lowest_at_ns=STARTED_NS + int(figures.argmin()) * NS_PER_S // 2,
    )


def episode_at(start_s: float, length_s: float, peak_ms: float = 1512.3) -> Episode:
    """Make one episode, ``start_s`` after the campaign's start."""
    start_ns = STARTED_NS + round(start_s * NS_PER_S)
    return Episode(
        start_ns=start_ns,
        end_ns=start_ns + round(length_s * NS_PER_S),
        peak_ms=peak_ms,
        requests=round(20 * length_s),
        dominant_phase="waiting",
    )
