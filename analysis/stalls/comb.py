"""The comb test: in K of C cycles an Episode falls into the same window of the period."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import bdtrc

from analysis.normal.samples import Floats, Ints

TINY = 1e-300


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """Where an Episode can be at all: the run's length, and the share of requests and time before t.

    ``edges_s`` (b + 1,) and ``share`` (b + 1,) are a cumulative share; ``gaps_s`` (g, 2) are
    stretches without data (lost output), where no cycle counts as missed.
    """

    span_s: float
    edges_s: Floats
    share: Floats
    gaps_s: Floats

    def between(self, low_s: Floats, high_s: Floats) -> Floats:
        """Share of the exposure in each [low, high]."""
        upper = np.interp(high_s, self.edges_s, self.share)
        return np.asarray(upper - np.interp(low_s, self.edges_s, self.share))

    def observed(self, low_s: Floats, high_s: Floats) -> np.ndarray:
        """Tell which [low, high] are seen for at least half: inside the run and outside gaps."""
        inside = np.clip(high_s, 0, self.span_s) - np.clip(low_s, 0, self.span_s)
        for begin, end in self.gaps_s:
            inside = inside - np.clip(np.minimum(high_s, end) - np.maximum(low_s, begin), 0, None)
        return np.asarray(inside >= 0.5 * (high_s - low_s))


@dataclass(frozen=True, slots=True, kw_only=True)
class Comb:
    """A period, a phase (centre of the first window) and a window width, with its count and tail."""

    period_s: float
    phase_s: float
    width_s: float
    expected: int
    hit: int
    log_tail: float


def tail(hit: Ints | int, cycles: Ints | int, chance: Floats | float) -> Floats:
    """P(at least ``hit`` of ``cycles``) for a binomial with the given chance a cycle."""
    hits, all_cycles = np.asarray(hit), np.asarray(cycles)
    p = bdtrc(np.maximum(hits - 1, 0), np.maximum(all_cycles, 1), np.clip(chance, 0, 1))
    p = np.where(hits > all_cycles, 0.0, p)
    return np.where((hits <= 0) | (all_cycles <= 0), 1.0, p)


def evaluate(times_s: Floats, period_s: float, phase_s: float, width_s: float, exposure: Exposure) -> Comb:
    """Count one comb exactly, with gaps left out and Episodes placed where the requests are.

    The chance a cycle is the mean over cycles of N times the window's share: no more than that can hit,
    also where Episodes keep a distance from each other. A sum of unequal Bernoulli trials has a lighter
    upper tail than the binomial of their mean (Hoeffding 1956), so both steps are safe.
    """
    first = phase_s - np.floor((phase_s + width_s / 2) / period_s) * period_s
    count = int(np.floor((exposure.span_s + width_s / 2 - first) / period_s)) + 1
    centres = first + period_s * np.arange(max(count, 0))
    low, high = centres - width_s / 2, centres + width_s / 2
    seen = exposure.observed(low, high)
    low, high = low[seen], high[seen]
    hits = np.searchsorted(times_s, high, side="right") > np.searchsorted(times_s, low, side="left")
    chance = np.clip(len(times_s) * exposure.between(low, high), 0, 1)
    log_tail = 0.0
    if len(low):
        log_tail = float(np.log(max(float(tail(int(hits.sum()), len(low), float(chance.mean()))), TINY)))
    return Comb(
        period_s=period_s,
        phase_s=first,
        width_s=width_s,
        expected=len(low),
        hit=int(hits.sum()),
        log_tail=log_tail,
    )


def fold_counts(times_s: Floats, periods_s: Floats, bins: int, span_s: float) -> tuple[Ints, Ints]:
    """Cycles hit and cycles there are, for each period and each window of two neighbouring bins.

    Parameters
    ----------
    times_s
        Sorted Episode times in [0, span_s], shape (N,).
    periods_s
        Trial periods, shape (R,).
    bins
        Bins a period; window j covers bins j and j + 1, also across the end of a period.

    Returns
    -------
    Two int64 arrays of shape (R, bins): K and C.
    """
    width = periods_s / bins
    at = np.floor(times_s[None, :] / width[:, None]).astype(np.int64)
    new = np.ones(at.shape, dtype=bool)
    new[:, 1:] = at[:, 1:] != at[:, :-1]
    beside = np.zeros(at.shape, dtype=bool)
    beside[:, 1:] = at[:, 1:] == at[:, :-1] + 1
    cell = at % bins + bins * np.arange(len(periods_s))[:, None]
    size = len(periods_s) * bins
    single = np.bincount(cell[new], minlength=size).reshape(-1, bins)
    both = np.bincount(cell[beside], minlength=size).reshape(-1, bins)
    hit = single + np.roll(single, -1, axis=1) - np.roll(both, -1, axis=1)
    last = np.floor(span_s / width).astype(np.int64)[:, None]
    cycles = (last - np.arange(bins)[None, :] - 1) // bins + 1
    return np.minimum(hit, np.maximum(cycles, 0)), np.maximum(cycles, 0)
