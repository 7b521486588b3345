"""The comb test: in K of C cycles an Episode falls into the same window of the period."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import bdtrc, gammaln

from analysis.normal.samples import Floats, Ints

TINY = 1e-300


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """Where an Episode can be at all: the run's length, and the share of requests and time before t.

    ``edges_s`` (b + 1,) and ``share`` (b + 1,) are a cumulative share; ``gaps_s`` (g, 2) are
    stretches without data (lost output), sorted and apart, where no cycle counts as missed. ``grain_s`` is
    the clock's own coarseness: Episodes stand on multiples of it.
    """

    span_s: float
    edges_s: Floats
    share: Floats
    gaps_s: Floats
    grain_s: float = 0.0

    def between(self, low_s: Floats, high_s: Floats) -> Floats:
        """Share of the exposure in each [low, high]."""
        upper = np.interp(high_s, self.edges_s, self.share)
        return np.asarray(upper - np.interp(low_s, self.edges_s, self.share))

    def observed(self, low_s: Floats, high_s: Floats) -> np.ndarray:
        """Tell which [low, high] are seen for at least half: inside the run and outside gaps."""
        inside = np.clip(high_s, 0, self.span_s) - np.clip(low_s, 0, self.span_s)
        if len(self.gaps_s):
            lost = np.concatenate([[0.0], np.cumsum(self.gaps_s[:, 1] - self.gaps_s[:, 0])])
            at, total = self.gaps_s.ravel(), np.repeat(lost, 2)[1:-1]
            inside = inside - (np.interp(high_s, at, total) - np.interp(low_s, at, total))
        return np.asarray(inside >= 0.5 * (high_s - low_s))


@dataclass(frozen=True, slots=True, kw_only=True)
class Comb:
    """A period, a phase (centre of the first window) and a window width, with its count and tail.

    ``episodes`` is the number of all Episodes that it was counted among.
    """

    period_s: float
    phase_s: float
    width_s: float
    expected: int
    hit: int
    episodes: int
    log_tail: float


def covered_s(width_s: Floats, grain_s: float) -> Floats:
    """Time that a window catches at most: on a coarse clock whole grains, one more than fit in."""
    return width_s if grain_s <= 0 else grain_s * (np.floor(width_s / grain_s) + 1)


def tail(hit: Ints | int, cycles: Ints | int, chance: Floats | float) -> Floats:
    """P(at least ``hit`` of ``cycles``) for a binomial with the given chance a cycle."""
    hits, all_cycles = np.asarray(hit), np.asarray(cycles)
    p = bdtrc(np.maximum(hits - 1, 0), np.maximum(all_cycles, 1), np.clip(chance, 0, 1))
    p = np.where(hits > all_cycles, 0.0, p)
    return np.where((hits <= 0) | (all_cycles <= 0), 1.0, p)


def log_tail(hit: Ints | int, cycles: Ints | int, episodes: int, share: Floats | float) -> Floats:
    """Log of a bound on P(at least ``hit`` of ``cycles`` windows hold one of the Episodes).

    Two bounds, the smaller counts. The binomial takes each cycle as hit with chance N times the window's
    share of the run: occupied windows are negatively associated (Joag-Dev and Proschan 1983). The other
    counts ways: C(cycles, hit) choices of windows and N!/(N - hit)! of Episodes to fill them; with few
    Episodes, nearly all of them on the comb, it is far smaller.

    Parameters
    ----------
    episodes
        N, all Episodes of the run.
    share
        A window's share of where an Episode can be.
    """
    hits, all_cycles = np.asarray(hit), np.asarray(cycles)
    chance = np.minimum(episodes * np.asarray(share, dtype=np.float64), 1.0)
    binomial = np.log(np.maximum(tail(hits, all_cycles, chance), TINY))
    k, spare = np.clip(hits, 0, all_cycles), np.maximum(all_cycles - hits, 0)
    ways = gammaln(all_cycles + 1) - gammaln(k + 1) - gammaln(spare + 1)
    orders = gammaln(episodes + 1) - gammaln(np.maximum(episodes - hits, 0) + 1)
    return np.asarray(np.minimum(binomial, ways + orders + hits * np.log(np.maximum(share, TINY))))


def evaluate(times_s: Floats, period_s: float, phase_s: float, width_s: float, exposure: Exposure) -> Comb:
    """Count one comb exactly, with gaps left out and Episodes placed where the requests are.

    A window's share is the mean over cycles. A sum of unequal Bernoulli trials has a lighter upper tail
    than the binomial of their mean (Hoeffding 1956), and a product of unequal shares, averaged over all
    choices, is at most the power of the mean (Maclaurin's inequality), so both bounds hold.
    """
    first = phase_s - np.floor((phase_s + width_s / 2) / period_s) * period_s
    count = int(np.floor((exposure.span_s + width_s / 2 - first) / period_s)) + 1
    centres = first + period_s * np.arange(max(count, 0))
    low, high = centres - width_s / 2, centres + width_s / 2
    seen = exposure.observed(low, high)
    low, high = low[seen], high[seen]
    hits = np.searchsorted(times_s, high, side="right") > np.searchsorted(times_s, low, side="left")
    share = float(exposure.between(low, high).mean()) if len(low) else 0.0
    share *= float(covered_s(np.array(width_s), exposure.grain_s)) / width_s
    found = int(hits.sum())
    return Comb(
        period_s=period_s,
        phase_s=first,
        width_s=width_s,
        expected=len(low),
        hit=found,
        episodes=len(times_s),
        log_tail=float(log_tail(found, len(low), len(times_s), share)) if found else 0.0,
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
    rows = len(periods_s)
    width = periods_s / bins
    at = (times_s[None, :] / width[:, None]).astype(np.int32)
    step = at[:, 1:] - at[:, :-1]
    cell = at % np.int32(bins)
    cell += bins * np.arange(rows, dtype=np.int32)[:, None]
    later = cell[:, 1:]
    single = np.bincount(np.concatenate([cell[:, 0], later[step > 0]]), minlength=rows * bins)
    both = np.bincount(later[step == 1], minlength=rows * bins).reshape(-1, bins)
    single = single.reshape(-1, bins)
    hit = single.copy()
    hit[:, :-1] += single[:, 1:] - both[:, 1:]
    hit[:, -1] += single[:, 0] - both[:, 0]
    last = (span_s / width).astype(np.int64)[:, None]
    cycles = np.maximum((last - np.arange(bins)[None, :] - 1) // bins + 1, 0)
    return np.minimum(hit, cycles), cycles
