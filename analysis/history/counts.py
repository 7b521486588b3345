"""Counts among an exposure: errors of requests, stalls in hours; a night is negative binomial."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln
from scipy.stats import nbinom

from analysis.history.prior import prior
from analysis.history.series import Floats, Ints, Metric, Sensitivity, Series

GRID: Floats = np.linspace(-4.0, 9.0, 131)
"""Log-factors on the usual rate that are tried."""
LEAST_FACTOR = 1.5
LEAST_EVENTS = 0.5
"""A rate that makes fewer events a night is not told from none."""
WILD_SPAN = float(np.log(1e6))
ODD_P = 1e-3
MOST_BASELINE = 60
ODD_ONE_IN, HIDDEN = 30, 1.5
CLUMPED = 1.0
TEMPER = 0.6
"""Seconds of stalls come in clumps: at least such an overdispersion is taken for them, and as they are no
counts, what they say is taken for so much of it (a tempered likelihood: Grünwald 2012)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Normal:
    """The usual rate with the weight of evidence for it; ``clumps`` is the overdispersion."""

    rate: float
    shape: float
    clumps: float
    wild: float
    a_night: float
    n: int
    odd: int


class CountLevels:
    """A series of counts, each with its exposure.

    A night's count is negative binomial (Poisson, where nights are alike) or, rarely, odd: then it may
    be anything, spread evenly over orders of magnitude.
    """

    def __init__(self, series: Series, sensitivity: Sensitivity) -> None:
        self.values = np.round(series.values)
        self.exposure = np.maximum(series.exposure, 1e-9)
        self._clumped, self._temper = (CLUMPED, TEMPER) if series.metric is Metric.STALLED else (0.0, 1.0)
        self._least = float(np.log(max(LEAST_FACTOR, 1 + sensitivity.least_change)))

    def normal(self, first: int, end: int, known: Normal | None) -> Normal:
        """Learn what is usual from nights first to end - 1; how odd nights can be also from before."""
        first = max(first, end - MOST_BASELINE)
        counts, exposure = self.values[first:end], self.exposure[first:end]
        clumps = max(_overdispersion(counts, exposure), self._clumped)
        if known is not None and len(counts) < 7:
            clumps = max(clumps, known.clumps)
        rate = (np.median(counts / exposure) * exposure.sum() + 0.5) / exposure.sum()
        usual = np.maximum(rate * exposure, 1e-9)
        strange = _above(counts, usual, clumps) < ODD_P
        n, odd = len(counts), int(strange.sum()) + (known.odd if known else 0)
        events, among = float(counts[~strange].sum()), float(exposure[~strange].sum())
        a_night = float(np.median(exposure))
        rate = (events + 0.5) / among if among else float(rate)
        shape = (events + 0.5) / (1 + clumps * rate * a_night)
        return Normal(
            rate=float(rate), shape=shape, clumps=clumps, a_night=a_night, n=n, odd=odd,
            wild=(odd + 0.5) / (n + min(known.n if known else 0, 30) + 10),
        )  # fmt: skip

    def weights(self, normal: Normal) -> Floats:
        """Return the prior weights of factors, shape (3, grid): none but the rate's own error, up, down."""
        # The log of a gamma variable of that shape, with mean 1.
        same = normal.shape * GRID - normal.shape * np.exp(GRID)
        seen = np.log(normal.rate * normal.a_night) + GRID >= np.log(LEAST_EVENTS)
        up = np.where((self._least <= GRID) & seen, 0.0, -np.inf)
        visible = normal.rate * normal.a_night >= LEAST_EVENTS
        down = np.where((-self._least >= GRID) & visible, 0.0, -np.inf)
        return prior(same, up, down)

    def log_density(self, night: int, at: Ints, normals: Sequence[Normal]) -> Floats:  # noqa: ARG002 # levels need it
        """Log probability of a night's count at every factor on every normal, shape (normals, grid)."""
        count, exposure = self.values[night], self.exposure[night]
        rate, clumps, wild = np.array([(n.rate, n.clumps, n.wild) for n in normals]).T[:, :, None]
        usual = _log_nb(count, rate * exposure * np.exp(GRID), clumps)
        odd = -np.log1p(count) - np.log(WILD_SPAN)
        return np.asarray(self._temper * np.logaddexp(np.log1p(-wild) + usual, np.log(wild) + odd))

    def level(self, first: int, end: int) -> float:
        """Return the rate of nights first to end - 1: their events among their exposure."""
        return float(self.values[first:end].sum() / self.exposure[first:end].sum())


def _overdispersion(counts: Floats, exposure: Floats) -> float:
    """Overdispersion by moments: variance = mean + clumps x mean^2.

    The largest one in thirty nights is left out, as it may be odd, and what that and the small number
    of nights may hide is added again: too little would alarm.
    """
    n = len(counts)
    kept = np.argsort(counts / exposure, kind="stable")[: n - max(1, n // ODD_ONE_IN)]
    total = float(counts[kept].sum())
    if total <= 0 or len(kept) < 2:
        return 0.0
    expected = exposure[kept] * total / exposure[kept].sum()
    moments = float((((counts[kept] - expected) ** 2) - expected).sum() / (expected**2).sum())
    return max(0.0, moments) * HIDDEN * (1 + 2 / float(np.sqrt(n)))


def _above(counts: Floats, usual: Floats, clumps: float) -> Floats:
    """Chance of so many or more."""
    size = 1 / max(clumps, 1e-4)
    return np.asarray(nbinom.sf(counts - 1, size, size / (size + usual)))


def _log_nb(count: float, mean: Floats, clumps: Floats) -> Floats:
    size = 1 / np.maximum(clumps, 1e-4)
    return np.asarray(
        gammaln(count + size) - gammaln(size) - gammaln(count + 1)
        - size * np.log1p(mean / size) - count * np.log1p(size / np.maximum(mean, 1e-300))
    )  # fmt: skip
