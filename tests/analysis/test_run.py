"""The analysis of a Run as a whole: what it finds, what it leaves out, what it survives."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.findings import Detection, Limits, RunAnalysis, RunFacts, Verdict
from analysis.requests import NS_PER_S
from analysis.run import analyze_run
from tests.analysis.generate import Load, Noise, Scene, Source, simulate, timer
from tests.analysis.tables import table


def analyzed(requests: pd.DataFrame, **facts: object) -> RunAnalysis:
    """Analyze with the defaults."""
    return analyze_run(requests, facts=RunFacts(**facts), limits=Limits(), detection=Detection())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("start_s", "total_s"),
    [
        pytest.param([], [], id="empty"),
        pytest.param([0.0], [0.05], id="one row"),
        pytest.param(np.zeros(500), np.full(500, 0.05), id="all equal"),
        pytest.param(np.arange(500) / 10, np.full(500, np.nan), id="no time known"),
        pytest.param(np.arange(500) / 10, np.zeros(500), id="zeros"),
        pytest.param(np.arange(500) / 10, np.full(500, 1e6), id="a billion ms"),
        pytest.param(np.arange(500) / 10, np.r_[np.full(499, 0.05), 1e6], id="one of a billion ms"),
        pytest.param(np.repeat(np.arange(250) / 5, 4), np.full(1000, 0.05), id="duplicates"),
        pytest.param(np.arange(500) / 10, np.where(np.arange(500) % 2, np.nan, 0.05), id="half unknown"),
        pytest.param(np.arange(50)[::-1] * 1.0, np.full(50, 0.05), id="backwards"),
    ],
)
def test_survives(start_s: list[float], total_s: list[float]) -> None:
    """Degenerate tables neither crash the analysis nor lead to a claim or a pass."""
    analysis = analyzed(table(start_s, total_s))
    assert analysis.requests == len(start_s)
    assert analysis.periodic_stalls == ()
    assert analysis.verdict is not Verdict.PASS or len(start_s) > 1


def test_a_stall_of_all_is_seen_in_all() -> None:
    """Kept requests that scatter widely by themselves hang in the stall all the same, and are counted."""
    rng = np.random.default_rng(3)
    starts = np.arange(0, 300, 0.1)
    kept = np.arange(len(starts)) % 2 == 0
    totals = 0.001 * np.exp(rng.normal(0, np.where(kept, 1.5, 0.2)))
    totals = np.where(starts % 20 < 1, np.maximum(totals, 1 - starts % 20), totals)
    requests = table(starts, totals, scenario=np.where(kept, "kept", "fresh").astype(object))
    [stall] = analyzed(requests).periodic_stalls
    assert stall.scenario == "all"


def test_a_stall_that_two_parts_show_is_one_claim() -> None:
    """Found in all requests and in the kept ones with periods 3 % apart, as it jitters: said once."""
    rng = np.random.default_rng([7, 26])
    period_s = rng.uniform(15, 40)
    run_s = period_s * rng.uniform(4, 8)
    source = Source(times_s=timer(rng, period_s, run_s, jitter=0.06), stall_s=1.5, period_s=period_s)
    scene = Scene(load=Load(run_s=run_s, rate=5), noise=Noise(tail_share=0.01), sources=(source,))
    requests = simulate(rng, scene)
    requests["scenario"] = pd.Categorical(np.where(rng.random(len(requests)) < 0.5, "kept", "fresh"))
    [stall] = analyzed(requests).periodic_stalls
    assert stall.period_s == pytest.approx(period_s, rel=0.02)


def test_share_kept_counts_answered_requests_only() -> None:
    """Requests that were refused went over no connection: they are neither kept nor fresh."""
    requests = table(np.arange(4) / 10, np.full(4, 0.05))
    requests["status"] = np.array([200, 200, 0, 0], dtype=np.int16)
    requests["connecting_ns"] = [1000, 0, 0, 0]
    assert analyzed(requests).kept_share == 0.5
    requests["status"] = np.int16(0)
    assert np.isnan(analyzed(requests).kept_share)


def test_a_fail_still_says_what_was_lost() -> None:
    """A Run that fails and was interrupted says both: the second as a note."""
    requests = table(np.arange(600) / 10, np.full(600, 0.05))
    requests["failed"] = True
    analysis = analyzed(requests, interrupted=True)
    assert analysis.verdict is Verdict.FAIL
    assert any("interrupted" in note for note in analysis.notes)


@pytest.mark.parametrize("whole", [False, True])
def test_whole_seconds_are_said(whole: bool) -> None:
    """Ends in whole seconds are noted, with what would tell more."""
    requests = table(np.arange(600) / 10, np.full(600, 0.05))
    if whole:
        requests["end_ns"] = requests["end_ns"] // NS_PER_S * NS_PER_S
    assert any("K6_CSV_TIME_FORMAT=unix_nano" in note for note in analyzed(requests).notes) is whole


def test_slow_episodes_of_a_download_are_said() -> None:
    """Two stalls among transfers that scatter by a factor of three are episodes, and no limit hides them."""
    rng = np.random.default_rng(8)
    totals = 0.003 * np.exp(rng.normal(0, 1.2, 2000))
    totals[[730, 731, 1930, 1931]] = 1.5
    analysis = analyze_run(
        table(np.arange(2000) / 100, totals),
        facts=RunFacts(),
        limits=Limits(slowest_ms=np.inf),
        detection=Detection(),
    )
    assert [round(episode.peak_ms) for episode in analysis.episodes] == [1500, 1500]
    said = "slow episodes, which no limit judges: 1,500 ms 7.3 s into the run, 1,500 ms 19.3 s into the run"
    assert said in analysis.notes
