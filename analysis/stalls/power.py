"""Power: could this Run have shown the reference stall, given its own noise, rate and length."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import bdtrc

from analysis.findings import Detection
from analysis.normal.samples import Floats, Samples
from analysis.stalls.comb import TINY, tail
from analysis.stalls.episodes import MIN_SLOW, join, join_gap_s
from analysis.stalls.grid import LEAST_SHARE, log_price, log_trials
from analysis.stalls.significance import search_cost

TYPICAL_TRIALS = 12
"""Thresholds and anchors that a search pays for when a stall stands out but is not alone."""
LEAST_CYCLES = 3
MOST_CYCLES = 400
MARGIN = 0.05
"""Share of a period by which a Run may miss the length that was asked for."""
VISIBLE_SHARES = (0.25, 0.5, 0.75)
"""Added latency, as a share of the stall, at which a request is told from noise: the best is taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """A Run's own conditions at one threshold: chance that a stall is seen, Episodes a second, rate."""

    seen: float
    episodes_per_s: float
    spacing_s: float


def conditions(samples: Samples, residual: Floats, detection: Detection) -> list[Noise]:
    """What the reference stall would meet, for each share of its length as the threshold."""
    span = samples.span_s
    if samples.n < 2 or span <= 0:
        return []
    spacing = span / samples.n
    found = []
    for share in VISIBLE_SHARES:
        added_s = share * detection.stall_s
        slow = (samples.total_s > np.median(samples.total_s) + added_s) & (residual > MIN_SLOW)
        marked = np.where(slow, 1.0, 0.0)
        episodes = join(samples, marked, 0.5, join_gap_s(samples)).n
        seen = -np.expm1(-(detection.stall_s - added_s) / spacing)
        found.append(Noise(seen=float(seen), episodes_per_s=episodes / span, spacing_s=spacing))
    return found


def power(noise: Noise, span_s: float, detection: Detection, searches: int) -> float:
    """Chance that the reference stall is claimed in a Run of ``span_s`` under these conditions."""
    cycles = min(int(span_s / detection.period_s), MOST_CYCLES)
    span_s = min(span_s, (MOST_CYCLES + 1) * detection.period_s)
    if cycles < LEAST_CYCLES:
        return 0.0
    background = noise.episodes_per_s * span_s
    width = min(2 * noise.spacing_s + 0.1, detection.period_s / 3)
    hits = np.arange(LEAST_CYCLES, cycles + 1)
    chance = np.minimum((background + hits) * width / span_s, 1.0)
    log_p = np.log(np.maximum(tail(hits, np.full(len(hits), cycles), chance), TINY))
    log_p += log_trials(np.array([cycles]), detection.period_s / width)
    log_p += search_cost(background + hits)
    log_p += log_price(hits, cycles, background + hits)
    log_p += np.log(TYPICAL_TRIALS) + np.log(searches)
    enough = np.flatnonzero((log_p <= np.log(detection.alpha)) & (hits >= LEAST_SHARE * cycles))
    if len(enough) == 0:
        return 0.0
    return float(bdtrc(hits[enough[0]] - 1, cycles, noise.seen))


def best_power(found: list[Noise], span_s: float, detection: Detection, searches: int) -> float:
    """Power at the threshold that suits the Run best; 0 without any data."""
    return max((power(noise, span_s, detection, searches) for noise in found), default=0.0)


def needed_duration_s(
    found: list[Noise], detection: Detection, searches: Callable[[float], int], longer_than_s: float
) -> float | None:
    """Shortest Run, in whole periods of the reference stall, that has the power asked for.

    A Run of so many periods may hold one cycle more or less, by where it begins and how long the last
    answer takes: the power must do on both sides. None when no length up to ``MOST_CYCLES`` cycles would do:
    the noise hides such a stall.

    Parameters
    ----------
    searches
        Scenarios that a Run of a length is searched in: a longer one has enough requests of more of them.
    longer_than_s
        A length that is known not to do.
    """

    def suffices(periods: int) -> bool:
        lengths = [(periods + off) * detection.period_s for off in (-MARGIN, MARGIN)]
        return all(
            best_power(found, length_s, detection, searches(length_s)) >= detection.power
            for length_s in lengths
        )

    least = max(LEAST_CYCLES, int(longer_than_s / detection.period_s) + 1)
    if not found or least > MOST_CYCLES or not suffices(MOST_CYCLES):
        return None
    return (bisect_left(range(least, MOST_CYCLES), True, key=suffices) + least) * detection.period_s
