"""Slow requests, errors and slow transfers that crowd together: one finding a cluster."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.changes.clusters import Cluster, clusters
from analysis.changes.stretch import Where, finding
from analysis.findings import Finding, FindingKind, PeriodicStall
from analysis.normal.baseline import LEAST_ADDED_S
from analysis.normal.samples import Bools, Floats, Samples
from analysis.requests import NS_PER_S
from analysis.verdict import seconds

FEWEST_SLOW, FEWEST_ERRORS, FEWEST_TRANSFERS = 3, 5, 5
MOSTLY = 0.5
"""Where more than half fails there is no burst: the service is down."""
STARTUP = 0.05
"""What is slow in the first twentieth of a Run is its start."""
LEAST_BYTES, LEAST_RECEIVING_S, LEAST_TRANSFERS = 10_000, 0.001, 50
COLLAPSED = 0.5
"""A transfer below half the usual speed (the upper quartile of its endpoint's) counts as collapsed."""


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


def megabytes(bytes_per_s: float) -> str:
    """Bytes a second in MB, three digits where they matter and never a power of ten."""
    value = bytes_per_s / 1e6
    return f"{value:,.0f} MB/s" if value >= 99.5 else f"{value:.3g} MB/s"


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
    """Stretches in which transfers run at less than half their usual speed, and lose time that counts."""
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
    lost_s = receiving_s[places] - received[places] / usual
    found = []
    for cluster in clusters((speed < COLLAPSED * usual) & (lost_s >= LEAST_ADDED_S), alpha, FEWEST_TRANSFERS):
        part = slice(cluster.first, cluster.last + 1)
        share = float(np.median((speed / usual)[part]))
        if share >= COLLAPSED:
            continue
        where = Where(
            start_s=float(samples.start_s[places[part]].min()), end_s=float(samples.end_s[places[part]].max())
        )
        usually = megabytes(float(np.median(usual[part])))
        words = (
            f"throughput collapse {seconds(where.start_s)} into the run: {counted(cluster, 'slow')}, at "
            f"{share:.0%} of the usual {usually} of a single transfer (p = {cluster.p_value:.1g})"
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
