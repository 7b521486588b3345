"""Could a trouble that is still there have stayed unseen: one trouble of BEFORE, looked for in AFTER."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy.stats import betabinom, binom, poisson

from analysis.findings import Limits, PeriodicStall, RunAnalysis
from analysis.fleet.times import COMPARABLE, same_period
from analysis.verdict import describe, minutes, seconds

UNSEEN = 0.01
"""Largest chance of having missed what is called fixed."""
FEW_NEW = 0.01
"""With a smaller share of new connections a stall in connecting cannot show."""


class Outcome(StrEnum):
    """What a comparison comes to."""

    FIXED = "fixed"
    NOT_FIXED = "not fixed"
    INCONCLUSIVE = "inconclusive"
    NOTHING = "nothing to fix"

    @classmethod
    def worst(cls, outcomes: Sequence[Outcome]) -> Outcome:
        """Return the worst of several; inconclusive of none."""
        return next((outcome for outcome in WORST_FIRST if outcome in outcomes), cls.INCONCLUSIVE)


WORST_FIRST = (Outcome.NOT_FIXED, Outcome.INCONCLUSIVE, Outcome.FIXED, Outcome.NOTHING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One trouble of BEFORE, looked for in AFTER.

    ``expected`` is how often it would have been seen at the old rate, ``seen`` how often it was, and
    ``p_value`` the chance that an unfixed one would have been seen no more often.
    """

    outcome: Outcome
    reason: str
    expected: float = float("nan")
    seen: int = 0
    p_value: float = float("nan")


def stall_check(stall: PeriodicStall, before: RunAnalysis, after: RunAnalysis) -> Check:
    """Look for a periodic stall: how many would AFTER have shown, how many did it show."""
    if stall.dominant_phase in {"connecting", "tls"} and 1 - after.kept_share < FEW_NEW:
        reason = f"it {describe(stall)} before; after, too few requests opened a connection to show it"
        return Check(outcome=Outcome.INCONCLUSIVE, reason=reason)
    cycles = after.duration_s / stall.period_s * visible(stall, before, after)
    expected = cycles * stall.cycles_hit / max(stall.cycles_expected, 1)
    least_ms = COMPARABLE * stall.added_ms + after.latency.p50_ms
    seen = sum(episode.peak_ms >= least_ms for episode in after.episodes)
    unseen = float(poisson.cdf(seen, expected))
    missed = stall.cycles_expected - stall.cycles_hit
    own = float(betabinom.cdf(seen, max(int(cycles), 0), stall.cycles_hit + 1, missed + 1))
    again = [other for other in after.periodic_stalls if same_period(stall, other)]
    return concluded(
        f"stalls of {seconds(stall.stall_s)} every {seconds(stall.period_s)}",
        expected=expected,
        seen=seen,
        p_value=max(unseen, own),
        after=after,
        smaller=describe(again[0]) if again else "",
    )


def visible(stall: PeriodicStall, before: RunAnalysis, after: RunAnalysis) -> float:
    """How much rarer AFTER shows such a stall because it sends fewer requests: 1 when it does not."""
    chances = [-np.expm1(-rate_per_s(run) * stall.stall_s) for run in (before, after)]
    return float(min(1.0, chances[1] / max(chances[0], 1e-12)))


def rate_per_s(run: RunAnalysis) -> float:
    """Requests a second."""
    return run.requests / max(run.duration_s, 1e-9)


def error_check(before: RunAnalysis, after: RunAnalysis) -> Check:
    """Look for errors: at the old rate, could AFTER have had so few."""
    rate = before.errors / before.requests
    p_value = float(binom.cdf(after.errors, after.requests, rate))
    fixed = p_value <= UNSEEN
    told = (
        f"at the old rate {rate * after.requests:,.3g} errors were expected, {after.errors:,} seen, "
        f"p = {p_value:.1g} (n = {after.requests:,} requests)"
    )
    return Check(
        outcome=Outcome.FIXED if fixed else Outcome.INCONCLUSIVE,
        reason=told if fixed else f"{told}: send more requests",
        expected=rate * after.requests,
        seen=after.errors,
        p_value=p_value,
    )


def slow_check(before: RunAnalysis, after: RunAnalysis, limits: Limits) -> Check:
    """Look for slow Episodes without a period: at the old rate, could AFTER have had so few."""
    count, seen = (
        sum(episode.peak_ms > limits.slowest_ms for episode in run.episodes) for run in (before, after)
    )
    share = after.duration_s / max(before.duration_s + after.duration_s, 1e-9)
    expected = count * after.duration_s / max(before.duration_s, 1e-9)
    # Given how many there were in all, how many fall into AFTER is binomial (Przyborowski 1940).
    own = float(binom.cdf(seen, count + seen, share))
    return concluded(
        f"episodes slower than {limits.slowest_ms:,.0f} ms",
        expected=expected,
        seen=seen,
        p_value=max(float(poisson.cdf(seen, expected)), own),
        after=after,
    )


def concluded(
    what: str, *, expected: float, seen: int, p_value: float, after: RunAnalysis, smaller: str = ""
) -> Check:
    """Fixed when an unfixed one could hardly have stayed unseen, and at most one was seen."""
    told = f"at the old rate {expected:,.3g} {what} were expected, {seen} seen, p = {p_value:.1g}"
    told += f" (n = {after.requests:,} requests)"
    outcome = Outcome.FIXED if p_value <= UNSEEN and seen <= 1 else Outcome.INCONCLUSIVE
    if smaller:
        outcome, told = Outcome.INCONCLUSIVE, f"{told}; it still {smaller}, below the limit"
    elif outcome is not Outcome.FIXED and seen > 1:
        told += ": rarer perhaps, but not gone"
    elif outcome is not Outcome.FIXED:
        told += f": run {longer(expected, after)} longer"
    return Check(outcome=outcome, reason=told, expected=expected, seen=seen, p_value=p_value)


def longer(expected: float, after: RunAnalysis) -> str:
    """How much longer AFTER has to be, should nothing more be seen."""
    needed_s = after.duration_s * -np.log(UNSEEN / 2) / max(expected, 1e-9)
    return minutes(max(needed_s - after.duration_s, after.duration_s / 10))
