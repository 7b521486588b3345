"""The analysis of a Campaign: Node against Node and against the control."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from analysis.findings import (
    CampaignAnalysis,
    Detection,
    Limits,
    NodeResult,
    RunAnalysis,
    Verdict,
)
from analysis.fleet.holm import FAMILY_ALPHA, levels, listed
from analysis.fleet.shared import shared_episodes
from analysis.fleet.sightings import same_timers, sightings
from analysis.fleet.times import explains
from analysis.run import rejudged
from analysis.verdict import describe, reaches, too_many_errors


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
    if control is not None:
        corrected = [under_control(node, control, limits) for node in corrected]
    verdict = Verdict.worst([node.analysis.verdict for node in corrected])
    beside = [*corrected, *([control] if control is not None else [])]
    seen = sightings(beside, limits, detection) if len(corrected) > 1 else ()
    notes += [*(sighting.words for sighting in seen), *same_timers(seen), *shared_episodes(beside)]
    return CampaignAnalysis(
        verdict=verdict,
        sentence=sentence(verdict, corrected, limits),
        nodes=tuple(corrected),
        control=control,
        notes=tuple(notes),
        sightings=seen,
    )


def holm(
    nodes: Sequence[NodeResult], limits: Limits, detection: Detection, notes: list[str]
) -> list[NodeResult]:
    """Keep the claims that survive Holm over Nodes; a Node that loses one gets its verdict anew."""
    alpha = min(FAMILY_ALPHA, detection.alpha * 2)
    level = levels([smallest_p(node.analysis) for node in nodes], alpha, most=detection.alpha)
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


def under_control(node: NodeResult, control: NodeResult, limits: Limits) -> NodeResult:
    """Make a Node inconclusive when the control explains its stalls, or fails by itself.

    Too many errors stay a fail: stalls of the generator make none. What the control shows below the
    limits is a note of its own and weakens no claim.
    """
    analysis = node.analysis
    if too_many_errors(analysis.errors, analysis.requests, limits.error_rate):
        return node
    claims = [stall for stall in analysis.periodic_stalls if reaches(stall, limits)]
    causes = [
        other for stall in claims for other in control.analysis.periodic_stalls if explains(other, stall)
    ]
    if causes and all(any(explains(other, stall) for other in causes) for stall in claims):
        reason = (
            f"the control {describe(causes[0])} at the same times: the generator is the cause, not the path"
        )
    elif control.analysis.verdict is Verdict.FAIL and analysis.verdict is not Verdict.INCONCLUSIVE:
        reason = (
            f"the control fails by itself ({control.analysis.reasons[0]}), so nothing is sure about the path"
        )
    else:
        return node
    return replace(node, analysis=replace(analysis, verdict=Verdict.INCONCLUSIVE, reasons=(reason,)))


def sentence(verdict: Verdict, nodes: Sequence[NodeResult], limits: Limits) -> str:
    """The verdict in one plain sentence."""
    if not nodes:
        return f"{verdict.value}: no node was measured."
    if verdict is Verdict.FAIL:
        return f"fail: {failed_part(nodes, limits)}."
    if verdict is Verdict.INCONCLUSIVE:
        return f"inconclusive: {inconclusive_part(nodes)}."
    total = sum(node.analysis.requests for node in nodes)
    return f"pass: {names(nodes)} {verb(nodes, 'shows', 'show')} no stall (n = {total:,} requests)."


def failed_part(nodes: Sequence[NodeResult], limits: Limits) -> str:
    """What failed Nodes did, and what the others did not."""
    failed = [node for node in nodes if node.analysis.verdict is Verdict.FAIL]
    did = listed([f"{node.name} {first_failure(node.analysis, limits)}" for node in failed])
    others = []
    passed = [node for node in nodes if node.analysis.verdict is Verdict.PASS]
    if passed:
        others.append(f"{names(passed)} {verb(passed, 'passes', 'pass')}")
    unsure = [node for node in nodes if node.analysis.verdict is Verdict.INCONCLUSIVE]
    if unsure:
        others.append(f"{names(unsure)} {verb(unsure, 'is', 'are')} inconclusive")
    return f"{did}; {', '.join(others)}" if others else did


def first_failure(analysis: RunAnalysis, limits: Limits) -> str:
    """The first reason of a failed Run, with its n."""
    stalls = [stall for stall in analysis.periodic_stalls if reaches(stall, limits)]
    if not stalls:
        return f"failed: {analysis.reasons[0]}"
    said = describe(stalls[0])
    return f"{said[:-1]}, n = {analysis.requests:,} requests)"


def inconclusive_part(nodes: Sequence[NodeResult]) -> str:
    """The first reason of each inconclusive Node."""
    open_nodes = [node for node in nodes if node.analysis.verdict is Verdict.INCONCLUSIVE]
    reasons: dict[str, list[NodeResult]] = {}
    for node in open_nodes:
        reasons.setdefault(node.analysis.reasons[0] if node.analysis.reasons else "no data", []).append(node)
    return "; ".join(f"{names(who)}: {reason}" for reason, who in reasons.items())


def names(nodes: Sequence[NodeResult]) -> str:
    """Names in a list: a, b and c."""
    return listed([node.name for node in nodes])


def verb(nodes: Sequence[NodeResult], one: str, several: str) -> str:
    """Singular or plural."""
    return one if len(nodes) == 1 else several
