"""A campaign made by hand: three nodes, one of which freezes, and a control."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from analysis.findings import CampaignAnalysis, Latency, Limits, NodeResult, PeriodicStall, Verdict
from analysis.requests import NS_PER_S
from reports.render import FRAME_COLUMNS
from reports.views import ReportFacts
from tests.reports.samples import (
    FIRST_S,
    PERIOD_S,
    STALL_S,
    STARTED,
    STARTED_NS,
    episode_at,
    quiet_run,
    request_table,
)


@pytest.fixture
def frames() -> dict[str, pd.DataFrame]:
    """The request tables of the campaign, with no column that a report does without."""
    tables = {
        "node-1": request_table(seed=1),
        "node-2": request_table(seed=2, stall=True),
        "vip": request_table(seed=3, errors=12),
        "control": request_table(seed=4, typical_ms=0.4),
    }
    return {name: table[list(FRAME_COLUMNS)] for name, table in tables.items()}


@pytest.fixture
def stall() -> PeriodicStall:
    """The claim that is true of node-2."""
    return PeriodicStall(
        period_s=PERIOD_S,
        period_ci_s=(11.97, 12.03),
        stall_s=STALL_S,
        phase_s=FIRST_S,
        first_stall_ns=STARTED_NS + round(FIRST_S * NS_PER_S),
        peak_ms=1512.3,
        added_ms=1480.0,
        cycles_expected=6,
        cycles_hit=6,
        p_value=2.4e-7,
        dominant_phase="waiting",
        scenario="all",
    )


@pytest.fixture
def campaign(stall: PeriodicStall) -> CampaignAnalysis:
    """What an analysis would say of the frames."""
    quiet = quiet_run()
    stalled = replace(
        quiet,
        verdict=Verdict.FAIL,
        latency=Latency(n=1500, p50_ms=9.4, p95_ms=871.5, p99_ms=1404.2, max_ms=1512.3),
        periodic_stalls=(stall,),
        periodicity_p_value=2.4e-7,
        episodes=tuple(episode_at(FIRST_S + PERIOD_S * k, STALL_S) for k in range(6)),
        reasons=("A stall of 1.50 s every 12.00 s adds 1.48 s; the limit is 200 ms.",),
    )
    unsure = replace(
        quiet,
        verdict=Verdict.INCONCLUSIVE,
        errors=12,
        error_rate=0.008,
        episodes=(episode_at(31.2, 0.4, peak_ms=640.0),),
        power=0.43,
        needed_duration_s=240.0,
        censored=3,
        dropped_iterations=17,
        reasons=("Too short: run 3 min longer.", "17 iterations were dropped."),
        notes=("One single slow episode of 640 ms at 02:00:31.",),
    )
    control = replace(quiet, latency=Latency(n=1500, p50_ms=0.4, p95_ms=0.7, p99_ms=1.1, max_ms=2.2))
    return CampaignAnalysis(
        verdict=Verdict.FAIL,
        sentence="node-2 stalls for 1.50 s every 12.00 s; node-1 is clean, vip needs a longer run.",
        nodes=(
            NodeResult(name="node-1", kind="node", analysis=quiet),
            NodeResult(name="node-2", kind="node", analysis=stalled),
            NodeResult(name="vip", kind="vip", analysis=unsure),
        ),
        control=NodeResult(name="control", kind="control", analysis=control),
        notes=("Corrected over 3 nodes (Holm).",),
    )


@pytest.fixture
def facts() -> ReportFacts:
    """What else the report says."""
    return ReportFacts(
        title="shop.example.com, smoke",
        campaign_id="20260312T020000-smoke-7f3a",
        started=STARTED,
        profile_name="smoke",
        settings={"url": "https://shop.example.com/healthz", "rate_per_s": "20", "duration": "75 s"},
        versions={"stallwatch": "0.1.0", "k6": "1.1.0", "Python": "3.11.9"},
        limits=Limits(),
        addresses={"node-1": "203.0.113.11", "node-2": "[2001:db8::12]:30443", "vip": "203.0.113.100"},
    )
