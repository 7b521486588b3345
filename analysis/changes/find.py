"""All findings of a Run beside its periodic stalls, each confirmed by a test of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.changes.clusters import Cluster, clusters
from analysis.changes.level import Shift, level_shift
from analysis.changes.saturation import Rise, rise_with_load
from analysis.changes.series import series_of
from analysis.claims import SLOW
from analysis.findings import Detection, Finding, FindingKind, Limits, PeriodicStall, RunFacts
from analysis.normal.baseline import group_medians
from analysis.normal.samples import Bools, Floats, Samples
from analysis.requests import NS_PER_S
from analysis.verdict import seconds

SEED = 1979
"""Permutations are drawn the same way each time: one Run has one p-value."""
FEWEST_SLOW, FEWEST_ERRORS, FEWEST_TRANSFERS = 3, 5, 5
MOSTLY = 0.5
"""Where more than half fails there is no burst: the service is down."""
LEAST_SHIFT_S = 0.002
STARTUP = 0.05
"""What is slow in the first twentieth of a Run is its start."""
LEAST_BYTES, LEAST_RECEIVING_S, LEAST_TRANSFERS = 10_000, 0.001, 50
COLLAPSED = 0.5
"""A transfer below half the usual speed (the upper quartile of its endpoint's) counts as collapsed."""


def findings_of(
    table: pd.DataFrame,
    samples: Samples,
    residual: Floats,
    claims: Sequence[PeriodicStall],
    *,
    facts: RunFacts,
    limits: Limits,
    detection: Detection,
) -> tuple[Finding, ...]:
    """Confirm what a Run shows beside its periodic stalls, in the order of time.

    The kinds share ``detection.alpha``: a quiet Run has any false finding with no more than this chance.

    Parameters
    ----------
    table, samples, residual
        The request table, its rows whose time is known, and how far each is from normal.
    claims
        The periodic stalls: what belongs to them is left out.
    """
    rng = np.random.default_rng(SEED)
    alpha = detection.alpha / len(FindingKind)
    added_s = samples.total_s - group_medians(samples.total_s, samples.group)
    slow = (residual > SLOW) & (added_s >= limits.stall_ms / 1e3)
    found = [
        *isolated(samples, slow, claims, alpha),
        *error_bursts(table, samples, alpha),
        *collapses(table, samples, claims, alpha),
        *dropped(samples, facts),
    ]
    series = series_of(samples)
    if series is not None:
        shift = level_shift(series, alpha, rng)
        rise = rise_with_load(series, alpha, rng)
        found += shifted(samples, shift) if shift is not None else []
        found += risen(samples, rise) if rise is not None else []
    return tuple(sorted(found, key=lambda one: one.start_ns))


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """A stretch of a Run, in seconds since its first start."""

    start_s: float
    end_s: float


def finding(samples: Samples, where: Where, **values: Any) -> Finding:
    """Make a finding of a stretch of the Run."""
    start_ns, end_ns = (samples.origin_ns + round(at * NS_PER_S) for at in (where.start_s, where.end_s))
    return Finding(start_ns=start_ns, end_ns=end_ns, **values)


def isolated(samples: Samples, slow: Bools, claims: Sequence[PeriodicStall], alpha: float) -> list[Finding]:
    """Slow requests outside every claim that crowd together more than chance would have it."""
    apart = np.flatnonzero(~within(samples.start_s, claims, samples))
    found = []
    for cluster in clusters(slow[apart], alpha, FEWEST_SLOW):
        rows = apart[cluster.first : cluster.last + 1]
        rows = rows[slow[rows]]
        where = Where(start_s=float(samples.start_s[rows[0]]), end_s=float(samples.end_s[rows].max()))
        if where.start_s < STARTUP * samples.span_s:
            continue
        peak_ms = 1e3 * float(samples.total_s[rows].max())
        words = (
            f"isolated slow episode {seconds(where.start_s)} into the run: {counted(cluster, 'slow')}, "
            f"slowest {peak_ms:,.0f} ms (p = {cluster.p_value:.1g})"
        )
        found.append(
            finding(
                samples,
                where,
                kind=FindingKind.EPISODE,
                size=peak_ms,
                n=cluster.requests,
                p_value=cluster.p_value,
                words=words,
            )
        )
    return found


def within(start_s: Floats, claims: Sequence[PeriodicStall], samples: Samples) -> Bools:
    """Tell which requests started in or near an expected stall of a claim."""
    near = np.zeros(len(start_s), dtype=bool)
    for stall in claims:
        since_s = start_s - (stall.first_stall_ns - samples.origin_ns) / NS_PER_S
        phase_s = np.mod(since_s + stall.period_s / 2, stall.period_s) - stall.period_s / 2
        slack_s = max(1.0, 0.05 * stall.period_s)
        near |= (phase_s >= -slack_s) & (phase_s <= stall.stall_s + slack_s)
    return near


def counted(cluster: Cluster, what: str) -> str:
    """How many of how many."""
    return f"{cluster.marked:,} of {cluster.requests:,} requests {what}"


def error_bursts(table: pd.DataFrame, samples: Samples, alpha: float) -> list[Finding]:
    """Errors that crowd together."""
    ends_s = (table["end_ns"].to_numpy(dtype=np.int64) - samples.origin_ns) / NS_PER_S
    order = np.argsort(ends_s, kind="stable")
    failed = table["failed"].to_numpy(dtype=bool)[order]
    if len(failed) == 0 or failed.mean() > MOSTLY:
        return []
    found = []
    for cluster in clusters(failed, alpha, FEWEST_ERRORS):
        where = Where(start_s=float(ends_s[order[cluster.first]]), end_s=float(ends_s[order[cluster.last]]))
        words = (
            f"error burst {seconds(max(where.start_s, 0.0))} into the run: {counted(cluster, 'failed')} "
            f"within {seconds(where.end_s - where.start_s)} (p = {cluster.p_value:.1g})"
        )
        found.append(
            finding(
                samples,
                where,
                kind=FindingKind.ERRORS,
                size=float(cluster.marked),
                n=cluster.requests,
                p_value=cluster.p_value,
                words=words,
            )
        )
    return found


def collapses(
    table: pd.DataFrame, samples: Samples, claims: Sequence[PeriodicStall], alpha: float
) -> list[Finding]:
    """Stretches in which transfers run at less than half their usual speed."""
    rows = samples.row
    received = table["received_bytes"].to_numpy(dtype=np.float64, na_value=np.nan)[rows]
    receiving_s = table["receiving_ns"].to_numpy(dtype=np.float64)[rows] / NS_PER_S
    big = (
        (received >= LEAST_BYTES)
        & (receiving_s >= LEAST_RECEIVING_S)
        & ~within(samples.start_s, claims, samples)
    )
    places = np.flatnonzero(big)
    if len(places) < LEAST_TRANSFERS:
        return []
    speed = received[places] / receiving_s[places]
    usual = pd.Series(speed).groupby(samples.group[places]).transform(lambda s: s.quantile(0.75)).to_numpy()
    found = []
    for cluster in clusters(speed < COLLAPSED * usual, alpha, FEWEST_TRANSFERS):
        part = slice(cluster.first, cluster.last + 1)
        share = float(np.median((speed / usual)[part]))
        if share >= COLLAPSED:
            continue
        where = Where(
            start_s=float(samples.start_s[places[part]].min()), end_s=float(samples.end_s[places[part]].max())
        )
        words = (
            f"throughput collapse {seconds(where.start_s)} into the run: {counted(cluster, 'slow')}, at "
            f"{share:.0%} of the usual {np.median(usual[part]) / 1e6:.3g} MB/s (p = {cluster.p_value:.1g})"
        )
        found.append(
            finding(
                samples,
                where,
                kind=FindingKind.THROUGHPUT,
                size=share,
                n=cluster.requests,
                p_value=cluster.p_value,
                words=words,
            )
        )
    return found


def dropped(samples: Samples, facts: RunFacts) -> list[Finding]:
    """Iterations that never started, because no VU was free: counted, so without chance."""
    if facts.dropped_iterations == 0:
        return []
    words = (
        f"saturation: {facts.dropped_iterations:,} iterations were dropped beside n = {samples.n:,} requests"
    )
    return [
        finding(
            samples,
            Where(start_s=0.0, end_s=samples.span_s),
            kind=FindingKind.SATURATION,
            size=float(facts.dropped_iterations),
            n=samples.n,
            p_value=0.0,
            words=words,
        )
    ]


def shifted(samples: Samples, shift: Shift) -> list[Finding]:
    """A confirmed change point in words; nothing when the shift is too small to matter."""
    late = samples.start_s >= shift.at_s
    before_s, after_s = (float(np.median(samples.total_s[part])) for part in (~late, late))
    if abs(after_s - before_s) < LEAST_SHIFT_S:
        return []
    words = (
        f"level shift: the median {'rose' if shift.factor > 1 else 'fell'} from {seconds(before_s)} to "
        f"{seconds(after_s)} at the change point {seconds(shift.at_s)} into the run (x {shift.factor:.2g}, "
        f"p = {shift.p_value:.1g}, n = {int((~late).sum()):,} and {int(late.sum()):,} requests)"
    )
    return [
        finding(
            samples,
            Where(start_s=shift.at_s, end_s=shift.at_s),
            kind=FindingKind.LEVEL,
            size=shift.factor,
            n=samples.n,
            p_value=shift.p_value,
            words=words,
        )
    ]


def risen(samples: Samples, rise: Rise) -> list[Finding]:
    """A confirmed rise with load in words."""
    words = (
        f"saturation: latency rises with load, x {rise.factor:.2g} at {rise.high_per_s:.3g} requests/s "
        f"against {rise.low_per_s:.3g} (p = {rise.p_value:.1g}, n = {samples.n:,} requests)"
    )
    return [
        finding(
            samples,
            Where(start_s=0.0, end_s=samples.span_s),
            kind=FindingKind.SATURATION,
            size=rise.factor,
            n=samples.n,
            p_value=rise.p_value,
            words=words,
        )
    ]
