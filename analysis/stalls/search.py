"""The search for a periodic stall in one set of requests: thresholds, anchors, harmonics."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.normal.samples import Bools, Floats, Ints, Samples
from analysis.stalls import grid
from analysis.stalls.comb import Comb, Exposure
from analysis.stalls.episodes import Episodes, ladder
from analysis.stalls.refinement import Fit, best_width, refine
from analysis.stalls.significance import log_score, p_value, search_cost, shares

FINALISTS = 12
HARMONICS = (1 / 3, 1 / 2, 2.0, 3.0)
SIMPLER = 1.0
"""A multiple or fraction must score this much better (log) to replace the comb it came from."""
MORE_HITS, KEEPS = 1.4, 0.75
SEVERAL = 2
CLAIMABLE = 0.005
FAR_SMALLER = 0.6
SAME_PERIOD, SAME_START_S = 0.01, 1.0
BEYOND_DOUBT = -20.0
"""Log of a corrected tail below which no other threshold needs to be looked at."""
BOTH_ANCHORS = 40
"""With more Episodes the period is sharp enough from starts alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One comb that the search came up with: the fit, the Episodes it was found in, its p-value."""

    comb: Comb
    fit: Fit
    episodes: Episodes
    by_end: bool
    p_value: float

    @property
    def times_s(self) -> Floats:
        """The anchor of each Episode, in their order, shape (m,)."""
        return self.episodes.end_s if self.by_end else self.episodes.start_s

    @property
    def cycle(self) -> Ints:
        """Number of the cycle that each Episode is nearest to, shape (m,)."""
        return np.round((self.times_s - self.comb.phase_s) / self.comb.period_s).astype(np.int64)

    @property
    def hit(self) -> Bools:
        """Which Episodes fall into a window of the comb, shape (m,)."""
        off = np.abs(self.times_s - self.comb.phase_s - self.cycle * self.comb.period_s)
        return np.asarray(off <= self.comb.width_s / 2)


def anchors(episodes: Episodes, by_end: bool) -> Floats:
    """First slow start of each Episode, or its common end; sorted."""
    return np.sort(episodes.end_s) if by_end else episodes.start_s


def anchorings(samples: Samples, episodes: Episodes) -> tuple[bool, ...]:
    """Anchors to try: starts, and ends where they tell something else; False for starts.

    Episodes of nearly one length have both at the same places of a period.
    """
    lengths = episodes.end_s - episodes.start_s
    uneven = float(np.ptp(lengths)) > narrowest_window_s(samples, episodes, by_end=True)
    return (False, True) if uneven and episodes.n <= BOTH_ANCHORS else (False,)


def narrowest_window_s(samples: Samples, episodes: Episodes, by_end: bool) -> float:
    """Narrowest window worth a test for these anchors.

    An Episode starts where a request does, and an open model starts them on a timer: windows below
    the spacing would find that timer. The common end of several requests is free of it.
    """
    free = by_end and float(np.median(episodes.requests)) >= SEVERAL
    return samples.resolution_s if free else max(samples.resolution_s, samples.span_s / samples.n)


def shortest_period_s(samples: Samples) -> float:
    """Shortest period worth a search: Episodes nearer than the join gap are one."""
    return max(2.0, 8 * samples.span_s / max(samples.n, 1), 4 * samples.resolution_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One list of anchors to be searched, its share of the trials' weight, and the scenarios searched."""

    episodes: Episodes
    by_end: bool
    share: float
    searches: int
    narrowest_s: float

    @property
    def times_s(self) -> Floats:
        """Anchors of all Episodes."""
        return anchors(self.episodes, self.by_end)


def best(samples: Samples, residual: Floats, exposure: Exposure, searches: int = 1) -> Candidate | None:
    """The most significant comb of all thresholds and anchors; None when there is nothing to test."""
    rungs = ladder(samples, residual)
    shortest_s = shortest_period_s(samples)
    weights = shares(
        np.array([episodes.clear for episodes in rungs]),
        np.array([episodes.by_mass for episodes in rungs], dtype=bool),
    )
    drafts: list[tuple[float, Attempt, grid.Draft]] = []
    surest = 0.0
    for place in np.argsort(-weights, kind="stable"):
        if surest < BEYOND_DOUBT:
            break
        episodes, share = rungs[place], float(weights[place])
        ways = anchorings(samples, episodes)
        cost = float(search_cost(episodes.n)) - float(np.log(share / len(ways)))
        for by_end in ways:
            attempt = Attempt(
                episodes=episodes,
                by_end=by_end,
                share=share / len(ways),
                searches=searches,
                narrowest_s=narrowest_window_s(samples, episodes, by_end),
            )
            found = grid.search(
                attempt.times_s, exposure.span_s, shortest_s, attempt.narrowest_s, exposure.grain_s
            )
            drafts.extend((draft.score + cost, attempt, draft) for draft in found)
            surest = min([surest, *(draft.score + cost for draft in found)])
    drafts.sort(key=lambda item: item[0])
    finished = (finish(attempt, draft, exposure) for _, attempt, draft in drafts[:FINALISTS])
    finalists = sorted(filter(None, finished), key=lambda c: (c.p_value, c.comb.log_tail))
    return alike_only(finalists[0], finalists) if finalists else None


def alike_only(best: Candidate, finalists: list[Candidate]) -> Candidate:
    """Prefer a multiple of the best period when it leaves out just the slightest Episodes.

    Stalls of one cause resemble each other: a comb whose every second hit is far smaller than the others
    took in noise between two stalls.
    """
    starts, peaks = best.episodes.start_s[best.hit], best.episodes.peak[best.hit]
    for other in finalists:
        ratio = other.fit.period_s / best.fit.period_s
        if other.p_value > CLAIMABLE or min(abs(ratio / 2 - 1), abs(ratio / 3 - 1)) > SAME_PERIOD:
            continue
        near = np.abs(starts[:, None] - other.episodes.start_s[other.hit][None, :]).min(axis=1) < SAME_START_S
        if near.any() and not near.all() and peaks[~near].max() < FAR_SMALLER * peaks[near].min():
            return other
    return best


def finish(attempt: Attempt, draft: grid.Draft, exposure: Exposure) -> Candidate | None:
    """Fit a draft, test its harmonics, and put a p-value to the simplest that explains as much."""
    chosen = fitted(attempt, draft, 1.0, exposure)
    for ratio in HARMONICS:
        tried = fitted(attempt, draft, ratio, exposure)
        if tried is not None and (chosen is None or simpler(tried, chosen)):
            chosen = tried
    if chosen is None:
        return None
    score, comb, fit = chosen
    return Candidate(
        comb=comb,
        fit=fit,
        episodes=attempt.episodes,
        by_end=attempt.by_end,
        p_value=p_value(score, attempt.episodes.n, attempt.share, attempt.searches),
    )


def simpler(tried: tuple[float, Comb, Fit], chosen: tuple[float, Comb, Fit]) -> bool:
    """Tell whether another period explains the Episodes better, or as many with fewer missed cycles.

    A shorter period must find Episodes that the longer one leaves out; a longer one must keep nearly all.
    """
    (score, comb, _), (score_now, now, _) = tried, chosen
    if comb.period_s < now.period_s:
        return score < score_now - SIMPLER and comb.hit >= MORE_HITS * now.hit
    fuller = comb.hit * now.expected >= MORE_HITS * now.hit * comb.expected
    return score < score_now - (0.0 if fuller and comb.hit >= KEEPS * now.hit else SIMPLER)


def fitted(
    attempt: Attempt, draft: grid.Draft, ratio: float, exposure: Exposure
) -> tuple[float, Comb, Fit] | None:
    """Score a draft's comb with its period times ``ratio``; multiples try each of their phases."""
    times_s = attempt.times_s
    period_s, width_s = draft.period_s * ratio, draft.width_s
    results = []
    for shift in range(round(ratio)) if ratio > 1 else (0,):
        phase_s = draft.phase_s + shift * draft.period_s
        fit = refine(times_s, period_s, phase_s, min(width_s, 0.4 * period_s))
        if fit is None or fit.period_s * (grid.MIN_CYCLES - 1) > exposure.span_s:
            continue
        comb = best_width(times_s, fit, min(1.3 * width_s, 0.4 * fit.period_s), attempt.narrowest_s, exposure)
        if comb.hit >= grid.LEAST_SHARE * comb.expected:
            results.append((log_score(comb), comb, fit))
    return min(results, key=lambda item: item[0], default=None)
