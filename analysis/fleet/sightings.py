"""Who shows a periodic stall, who does not, and who shows it at the same times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
from scipy.stats import hypergeom

from analysis.findings import Detection, Limits, NodeResult, PeriodicStall, RunAnalysis
from analysis.fleet.holm import FAMILY_ALPHA, listed, sure
from analysis.fleet.seen import Beside, Sighting
from analysis.fleet.shared import spans_of
from analysis.fleet.times import COMPARABLE, SAME_PERIOD, apart_s, coincide
from analysis.requests import NS_PER_S
from analysis.stalls.power import Noise, power
from analysis.verdict import reaches, seconds

SEARCHES = 3
"""All requests pooled, kept and fresh."""

Group = Sequence[tuple[NodeResult, PeriodicStall]]


def sightings(nodes: Sequence[NodeResult], limits: Limits, detection: Detection) -> tuple[Sighting, ...]:
    """Group the claims of all Nodes by the times at which they strike, and look at the other Nodes there.

    Claims below ``limits.stall_ms`` are left out: Episodes so small are not listed, so that nothing could
    be said of the Nodes beside.

    A Node beside is called free of a stall when its cycles were hit significantly less often than those
    of the Nodes that claim it (Fisher's exact test, Holm over all Nodes beside all stalls).
    """
    found = []
    for group in grouped(nodes, limits):
        members = {node.name for node, _ in group}
        others = [node for node in nodes if node.name not in members]
        found.append((group, [beside(group, node, detection) for node in others]))
    every = [one for _, others in found for one in others]
    free = sure([one.p_value for one in every], FAMILY_ALPHA)
    judged = iter([replace(one, free=held) for one, held in zip(every, free, strict=True)])
    several = [[next(judged) for _ in others] for _, others in found]
    kinds = {node.name: node.kind for node in nodes}
    return tuple(sighting(group, others, kinds) for (group, _), others in zip(found, several, strict=True))


def grouped(nodes: Sequence[NodeResult], limits: Limits) -> list[list[tuple[NodeResult, PeriodicStall]]]:
    """Claims that coincide with the first of their group, the surest first."""
    claims = [
        (node, stall) for node in nodes for stall in node.analysis.periodic_stalls if reaches(stall, limits)
    ]
    groups: list[list[tuple[NodeResult, PeriodicStall]]] = []
    for node, stall in sorted(claims, key=lambda claim: claim[1].p_value):
        mine = [g for g in groups if coincide(g[0][1], stall) and all(n.name != node.name for n, _ in g)]
        if mine:
            mine[0].append((node, stall))
        else:
            groups.append([(node, stall)])
    return groups


def beside(group: Group, node: NodeResult, detection: Detection) -> Beside:
    """Look at a Node without the claim at the times when the others stall."""
    stall, run = group[0][1], node.analysis
    hit, cycles = hits_at(stall, run)
    theirs = sum(claim.cycles_hit for _, claim in group)
    expected = sum(claim.cycles_expected for _, claim in group)
    p_value = float(hypergeom.sf(theirs - 1, expected + cycles, theirs + hit, expected)) if cycles else 1.0
    return Beside(
        name=node.name,
        hit=hit,
        cycles=cycles,
        requests=run.requests,
        p_value=p_value,
        power=power_for(stall, run, detection),
    )


def hits_at(stall: PeriodicStall, run: RunAnalysis) -> tuple[int, int]:
    """Cycles of another Node's stall in which this Run has an Episode of comparable size, of all."""
    begin_s = (run.first_start_ns - stall.first_stall_ns) / NS_PER_S
    cycles = np.arange(
        np.ceil(begin_s / stall.period_s), np.floor((begin_s + run.duration_s) / stall.period_s) + 1
    )
    if len(cycles) == 0:
        return 0, 0
    least_ms = COMPARABLE * stall.added_ms + (run.latency.p50_ms if run.latency.n else 0.0)
    spans = spans_of([e for e in run.episodes if e.peak_ms >= least_ms], stall.first_stall_ns)
    slack_s = min(max(stall.stall_s / 2, 0.5), 0.1 * stall.period_s)
    low, high = cycles * stall.period_s - slack_s, cycles * stall.period_s + stall.stall_s + slack_s
    hit = ((spans[:, 0][:, None] <= high) & (spans[:, 1][:, None] >= low)).any(axis=0)
    return int(hit.sum()), len(cycles)


def power_for(stall: PeriodicStall, run: RunAnalysis, detection: Detection) -> float:
    """Chance that this Run would have claimed the stall, at its own rate and noise."""
    if run.requests == 0 or run.duration_s <= 0:
        return 0.0
    spacing_s = run.duration_s / run.requests * (1 if stall.scenario == "all" else 2)
    noise = Noise(
        seen=float(-np.expm1(-stall.stall_s / 2 / spacing_s)),
        episodes_per_s=len(run.episodes) / run.duration_s,
        spacing_s=spacing_s,
    )
    asked = replace(detection, stall_s=stall.stall_s, period_s=stall.period_s)
    return power(noise, run.duration_s, asked, SEARCHES)


def sighting(group: Group, others: Sequence[Beside], kinds: Mapping[str, str]) -> Sighting:
    """Put one stall of a Campaign into words."""
    stalls = [stall for _, stall in group]
    widest = max((apart_s(a, b) for a, b in combinations(stalls, 2)), default=0.0)
    blur_s = max(node.analysis.duration_s / max(node.analysis.requests, 1) for node, _ in group)
    # Range of m phases that are spread evenly over a circle, up to half of it.
    m, share = len(group), min(max(widest, blur_s) / stalls[0].period_s, 0.5)
    p_value = min(1.0, m * share ** (m - 1)) if m > 1 else 1.0
    names = tuple(node.name for node, _ in group)
    first = seconds(stalls[0].period_s)
    if m == 1:
        alone = all(o.free for o in others) and any(kinds[o.name] != "control" for o in others)
        said = f"{names[0]} {'alone ' if alone else ''}stalls every {first}"
    else:
        said = (
            f"{listed(names)} stall every {first} at the same times (within {seconds(max(widest, blur_s))}, "
            f"{'one cause' if p_value <= FAMILY_ALPHA else 'one cause or chance'}, p = {p_value:.1g})"
        )
    if any(kinds[name] == "control" for name in names):
        said += ": the generator's own"
    words = "; ".join([said, *beside_words(others, kinds), *vip_words(names, others, kinds)])
    return Sighting(
        nodes=names,
        period_s=stalls[0].period_s,
        apart_s=widest,
        p_value=p_value,
        beside=tuple(others),
        words=words,
    )


def beside_words(others: Sequence[Beside], kinds: Mapping[str, str]) -> list[str]:
    """What the other Nodes showed at the same times, with n and power; the control, which is none, apart."""
    nodes = [other for other in others if kinds[other.name] != "control"]
    control = [replace(other, name="the control") for other in others if kinds[other.name] == "control"]
    words = [
        f"{listed([f'{o.name} (n = {o.requests:,})' for o in free])} had {sum(o.hit for o in free)} of "
        f"{sum(o.cycles for o in free)} such cycles (p = {max(o.p_value for o in free):.1g}) and would "
        f"have shown it with a power of {listed([f'{o.power:.2f}' for o in free])}"
        for free in ([o for o in nodes if o.free], [o for o in control if o.free])
        if free
    ]
    words.extend(
        f"whether {o.name} (n = {o.requests:,}) has it too is not sure: {o.hit} of {o.cycles} cycles, "
        f"power {o.power:.2f}"
        for o in (*nodes, *control)
        if not o.free
    )
    return words


def vip_words(names: Sequence[str], others: Sequence[Beside], kinds: Mapping[str, str]) -> list[str]:
    """What it means that a VIP stalls with one Node, or alone."""
    vips = [name for name in names if kinds[name] == "vip"]
    plain = [name for name in names if kinds[name] == "node"]
    free = [other for other in others if other.free and kinds[other.name] == "node"]
    if not vips or any(kinds[other.name] == "node" and not other.free for other in others):
        return []
    if len(plain) == 1 and free:
        return [f"{listed(vips)} stalls with {plain[0]} and no other node: its traffic goes there"]
    if not plain and free:
        return [f"no node's own address shows it: look at what announces {listed(vips)}"]
    return []


def same_timers(found: Sequence[Sighting]) -> list[str]:
    """Stalls of one period at different times: a timer of its own at each Node."""
    return [
        f"{listed(one.nodes)} and {listed(other.nodes)} stall with the same period "
        f"({seconds(one.period_s)}) at different times: one mechanism, a timer each"
        for one, other in combinations(found, 2)
        if abs(one.period_s / other.period_s - 1) <= SAME_PERIOD and not set(one.nodes) & set(other.nodes)
    ]
