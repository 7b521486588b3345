"""Slow requests of one kind (kept or fresh), and how far their starts and ends spread."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from analysis.normal.samples import Bools, Floats, Ints
from analysis.requests import PHASES
from analysis.verdict import seconds

LEAST_REQUESTS = 5
"""Fewer slow requests of one kind say nothing about a shape."""
FULL = 4.0
"""Width of an even spread in units of its median absolute deviation."""
SAME, NEARLY_ALL = 0.06, 0.8
BLOCKED, CONNECTING, TLS, SENDING, WAITING, RECEIVING = range(len(PHASES))


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """k slow requests of one kind: Episode, start, added latency, added in each phase (k, 6)."""

    kind: str
    cycle: Ints
    start_s: Floats
    added_s: Floats
    phases_s: Floats
    gave_up: Bools
    noise_s: float
    resolution_s: float
    timeout_s: tuple[float, float]

    def only(self, chosen: Bools) -> Seen:
        """Keep the requests where ``chosen`` is true."""
        return replace(
            self,
            cycle=self.cycle[chosen],
            start_s=self.start_s[chosen],
            added_s=self.added_s[chosen],
            phases_s=self.phases_s[chosen],
            gave_up=self.gave_up[chosen],
        )


def spreads(seen: Seen) -> tuple[Floats, Floats]:
    """Distances of starts and of ends from their cycle's median, of all cycles with two requests.

    On a coarse clock ends that look the same lie anywhere within its resolution, and count as that far apart.
    """
    starts, ends = [np.zeros(0)], [np.zeros(0)]
    for cycle in np.unique(seen.cycle):
        mine = (seen.cycle == cycle) & ~seen.gave_up
        if mine.sum() < 2:
            continue
        begin = seen.start_s[mine]
        end = begin + seen.added_s[mine]
        starts.append(np.abs(begin - np.median(begin)))
        ends.append(np.abs(end - np.median(end)))
    return np.concatenate(starts), np.maximum(np.concatenate(ends), seen.resolution_s / FULL)


def ends_ratio(seen: Seen) -> float:
    """Spread of the ends as a share of that of the starts; infinite where the starts hardly spread.

    A coarse clock shifts each start by up to its resolution: what that alone may spread is left out.
    """
    starts, ends = spreads(seen)
    if len(starts) < LEAST_REQUESTS:
        return float("inf")
    apart = float(np.median(starts)) - seen.resolution_s / FULL
    if FULL * apart < 0.1 * float(np.median(seen.added_s)):
        return float("inf")
    return float(np.median(ends)) / apart


def spread_words(seen: Seen) -> str:
    """How far starts and ends spread, in words."""
    starts, ends = spreads(seen)
    if len(starts) < LEAST_REQUESTS:
        return f"too few cycles have two slow {seen.kind} requests to compare their ends"
    return (
        f"{seen.kind}: starts spread over {seconds(FULL * float(np.median(starts)))} in a cycle, "
        f"ends over {seconds(FULL * float(np.median(ends)))}"
    )


def same_level(seen: Seen) -> bool:
    """Tell whether nearly all delays are the same."""
    middle = float(np.median(seen.added_s))
    width = max(SAME * middle, 2 * seen.noise_s)
    return float((np.abs(seen.added_s - middle) <= width).mean()) >= NEARLY_ALL
