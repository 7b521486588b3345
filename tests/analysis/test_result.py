"""The stable JSON."""

from __future__ import annotations

import json
from dataclasses import replace

from analysis.campaign import analyze_campaign
from analysis.findings import Detection, Episode, Latency, Limits, Throughput
from analysis.requests import NS_PER_S
from analysis.result import campaign_to_json, to_json
from tests.analysis.tables import EPOCH_NS
from tests.analysis.test_campaign import QUIET, node
from tests.analysis.test_verdict import STALL

KEYS = [
    "input",
    "verdict",
    "requests",
    "duration_s",
    "periodic_stalls",
    "periodicity_p_value",
    "episodes",
    "latency_ms",
    "error_rate",
    "dropped_iterations",
    "censored",
    "needed_duration_s",
    "throughput",
    "findings",
    "notes",
]
STALL_KEYS = [
    "period_s",
    "period_ci_s",
    "stall_s",
    "phase_s",
    "peak_ms",
    "cycles_expected",
    "cycles_hit",
    "p_value",
    "dominant_phase",
    "scenario",
    "timer",
    "shape",
    "shape_evidence",
]


def test_shape_of_a_run() -> None:
    """Keys stand in the promised order, and a claim has its own."""
    answer = to_json(replace(QUIET, periodic_stalls=(STALL,)), input_name="a.csv")
    assert list(answer) == KEYS
    again = json.loads(json.dumps(answer, allow_nan=False))
    assert list(again["periodic_stalls"][0]) == STALL_KEYS
    assert again["periodic_stalls"][0]["period_ci_s"] == [11.9, 12.1]


def test_no_number_becomes_null() -> None:
    """NaN and infinity, which JSON has not, become null."""
    nan = float("nan")
    empty = replace(
        QUIET,
        latency=Latency(n=0, p50_ms=nan, p95_ms=nan, p99_ms=nan, max_ms=nan),
        needed_duration_s=None,
        periodic_stalls=(replace(STALL, period_ci_s=(float("-inf"), float("inf"))),),
    )
    answer = json.loads(json.dumps(to_json(empty, input_name="a"), allow_nan=False))
    assert answer["latency_ms"] == {"p50": None, "p95": None, "p99": None, "max": None}
    assert answer["needed_duration_s"] is None
    assert answer["periodic_stalls"][0]["period_ci_s"] == [None, None]


def test_throughput_is_an_object_or_null() -> None:
    """A Run without known bytes has null; one with them its figures, each with n."""
    assert to_json(QUIET, input_name="a")["throughput"] is None
    throughput = Throughput(
        requests=7, total_bytes=8_000_000, first_bin_ns=EPOCH_NS, bin_s=0.5, bytes_per_s=(4e6, 2e6, 1e6),
        counted_bins=2, mean_bytes_per_s=3e6, median_bytes_per_s=3e6, p5_bytes_per_s=2.1e6,
        lowest_bytes_per_s=float("nan"), lowest_at_ns=EPOCH_NS + NS_PER_S // 2,
    )  # fmt: skip
    answer = json.loads(json.dumps(to_json(replace(QUIET, throughput=throughput), input_name="a")))
    assert answer["throughput"] == {
        "requests": 7,
        "total_bytes": 8_000_000,
        "bin_s": 0.5,
        "bins": 2,
        "bytes_per_s": {"mean": 3e6, "median": 3e6, "p5": 2.1e6, "lowest": None},
        "lowest_at": "2023-11-14T22:13:20.500000000Z",
    }


def test_instants_are_utc_with_nanoseconds() -> None:
    """Start and end of an Episode are ISO 8601 in UTC and lose no nanosecond."""
    episode = Episode(
        start_ns=1_700_000_000_000_000_001, end_ns=1_700_000_001_500_000_000, peak_ms=9.0, requests=2,
        dominant_phase="tls",
    )  # fmt: skip
    answer = json.loads(json.dumps(to_json(replace(QUIET, episodes=(episode,)), input_name="a")))
    (said,) = answer["episodes"]
    assert said["start"] == "2023-11-14T22:13:20.000000001Z"
    assert said["end"] == "2023-11-14T22:13:21.500000000Z"


def test_shape_of_a_campaign() -> None:
    """A Campaign carries each Node's object under its name and kind."""
    campaign = analyze_campaign(
        [node("node-1", STALL)], node("control", kind="control"), limits=Limits(), detection=Detection()
    )
    answer = json.loads(json.dumps(campaign_to_json(campaign), allow_nan=False))
    assert list(answer) == ["verdict", "sentence", "nodes", "control", "across_nodes", "notes"]
    assert list(answer["nodes"][0]) == ["name", "kind", *KEYS]
    assert answer["control"]["kind"] == "control"
