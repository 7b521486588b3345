"""The analysis of a Campaign: Node against Node and against the control."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from analysis.findings import (
    CampaignAnalysis,
    Detection,
    Limits,
    NodeResult,
    PeriodicStall,
    RunAnalysis,
    Verdict,
)
from analysis.run import rejudged
from analysis.verdict import describe, reaches, too_many_errors

FAMILY_ALPHA = 0.01
"""Chance of one false claim a Campaign."""
SAME_PERIOD = 0.01


def analyze_campaign(
    nodes: Sequence[NodeResult], control: NodeResult | None, *, limits: Limits, detection: Detection
) -> CampaignAnalysis:
    """Compare the Nodes of a Campaign and say its verdict in one sentence.

    Claims are kept when they survive Holm's step-down (Holm 1979) over Nodes at a family-wise 1 %, and
    when the control does not stall as well: then the generator, not the network, is what was seen.

    Parameters
    ----------
    nodes
        Each Node's Run, analyzed alone.
    control
        The Run against the loopback server, or None.
    """
    notes: list[str] = []
    corrected = holm(nodes, limits, detection, notes)
    if control is not None and control.analysis.periodic_stalls:
        corrected = [under_control(node, control, limits, notes) for node in corrected]
    verdict = Verdict.worst([node.analysis.verdict for node in corrected])
    if control is not None and verdict is Verdict.PASS and control.analysis.verdict is Verdict.FAIL:
        verdict = Verdict.INCONCLUSIVE
        notes.append(f"the control itself failed: {'; '.join(control.analysis.reasons)}")
    return CampaignAnalysis(
        verdict=verdict,
        sentence=sentence(verdict, corrected, control, limits),
        nodes=tuple(corrected),
        control=control,
        notes=tuple(notes),
    )


def holm(
    nodes: Sequence[NodeResult], limits: Limits, detection: Detection, notes: list[str]
) -> list[NodeResult]:
    """Keep the claims that survive Holm over Nodes; a Node that loses one gets its verdict anew."""
    alpha = min(FAMILY_ALPHA, detection.alpha * 2)
    order = sorted(range(len(nodes)), key=lambda i: smallest_p(nodes[i].analysis))
    level, stopped = {}, False
    for rank, i in enumerate(order):
        bound = min(alpha / (len(nodes) - rank), detection.alpha)
        stopped = stopped or smallest_p(nodes[i].analysis) > bound
        level[i] = 0.0 if stopped else bound
    kept = []
    for i, node in enumerate(nodes):
        claims = tuple(stall for stall in node.analysis.periodic_stalls if stall.p_value <= level[i])
        lost = [stall for stall in node.analysis.periodic_stalls if stall.p_value > level[i]]
        notes.extend(
            f"{node.name} {describe(stall)}: not sure enough among {len(nodes)} nodes, so not claimed"
            for stall in lost
        )
        analysis = rejudged(node.analysis, claims, limits, detection) if lost else node.analysis
        kept.append(replace(node, analysis=analysis))
    return kept


def smallest_p(analysis: RunAnalysis) -> float:
    """Smallest p-value of a Run's claims; 1 without claims."""
    return min((stall.p_value for stall in analysis.periodic_stalls), default=1.0)


def under_control(node: NodeResult, control: NodeResult, limits: Limits, notes: list[str]) -> NodeResult:
    """Make a Node inconclusive when the control stalls; too many errors stay a fail: stalls make none."""
    analysis = node.analysis
    if too_many_errors(analysis.errors, analysis.requests, limits.error_rate):
        return node
    if not analysis.periodic_stalls and analysis.verdict is Verdict.INCONCLUSIVE:
        return node
    shared = [
        stall
        for stall in node.analysis.periodic_stalls
        if any(coincide(stall, other) for other in control.analysis.periodic_stalls)
    ]
    what = describe(control.analysis.periodic_stalls[0])
    reason = (
        f"the control {what} at the same times: the generator is the cause, not the path"
        if shared
        else f"the control {what}: the generator stalls by itself, so nothing is sure about the path"
    )
    notes.append(f"{node.name}: {reason}")
    return replace(node, analysis=replace(node.analysis, verdict=Verdict.INCONCLUSIVE, reasons=(reason,)))


def coincide(stall: PeriodicStall, other: PeriodicStall) -> bool:
    """Tell two stalls that have one period and strike at the same time."""
    if abs(stall.period_s / other.period_s - 1) > SAME_PERIOD:
        return False
    apart_s = abs(stall.first_stall_ns - other.first_stall_ns) / 1e9 % stall.period_s
    apart_s = min(apart_s, stall.period_s - apart_s)
    return apart_s <= max(stall.stall_s, other.stall_s, 0.05 * stall.period_s)


def sentence(
    verdict: Verdict, nodes: Sequence[NodeResult], control: NodeResult | None, limits: Limits
) -> str:
    """The verdict in one plain sentence."""
    if not nodes:
        return f"{verdict.value}: no node was measured."
    if verdict is Verdict.FAIL:
        return f"fail: {failed_part(nodes, limits)}."
    if verdict is Verdict.INCONCLUSIVE:
        return f"inconclusive: {inconclusive_part(nodes, control)}."
    total = sum(node.analysis.requests for node in nodes)
    return f"pass: {names(nodes)} {verb(nodes, 'shows', 'show')} no stall (n = {total:,} requests)."


def failed_part(nodes: Sequence[NodeResult], limits: Limits) -> str:
    """What failed Nodes did, and what the others did not."""
    failed = [node for node in nodes if node.analysis.verdict is Verdict.FAIL]
    parts = [f"{node.name} {first_failure(node.analysis, limits)}" for node in failed]
    others = [node for node in nodes if node.analysis.verdict is not Verdict.FAIL]
    quiet = [node for node in others if not node.analysis.periodic_stalls]
    if quiet:
        parts.append(f"{names(quiet)} {verb(quiet, 'shows', 'show')} none")
    return "; ".join(parts)


def first_failure(analysis: RunAnalysis, limits: Limits) -> str:
    """The first reason of a failed Run, with its n."""
    stalls = [stall for stall in analysis.periodic_stalls if reaches(stall, limits)]
    if not stalls:
        return f"failed: {analysis.reasons[0]}"
    said = describe(stalls[0])
    return f"{said[:-1]}, n = {analysis.requests:,} requests)"


def inconclusive_part(nodes: Sequence[NodeResult], control: NodeResult | None) -> str:
    """The first reason of each inconclusive Node."""
    open_nodes = [node for node in nodes if node.analysis.verdict is Verdict.INCONCLUSIVE]
    if not open_nodes and control is not None:
        return f"the control failed: {'; '.join(control.analysis.reasons)}"
    reasons: dict[str, list[NodeResult]] = {}
    for node in open_nodes:
        reasons.setdefault(node.analysis.reasons[0] if node.analysis.reasons else "no data", []).append(node)
    return "; ".join(f"{names(who)}: {reason}" for reason, who in reasons.items())


def names(nodes: Sequence[NodeResult]) -> str:
    """Names in a list: a, b and c."""
    listed = [node.name for node in nodes]
    return listed[0] if len(listed) == 1 else f"{', '.join(listed[:-1])} and {listed[-1]}"


def verb(nodes: Sequence[NodeResult], one: str, several: str) -> str:
    """Singular or plural."""
    return one if len(nodes) == 1 else several
