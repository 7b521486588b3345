"""p-values: a comb's tail, corrected for everything that was tried to find it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from analysis.normal.samples import Bools, Floats
from analysis.stalls.comb import TINY, Comb
from analysis.stalls.grid import log_price, log_trials

SEARCH_EPISODES = (3, 4, 5, 6, 8, 12, 16, 24)
SEARCH_COST = (-0.9, -0.6, -0.5, -0.5, -0.5, -0.5, -1.0, -1.8)
CLEAR_SHARE, CLEAR_POWER, MASS_SHARE = 0.8, 1.5, 0.3
"""Share of the trials' weight that goes to clear thresholds, how steeply, and what of it
goes to thresholds of summed slowness; the rest is shared evenly."""


def shares(clear: Floats, by_mass: Bools) -> Floats:
    """Weights of thresholds, summing to 1: larger where slow and usual requests are clearly apart.

    Weighted Bonferroni (Holm 1979): weights may depend on anything but the times that are tested, and
    how slow requests are says nothing, without a stall, on when they come. Summed slowness differs more
    than slowness, so each of the two ladders has its own part.
    """
    weights = np.full(len(clear), (1.0 - CLEAR_SHARE) / max(len(clear), 1))
    steep = np.maximum(clear, 0.0) ** CLEAR_POWER
    for rungs, part in ((~by_mass, 1.0 - MASS_SHARE), (by_mass, MASS_SHARE)):
        total = float(steep[rungs].sum())
        if total > 0:
            weights[rungs] += CLEAR_SHARE * part * steep[rungs] / total
    return weights / max(float(weights.sum()), TINY)


def log_score(comb: Comb) -> float:
    """Log of tail times price and independent (period, phase) trials at the comb's own resolution."""
    if comb.hit < 3 or comb.expected < 3:
        return 0.0
    windows = comb.period_s / comb.width_s
    price = float(log_price(comb.hit, comb.expected, comb.episodes))
    return comb.log_tail + price + float(log_trials(comb.expected, windows))


def search_cost(episodes: npt.ArrayLike) -> Floats:
    """What the trials formula leaves over, measured on Episodes placed at random (log scale).

    The choice of width and of the number of cycles adds to the trials; with few Episodes the trials of
    the grid overlap. Between the Episodes measured it is interpolated on a log scale.
    """
    return np.asarray(np.interp(np.log(np.maximum(episodes, 1)), np.log(SEARCH_EPISODES), SEARCH_COST))


def p_value(score: float, episodes: int, share: float, searches: int = 1) -> float:
    """p-value of the best of a search.

    Parameters
    ----------
    score
        From `log_score`.
    episodes
        Episodes at the threshold that gave the score.
    share
        The weight of its threshold and anchor among all that were tried, in (0, 1].
    searches
        Scenarios searched, the pool of all being one of them.
    """
    log_p = score + float(search_cost(episodes)) - np.log(share) + np.log(max(searches, 1))
    return float(-np.expm1(-np.exp(min(log_p, 3.0))))
