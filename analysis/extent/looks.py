"""How the slow requests of one kind (kept or fresh) look: on a ladder, ending together, throttled."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from scipy.special import bdtrc

from analysis.extent.shape import Ladder
from analysis.normal.samples import Bools, Floats, Ints
from analysis.requests import PHASES

LEAST_REQUESTS = 5
"""Fewer slow requests of one kind say nothing about a shape."""
CARRIED = 0.6
"""A phase carries the stall of a kind of requests when it holds this share of what was added."""
QUEUED = 0.5
NEAR, NEAR_S = 0.025, 0.012
"""A delay stands on a rung within 2.5 % or 12 ms (three ticks of a kernel's slowest clock)."""
FARTHEST = 0.08
ON_RUNGS, HALF = 0.8, 0.5
SURE = 1e-3
TOGETHER, CLOSELY, EXACTLY = 0.3, 0.1, 0.03
"""Ends that spread less than this share of what the starts do."""
FULL = 4.0
"""Width of an even spread in units of its median absolute deviation."""
SAME = 0.06
ONE_RUNG, TIMEOUT_KNOWN = 0.015, 1.05
CONSISTENT = 0.8
BLOCKED, CONNECTING, TLS, SENDING, WAITING, RECEIVING = range(len(PHASES))
DATA_BASES_S = tuple(0.2 + 0.0025 * step for step in range(45))
"""First retransmission timeout of data: 0.2 s and the path's round trip (Linux, RFC 6298)."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What was made of them: ``form`` is ladder, together, throttled or empty; ``said`` the numbers.

    ``connecting_share`` is the share of requests whose delay is mostly in connecting; ``one_rung`` tells
    delays that are all on one rung of a ladder, ``timeout_known`` that few other delays would be.
    """

    n: int
    form: str
    said: tuple[str, ...]
    connecting_share: float = 0.0
    one_rung: bool = False
    timeout_known: bool = False

    @property
    def enough(self) -> bool:
        """Whether there were enough of them to tell a shape."""
        return self.n >= LEAST_REQUESTS


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


def look_at(seen: Seen) -> Look:
    """Say what the slow requests of one kind look like."""
    all_n = len(seen.start_s)
    queued = seen.phases_s[:, BLOCKED] > QUEUED * seen.added_s
    said = []
    if queued.any():
        said.append(
            f"{int(queued.sum())} of {all_n} slow {seen.kind} requests queued for a connection (blocked)"
        )
    direct = seen.only(~queued)
    n = len(direct.start_s)
    if n < LEAST_REQUESTS:
        return Look(n=n, form="", said=tuple(said), connecting_share=connecting_share(direct))
    said.append(phase_words(direct))
    form, numbers = form_of(direct)
    return Look(
        n=n,
        form=form,
        said=(*said, *numbers),
        connecting_share=connecting_share(direct),
        one_rung=not form and one_rung(direct),
        timeout_known=direct.timeout_s[1] < TIMEOUT_KNOWN * direct.timeout_s[0],
    )


def phase_words(seen: Seen) -> str:
    """The phase that holds most of what was added, with its share and n."""
    by_phase = seen.phases_s.sum(axis=0)
    top = int(np.argmax(by_phase))
    share = by_phase[top] / max(float(by_phase.sum()), 1e-12)
    return f"{seen.kind}: {PHASES[top]} holds {share:.0%} of the added latency (n = {len(seen.start_s)})"


def connecting_share(seen: Seen) -> float:
    """Share of requests whose delay is mostly in connecting."""
    return float((seen.phases_s[:, CONNECTING] > 0.5 * seen.added_s).mean()) if len(seen.start_s) else 0.0


def form_of(seen: Seen) -> tuple[str, list[str]]:
    """The form and the numbers for and against it."""
    by_phase = seen.phases_s.sum(axis=0)
    moving = float((by_phase[RECEIVING] + by_phase[SENDING]) / max(float(by_phase.sum()), 1e-12))
    spread = spread_words(seen)
    if moving >= CARRIED:
        if same_level(seen):
            return "", [f"every transfer lost about {np.median(seen.added_s):.2g} s: frozen or throttled"]
        return "throttled", [spread]
    on, n, steps, p_value, ladder = ladder_test(seen)
    rungs = [f"{on} of {n} delays of {seen.kind} requests stand on {steps.words}"] if n else []
    ratio = ends_ratio(seen)
    if ladder and not ratio <= EXACTLY:
        return "ladder", [*rungs, spread]
    level = same_level(seen)
    doubtful = level or (p_value <= SURE and on >= HALF * n)
    if ratio < (CLOSELY if doubtful else TOGETHER):
        return "together", [spread, *rungs]
    if level:
        return "", [f"all {seen.kind} delays are about {np.median(seen.added_s):.2g} s", *rungs]
    return "", [*rungs, spread]


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


def ladder_test(seen: Seen) -> tuple[int, int, Steps, float, bool]:
    """The ladder on which most delays stand: how many, of how many, which, p-value, and whether it is one.

    It is one when chance would hardly put so many delays onto the rungs (binomial, all ladders tried),
    and each cycle allows one end of the fault: after the last rung missed, before the first that got
    through. Delays on a single rung prove only a lost SYN, whose rungs are whole seconds.
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
        return 0, 0, known[0], 1.0, False
    near = [standing(steps.ladder, delays, seen.noise_s) for steps in known]
    counts = np.array([mask.sum() for mask in near])
    off = np.array([np.median(steps.ladder.distance(delays)) for steps in known])
    best = int(np.lexsort((off, -counts))[0])
    on, steps = int(counts[best]), known[best]
    chance = covered(steps.ladder, float(delays.max()), seen.noise_s)
    p_value = min(1.0, len(known) * float(bdtrc(on - 1, n, chance))) if on else 1.0
    if n < LEAST_REQUESTS or on < ON_RUNGS * n or p_value > SURE:
        return on, n, steps, p_value, False
    rungs = np.round(steps.ladder.below(delays[near[best]]), 6)
    several = len(np.unique(rungs)) > 1 and np.unique(rungs, return_counts=True)[1].max() <= 0.95 * on
    agreed = ends_agree(seen.only(near[best]), delays[near[best]], steps.ladder) >= CONSISTENT
    return on, n, steps, p_value, agreed and (several or seen.kind == "fresh")


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


def spreads(seen: Seen) -> tuple[Floats, Floats]:
    """Distances of starts and of ends from their cycle's median, of all cycles with two requests."""
    starts, ends = [np.zeros(0)], [np.zeros(0)]
    for cycle in np.unique(seen.cycle):
        mine = (seen.cycle == cycle) & ~seen.gave_up
        if mine.sum() < 2:
            continue
        begin = seen.start_s[mine]
        end = begin + seen.added_s[mine]
        starts.append(np.abs(begin - np.median(begin)))
        ends.append(np.abs(end - np.median(end)))
    return np.concatenate(starts), np.concatenate(ends)


def ends_ratio(seen: Seen) -> float:
    """Spread of the ends as a share of that of the starts; infinite where the starts hardly spread."""
    starts, ends = spreads(seen)
    if len(starts) < LEAST_REQUESTS or FULL * np.median(starts) < 0.1 * float(np.median(seen.added_s)):
        return float("inf")
    return float(np.median(ends) / np.median(starts))


def spread_words(seen: Seen) -> str:
    """How far starts and ends spread, in words."""
    starts, ends = spreads(seen)
    if len(starts) < LEAST_REQUESTS:
        return f"too few cycles have two slow {seen.kind} requests to compare their ends"
    return (
        f"{seen.kind}: starts spread over {FULL * np.median(starts):.2g} s in a cycle, "
        f"ends over {FULL * np.median(ends):.2g} s"
    )


def same_level(seen: Seen) -> bool:
    """Tell whether nearly all delays are the same."""
    middle = float(np.median(seen.added_s))
    width = max(SAME * middle, 2 * seen.noise_s)
    return float((np.abs(seen.added_s - middle) <= width).mean()) >= ON_RUNGS
