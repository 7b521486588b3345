"""What only a Run's record, or the generator's own errors, say of it: never a pass."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.findings import Detection, Limits, RunFacts, Verdict
from orchestrator.judging import judge_run
from orchestrator.model import NodeKind, RunState
from orchestrator.runs.record import RunRecord
from tests.analysis.tables import table

RECORD = RunRecord(
    id="c.n0", campaign_id="c", node="n0", kind=NodeKind.NODE, address="127.0.0.1:9",
    url="http://shop.example.test/", profile="smoke", rate_per_s=20, limits=Limits(error_rate=1.0),
    detection=Detection(stall_s=0.5, period_s=6), facts=RunFacts(), versions={}, state=RunState.DONE,
)  # fmt: skip
STOPPED = "stopped after 31 s: 300 of 300 requests failed in the last 30 s: dial: connection refused"
FULL = "dial: unknown errno 24 error with msg `too many open files`"


def quiet(error: str = "") -> pd.DataFrame:
    """Return a minute of requests that would pass, some with an error where one is given."""
    rng = np.random.default_rng(1)
    failed = (np.arange(1200) % 10 == 0) & bool(error)
    rows = table(np.arange(1200) * 0.05, rng.normal(0.005, 0.0002, 1200), failed=failed)
    rows["error"] = pd.Categorical(np.where(failed, error, ""))
    return rows


def test_a_quiet_run_passes() -> None:
    """So that each test below shows something."""
    assert judge_run(RECORD, quiet()).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"facts": RunFacts(unfit=STOPPED), "state": RunState.STOPPED}, STOPPED),
        ({"facts": RunFacts(unfit="the host slept for 61.00 s")}, "the host slept for 61.00 s"),
        ({"error": "no space", "state": RunState.FAILED}, "the run failed: no space"),
        ({"state": RunState.RUNNING}, "the run still goes on: this is what it has stored so far"),
    ],
)
def test_an_unfit_run_never_passes(changes: dict[str, object], said: str) -> None:
    """Stopped, disturbed, broken, or not over: inconclusive, and the first reason says so."""
    analysis = judge_run(RECORD.closed(**changes), quiet())
    assert analysis.verdict is Verdict.INCONCLUSIVE
    assert analysis.reasons[0] == said


@pytest.mark.parametrize(
    ("scenario", "connecting_ns", "said"),
    [
        ("fresh", 0, "0 of 1,200 fresh requests opened a connection: the service leaves others open"),
        ("kept", 90_000, "0 of 1,200 kept requests found a connection open: the service closes it"),
        ("fresh", 90_000, None),
        ("kept", 0, None),
        ("browse", 0, None),
    ],
)
def test_connections_that_a_service_does_not_keep_or_open(
    scenario: str, connecting_ns: int, said: str | None
) -> None:
    """A run that could not do half of what it is for says so, with its n; a user's scenario is not ours."""
    rows = quiet()
    rows["connecting_ns"] = connecting_ns
    rows["scenario"] = pd.Categorical([scenario] * len(rows))
    told = [note for note in judge_run(RECORD, rows).notes if "a connection" in note]
    assert [note.partition(" leaves")[0].partition(" closes")[0] for note in told] == (
        [said.partition(" leaves")[0].partition(" closes")[0]] if said else []
    )


def test_a_stopped_run_still_fails() -> None:
    """The verdict follows the rules: errors above the limit are a fail, and the stop is a note."""
    record = RECORD.closed(facts=RunFacts(unfit=STOPPED), limits=Limits())
    analysis = judge_run(record, quiet("dial: connection refused"))
    assert analysis.verdict is Verdict.FAIL
    assert STOPPED in analysis.notes


def test_what_the_generator_lacks_is_no_fail() -> None:
    """Its own errors are none of the node's, but nobody knows what those requests would have shown."""
    analysis = judge_run(RECORD.closed(limits=Limits()), quiet(FULL))
    assert (analysis.verdict, analysis.errors) == (Verdict.INCONCLUSIVE, 0)
    assert analysis.reasons == (
        "120 of 1,200 requests failed in the generator itself, not at the node: too many open files",
    )
    assert replace(analysis, reasons=()).requests == 1200
