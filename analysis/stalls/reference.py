"""The comb test spelled out: slow and obvious, to hold the fast one against."""

from __future__ import annotations

from collections.abc import Sequence
from math import comb, floor


def binomial_tail(hit: int, cycles: int, chance: float) -> float:
    """P(at least ``hit`` of ``cycles``), summed term by term."""
    return sum(
        comb(cycles, k) * chance**k * (1 - chance) ** (cycles - k) for k in range(max(hit, 0), cycles + 1)
    )


def occupancy_tail(hit: int, cycles: int, episodes: int, share: float) -> float:
    """P(at least ``hit`` of ``cycles`` windows, each a ``share`` of the run, hold one of the Episodes).

    Episode by Episode: it falls into a window already hit, into another, or beside all.
    """
    chances = [1.0] + [0.0] * cycles
    for _ in range(episodes):
        chances = [
            chances[k] * (1 - share * (cycles - k))
            + (chances[k - 1] * share * (cycles - k + 1) if k else 0.0)
            for k in range(cycles + 1)
        ]
    return sum(chances[hit:])


def cycles_hit(times_s: Sequence[float], centres_s: Sequence[float], width_s: float) -> int:
    """Number of windows around ``centres_s`` that hold at least one of ``times_s``."""
    hit = 0
    for centre in centres_s:
        if any(centre - width_s / 2 <= time <= centre + width_s / 2 for time in times_s):
            hit += 1
    return hit


def window_centres(period_s: float, phase_s: float, width_s: float, span_s: float) -> list[float]:
    """Centres of the windows of which at least half lies inside [0, span_s]."""
    centres = []
    number = -1
    while phase_s % period_s + number * period_s <= span_s + width_s:
        centre = phase_s % period_s + number * period_s
        inside = min(centre + width_s / 2, span_s) - max(centre - width_s / 2, 0.0)
        if inside >= width_s / 2:
            centres.append(centre)
        number += 1
    return centres


def bins_hit(times_s: Sequence[float], period_s: float, bins: int, window: int) -> int:
    """Cycles in which bin ``window`` or the one after it (perhaps of the next cycle) holds a time.

    Every cycle number is asked for each time, one by one.
    """
    occupied = {floor(time / (period_s / bins)) for time in times_s}
    last = max(occupied, default=0)
    return sum(
        (cycle * bins + window in occupied) or (cycle * bins + window + 1 in occupied)
        for cycle in range(-1, last // bins + 2)
    )


def stretches(starts_s: Sequence[float], reach_s: Sequence[float]) -> int:
    """Number of stretches that intervals make when those that overlap or touch are one, pair by pair."""
    member = list(range(len(starts_s)))
    for i in range(len(starts_s)):
        for j in range(i):
            if starts_s[i] <= reach_s[j] and starts_s[j] <= reach_s[i] and member[i] != member[j]:
                old, new = member[i], member[j]
                member = [new if number == old else number for number in member]
    return len(set(member))
