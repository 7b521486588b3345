"""Whether delays stand on a ladder of retransmissions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.special import bdtrc

from analysis.extent.seen import CONNECTING, LEAST_REQUESTS, Seen, same_level, spreads
from analysis.extent.shape import Ladder
from analysis.normal.samples import Bools, Floats

NEAR, NEAR_S = 0.025, 0.012
"""A delay stands on a rung within 2.5 % or 12 ms (three ticks of a kernel's slowest clock)."""
FARTHEST = 0.08
ON_RUNGS, MOST_ALIKE = 0.8, 0.95
SURE = 1e-3
ONE_RUNG = 0.015
CONSISTENT = 0.8
DATA_BASES_S = tuple(0.2 + 0.0025 * step for step in range(45))
"""First retransmission timeout of data: 0.2 s and the path's round trip (Linux, RFC 6298)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """A known ladder with the words for it."""

    ladder: Ladder
    words: str


@cache
def known_steps(kind: str) -> tuple[Steps, ...]:
    """Ladders that requests of a kind can stand on: SYN retransmissions for fresh, data for kept ones."""
    if kind == "fresh":
        new = Ladder(rungs_s=np.array([1.0, 2.0, 3.0, 4.0, 5.0, 7.0, 11.0, 19.0, 35.0]))
        old = Ladder(rungs_s=np.array([1.0, 3.0, 7.0, 15.0, 31.0]))
        return (
            Steps(ladder=old, words="rungs 1, 3, 7 s ..."),
            Steps(ladder=new, words="rungs 1, 2, 3, 4 s ..."),
        )
    steps = []
    powers: Floats = np.power(2.0, np.arange(1, 9))
    for base in DATA_BASES_S:
        steps.append(Steps(ladder=Ladder(rungs_s=base * powers), words=f"rungs {base:.2f} s × 2^k"))
        cumulated = Ladder(rungs_s=base * (powers - 1))
        steps.append(Steps(ladder=cumulated, words=f"rungs {base:.2f} s × (2^k − 1)"))
    return tuple(steps)


def one_rung(seen: Seen) -> bool:
    """Tell delays on one rung of a ladder that starts with this path's own timeout.

    They started no further apart than the step below the rung, else some would stand on another.
    """
    if not same_level(seen):
        return False
    delay_s = float(np.median(seen.added_s))
    low, high = seen.timeout_s[0] * (1 - ONE_RUNG), seen.timeout_s[1] * (1 + ONE_RUNG)
    powers = 2.0 ** np.arange(1, 9)
    bases = np.concatenate([delay_s / powers, delay_s / (powers - 1)])
    starts, _ = spreads(seen)
    near = len(starts) == 0 or 2 * float(np.quantile(starts, 0.9)) <= 0.55 * delay_s
    return near and bool(((bases >= low) & (bases <= high)).any())


def ladder_test(seen: Seen) -> tuple[int, int, Steps, bool, bool]:
    """The ladder on which most delays stand: how many, of how many, which, whether it tells, and is one.

    It tells something when chance would hardly put so many delays onto the rungs (binomial, all ladders
    tried), and onto more than one: those on a single rung prove only a lost SYN, whose rungs are whole
    seconds. It is one when nearly all stand there, and each cycle allows one end of the fault: after the
    last rung missed, before the first that got through.
    """
    delays, known = seen.added_s[~seen.gave_up], known_steps(seen.kind)
    if seen.kind == "fresh":
        carried = seen.phases_s[:, CONNECTING] > 0.5 * seen.added_s
        delays = seen.phases_s[carried & ~seen.gave_up, CONNECTING]
        seen = seen.only(carried & ~seen.gave_up)
    else:
        seen = seen.only(~seen.gave_up)
    n = len(delays)
    if n == 0:
        return 0, 0, known[0], False, False
    near = [standing(steps.ladder, delays, seen.noise_s) for steps in known]
    counts = np.array([mask.sum() for mask in near])
    off = np.array([np.median(steps.ladder.distance(delays)) for steps in known])
    best = int(np.lexsort((off, -counts))[0])
    on, steps = int(counts[best]), known[best]
    chance = covered(steps.ladder, float(delays.max()), seen.noise_s)
    sure = on > 0 and len(known) * float(bdtrc(on - 1, n, chance)) <= SURE
    rungs = np.unique(np.round(steps.ladder.below(delays[near[best]]), 6), return_counts=True)[1]
    several = len(rungs) > 1 and rungs.max() <= MOST_ALIKE * on
    tells = sure and (several or seen.kind == "fresh")
    if not tells or n < LEAST_REQUESTS or on < ON_RUNGS * n:
        return on, n, steps, tells, False
    agreed = ends_agree(seen.only(near[best]), delays[near[best]], steps.ladder) >= CONSISTENT
    return on, n, steps, tells, agreed


def tolerance(delays: Floats, noise_s: float) -> Floats:
    """How far from its rung a delay may stand, relative."""
    return np.asarray(np.maximum(NEAR, np.clip(np.maximum(2 * noise_s, NEAR_S) / delays, 0, FARTHEST)))


def standing(ladder: Ladder, delays: Floats, noise_s: float) -> Bools:
    """Tell which delays stand on a rung."""
    return np.asarray(ladder.distance(delays) <= tolerance(delays, noise_s))


def covered(ladder: Ladder, longest_s: float, noise_s: float) -> float:
    """Chance that a delay spread evenly up to the longest stands on a rung."""
    even = np.linspace(0, 1.02 * longest_s, 2001)[1:]
    return float(standing(ladder, even, noise_s).mean())


def ends_agree(seen: Seen, delays: Floats, ladder: Ladder) -> float:
    """Share of cycles in which one end of the fault explains every rung, a slow clock allowed for."""
    missed, through = seen.start_s + ladder.below(delays), seen.start_s + delays
    good = [
        missed[mine].max() <= through[mine].min() + seen.resolution_s + 2 * seen.noise_s
        for mine in (seen.cycle == cycle for cycle in np.unique(seen.cycle))
    ]
    return float(np.mean(good))
