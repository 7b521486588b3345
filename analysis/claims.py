"""From a comb that was found to a claim with its numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.extent.edges import pooled
from analysis.extent.length import Extent, Waits, extent_of
from analysis.extent.naming import Timings, name_shape
from analysis.extent.phases import dominant_phase, own_phases_s
from analysis.findings import PeriodicStall
from analysis.normal.baseline import group_medians
from analysis.normal.samples import Bools, Floats, Ints, Samples
from analysis.requests import NS_PER_S
from analysis.stalls.search import Candidate
from analysis.stalls.timer import Timer, clock

NS_PER_S_FLOAT = float(NS_PER_S)
ONE_SCENARIO = 0.9
SLOW = 6.0
"""Residual, in robust spreads, from which a request alone counts as slow."""
ALIKE = 0.25
"""A request that lost this share of what the slowest lost belongs to a stall, however its kind scatters."""
USUALLY, FAR = 0.9, 10.0
"""So many times what nine in ten of its kind take is slow, too, however wide these scatter."""
TIMEOUT_CODE = 1050
"""k6's error code of a request that met the client's timeout."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """A Run's samples with what every claim needs of them: phases and usual latency, by sample."""

    samples: Samples
    residual: Floats
    usual_s: Floats
    own_s: Floats
    own_usual_s: Floats
    gave_up: Bools


def context_of(requests: pd.DataFrame, samples: Samples, residual: Floats) -> Context:
    """Prepare the usual latency of each request's group, and the phases, row by row of ``samples``."""
    own = own_phases_s(requests)[samples.row]
    return Context(
        samples=samples,
        residual=residual,
        usual_s=group_medians(samples.total_s, samples.group),
        own_s=own,
        own_usual_s=np.median(own, axis=0) if samples.n else np.zeros(own.shape[1]),
        gave_up=(requests["error_code"].to_numpy() == TIMEOUT_CODE)[samples.row],
    )


def claim_of(candidate: Candidate, context: Context, searched: Samples) -> PeriodicStall:
    """State a comb as a claim; ``searched`` are the samples (all, or one scenario's) it was found in."""
    comb, episodes, samples = candidate.comb, candidate.episodes, context.samples
    hit = candidate.hit
    slow = np.zeros(searched.n, dtype=bool)
    slow[episodes.index[hit[episodes.member]]] = True
    mine = np.isin(samples.row, searched.row)
    places = np.flatnonzero(mine)[slow]
    waits = Waits(
        samples=searched,
        residual=context.residual[mine],
        usual_s=context.usual_s[mine],
        gave_up=context.gave_up[mine],
    )
    starts, ends = episodes.start_s[hit], episodes.end_s[hit]
    extent = extent_of(waits, np.column_stack([starts, ends]), comb.expected)
    timer = timer_of(candidate, extent)
    begin_s = float(np.median(starts - candidate.cycle[hit] * timer.period_s))
    begin_s -= float(np.floor(begin_s / timer.period_s + 1e-6)) * timer.period_s
    begin_s = max(begin_s, 0.0)
    added_s, peak_s = peaks(context, places, starts)
    shape, evidence = name_shape(named_from(context), np.column_stack([starts, ends]))
    return PeriodicStall(
        period_s=timer.period_s,
        period_ci_s=timer.interval_s,
        stall_s=extent.length_s,
        phase_s=begin_s,
        first_stall_ns=samples.origin_ns + round(begin_s * NS_PER_S_FLOAT),
        peak_ms=1e3 * peak_s,
        added_ms=1e3 * added_s,
        cycles_expected=comb.expected,
        cycles_hit=comb.hit,
        p_value=candidate.p_value,
        dominant_phase=dominant_phase(context.own_s, places, context.own_usual_s),
        scenario=seen_in(samples, slow_meanwhile(context, starts, ends, ALIKE * added_s)),
        timer=timer.kind,
        shape=shape.value,
        shape_evidence=evidence,
    )


def named_from(context: Context) -> Timings:
    """What naming a shape needs: every request, whichever scenario the claim was found in."""
    samples = context.samples
    return Timings(
        start_s=samples.start_s,
        added_s=samples.total_s - context.usual_s,
        residual=context.residual,
        own_s=context.own_s,
        gave_up=context.gave_up,
        resolution_s=samples.resolution_s,
    )


def timer_of(candidate: Candidate, extent: Extent) -> Timer:
    """Estimate the timer from the edges of the stalls; from Episodes alone where edges are too few."""
    cycle, episodes, hit = candidate.cycle[candidate.hit], candidate.episodes, candidate.hit
    if extent.edges is not None and len(np.unique(cycle[extent.edges.cycle])) >= 3:
        anchors, variance = pooled(extent.edges)
        cycle = cycle[extent.edges.cycle]
    else:
        anchors = episodes.end_s[hit] if candidate.by_end else episodes.start_s[hit]
        variance = np.zeros(len(anchors))
    _, first = np.unique(cycle, return_index=True)
    return clock(cycle[first], anchors[first], variance[first], candidate.fit.period_s)


def peaks(context: Context, places: Ints, starts_s: Floats) -> tuple[float, float]:
    """Median over Episodes of the slowest request's added latency, and the slowest of all; seconds."""
    added = (context.samples.total_s - context.usual_s)[places]
    episode = np.searchsorted(starts_s, context.samples.start_s[places], side="right")
    slowest = pd.Series(added).groupby(episode).max()
    return float(slowest.median()), float(context.samples.total_s[places].max())


def slow_meanwhile(context: Context, starts_s: Floats, ends_s: Floats, least_s: float) -> Ints:
    """Slow requests of every scenario that started within the Episodes, whichever one they were found in.

    Slow is what stands out by itself, or lost ``least_s``.
    """
    start_s = context.samples.start_s
    order = np.argsort(starts_s)
    episode = np.maximum(np.searchsorted(starts_s[order], start_s, side="right") - 1, 0)
    within = (start_s >= starts_s[order][episode]) & (start_s <= ends_s[order][episode])
    slow = (context.residual > SLOW) | (context.samples.total_s - context.usual_s >= least_s)
    return np.flatnonzero(within & slow)


def seen_in(samples: Samples, places: Ints) -> str:
    """Name the one scenario that holds nearly all slow requests although others sent too; else "all"."""
    share_of_all = np.bincount(samples.scenario, minlength=len(samples.scenario_names)) / max(samples.n, 1)
    share = np.bincount(samples.scenario[places], minlength=len(samples.scenario_names)) / max(len(places), 1)
    top = int(np.argmax(share))
    alone = share[top] >= ONE_SCENARIO and share_of_all[top] < ONE_SCENARIO**2
    return samples.scenario_names[top] if alone else "all"


def standing_out(samples: Samples, residual: Floats) -> Bools:
    """Requests that are slow by themselves: beyond the usual spread, or far beyond nearly all their like."""
    usually_s = pd.Series(samples.total_s).groupby(samples.group).quantile(USUALLY)
    return np.asarray((residual > SLOW) | (samples.total_s > FAR * usually_s[samples.group].to_numpy()))


def slow_mask(context: Context, candidates: list[tuple[Candidate, Samples]], least_added_s: float) -> Bools:
    """Which requests a report calls slow: those of claims, and those far beyond noise and the limit."""
    samples = context.samples
    slow = standing_out(samples, context.residual) & (samples.total_s - context.usual_s >= least_added_s)
    for candidate, searched in candidates:
        slow |= np.isin(samples.row, searched.row[candidate.episodes.index])
    return slow
