"""Episodes: slow requests joined into stretches, on a ladder of thresholds."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from analysis.normal.samples import Bools, Floats, Ints, Samples

MIN_JOIN_S = 1.0
MIN_SLOW = 4.0
"""Residual (in spreads) that is slow by itself."""
LEAST_SLOW = 2.0
"""Least residual that the search looks at: many of these, at the right times, are a stall too."""
LEAST_EPISODES = 3
MIN_RUN = 40
CHAINED = 0.1
"""Share of join gaps that noise alone may fill."""
MOST_SLOW = 20_000
MOST_EPISODES = 1500
RUNGS_PER_OCTAVE = 2
FEW, MANY = 8, 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Episodes:
    """m Episodes at one threshold, sorted: first slow start, last end, greatest residual.

    ``member`` gives the Episode of each slow request, ``index`` those requests' places in the Samples;
    ``clear`` is the log of the ratio of the values right above and below the threshold, ``by_mass`` tells
    that these are summed slowness.
    """

    threshold: float
    start_s: Floats
    end_s: Floats
    peak: Floats
    requests: Ints
    index: Ints
    member: Ints
    clear: float = 0.0
    by_mass: bool = False

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
    """Episodes on falling thresholds: of the slowest request, and of the added slowness together.

    Per half octave of Episode counts the threshold with the widest gap below it is taken, so that the
    number of thresholds tried grows with the logarithm of the data only.
    """
    by_peak = peak_rungs(samples, residual)
    heavy = mass_rungs(samples, residual)
    return by_peak + [rung for rung in heavy if not any(alike(rung, other) for other in by_peak)]


def alike(rung: Episodes, other: Episodes) -> bool:
    """Tell two rungs with (nearly) the same Episodes."""
    return rung.n == other.n and bool(np.all(np.abs(rung.start_s - other.start_s) < MIN_JOIN_S))


def peak_rungs(samples: Samples, residual: Floats) -> list[Episodes]:
    """Rungs by the slowest request of each Episode."""
    order = np.argsort(-residual, kind="stable")[:MOST_SLOW]
    order = order[residual[order] > LEAST_SLOW]
    gap_s = join_gap_s(samples)
    starts = samples.start_s[order]
    reach = np.maximum(samples.end_s[order], starts + gap_s)
    few = clearest(steps(residual[order], starts, reach))
    lowest = min((threshold for threshold, _ in few), default=np.inf)
    rungs = []
    for threshold, clear in [*few, *thresholds(residual[order[residual[order] < lowest]])]:
        found = join(samples, residual, threshold, gap_s)
        if found.n > most_episodes(samples, gap_s):
            break
        if found.n >= LEAST_EPISODES:
            rungs.append(replace(found, clear=clear))
    return thin(rungs)


def most_episodes(samples: Samples, gap_s: float) -> float:
    """Episodes beyond which they stand so close that joining, not stalls, makes their rhythm."""
    return min(MOST_EPISODES, 0.25 * samples.span_s / gap_s)


def mass_rungs(samples: Samples, residual: Floats) -> list[Episodes]:
    """Rungs by the summed slowness of each Episode: runs of mildly slow requests (a scan statistic).

    The threshold for joining is as low as it can be without noise alone making chains.
    """
    if np.isfinite(residual).sum() < MIN_RUN:
        return []
    gap_s = join_gap_s(samples)
    crowd = max(CHAINED * samples.span_s / (samples.n * gap_s), 1.0 / samples.n)
    low = max(LEAST_SLOW, float(np.quantile(residual[np.isfinite(residual)], 1 - min(crowd, 0.1))))
    found = join(samples, residual, low, gap_s)
    if found.n < LEAST_EPISODES:
        return []
    mass = np.bincount(found.member, weights=residual[found.index] - low / 2, minlength=found.n)
    mass = np.where(found.requests > 1, mass, 0.0)
    several: Floats = np.sort(mass[mass > 0])[::-1].astype(np.float64)
    rungs = [
        replace(only(found, mass > bound), clear=clear, by_mass=True) for bound, clear in thresholds(several)
    ]
    enough = [rung for rung in rungs if LEAST_EPISODES <= rung.n <= most_episodes(samples, gap_s)]
    return thin(enough)


def only(episodes: Episodes, chosen: Bools) -> Episodes:
    """Keep the Episodes where ``chosen`` is true."""
    number = np.cumsum(chosen) - 1
    inside = chosen[episodes.member]
    return Episodes(
        threshold=episodes.threshold,
        start_s=episodes.start_s[chosen],
        end_s=episodes.end_s[chosen],
        peak=episodes.peak[chosen],
        requests=episodes.requests[chosen],
        index=episodes.index[inside],
        member=number[episodes.member[inside]],
    )


def thresholds(slow: Floats) -> list[tuple[float, float]]:
    """Candidate thresholds below falling values, each with how clear it is (log of the ratio).

    The widest gap in each half octave of ranks is taken.
    """
    if len(slow) == 0:
        return []
    below = np.append(slow[1:], min(LEAST_SLOW, slow[-1]))
    clear = np.log(slow / below)
    edges = np.unique(np.round(2 ** np.arange(1, np.log2(len(slow)) + 1, 1 / 4)).astype(int))
    edges = np.append(edges[edges <= len(slow)], len(slow) + 1)
    chosen = {}
    for low, high in pairwise(edges):
        best = low - 1 + int(np.argmax(clear[low - 1 : high - 1]))
        chosen[float(np.sqrt(below[best] * slow[best]))] = float(clear[best])
    return sorted(chosen.items(), reverse=True)


def steps(values: Floats, starts_s: Floats, reach_s: Floats) -> list[tuple[int, float, float]]:
    """Each step from one Episode count to the next, up to ``MANY``: count, threshold, how clear it is.

    Requests are added from the slowest downward. A threshold lies where the next request would open an
    Episode of its own; it is clear when that one is far less slow than the slightest Episode so far.

    Parameters
    ----------
    values
        Residuals of the slow requests, falling, shape (k,).
    starts_s, reach_s
        Stretch of each in which others join it, shape (k,).
    """
    begins: list[float] = []
    ends: list[float] = []
    found: list[tuple[int, float, float]] = []
    opened = 0
    for rank, (begin, end) in enumerate(zip(starts_s.tolist(), reach_s.tolist(), strict=True)):
        low, high = bisect_left(ends, begin), bisect_right(begins, end)
        if low < high:
            begins[low:high] = [min(begins[low], begin)]
            ends[low:high] = [max(ends[high - 1], end)]
            continue
        if rank:
            between = float(np.sqrt(values[rank] * values[rank - 1]))
            found.append((len(begins), between, float(np.log(values[opened] / values[rank]))))
        if len(begins) == MANY:
            return found
        begins.insert(low, begin)
        ends.insert(low, end)
        opened = rank
    if begins:
        last = max(LEAST_SLOW, 0.9 * float(values[-1]))
        found.append((len(begins), last, float(np.log(values[opened] / last))))
    return found


def clearest(found: list[tuple[int, float, float]]) -> list[tuple[float, float]]:
    """The clearest threshold of each place on the ladder, falling."""
    kept: dict[int, tuple[float, float]] = {}
    for count, threshold, clear in found:
        place = place_of(count)
        if count >= LEAST_EPISODES and (place not in kept or clear >= kept[place][1]):
            kept[place] = (threshold, clear)
    return sorted(kept.values(), reverse=True)


def place_of(episodes: int) -> int:
    """Place on the ladder: each count up to ``FEW``, then each half octave, above ``MANY`` each octave."""
    if episodes <= FEW:
        return episodes
    octaves = float(np.log2(episodes))
    return 100 + int(RUNGS_PER_OCTAVE * octaves) if episodes < MANY else 1000 + int(octaves)


def thin(found: list[Episodes]) -> list[Episodes]:
    """Keep the clearest rung of each place on the ladder."""
    kept: dict[int, Episodes] = {}
    for episodes in found:
        place = place_of(episodes.n)
        if place not in kept or episodes.clear >= kept[place].clear:
            kept[place] = episodes
    return list(kept.values())
