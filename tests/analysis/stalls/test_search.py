"""Inject and recover: what is planted is found, with its period, length, phase and kind."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.findings import Detection, Limits, RunAnalysis, RunFacts
from analysis.run import analyze_run
from tests.analysis.families import periodic
from tests.analysis.generate import Load, Noise, Scene, Source, simulate, timer

LENGTH_SHAPES = ("freeze", "drop", "delay", "syn_upstream")


def analyzed(scene: Scene, seed: int) -> RunAnalysis:
    """Simulate and analyze with the defaults."""
    requests = simulate(np.random.default_rng(seed), scene)
    return analyze_run(requests, facts=RunFacts(), limits=Limits(), detection=Detection())


def planted(shape: str, *, period_s: float = 60.0, stall_s: float = 4.0, jitter: float = 0.002) -> Scene:
    """An open model at 5 requests/s for 12 minutes with one source."""
    rng = np.random.default_rng(7)
    at = timer(rng, period_s, 720.0, jitter=jitter)
    source = Source(times_s=at, stall_s=stall_s, shape=shape, amount=stall_s, period_s=period_s)
    return Scene(load=Load(run_s=720.0, rate=5.0), noise=Noise(), sources=(source,))


@pytest.mark.parametrize("shape", LENGTH_SHAPES)
def test_recovers_every_parameter(shape: str) -> None:
    """A 4 s fault each 60 s is found once: period within 0.5 %, length within 20 %, phase within 1 s."""
    scene = planted(shape)
    (stall,) = analyzed(scene, 1).periodic_stalls
    assert stall.period_s == pytest.approx(60.0, rel=0.005)
    assert stall.stall_s == pytest.approx(4.0, rel=0.2)
    assert stall.phase_s == pytest.approx(scene.sources[0].times_s[0], abs=1.0)
    assert stall.cycles_hit >= stall.cycles_expected - 1
    assert stall.dominant_phase == "waiting"


def test_interval_holds_the_period() -> None:
    """The 95 % interval of the period holds the true one in at least 17 of 20 runs."""
    held = 0
    for seed in range(20):
        rng = np.random.default_rng([3, seed])
        source = Source(times_s=timer(rng, 20.0, 400.0, jitter=0.01), stall_s=1.0, period_s=20.0)
        analysis = analyzed(Scene(load=Load(run_s=400.0, rate=5.0), sources=(source,)), seed)
        low, high = analysis.periodic_stalls[0].period_ci_s
        held += low <= 20.0 <= high
    assert held >= 17


@pytest.mark.parametrize("tier", ["easy", "medium", "incident"])
def test_finds_most_of_a_family(tier: str) -> None:
    """At least 20 of 25 made-up runs of each family are found with the right period."""
    right = 0
    for seed in range(25):
        kind = "incident" if tier == "incident" else "general"
        scene = periodic(np.random.default_rng([77, seed, len(tier)]), tier.replace("incident", "hard"), kind)
        truth = scene.sources[0].period_s
        claims = analyzed(scene, seed).periodic_stalls
        right += any(abs(claim.period_s / truth - 1) < 0.02 for claim in claims)
    assert right >= 20


def test_names_both_of_two_sources() -> None:
    """Two timers with unrelated periods are both claimed."""
    rng = np.random.default_rng(5)
    first = Source(times_s=timer(rng, 47.0, 900.0), stall_s=2.0, period_s=47.0)
    second = Source(times_s=timer(rng, 73.0, 900.0), stall_s=3.0, period_s=73.0)
    claims = analyzed(Scene(load=Load(run_s=900.0, rate=4.0), sources=(first, second)), 2).periodic_stalls
    assert sorted(round(claim.period_s) for claim in claims) == [47, 73]


def test_whole_seconds_are_enough_for_the_period() -> None:
    """Ends cut to whole seconds still give the period of a 4 s stall within 1 %."""
    scene = planted("freeze")
    coarse = Scene(load=scene.load, noise=Noise(resolution_s=1.0), sources=scene.sources)
    (stall,) = analyzed(coarse, 4).periodic_stalls
    assert stall.period_s == pytest.approx(60.0, rel=0.01)


def test_timer_that_arms_after_the_stall() -> None:
    """A timer that starts again after each stall has the sum as its period, not a harmonic."""
    at = tuple(7.0 + 34.0 * np.arange(20))
    source = Source(times_s=at, stall_s=4.0, period_s=34.0)
    (stall,) = analyzed(Scene(load=Load(run_s=690.0, rate=4.0), sources=(source,)), 6).periodic_stalls
    assert stall.period_s == pytest.approx(34.0, rel=0.005)
