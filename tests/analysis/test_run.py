"""The analysis of a Run as a whole: what it finds, what it leaves out, what it survives."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.findings import Detection, Limits, RunAnalysis, RunFacts, Verdict
from analysis.requests import NS_PER_S
from analysis.run import analyze_run
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
        pytest.param(np.arange(50)[::-1] * 1.0, np.full(50, 0.05), id="backwards"),
    ],
)
def test_survives(start_s: list[float], total_s: list[float]) -> None:
    """Degenerate tables neither crash the analysis nor lead to a claim or a pass."""
    analysis = analyzed(table(start_s, total_s))
    assert analysis.requests == len(start_s)
    assert analysis.periodic_stalls == ()
    assert analysis.verdict is not Verdict.PASS or len(start_s) > 1


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
