"""The analysis of one Run, from its request table to its verdict."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.changes.find import findings_of
from analysis.claims import Context, claim_of, context_of, slow_mask
from analysis.extent.phases import dominant_phase
from analysis.findings import (
    Detection,
    Episode,
    Latency,
    Limits,
    PeriodicStall,
    RunAnalysis,
    RunFacts,
)
from analysis.generator import own_faults
from analysis.normal.baseline import residuals
from analysis.normal.exposure import exposure_of
from analysis.normal.samples import codes, samples_of, whole_seconds
from analysis.requests import NS_PER_MS, NS_PER_S, is_fresh, start_ns
from analysis.stalls.episodes import join, join_gap_s
from analysis.stalls.parts import Found, find, searched_parts, searches_within
from analysis.stalls.power import best_power, conditions, needed_duration_s
from analysis.throughput import throughput_of
from analysis.verdict import Measured, judge, notes_on, seconds

MOST_SAID = 5
COARSE = (
    "times are in whole seconds, k6's default for CSV: a stall has to return more often to be told from "
    "chance, and what ends together is not seen; K6_CSV_TIME_FORMAT=unix_nano shows both"
)


def analyze_run(
    requests: pd.DataFrame, *, facts: RunFacts, limits: Limits, detection: Detection
) -> RunAnalysis:
    """Analyze one Run's request table.

    Parameters
    ----------
    requests
        The request table (columns of `analysis.requests`), in any order, of any length.
        Rows without a scenario (``setup``, ``teardown``) are left out.
    facts
        What is known of the Run beside its table.
    limits, detection
        What counts as bad, and how sure a claim must be.

    Returns
    -------
    RunAnalysis with the verdict, claims at ``detection.alpha`` and reasons.
    """
    table = measured_rows(requests)
    samples = samples_of(table)
    residual = residuals(samples)
    context = context_of(table, samples, residual)
    exposure = exposure_of(samples, censored_s=facts.timeout_s if facts.censored else 0.0)
    searches = searched_parts(samples)
    found, p_value = find(samples, residual, exposure, searches, detection.alpha)
    claims = tuple(claim_of(candidate, context, part) for candidate, part, _ in found)
    noises = conditions(samples, residual, detection)
    duration_s = duration_of(table)
    power = best_power(noises, exposure.span_s, detection, len(searches))
    needed_s = needed_duration_s(
        noises, detection, lambda span_s: searches_within(samples, span_s), duration_s
    )
    unknown = ~np.isfinite(table["total_ns"].to_numpy(dtype=np.float64, na_value=np.nan))
    measured = Measured(
        requests=len(table),
        rows=len(requests),
        errors=int(((table["failed"].to_numpy(dtype=bool) | unknown) & ~own_faults(table)).sum()),
        duration_s=duration_s,
        periodic_stalls=claims,
        periodicity_p_value=p_value,
        episodes=report_episodes(context, found, limits),
        power=power,
        needed_duration_s=needed_s if power < detection.power else None,
    )
    found_beside = findings_of(
        table, samples, residual, claims, facts=facts, limits=limits, detection=detection
    )
    analysis = conclude(table, measured, facts=facts, limits=limits, detection=detection)
    return replace(analysis, findings=found_beside)


def conclude(
    table: pd.DataFrame, measured: Measured, *, facts: RunFacts, limits: Limits, detection: Detection
) -> RunAnalysis:
    """Put verdict, reasons and the plain figures around what was measured."""
    verdict, reasons = judge(measured, facts=facts, limits=limits, detection=detection)
    starts = start_ns(table)
    notes = notes_on(verdict, measured, facts, limits)
    notes += unlimited(measured, limits, int(starts.min(initial=np.iinfo(np.int64).max)))
    if whole_seconds(table["end_ns"].to_numpy(dtype=np.int64)):
        notes.append(COARSE)
    unknown = int(table["total_ns"].isna().sum())
    if unknown:
        notes.append(f"{unknown:,} requests have no known time: they count as errors and have no latency")
    return RunAnalysis(
        verdict=verdict,
        requests=measured.requests,
        first_start_ns=int(starts.min()) if len(starts) else 0,
        duration_s=measured.duration_s,
        latency=latency_of(table),
        errors=measured.errors,
        error_rate=measured.errors / measured.requests if measured.requests else 0.0,
        kept_share=kept_share(table),
        periodic_stalls=measured.periodic_stalls,
        periodicity_p_value=measured.periodicity_p_value,
        episodes=measured.episodes,
        dropped_iterations=facts.dropped_iterations,
        censored=facts.censored,
        power=measured.power,
        needed_duration_s=measured.needed_duration_s,
        reasons=reasons,
        notes=tuple(notes),
        rows=measured.rows,
        facts=facts,
        throughput=throughput_of(table),
    )


def unlimited(measured: Measured, limits: Limits, first_ns: int) -> list[str]:
    """The slowest Episodes in words where no limit speaks of them: a large file may take long."""
    if np.isfinite(limits.slowest_ms) or measured.periodic_stalls or not measured.episodes:
        return []
    slowest = sorted(measured.episodes, key=lambda episode: -episode.peak_ms)[:MOST_SAID]
    said = [
        f"{e.peak_ms:,.0f} ms {seconds((e.start_ns - first_ns) / NS_PER_S)} into the run" for e in slowest
    ]
    more = f" and {len(measured.episodes) - MOST_SAID:,} more" if len(measured.episodes) > MOST_SAID else ""
    return [f"slow episodes, which no limit judges: {', '.join(said)}{more}"]


def kept_share(table: pd.DataFrame) -> float:
    """Share of answered requests that went over a connection of an earlier one; NaN without any."""
    answered = table["status"].to_numpy() != 0
    return float(1 - is_fresh(table)[answered].mean()) if answered.any() else float("nan")


def measured_rows(requests: pd.DataFrame) -> pd.DataFrame:
    """Leave out rows without a scenario; a table that names none at all is taken whole."""
    numbers, names = codes(requests["scenario"])
    empty = np.isin(numbers, [i for i, name in enumerate(names) if name == ""])
    return requests if empty.all() else requests[~empty]


def duration_of(table: pd.DataFrame) -> float:
    """Seconds from the first start to the last end."""
    if len(table) == 0:
        return 0.0
    return float((int(table["end_ns"].max()) - int(start_ns(table).min())) / NS_PER_S)


def latency_of(table: pd.DataFrame) -> Latency:
    """Quantiles of the total over rows whose time is known."""
    total_ms = table["total_ns"].to_numpy(dtype=np.float64, na_value=np.nan) / NS_PER_MS
    known = total_ms[np.isfinite(total_ms)]
    if len(known) == 0:
        return Latency(n=0, p50_ms=np.nan, p95_ms=np.nan, p99_ms=np.nan, max_ms=np.nan)
    p50, p95, p99 = np.quantile(known, [0.5, 0.95, 0.99])
    return Latency(
        n=len(known), p50_ms=float(p50), p95_ms=float(p95), p99_ms=float(p99), max_ms=float(known.max())
    )


def report_episodes(context: Context, found: Found, limits: Limits) -> tuple[Episode, ...]:
    """Episodes for verdict and report: those of claims, and whatever passes the limits."""
    samples = context.samples
    if samples.n == 0:
        return ()
    least_s = limits.stall_ms / 1e3
    slow = slow_mask(context, [(candidate, part) for candidate, part, _ in found], least_s)
    slow |= samples.total_s > limits.slowest_ms / 1e3
    joined = join(samples, np.where(slow, 1.0, 0.0), 0.5, join_gap_s(samples))
    episodes = []
    for number in range(joined.n):
        rows = joined.index[joined.member == number]
        shift = samples.resolution_s / 2
        episodes.append(
            Episode(
                start_ns=samples.origin_ns + round((joined.start_s[number] - shift) * NS_PER_S),
                end_ns=samples.origin_ns + round((joined.end_s[number] - shift) * NS_PER_S),
                peak_ms=float(samples.total_s[rows].max() * 1e3),
                requests=len(rows),
                dominant_phase=dominant_phase(context.own_s, rows, context.own_usual_s),
            )
        )
    return tuple(episodes)


def rejudged(
    analysis: RunAnalysis, claims: tuple[PeriodicStall, ...], limits: Limits, detection: Detection
) -> RunAnalysis:
    """Return the analysis with other claims (fewer, after a correction), and what they lead to."""
    facts, measured = analysis.facts, measured_of(analysis, claims)
    verdict, reasons = judge(measured, facts=facts, limits=limits, detection=detection)
    before = notes_on(analysis.verdict, measured_of(analysis, analysis.periodic_stalls), facts, limits)
    others = [note for note in analysis.notes if note not in (*before, *reasons)]
    notes = (*notes_on(verdict, measured, facts, limits), *others)
    return replace(analysis, verdict=verdict, reasons=reasons, notes=notes, periodic_stalls=claims)


def measured_of(analysis: RunAnalysis, claims: tuple[PeriodicStall, ...]) -> Measured:
    """What the verdict looks at, taken from an analysis with the claims given."""
    return Measured(
        requests=analysis.requests,
        rows=analysis.rows,
        errors=analysis.errors,
        duration_s=analysis.duration_s,
        periodic_stalls=claims,
        periodicity_p_value=analysis.periodicity_p_value,
        episodes=analysis.episodes,
        power=analysis.power,
        needed_duration_s=analysis.needed_duration_s,
    )
