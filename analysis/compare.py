"""Before and after: tell what is gone from what could have stayed unseen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from analysis.findings import Detection, Limits, NodeResult, RunAnalysis, Verdict
from analysis.run import measured_of, rejudged
from analysis.unseen import WORST_FIRST, Check, Outcome, error_check, slow_check, stall_check
from analysis.verdict import describe, lost_reasons, reaches, too_many_errors


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
    stalled = any(reaches(stall, limits) for stall in before.periodic_stalls)
    if stalled or (before.verdict is Verdict.INCONCLUSIVE and before.episodes):
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
