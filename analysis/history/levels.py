"""Levels on the log scale: how likely a night is, were the level shifted by so much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from analysis.history.prior import prior
from analysis.history.season import offsets_of, slots_of
from analysis.history.series import Floats, Ints, Sensitivity, Series

GRID: Floats = np.sinh(np.linspace(-5.5, 5.5, 111))
"""Shifts that are tried, in units of the usual spread: fine near 0, coarse far away (122 at most)."""
SPACING: Floats = np.gradient(GRID)
WIDTH: Floats = np.sqrt(1 + (SPACING / 2) ** 2)
"""Between two shifts that are tried lies a gap that must not look like a miss."""
LEAST_SPREAD = 0.02
"""Two per cent: what lies closer is called equal, however quiet a series is."""
SMALLEST_SHIFT = 0.75
"""In units of the spread; smaller ones take longer to tell than anybody waits."""
PRIOR_WIDTH = 4.0
WILD_WIDTH = 5.0
HANDED_ON = 3.0
"""No night hands on more than so many spreads: an odd one stays alone."""
WILD_BEYOND = 4.0
MOST_BASELINE = 60
MOST_BORROWED = 30
MOST_MEMORY = 0.6
MEMORY_DOUBT = 10
USUAL_MEMORY = 0.15
"""So much, as if of ten nights, is what the memory of a few nights is weighed against."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Normal:
    """What is usual on the log scale, learned from ``n`` nights; ``wild`` is the share of odd ones."""

    level: float
    spread: float
    freedom: float
    error: float
    wild: float
    reach: float
    memory: float
    offsets: Floats
    n: int
    odd: int


class LogLevels:
    """A series of ratios: latencies, throughput.

    A night is a Student-t around its level, or, rarely, odd: then it says next to nothing (a contaminated
    normal: Tukey 1960). So one night alone, however far off, moves little. Neighbours resemble each
    other (an autoregression of order one), and what the night before explains is no change.
    """

    def __init__(self, series: Series, sensitivity: Sensitivity) -> None:
        self.values = np.log(np.maximum(series.values, 1e-6))
        self.slots, self.count = slots_of(series.at_ns)
        self._most = MOST_BASELINE if self.count == 7 else MOST_BASELINE * 24
        self._sensitivity = sensitivity
        self._in_ms = not series.metric.counted and series.metric.worse > 0

    def normal(self, first: int, end: int, known: Normal | None) -> Normal:
        """Learn what is usual from nights first to end - 1, the spread also from the segment before."""
        first = max(first, end - self._most)
        values, slots = self.values[first:end], self.slots[first:end]
        offsets = offsets_of(values, slots, self.count)
        if known is not None and not offsets.any():
            offsets = known.offsets
        plain = values - offsets[slots]
        level, n = float(np.median(plain)), len(values)
        borrowed = min(known.n, MOST_BORROWED) if known is not None else 0
        spread = _spread(plain - level)
        if known is not None:
            squares = (n - 1) * spread**2 + borrowed * known.spread**2
            spread = float(np.sqrt(squares / (n - 1 + borrowed)))
        spread = max(spread, LEAST_SPREAD)
        off = (plain - level) / spread
        memory = _memory(off, known.memory if known else 0.0, borrowed)
        odd, reach = _odd(off, known)
        return Normal(
            level=level, spread=spread, freedom=max(0.8 * (n - 1 + borrowed), 2.0),
            # The median of n normals has 1.57 times the variance of their mean.
            error=float(np.sqrt(1.57 / n * (1 + memory) / (1 - memory))),
            wild=(odd + 0.5) / (n + borrowed + 10), reach=reach,
            memory=memory, offsets=offsets, n=n, odd=odd,
        )  # fmt: skip

    def weights(self, normal: Normal) -> Floats:
        """Return the prior weights of shifts, shape (3, grid): none but the level's own error, up, down."""
        same = -0.5 * (GRID / normal.error) ** 2 + np.log(SPACING)
        least = max(SMALLEST_SHIFT, self._least(normal) / normal.spread)
        shape = np.log(SPACING) - 2 * np.log1p(np.abs(GRID) / PRIOR_WIDTH)
        up = np.where(min(least, GRID[-1]) <= GRID, shape, -np.inf)
        down = np.where(-min(least, GRID[-1]) >= GRID, shape, -np.inf)
        return prior(same, up, down)

    def _least(self, normal: Normal) -> float:
        least = np.log1p(self._sensitivity.least_change)
        if self._in_ms:
            least = max(least, np.log1p(self._sensitivity.least_ms / np.exp(normal.level)))
        return float(least)

    def log_density(self, night: int, at: Ints, normals: Sequence[Normal]) -> Floats:
        """Log density of a night at every shift of every normal, shape (normals, grid).

        ``at`` holds the night from which on each normal's level is shifted.
        """
        spread, freedom, wild, reach, memory, level = np.array(
            [(n.spread, n.freedom, n.wild, n.reach, n.memory, n.level) for n in normals]
        ).T[:, :, None]
        last = max(night - 1, 0)
        offsets = np.array([n.offsets[self.slots[[last, night]]] for n in normals])[:, :, None]
        before, now = (
            np.clip((self.values[i] - level - offsets[:, k]) / spread, -150, 150)
            for k, i in enumerate((last, night))
        )
        # The night before lies around the old level where it is the last of that.
        handed_on = np.clip(before - np.where(at[:, None] < night, GRID, 0.0), -HANDED_ON, HANDED_ON)
        quiet = np.sqrt(1 - memory**2)
        off = (now - GRID - memory * handed_on) / (WIDTH * quiet)
        usual = _t_constant(freedom) * (1 + off**2 / freedom) ** (-(freedom + 1) / 2) / (WIDTH * quiet)
        odd = 1 / (np.pi * reach * (1 + ((now - GRID) / reach) ** 2))
        return np.asarray(np.log((1 - wild) * usual + wild * odd))

    def level(self, first: int, end: int) -> float:
        """Return the level of nights first to end - 1 as the series has it: their median."""
        return float(np.exp(np.median(self.values[first:end])))


def _odd(off: Floats, known: Normal | None) -> tuple[int, float]:
    """Count the odd nights, with those of the segment before, and say how far off they usually are."""
    far = np.abs(off)[np.abs(off) > WILD_BEYOND]
    before, reach = (known.odd, known.reach) if known is not None else (0, WILD_WIDTH)
    return before + len(far), max(float(np.median(far)), WILD_WIDTH) if len(far) else reach


def _spread(off: Floats) -> float:
    """Robust standard deviation: of values held to three times their median distance (Huber 1964)."""
    if len(off) < 2:
        return 0.0
    rough = 1.4826 * float(np.median(np.abs(off)))
    held = np.clip(off, -3 * rough, 3 * rough) if rough > 0 else off * 0
    return max(float(np.std(held, ddof=1)), rough)


def _memory(off: Floats, known: float, nights: int) -> float:
    """Correlation of a night with the next, of values held to three spreads, shrunk towards a usual one."""
    held = np.clip(off, -3, 3)
    n, power = len(held) - 1, float((held**2).sum())
    own = float((held[1:] * held[:-1]).sum()) / power if n > 0 and power > 0 else 0.0
    shrunk = (max(n, 0) * own + nights * known + MEMORY_DOUBT * USUAL_MEMORY) / (
        max(n, 0) + nights + MEMORY_DOUBT
    )
    return min(max(shrunk, 0.0), MOST_MEMORY)


def _t_constant(freedom: Floats) -> Floats:
    half = (freedom + 1) / 2
    return np.asarray(np.exp(gammaln(half) - gammaln(freedom / 2)) / np.sqrt(freedom * np.pi))
