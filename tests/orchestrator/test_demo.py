"""The demo's plant, and whether its judge of the analysis can find it wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analysis.findings import (
    CampaignAnalysis,
    Latency,
    Limits,
    NodeResult,
    PeriodicStall,
    RunAnalysis,
    RunFacts,
    Verdict,
)
from analysis.run import analyze_run
from orchestrator import demo
from tests.analysis.tables import table

PLANTED = demo.Plant(node="node-2", period_s=4, freeze_s=0.6, phase_s=1.0)
STALL = PeriodicStall(
    period_s=4.001, period_ci_s=(3.99, 4.01), stall_s=0.61, phase_s=1, first_stall_ns=0, peak_ms=600,
    added_ms=590, cycles_expected=7, cycles_hit=7, p_value=1e-20, dominant_phase="waiting", scenario="all",
)  # fmt: skip


def analysis(**stalls: tuple[PeriodicStall, ...]) -> CampaignAnalysis:
    """Return the analysis of a demo that claims these stalls; node_2 stands for node-2."""
    runs = [
        RunAnalysis(
            verdict=Verdict.FAIL if found else Verdict.PASS, requests=600, first_start_ns=0, duration_s=30,
            latency=Latency(n=600, p50_ms=1, p95_ms=1, p99_ms=1, max_ms=1), errors=0, error_rate=0,
            kept_share=0.5, periodic_stalls=found, periodicity_p_value=1, episodes=(), dropped_iterations=0,
            censored=0, power=1, needed_duration_s=None,
        )
        for found in (stalls.get(name.replace("-", "_"), ()) for name in demo.NODES)
    ]  # fmt: skip
    nodes = tuple(NodeResult(name=n, kind="node", analysis=r) for n, r in zip(demo.NODES, runs, strict=True))
    return CampaignAnalysis(verdict=Verdict.FAIL, sentence="", nodes=nodes)


def test_the_right_answer_has_no_difference() -> None:
    """Node, period and length are right, and no other node is blamed."""
    assert demo.differences(analysis(node_2=(STALL,)), PLANTED) == []


@pytest.mark.parametrize(
    ("stalls", "said"),
    [
        ({}, ["node-2 froze every 4 s, and was not said to stall"]),
        ({"node_2": (replace(STALL, period_s=4.05),)}, ["node-2: period 4.050 s"]),
        ({"node_2": (replace(STALL, period_s=8.0),)}, ["node-2: period 8.000 s"]),
        ({"node_2": (replace(STALL, stall_s=0.4),)}, ["node-2: length 0.400 s"]),
        ({"node_2": (STALL,), "node_3": (STALL,)}, ["node-3 was said to stall"]),
        ({"node_1": (STALL,)}, ["node-1 was said to stall", "node-2 froze"]),
        ({"node_2": (STALL, replace(STALL, period_s=3.0))}, ["node-2: period 3.000 s"]),
    ],
)
def test_every_wrong_answer_is_told(stalls: dict[str, tuple[PeriodicStall, ...]], said: list[str]) -> None:
    """A missed node, a wrong one, an extra one, a harmonic, a wrong length."""
    differences = demo.differences(analysis(**stalls), PLANTED)
    assert len(differences) == len(said)
    assert all(found.startswith(expected) for found, expected in zip(differences, said, strict=True))


def test_a_claim_below_the_limits_is_no_difference() -> None:
    """A busy machine's own small rhythm is a note; it neither blames a node nor stands for the freeze."""
    small = replace(STALL, added_ms=1, stall_s=0.001, period_s=3)
    assert demo.differences(analysis(node_2=(STALL, small), node_3=(small,)), PLANTED) == []
    assert len(demo.differences(analysis(node_2=(small,)), PLANTED)) == 1


def test_a_seed_plants_the_same_again() -> None:
    """One seed is one plant; over many seeds every node and the whole period come up."""
    plants = [demo.plant(seed, demo.SHORT) for seed in range(200)]
    assert plants == [demo.plant(seed, demo.SHORT) for seed in range(200)]
    assert {plant.node for plant in plants} == set(demo.NODES)
    phases = sorted(plant.phase_s for plant in plants)
    assert 0 <= phases[0] < 0.1 * demo.SHORT.period_s
    assert 0.9 * demo.SHORT.period_s < phases[-1] <= demo.SHORT.period_s


@pytest.mark.parametrize("scale", [demo.SHORT, demo.FULL])
@pytest.mark.parametrize("strays", [0, 2])
def test_a_demo_is_long_enough_for_its_reference(scale: demo.Scale, strays: int) -> None:
    """A healthy node passes although its run ends a little early, and a busy machine made requests slow."""
    rng = np.random.default_rng(3)
    starts = np.arange(0, 0.97 * scale.duration_s, 1 / scale.rate_per_s)
    totals = 0.001 * np.exp(rng.normal(0, 0.5, len(starts)))
    totals[[77, 203][:strays]] = 0.25
    names = np.where(np.arange(len(starts)) % 2, "kept", "fresh").astype(object)
    with demo.demo_plan("id", demo.plant(0, scale), scale) as plan:
        quiet = analyze_run(
            table(starts, totals, scenario=names), facts=RunFacts(), limits=Limits(), detection=plan.detection
        )
    assert quiet.reasons == ()


def test_the_plan_knows_nothing_of_the_plant() -> None:
    """But for the ports, which the system hands out, the plan is the same whichever node freezes."""
    plans = []
    for seed in (0, 1):
        with demo.demo_plan("id", demo.plant(seed, demo.SHORT), demo.SHORT) as plan:
            plans.append(replace(plan, nodes=[replace(node, port=None) for node in plan.nodes]))
    assert demo.plant(0, demo.SHORT).node != demo.plant(1, demo.SHORT).node
    assert plans[0] == plans[1]
