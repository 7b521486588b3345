"""Numbers made ready to show."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime

import pytest

from analysis.findings import Finding, FindingKind, Latency, NodeResult, PeriodicStall
from reports.views import ReportFacts, node_view
from tests.reports.samples import quiet_run


def test_a_naive_start_is_refused(facts: ReportFacts) -> None:
    """A start without a time zone could mean any hour, so it is refused with what to do."""
    with pytest.raises(ValueError, match=r"aware datetime.*give it tzinfo=UTC"):
        replace(facts, started=datetime(2026, 3, 12, 2, 0, 0))  # noqa: DTZ001 - what is refused


def test_unknown_numbers_are_dashes(facts: ReportFacts) -> None:
    """A Run without any timed request shows dashes, not nan, and breaks no limit."""
    nothing = Latency(n=0, p50_ms=math.nan, p95_ms=math.nan, p99_ms=math.nan, max_ms=math.nan)
    run = replace(quiet_run(), requests=0, latency=nothing, error_rate=math.nan, kept_share=math.nan)
    view = node_view(NodeResult(name="n", kind="node", analysis=run), facts)
    assert (view.p50, view.p99, view.slowest.text, view.kept) == ("–", "–", "–", "–")
    assert (view.slowest.beyond, view.error_rate.beyond) == ("", "")


def test_findings_stand_among_the_notes(facts: ReportFacts) -> None:
    """What was confirmed beside the periodic stalls is said below the node's name."""
    shift = Finding(
        kind=FindingKind.LEVEL, start_ns=0, end_ns=0, size=1.5, n=9, p_value=0.001, words="level shift: rose"
    )
    run = replace(quiet_run(), notes=("a note",), findings=(shift,))
    assert node_view(NodeResult(name="n", kind="node", analysis=run), facts).notes == (
        "a note",
        "level shift: rose",
    )


@pytest.mark.parametrize("claimed", [False, True])
def test_a_run_has_one_p_value(claimed: bool, facts: ReportFacts, stall: PeriodicStall) -> None:
    """The best candidate's p-value stands where nothing is claimed; a claim has its own."""
    run = replace(quiet_run(), periodic_stalls=(stall,) if claimed else ())
    shown = dict(node_view(NodeResult(name="n", kind="node", analysis=run), facts).facts)
    assert ("p-value of any period" in shown) is not claimed
