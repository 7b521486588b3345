"""The period grid: coarse windows over all periods, then finer ones where the coarse look promising."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.normal.samples import Floats
from analysis.stalls.comb import covered_s, fold_counts, log_tail

COARSEST_BINS = 6
LEVELS, FEW_LEVELS = 9, 5
FEW_EPISODES = 12
"""Only with so few Episodes does a claim depend on windows below a fiftieth of the period."""
MIN_HITS = 3
MIN_CYCLES = 2.6
"""Three stalls span two periods; with the ends of the run at least this many are asked for."""
LEAST_SHARE = 0.4
"""Least share of cycles hit: what is missed more often is called random."""
MISSED, STRAY = 5.0, 5.0
"""Log of the price of a comb without any hit, and of one beside all Episodes: stalls of a timer seldom
miss, and what they miss or is no stall of theirs is the smaller part."""
MOST_CELLS = 8_000
CACHED = 40_000
"""Cells a block, so that it stays in the processor's cache."""
MOST_ROWS = 2_000
MOST_LOOKED_AT = 48
MOST_A_LEVEL = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A comb as the grid sees it; ``score`` is the log of tail times trials, smaller is better."""

    score: float
    period_s: float
    phase_s: float
    width_s: float


def longest_comb(episodes: int) -> float:
    """Most cycles worth a look: three an Episode with few Episodes, fewer with many (a long night)."""
    return max(min(3.0 * episodes, 120.0), min(2.0 * episodes, 400.0), 1.4 * episodes)


def first_periods(span_s: float, episodes: int, shortest_s: float) -> Floats:
    """Trial periods of the coarsest level: steps that move the last cycle by one bin."""
    fewest, most = MIN_CYCLES, min(longest_comb(episodes), span_s / shortest_s)
    if most <= fewest:
        return np.zeros(0)
    cycles = np.arange(fewest, most, 1 / COARSEST_BINS)
    return np.asarray(span_s / cycles)


def search(
    times_s: Floats, span_s: float, shortest_s: float, narrowest_s: float, grain_s: float = 0.0
) -> list[Draft]:
    """Best combs of each window width for one list of Episode times in [0, span_s], sorted.

    Parameters
    ----------
    shortest_s
        Shortest period tried.
    narrowest_s
        Narrowest window tried.
    grain_s
        The clock's own coarseness.
    """
    periods = first_periods(span_s, len(times_s), shortest_s)
    step = 1 / COARSEST_BINS
    found: list[Draft] = []
    bins = COARSEST_BINS
    for _ in range(LEVELS if len(times_s) <= FEW_EPISODES else FEW_LEVELS):
        if len(periods) == 0 or span_s / MIN_CYCLES * 2 / bins < narrowest_s:
            break
        score, phase = score_rows(times_s, periods, bins, span_s, grain_s)
        order = np.argsort(score, kind="stable")
        drafts = (draft_at(int(i), score, periods, phase, bins) for i in order[:MOST_LOOKED_AT])
        found.extend(distinct(drafts, 1 / bins))
        keep = order[: min(MOST_ROWS // 2, MOST_CELLS // max(len(times_s), bins))]
        cycles = span_s / periods[keep]
        step /= 2
        periods = span_s / np.concatenate([cycles - step / 2, cycles + step / 2])
        bins *= 2
    return found


def score_rows(
    times_s: Floats, periods: Floats, bins: int, span_s: float, grain_s: float
) -> tuple[Floats, Floats]:
    """Best window of each period: its log tail plus log trials, and its centre."""
    scores, phases = np.empty(len(periods)), np.empty(len(periods))
    block = max(1, CACHED // max(len(times_s), bins))
    for begin in range(0, len(periods), block):
        part = slice(begin, begin + block)
        scores[part], phases[part] = score_block(times_s, periods[part], bins, span_s, grain_s)
    return scores, phases


def score_block(
    times_s: Floats, periods: Floats, bins: int, span_s: float, grain_s: float
) -> tuple[Floats, Floats]:
    """Score one block of periods, small enough for the processor's cache."""
    hit, cycles = fold_counts(times_s, periods, bins, span_s)
    best = np.argmax(1000 * hit - cycles, axis=1)
    rows = np.arange(len(periods))
    k, c = hit[rows, best], cycles[rows, best]
    likely = np.flatnonzero((k >= MIN_HITS) & (k >= LEAST_SHARE * c))
    score = np.full(len(periods), np.inf)
    share = covered_s(periods[likely] * (2 / bins), grain_s) / span_s
    k, c = k[likely], c[likely]
    score[likely] = log_tail(k, c, len(times_s), share) + log_trials(c, bins / 2)
    score[likely] += log_price(k, c, len(times_s))
    return score, (best + 1) * periods / bins


def log_trials(cycles: npt.ArrayLike, windows: npt.ArrayLike) -> Floats:
    """Log of the independent trials with about so many cycles: phases times periods of one octave.

    A window holds 1 / ``windows`` of the period; periods one window apart at the last cycle differ.
    """
    return np.asarray(2 * np.log(np.maximum(windows, 1.0)) + np.log(np.maximum(cycles, 1)))


def log_price(hit: npt.ArrayLike, cycles: npt.ArrayLike, episodes: npt.ArrayLike) -> Floats:
    """Log of what a comb costs that misses cycles or leaves Episodes out.

    There are far more of these than of whole ones: with one price for all, chance would nearly always
    come up with them. `search_cost` is measured with it.
    """
    hits = np.asarray(hit, dtype=np.float64)
    missed = 1 - hits / np.maximum(cycles, 1)
    return np.asarray(MISSED * missed + STRAY * (1 - np.minimum(hits / np.maximum(episodes, 1), 1)))


def draft_at(row: int, score: Floats, periods: Floats, phase: Floats, bins: int) -> Draft:
    """The draft of one row of a level."""
    return Draft(
        score=float(score[row]),
        period_s=float(periods[row]),
        phase_s=float(phase[row]),
        width_s=float(2 * periods[row] / bins),
    )


def distinct(drafts: Iterable[Draft], apart: float) -> list[Draft]:
    """The first few drafts whose periods differ by more than the share ``apart``."""
    chosen: list[Draft] = []
    for draft in drafts:
        if not np.isfinite(draft.score) or len(chosen) == MOST_A_LEVEL:
            break
        if all(abs(draft.period_s / other.period_s - 1) > apart for other in chosen):
            chosen.append(draft)
    return chosen
