"""All periodic stalls in one set of requests: the best comb, then the best in what it leaves over."""

from __future__ import annotations

import numpy as np

from analysis.normal.exposure import without
from analysis.normal.load import follows_load
from analysis.normal.samples import Floats, Samples
from analysis.stalls.comb import Exposure
from analysis.stalls.search import SAME_PERIOD, Candidate, best

MOST_SOURCES = 3


def sources(
    samples: Samples, residual: Floats, exposure: Exposure, alpha: float, searches: int = 1
) -> tuple[list[Candidate], float]:
    """All combs that may be claimed at ``alpha``, and the p-value of the best whether or not it may."""
    claims: list[Candidate] = []
    smallest_p: float | None = None
    rest, seen = residual.copy(), exposure
    for looks in range(1, MOST_SOURCES + 1):
        candidate = best(samples, rest, seen, searches * looks)  # whoever looks again pays for it
        if candidate is None:
            break
        by_load = follows_load(
            samples, candidate.episodes.start_s[candidate.hit], candidate.fit.period_s, exposure.gaps_s
        )
        if not by_load and smallest_p is None:
            smallest_p = candidate.p_value
        if candidate.p_value > alpha:
            break
        if not by_load and not any(related(candidate.fit.period_s, c.fit.period_s) for c in claims):
            claims.append(candidate)
        stretches = explained(samples, candidate)
        for low, high in np.searchsorted(samples.start_s, stretches):
            rest[low:high] = -np.inf
        seen = without(seen, stretches)
    return claims, 1.0 if smallest_p is None else smallest_p


def related(period_s: float, claimed_s: float) -> bool:
    """Tell a period that is the claimed one again, or a simple fraction of it."""
    ratios = np.array([1 / 4, 1 / 3, 1 / 2, 2 / 3, 1, 3 / 2, 2, 3, 4])
    return bool(np.any(np.abs(period_s / claimed_s / ratios - 1) < SAME_PERIOD))


def explained(samples: Samples, candidate: Candidate) -> Floats:
    """Begin and end of the comb's stalls, and of its windows where none was counted; shape (g, 2)."""
    episodes, comb, hit = candidate.episodes, candidate.comb, candidate.hit
    begins = episodes.start_s[hit]
    lengths = episodes.end_s[hit] - begins
    first = float(np.median((begins - comb.phase_s + comb.period_s / 2) % comb.period_s)) - comb.period_s / 2
    centres = comb.phase_s + first + comb.period_s * np.arange(-1, samples.span_s / comb.period_s + 1)
    reach = comb.width_s / 2 + 1.0
    return np.concatenate(
        [
            np.column_stack([begins - 1.0, begins + lengths + 1.0]),
            np.column_stack([centres - reach, centres + reach + float(np.median(lengths))]),
        ]
    )
