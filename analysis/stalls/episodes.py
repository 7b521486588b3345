"""Episodes: slow requests joined into stretches, on a ladder of thresholds."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from analysis.stalls.samples import Floats, Ints, Samples

MIN_JOIN_S = 1.0
MIN_SLOW = 4.0
"""Least residual (in spreads) that can be called slow."""
MOST_SLOW = 4000
MOST_EPISODES = 600
RUNGS_PER_OCTAVE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Episodes:
    """m Episodes at one threshold: first slow start, last end, end of the last start; sorted.

    ``member`` gives the Episode of each slow request, ``index`` those requests' places in the Samples.
    """

    threshold: float
    start_s: Floats
    end_s: Floats
    peak: Floats
    requests: Ints
    index: Ints
    member: Ints

    @property
    def n(self) -> int:
        """Number of Episodes."""
        return len(self.start_s)


def join_gap_s(samples: Samples) -> float:
    """Starts closer than this belong together: 1 s, 3 mean spacings, and the clock's own coarseness."""
    return max(MIN_JOIN_S + samples.resolution_s, 3 * samples.span_s / max(samples.n, 1))


def join(samples: Samples, residual: Floats, threshold: float, gap_s: float) -> Episodes:
    """Join the requests above ``threshold``; one still in flight when the next starts joins it too."""
    index = np.flatnonzero(residual > threshold)
    starts, ends = samples.start_s[index], samples.end_s[index]
    reach = np.maximum.accumulate(np.maximum(ends, starts + gap_s)) if len(index) else ends
    first = np.ones(len(index), dtype=bool)
    first[1:] = starts[1:] > reach[:-1]
    heads = np.flatnonzero(first)
    member = np.cumsum(first) - 1
    return Episodes(
        threshold=threshold,
        start_s=starts[heads],
        end_s=np.maximum.reduceat(ends, heads) if len(heads) else ends,
        peak=np.maximum.reduceat(residual[index], heads) if len(heads) else ends,
        requests=np.bincount(member, minlength=len(heads)).astype(np.int64),
        index=index,
        member=member,
    )


def ladder(samples: Samples, residual: Floats) -> list[Episodes]:
    """Episodes on falling thresholds: per size class the threshold with the widest gap below it.

    Size classes are half octaves of the number of slow requests, so that the number of thresholds
    tried grows with the logarithm of the data only.
    """
    slow = np.sort(residual[residual > MIN_SLOW])[::-1][:MOST_SLOW]
    if len(slow) == 0:
        return []
    gap_s = join_gap_s(samples)
    rungs: dict[int, Episodes] = {}
    for threshold in thresholds(slow):
        found = join(samples, residual, threshold, gap_s)
        if found.n > MOST_EPISODES:
            break
        if found.n >= 3:
            rungs[found.n] = found
    return thin(list(rungs.values()))


def thresholds(slow: Floats) -> list[float]:
    """Candidate thresholds below falling sorted residuals: the widest gap in each half octave."""
    below = np.append(slow[1:], MIN_SLOW)
    gaps = slow - below
    edges = np.unique(np.round(2 ** np.arange(1, np.log2(len(slow)) + 1, 1 / 4)).astype(int))
    edges = np.append(edges[edges <= len(slow)], len(slow) + 1)
    chosen = []
    for low, high in pairwise(edges):
        best = low - 1 + int(np.argmax(gaps[low - 1 : high - 1]))
        chosen.append(float(below[best] + gaps[best] / 2))
    return sorted(set(chosen), reverse=True)


def thin(found: list[Episodes]) -> list[Episodes]:
    """Keep one rung a half octave of Episode counts: the one with the most requests."""
    kept: dict[int, Episodes] = {}
    for episodes in found:
        kept[int(RUNGS_PER_OCTAVE * np.log2(episodes.n))] = episodes
    return list(kept.values())
