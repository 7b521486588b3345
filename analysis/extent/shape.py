"""The shape of a stall: what the added latency of its requests looks like over one cycle."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from analysis.normal.samples import Bools, Floats, Ints

DATA_RTO_S = tuple(0.195 + 0.0025 * step for step in range(23))
"""First retransmission of data: 0.2 s plus a little of the path's own round trip."""
NEAR, FARTHEST = 0.025, 0.12
LADDER_SHARE = 0.8
SAME_LEVEL = 0.06
ENDS_TOGETHER = 0.35
LOGNORMAL_SPREAD = 0.45
SURE, FEWEST_FREE = 4.0, 3
"""Standard errors from 0 at which a slope is one, and the least degrees of freedom that it needs."""


class Shape(StrEnum):
    """How a fault acts: each shape bounds its length in another way."""

    FREEZE = "freeze"
    LADDER = "ladder"
    HOLD = "hold"
    SPREAD = "spread"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slow:
    """k slow requests of all cycles: cycle number, start, added latency, whether the client gave up."""

    cycle: Ints
    start_s: Floats
    added_s: Floats
    gave_up: Bools
    noise_s: float

    def only(self, chosen: Bools) -> Slow:
        """Keep the requests where ``chosen`` is true."""
        return replace(
            self,
            cycle=self.cycle[chosen],
            start_s=self.start_s[chosen],
            added_s=self.added_s[chosen],
            gave_up=self.gave_up[chosen],
        )

    @property
    def timed_s(self) -> Floats:
        """Delays that ended by themselves."""
        return self.added_s[~self.gave_up]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """Delays of successive retransmissions, rising."""

    rungs_s: Floats

    def below(self, added_s: Floats) -> Floats:
        """The rung under the one that each delay stands on; 0 under the first."""
        nearest = np.argmin(np.abs(np.log(self.rungs_s[None, :] / added_s[:, None])), axis=1)
        return np.asarray(np.concatenate([[0.0], self.rungs_s])[nearest])

    def near(self, slow: Slow) -> Bools:
        """Tell which delays (of ``slow.timed_s``) stand on a rung, the usual noise allowed for."""
        added = slow.timed_s
        return np.asarray(self.distance(added) <= np.clip(2.0 * slow.noise_s / added, NEAR, FARTHEST))

    def distance(self, added_s: Floats) -> Floats:
        """Relative distance of each delay from its rung."""
        return np.asarray(np.abs(np.log(self.rungs_s[None, :] / added_s[:, None])).min(axis=1))


def ladders() -> list[Ladder]:
    """Ladders that are known: data (doubling from about 0.2 s, cumulated or not), SYN old and new."""
    powers = np.array([2.0**step for step in range(1, 9)])
    known = [Ladder(rungs_s=np.array([1.0, 3.0, 7.0, 15.0, 31.0]))]
    known.append(Ladder(rungs_s=np.array([1.0, 2.0, 3.0, 4.0, 5.0, 7.0, 11.0, 19.0])))
    known.extend(Ladder(rungs_s=rto * (powers - 1)) for rto in DATA_RTO_S)
    known.append(Ladder(rungs_s=0.21 * powers))
    return known


def fitting_ladder(slow: Slow) -> Ladder | None:
    """The ladder on which most delays stand, or None."""
    if len(slow.timed_s) < 3:
        return None
    known = ladders()
    shares = [float(ladder.near(slow).mean()) for ladder in known]
    if max(shares) < LADDER_SHARE:
        return None
    good = [ladder for ladder, share in zip(known, shares, strict=True) if share >= max(shares) - 0.02]
    return min(good, key=lambda ladder: float(np.median(ladder.distance(slow.timed_s))))


def rungs_met(ladder: Ladder, slow: Slow) -> int:
    """Number of rungs that hold at least two delays and a fifteenth of all."""
    added = slow.timed_s
    counts = np.unique(ladder.below(added[ladder.near(slow)]), return_counts=True)[1]
    return int((counts >= max(2, len(added) / 15)).sum())


def one_rung(slow: Slow, ladder: Ladder) -> bool:
    """Tell whether delays on one rung can come from a ladder: starts no further apart than its step."""
    step_s = float(np.median(slow.timed_s - ladder.below(slow.timed_s)))
    apart = [float(np.ptp(slow.start_s[slow.cycle == cycle])) for cycle in np.unique(slow.cycle)]
    return float(np.quantile(apart, 0.9)) <= step_s


def ends_together(slow: Slow) -> bool:
    """Tell whether, inside a cycle, requests that start apart end together."""
    apart, off = [], []
    for cycle in np.unique(slow.cycle):
        mine = (slow.cycle == cycle) & ~slow.gave_up
        if mine.sum() >= 2:
            starts = slow.start_s[mine]
            ends = starts + slow.added_s[mine]
            apart.append(float(starts.max() - starts.min()))
            off.append(float(np.median(np.abs(ends - np.median(ends)))) * 2)
    if not apart or sum(apart) < 0.1 * len(apart) * float(np.median(slow.added_s)):
        return False
    return sum(off) < ENDS_TOGETHER * sum(apart)


def common_ends(slow: Slow) -> bool:
    """Tell whether later starts wait less by as much, inside a cycle: a regression, pooled over cycles.

    Starts may differ by less than `ends_together` asks for: the slope of delay over start is -1 where ends
    are common, and 0 where each request has a timer of its own.
    """
    _, cycle = np.unique(slow.cycle[~slow.gave_up], return_inverse=True)
    starts, added = slow.start_s[~slow.gave_up], slow.timed_s
    n = np.maximum(np.bincount(cycle), 1)
    starts = starts - (np.bincount(cycle, starts) / n)[cycle]
    added = added - (np.bincount(cycle, added) / n)[cycle]
    free = len(starts) - len(n) - 1
    spread = float(starts @ starts)
    if free < FEWEST_FREE or spread == 0:
        return False
    slope = float(starts @ added) / spread
    error = np.sqrt(float(((added - slope * starts) ** 2).sum()) / free / spread)
    return bool(slope < -0.5 and abs(slope) > SURE * error)


def same_level(slow: Slow) -> bool:
    """Tell whether nearly all delays are the same."""
    added = slow.timed_s
    if len(added) < 3:
        return False
    middle = float(np.median(added))
    width = max(SAME_LEVEL * middle, 2.0 * slow.noise_s)
    return float((np.abs(added - middle) <= width).mean()) >= LADDER_SHARE


def uniform(slow: Slow) -> bool:
    """Tell delays that spread evenly down from a largest one, as the sparse requests of a freeze do.

    A factor on latency spreads them like the latency itself, by about its own (lognormal) noise.
    """
    added = slow.timed_s
    return len(added) == 0 or float(np.std(np.log(added))) > LOGNORMAL_SPREAD


def recognize(slow: Slow) -> tuple[Shape, Ladder | None]:
    """Name the shape of a stall's slow requests, with the ladder where it is one."""
    together, ladder = ends_together(slow), fitting_ladder(slow)
    if ladder is not None and rungs_met(ladder, slow) >= 2:
        return Shape.LADDER, ladder
    if together:
        return Shape.FREEZE, None
    if same_level(slow):
        single = ladder is not None and one_rung(slow, ladder)
        if single and common_ends(slow):
            return Shape.FREEZE, None
        return (Shape.LADDER, ladder) if single else (Shape.HOLD, None)
    return (Shape.FREEZE, None) if uniform(slow) else (Shape.SPREAD, None)
