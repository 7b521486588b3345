"""Nodes of a Campaign, made up and analyzed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from analysis.campaign import analyze_campaign
from analysis.findings import CampaignAnalysis, Detection, Limits, NodeResult, RunFacts
from analysis.run import analyze_run
from tests.analysis.generate import Load, Scene, Source, simulate

RUN_S = 300.0


def measured(
    name: str, *times_s: float, kind: str = "node", stall_s: float = 1.5, seed: int = 0
) -> NodeResult:
    """A Node with freezes at these times."""
    stall = Source(times_s=times_s, stall_s=stall_s)
    scene = Scene(load=Load(run_s=RUN_S, rate=8), sources=(stall,) if times_s else ())
    rng = np.random.default_rng([seed, *map(ord, name)])
    run = analyze_run(simulate(rng, scene), facts=RunFacts(), limits=Limits(), detection=Detection())
    # Runs are made side by side; only the first request's own start differs.
    return NodeResult(name=name, kind=kind, analysis=replace(run, duration_s=RUN_S))


def each(period_s: float, first_s: float = 7.0) -> tuple[float, ...]:
    """Times of a timer."""
    return tuple(np.arange(first_s, RUN_S - 2, period_s))


def campaign(*nodes: NodeResult, control: NodeResult | None = None) -> CampaignAnalysis:
    """Analyze Nodes together."""
    return analyze_campaign(nodes, control, limits=Limits(), detection=Detection())
