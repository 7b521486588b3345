"""Before and after: tell what is gone from what could have stayed unseen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from scipy.stats import betabinom, binom, poisson

from analysis.findings import Detection, Limits, NodeResult, PeriodicStall, RunAnalysis, Verdict
from analysis.fleet.times import COMPARABLE, same_period
from analysis.run import measured_of, rejudged
from analysis.verdict import describe, lost_reasons, minutes, reaches, seconds, too_many_errors

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


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeComparison:
    """One Node before and after."""

    name: str
    outcome: Outcome
    checks: tuple[Check, ...]
    before: RunAnalysis
    after: RunAnalysis


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two Runs or Campaigns, Node by Node, with one sentence."""

    outcome: Outcome
    sentence: str
    nodes: tuple[NodeComparison, ...]
    notes: tuple[str, ...] = ()


def compare(
    before: Sequence[NodeResult], after: Sequence[NodeResult], *, limits: Limits, detection: Detection
) -> Comparison:
    """Compare what was measured before with what was measured after, Node by Node.

    Nodes are matched by name; where each side is a single Run, the names do not matter.

    Parameters
    ----------
    before, after
        The Nodes' analyses, as their Campaigns judged them.
    limits, detection
        Those of AFTER.
    """
    pairs, missing, others = matched(before, after)
    nodes = [compare_runs(name, one, two, limits, detection) for name, one, two in pairs]
    open_ends = [Outcome.INCONCLUSIVE] if missing else []
    outcome = Outcome.worst([*(node.outcome for node in nodes), *open_ends])
    notes = [*missing, *others]
    said = "; ".join([*(f"{node.name}: {node.checks[0].reason}" for node in worst_first(nodes)), *notes])
    return Comparison(
        outcome=outcome, sentence=f"{outcome.value}: {said}.", nodes=tuple(nodes), notes=tuple(notes)
    )


def matched(
    before: Sequence[NodeResult], after: Sequence[NodeResult]
) -> tuple[list[tuple[str, RunAnalysis, RunAnalysis]], list[str], list[str]]:
    """Pair the Nodes by name; say which failed ones are missing after, and which others have no pair."""
    if len(before) == 1 and len(after) == 1:
        return [(after[0].name, before[0].analysis, after[0].analysis)], [], []
    there = {node.name: node.analysis for node in after}
    pairs = [(node.name, node.analysis, there[node.name]) for node in before if node.name in there]
    known = {node.name for node in before}
    gone = [node for node in before if node.name not in there]
    failed = [node.name for node in gone if node.analysis.verdict is Verdict.FAIL]
    missing = [f"{name} failed before and was not measured after" for name in failed]
    others = [f"{node.name} was measured before only" for node in gone if node.name not in failed]
    return (
        pairs,
        missing,
        [*others, *(f"{name} was measured after only" for name in there if name not in known)],
    )


def worst_first(nodes: Sequence[NodeComparison]) -> list[NodeComparison]:
    """Order Nodes by how bad they are; those with nothing to fix are left out beside others."""
    told = [node for node in nodes if node.outcome is not Outcome.NOTHING] or list(nodes)
    return sorted(told, key=lambda node: WORST_FIRST.index(node.outcome))


def compare_runs(
    name: str, before: RunAnalysis, after: RunAnalysis, limits: Limits, detection: Detection
) -> NodeComparison:
    """Compare one Node's Runs."""
    checks = checked(before, after, limits, detection)
    outcome = Outcome.worst([check.outcome for check in checks])
    first = sorted(checks, key=lambda check: check.outcome is not outcome)
    return NodeComparison(name=name, outcome=outcome, checks=tuple(first), before=before, after=after)


def checked(before: RunAnalysis, after: RunAnalysis, limits: Limits, detection: Detection) -> list[Check]:
    """Look for every trouble of BEFORE in AFTER."""
    if after.verdict is Verdict.FAIL:
        since = "" if before.verdict is Verdict.FAIL else ", which it did not before"
        return [Check(outcome=Outcome.NOT_FIXED, reason=f"after, {said_of(after, limits)}{since}")]
    if unsound := unsound_reason(after, limits, detection):
        return [Check(outcome=Outcome.INCONCLUSIVE, reason=f"after: {unsound}")]
    if before.verdict is not Verdict.FAIL:
        return [nothing_to_fix(before, after, limits)]
    stalls = [stall for stall in before.periodic_stalls if reaches(stall, limits)]
    checks = [stall_check(stall, before, after) for stall in stalls]
    if too_many_errors(before.errors, before.requests, limits.error_rate):
        checks.append(error_check(before, after))
    if not checks:
        checks.append(slow_check(before, after, limits))
    return checks


def said_of(analysis: RunAnalysis, limits: Limits) -> str:
    """What a failed Run does, with its n."""
    stalls = [stall for stall in analysis.periodic_stalls if reaches(stall, limits)]
    said = f"it {describe(stalls[0])}" if stalls else analysis.reasons[0]
    return f"{said} (n = {analysis.requests:,} requests)"


def unsound_reason(after: RunAnalysis, limits: Limits, detection: Detection) -> str:
    """Why nothing can be called fixed by this Run; empty when it can. A short Run is sound."""
    if after.requests == 0 or after.facts.unfit:
        return after.facts.unfit or "no requests were measured"
    alone = rejudged(after, after.periodic_stalls, limits, detection)
    if after.verdict is Verdict.INCONCLUSIVE and alone.verdict is not Verdict.INCONCLUSIVE:
        return after.reasons[0]  # the control overruled it
    measured = measured_of(after, after.periodic_stalls)
    lost = lost_reasons(measured, replace(after.facts, interrupted=False))
    return lost[0] if lost else ""


def nothing_to_fix(before: RunAnalysis, after: RunAnalysis, limits: Limits) -> Check:
    """Say that BEFORE did not fail, and whether AFTER is still fine."""
    if any(reaches(stall, limits) for stall in before.periodic_stalls):
        reason = (
            f"before is inconclusive: {before.reasons[0] if before.reasons else 'its stall is not claimed'}"
        )
        return Check(outcome=Outcome.INCONCLUSIVE, reason=reason)
    if after.verdict is Verdict.INCONCLUSIVE:
        return Check(
            outcome=Outcome.INCONCLUSIVE, reason=f"nothing failed before; after is open: {after.reasons[0]}"
        )
    counts = f"n = {before.requests:,} and {after.requests:,} requests"
    return Check(outcome=Outcome.NOTHING, reason=f"nothing failed before, nor after ({counts})")


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
