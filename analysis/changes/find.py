"""All findings of a Run beside its periodic stalls, each confirmed by a test of its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.changes.crowds import collapses, error_bursts, isolated
from analysis.changes.level import Shift, level_shift
from analysis.changes.saturation import Rise, rise_with_load
from analysis.changes.series import series_of
from analysis.changes.stretch import Where, finding
from analysis.claims import standing_out
from analysis.findings import Detection, Finding, FindingKind, Limits, PeriodicStall, RunFacts
from analysis.normal.baseline import group_medians
from analysis.normal.samples import Floats, Samples
from analysis.verdict import seconds

SEED = 1979
"""Permutations are drawn the same way each time: one Run has one p-value."""
LEAST_SHIFT_S = 0.002


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
    slow = standing_out(samples, residual) & (added_s >= limits.stall_ms / 1e3)
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
