"""Power: a pass is only given where the reference stall would have been found."""

from __future__ import annotations

import numpy as np

from analysis.findings import Detection, Limits, RunAnalysis, RunFacts, Verdict
from analysis.run import analyze_run
from tests.analysis.generate import Load, Scene, Source, simulate, timer
from tests.analysis.tables import table


def analyzed(run_s: float, rate: float, seed: int, *, stalls: bool) -> RunAnalysis:
    """A Run of plain noise, with or without the reference stall."""
    rng = np.random.default_rng([seed, int(run_s)])
    at = timer(rng, 60.0, run_s) if stalls else ()
    source = Source(times_s=at, stall_s=1.0, period_s=60.0)
    requests = simulate(rng, Scene(load=Load(run_s=run_s, rate=rate), sources=(source,)))
    return analyze_run(requests, facts=RunFacts(), limits=Limits(), detection=Detection())


def two_scenarios(run_s: int) -> RunAnalysis:
    """A quiet Run at 10 requests a second, half of them in each of two scenarios."""
    rng = np.random.default_rng([5, run_s])
    starts = np.arange(0.0, run_s, 0.1)
    names = np.where(np.arange(len(starts)) % 2, "kept", "fresh").astype(object)
    requests = table(starts, 0.04 * np.exp(rng.normal(0, 0.2, len(starts))), scenario=names)
    return analyze_run(requests, facts=RunFacts(), limits=Limits(), detection=Detection())


def test_long_quiet_run_passes() -> None:
    """Ten minutes at 10 requests a second of plain noise are a pass."""
    assert analyzed(600.0, 10.0, 1, stalls=False).verdict is Verdict.PASS


def test_short_run_says_how_long_it_takes() -> None:
    """Two minutes cannot show a stall each minute: inconclusive, with a duration that would pass."""
    short = analyzed(120.0, 10.0, 2, stalls=False)
    assert short.verdict is Verdict.INCONCLUSIVE
    assert short.needed_duration_s is not None
    enough = analyzed(short.needed_duration_s + 5.0, 10.0, 3, stalls=False)
    assert enough.verdict is Verdict.PASS


def test_quiet_runs_of_any_length_ask_for_the_same_and_pass_there() -> None:
    """Of two scenarios from 10 s on: what is too short asks for one length in all, where it passes.

    What passes asks for nothing more; a longer Run is searched in more scenarios, and that is known before.
    """
    runs = {run_s: two_scenarios(run_s) for run_s in (10, 60, 181, 241, 250, 299, 300, 303, 360)}
    needed = {run.needed_duration_s for run in runs.values() if run.verdict is Verdict.INCONCLUSIVE}
    assert needed == {300.0}
    assert all((run.verdict is Verdict.PASS) == (run.needed_duration_s is None) for run in runs.values())
    assert {run.verdict for run_s, run in runs.items() if run_s >= 300} == {Verdict.PASS}


def test_power_is_not_promised_too_much() -> None:
    """Where the power is said to be 0.95, at least 18 of 20 planted reference stalls are claimed."""
    needed = analyzed(120.0, 5.0, 4, stalls=False).needed_duration_s
    assert needed is not None
    found = [bool(analyzed(needed, 5.0, seed, stalls=True).periodic_stalls) for seed in range(20)]
    assert sum(found) >= 18


def test_a_pass_does_not_hide_the_reference_stall() -> None:
    """Of 30 runs with the reference stall, as long as is asked for or longer, at most one passes."""
    passed = [analyzed(360.0 + 20.0 * seed, 8.0, seed, stalls=True).verdict for seed in range(30)]
    assert passed.count(Verdict.PASS) <= 1
