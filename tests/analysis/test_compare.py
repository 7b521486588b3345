"""Before and after: fixed, not fixed, inconclusive, nothing to fix, and the chance of having missed it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from analysis.compare import Comparison, compare
from analysis.findings import (
    Detection,
    Episode,
    Latency,
    Limits,
    NodeResult,
    PeriodicStall,
    RunAnalysis,
    RunFacts,
    Verdict,
)
from analysis.run import analyze_run
from analysis.unseen import Outcome
from tests.analysis.generate import Load, Scene, Source, simulate
from tests.analysis.test_campaign import QUIET
from tests.analysis.test_verdict import STALL

LONG = replace(STALL, period_s=60.0, cycles_expected=60, cycles_hit=60)
STALLING = replace(
    QUIET,
    verdict=Verdict.FAIL,
    duration_s=3600.0,
    requests=36_000,
    rows=36_000,
    periodic_stalls=(LONG,),
    latency=Latency(n=36_000, p50_ms=3.0, p95_ms=5.0, p99_ms=9.0, max_ms=4012.0),
    reasons=("stalls",),
)
FINE = replace(QUIET, duration_s=720.0, requests=7200, rows=7200)


def node(analysis: RunAnalysis, name: str = "node-2") -> NodeResult:
    """A Node with an analysis."""
    return NodeResult(name=name, kind="node", analysis=analysis)


def compared(before: RunAnalysis, after: RunAnalysis) -> Comparison:
    """Compare two single Runs with the defaults."""
    return compare([node(before)], [node(after)], limits=Limits(), detection=Detection())


def episodes(count: int, peak_ms: float = 1500.0) -> tuple[Episode, ...]:
    """Episodes a minute apart."""
    return tuple(
        Episode(start_ns=k * 10**9, end_ns=k * 10**9, peak_ms=peak_ms, requests=3, dominant_phase="waiting")
        for k in range(60, 60 + 60 * count, 60)
    )


def test_chance_of_a_stall_unseen_is_said() -> None:
    """Twelve expected and none seen is a chance of e^-12, which stands in the sentence with n."""
    found = compared(STALLING, FINE)
    assert found.outcome is Outcome.FIXED
    [check] = found.nodes[0].checks
    assert check.expected == pytest.approx(12.0)
    assert check.p_value == pytest.approx(math.exp(-12))
    assert found.sentence == (
        "fixed: node-2: at the old rate 12 stalls of 1.5 s every 60.0 s were expected, 0 seen, p = 6e-06 "
        "(n = 7,200 requests)."
    )


def test_three_cycles_before_are_no_better_than_three_cycles() -> None:
    """A stall known from three cycles only is called fixed with the doubt that these leave."""
    rare = replace(LONG, cycles_expected=3, cycles_hit=3)
    [check] = compared(replace(STALLING, periodic_stalls=(rare,)), FINE).nodes[0].checks
    assert check.p_value > 1e-4


def test_too_short_an_after_is_inconclusive_and_says_how_much_longer() -> None:
    """Two expected and none seen proves nothing: the Run has to be longer."""
    found = compared(STALLING, replace(FINE, duration_s=120.0, requests=1200, rows=1200))
    assert found.outcome is Outcome.INCONCLUSIVE
    assert "run 4 min longer" in found.sentence


def test_fewer_requests_see_fewer_stalls() -> None:
    """A rate at which a stall mostly meets no request counts as fewer stalls expected."""
    rare = replace(FINE, requests=72, rows=72)
    [check] = compared(STALLING, rare).nodes[0].checks
    assert check.expected < 3
    assert check.outcome is Outcome.INCONCLUSIVE


def test_what_still_fails_is_not_fixed() -> None:
    """An AFTER that fails is not fixed, and its stall is said."""
    after = replace(STALLING, duration_s=720.0)
    found = compared(STALLING, after)
    assert found.outcome is Outcome.NOT_FIXED
    assert "after, it stalls for 1.5 s every 60.0 s" in found.sentence


@pytest.mark.parametrize(("count", "outcome"), [(1, Outcome.FIXED), (3, Outcome.INCONCLUSIVE)])
def test_stalls_that_are_rarer_are_not_gone(count: int, outcome: Outcome) -> None:
    """One slow episode is a note; three of them leave it open although twelve were expected."""
    after = replace(FINE, episodes=episodes(count, peak_ms=900.0))
    assert compared(STALLING, after).outcome is outcome


def test_smaller_than_the_limit_is_not_fixed_either() -> None:
    """The same period below the limit keeps the comparison open."""
    small = replace(LONG, added_ms=150.0)
    found = compared(STALLING, replace(FINE, periodic_stalls=(small,)))
    assert found.outcome is Outcome.INCONCLUSIVE
    assert "below the limit" in found.sentence


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (RunFacts(unfit="the run failed: k6 was ended"), "the run failed"),
        (RunFacts(expected_requests=8000), "800 are missing"),
        (RunFacts(dropped_iterations=5), "5 iterations were dropped"),
    ],
)
def test_a_run_with_losses_proves_nothing(facts: RunFacts, said: str) -> None:
    """What lost requests, or failed, can have lost the stalls."""
    after = replace(FINE, verdict=Verdict.INCONCLUSIVE, facts=facts, reasons=("lost",))
    found = compared(STALLING, after)
    assert found.outcome is Outcome.INCONCLUSIVE
    assert said in found.sentence


def test_an_interrupted_after_is_only_shorter() -> None:
    """Interrupted, but long enough, is fixed."""
    after = replace(
        FINE, verdict=Verdict.INCONCLUSIVE, facts=RunFacts(interrupted=True), reasons=("interrupted",)
    )
    assert compared(STALLING, after).outcome is Outcome.FIXED


def test_connections_all_kept_cannot_show_a_stall_in_connecting() -> None:
    """A stall of new connections is not fixed by opening none."""
    before = replace(STALLING, periodic_stalls=(replace(LONG, dominant_phase="connecting"),))
    assert compared(before, replace(FINE, kept_share=1.0)).outcome is Outcome.INCONCLUSIVE
    assert compared(before, FINE).outcome is Outcome.FIXED


def test_errors_are_compared_by_their_rate() -> None:
    """Fifty errors of 5,000 before, none of 2,000 after: fixed; none of 100: inconclusive."""
    before = replace(QUIET, verdict=Verdict.FAIL, errors=50, requests=5000, reasons=("50 failed",))
    after = replace(QUIET, requests=2000, rows=2000)
    assert compared(before, after).outcome is Outcome.FIXED
    found = compared(before, replace(after, requests=100, rows=100))
    assert found.outcome is Outcome.INCONCLUSIVE
    assert "1 errors were expected, 0 seen" in found.sentence


def test_slow_episodes_without_a_period_are_compared_by_their_rate() -> None:
    """Twelve before, none after in as long a Run: fixed; two before: inconclusive."""
    before = replace(QUIET, verdict=Verdict.FAIL, episodes=episodes(12), reasons=("12 episodes",))
    assert compared(before, QUIET).outcome is Outcome.FIXED
    assert compared(replace(before, episodes=episodes(2)), QUIET).outcome is Outcome.INCONCLUSIVE


def test_nothing_to_fix_and_still_fine() -> None:
    """Two Runs that pass leave nothing to fix; a fail that is new is not fixed."""
    assert compared(QUIET, QUIET).outcome is Outcome.NOTHING
    found = compared(QUIET, STALLING)
    assert found.outcome is Outcome.NOT_FIXED
    assert "which it did not before" in found.sentence


def test_nodes_are_matched_by_name() -> None:
    """Each Node with its own; the worst counts, and a failed one that is missing leaves it open."""
    before = [node(QUIET, "node-1"), node(STALLING, "node-2"), node(QUIET, "old")]
    after = [node(FINE, "node-2"), node(QUIET, "node-1"), node(QUIET, "new")]
    found = compare(before, after, limits=Limits(), detection=Detection())
    assert found.outcome is Outcome.FIXED
    assert [(pair.name, pair.outcome) for pair in found.nodes] == [
        ("node-1", Outcome.NOTHING),
        ("node-2", Outcome.FIXED),
    ]
    assert found.notes == ("old was measured before only", "new was measured after only")
    gone = compare(before, after[1:], limits=Limits(), detection=Detection())
    assert gone.outcome is Outcome.INCONCLUSIVE
    assert "node-2 failed before and was not measured after" in gone.sentence


@pytest.mark.parametrize(("stall_s", "outcome"), [(1.0, Outcome.NOT_FIXED), (0.0, Outcome.FIXED)])
def test_generated_runs(stall_s: float, outcome: Outcome) -> None:
    """Ten minutes with a stall each 20 s, and ten with or without it."""
    found: list[RunAnalysis] = []
    for seed, length_s in enumerate((1.0, stall_s)):
        stall = Source(times_s=tuple(np.arange(5.0, 600, 20)), stall_s=length_s)
        scene = Scene(load=Load(run_s=600, rate=5), sources=(stall,) if length_s else ())
        requests = simulate(np.random.default_rng(seed), scene)
        found.append(analyze_run(requests, facts=RunFacts(), limits=Limits(), detection=Detection()))
    assert isinstance(found[0].periodic_stalls[0], PeriodicStall)
    assert compared(*found).outcome is outcome
