"""Quiet Runs of one length, and what a Campaign of them claims."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from analysis.campaign import analyze_campaign
from analysis.findings import Detection, Limits, NodeResult, RunAnalysis, RunFacts
from analysis.run import analyze_run
from tests.analysis.families import QUIET, background, disturbed, fault_times, log_uniform
from tests.analysis.generate import Scene, Source, simulate


def quiet_run(length_s: float, seed: int, family: int = 0) -> RunAnalysis:
    """Analyze one quiet Run of a length; the kinds take turns."""
    kind = QUIET[seed % len(QUIET)]
    rng = np.random.default_rng([family, round(length_s), seed])
    load, noise = background(rng, length_s, rough=bool(rng.random() < 0.3))
    if kind == "sawtooth":
        load = replace(load, shape="sawtooth", vus=0, teeth=int(rng.integers(3, 8)))
    at = fault_times(rng, kind, length_s)
    if kind == "chirp":  # the same from zero in each Run of its ratio: Nodes would coincide indeed
        at = tuple(np.sort((np.array(at) + rng.uniform(0, length_s)) % length_s))
    stall = Source(times_s=at, stall_s=log_uniform(rng, 0.2, 5))
    scene = Scene(load=load, noise=disturbed(rng, kind, noise), sources=(stall,) if at else ())
    return analyze_run(simulate(rng, scene), facts=RunFacts(), limits=Limits(), detection=Detection())


def claims(runs: list[RunAnalysis]) -> tuple[bool, bool, bool]:
    """Whether a Campaign of these Runs claims a periodic stall, one that fails it, a coincidence."""
    nodes = [NodeResult(name=f"node-{i}", kind="node", analysis=run) for i, run in enumerate(runs)]
    campaign = analyze_campaign(nodes, None, limits=Limits(), detection=Detection())
    periodic = any(node.analysis.periodic_stalls for node in campaign.nodes)
    return periodic, bool(campaign.sightings), any("coincide" in note for note in campaign.notes)
