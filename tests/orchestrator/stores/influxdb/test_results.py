"""The points of a Run's results: what they hold, that none hides another, and that they say it again."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import httpx
import numpy as np
import pandas as pd
import pytest

from analysis.findings import (
    Detection,
    Episode,
    Finding,
    FindingKind,
    Limits,
    PeriodicStall,
    RunAnalysis,
    RunFacts,
    Verdict,
)
from orchestrator.judging import judge_run
from orchestrator.model import InfluxSettings, NodeKind, RunState
from orchestrator.runs.record import RunRecord, record_of
from orchestrator.stores.influxdb.client import InfluxClient
from orchestrator.stores.influxdb.results import evidence_lines, result_lines
from orchestrator.stores.influxdb.tags import from_tag
from tests.analysis.tables import table

BEGAN_NS = 1_764_000_000_000_000_000
RECORD = RunRecord(
    id="c.n0", campaign_id="c", node="n0", kind=NodeKind.VIP, address="127.0.0.1:9",
    url="http://shop.example.test/", profile="smoke", rate_per_s=20, limits=Limits(slowest_ms=math.inf),
    detection=Detection(stall_s=0.5, period_s=6), facts=RunFacts(expected_requests=1200, planned_s=60),
    versions={"k6": "2.2.0"}, settings={"rate": 'say "20"\\'}, state=RunState.DONE, started_ns=BEGAN_NS,
    ended_ns=BEGAN_NS + 61_000_000_000, rows=1200,
)  # fmt: skip
STALL = PeriodicStall(
    period_s=6.0, period_ci_s=(5.9, 6.1), stall_s=0.5, phase_s=1.0, first_stall_ns=BEGAN_NS + 10**9,
    peak_ms=500.0, added_ms=490.0, cycles_expected=10, cycles_hit=9, p_value=1e-20,
    dominant_phase="waiting", scenario="kept",
)  # fmt: skip
POINT = re.compile(r"(\w+),((?:\\.|[^ \\])+) (.*) (-?\d+)", re.DOTALL)
FIELD = re.compile(r'(\w+)=("(?:\\.|[^"\\])*"|[^,"]+)(?:,|$)', re.DOTALL)


def points(lines: list[str]) -> list[tuple[str, str, dict[str, str], int]]:
    """Take lines apart: measurement, tags, fields as they are written, time."""
    parsed = [match for line in lines if (match := POINT.fullmatch(line))]
    assert len(parsed) == len(lines)
    return [(m[1], m[2], dict(FIELD.findall(m[3])), int(m[4])) for m in parsed]


def stalling(freeze_s: float = 0.5, **changes: object) -> tuple[RunRecord, RunAnalysis, pd.DataFrame]:
    """Return a minute of requests with a stall of half a second each 6 s, judged."""
    rng = np.random.default_rng(1)
    starts = np.arange(1200) * 0.05
    total = rng.normal(0.005, 0.0002, 1200)
    into = starts % 6
    frame = table(starts, np.where(into < freeze_s, freeze_s - into + total, total))
    record = RECORD.closed(**changes)
    return record, judge_run(record, frame), frame


def test_a_run_is_one_point() -> None:
    """Verdict and figures, at the Run's start, under its tags; numbers with the types they always have."""
    record, analysis, _ = stalling()
    (measurement, tags, fields, at_ns), *rest = points(result_lines(record, analysis))
    assert (measurement, at_ns) == ("run", BEGAN_NS)
    assert tags == "campaign=c,node=n0,node_kind=vip,profile=smoke,run=c.n0"
    assert {point[0] for point in rest} == {"finding"}
    expected = {
        "verdict": '"fail"', "severity": "2i", "state": '"done"', "requests": "1200i", "k6_requests": "1200i",
        "planned_s": "60.0", "rate_per_s": "20.0", "errors": "0i", "error_rate": "0.0", "stalls": "1i",
        "stalls_over_limit": "1i", "dropped_iterations": "0i", "max_ms": repr(analysis.latency.max_ms),
        "ended_ns": f"{RECORD.ended_ns}i",
    }  # fmt: skip
    assert {name: fields[name] for name in expected} == expected
    assert fields["sentence"].startswith('"fail; stalls for 0.50 s every 6.0 s')


def test_the_record_comes_back_from_its_field() -> None:
    """Another machine has the Run's limits, facts and settings as they were, the hostile ones too."""
    record, analysis, _ = stalling()
    [_, _, fields, _], *_ = points(result_lines(record, analysis))
    text = re.sub(r"\\(.)", r"\1", fields["record"][1:-1])
    assert record_of(text) == record


def test_a_stall_and_its_episodes_are_points() -> None:
    """The claim with its numbers, and each Episode with start and end, so that both can be marked."""
    record, analysis, _ = stalling()
    [stall] = analysis.periodic_stalls
    found = [point for point in points(result_lines(record, analysis)) if point[0] == "finding"]
    [(_, tags, fields, at_ns)] = [point for point in found if r"kind=periodic\ stall" in point[1]]
    assert tags == r"campaign=c,kind=periodic\ stall,node=n0,node_kind=vip,profile=smoke,run=c.n0"
    assert at_ns == stall.first_stall_ns
    assert fields["period_s"] == repr(stall.period_s)
    assert fields["cycles_hit"] == f"{stall.cycles_hit}i"
    assert fields["p_value"] == repr(stall.p_value)
    assert fields["over_limit"] == "true"
    assert fields["scenario"] == f'"{stall.scenario}"'
    episodes = [(at, fields["end_ns"]) for _, tags, fields, at in found if "kind=episode" in tags]
    assert episodes == [(episode.start_ns, f"{episode.end_ns}i") for episode in analysis.episodes]
    assert len(episodes) >= 9


def test_what_begins_at_one_instant_stays_apart() -> None:
    """Two claims, two changes and two Episodes of one time have points of their own, the same each time."""
    _, quiet, _ = stalling(freeze_s=0.0)
    kinds = [FindingKind.ERRORS, FindingKind.ERRORS, FindingKind.LEVEL]
    analysis = replace(
        quiet,
        periodic_stalls=(STALL, replace(STALL, scenario="fresh")),
        findings=tuple(
            Finding(kind=kind, start_ns=5, end_ns=9, size=2.0, n=3, p_value=0.001, words=f"{number}")
            for number, kind in enumerate(kinds)
        ),
        episodes=(
            Episode(start_ns=5, end_ns=9, peak_ms=7.0, requests=1, dominant_phase="waiting"),
            Episode(start_ns=5, end_ns=8, peak_ms=6.0, requests=2, dominant_phase="waiting"),
        ),
    )
    lines = result_lines(RECORD, analysis)
    found = points(lines)
    assert len({(point[0], point[1], point[3]) for point in found}) == len(found) == 8
    first_ns = STALL.first_stall_ns
    assert [point[3] for point in found[1:]] == [first_ns, first_ns + 1, 5, 6, 5, 5, 6]
    assert result_lines(RECORD, analysis) == lines


def test_what_is_not_known_is_left_out() -> None:
    """A Run without an answer, killed before its totals: no field holds a NaN or a made-up number."""
    record = RECORD.closed(facts=RunFacts(), rate_per_s=None, ended_ns=None)
    analysis = judge_run(record, table(np.empty(0), np.empty(0)))
    assert math.isnan(analysis.latency.max_ms)
    [(_, _, fields, _)] = points(result_lines(record, analysis))
    unknown = {"max_ms", "p50_ms", "k6_requests", "planned_s", "rate_per_s", "ended_ns", "kept_share"}
    assert unknown & fields.keys() == set()
    assert fields["requests"] == "0i"
    assert fields["verdict"] == '"inconclusive"'
    assert SEVERITIES[analysis.verdict] == fields["severity"]


SEVERITIES = {Verdict.PASS: "0i", Verdict.INCONCLUSIVE: "1i", Verdict.FAIL: "2i"}


def test_every_field_has_one_type() -> None:
    """Whether a number is whole does not change its type: InfluxDB would refuse the second Run."""
    types: dict[tuple[str, str], set[str]] = {}
    for limits, rate in ((Limits(), 20), (Limits(stall_ms=1e6), 0.5)):
        record, analysis, frame = stalling(limits=limits, rate_per_s=rate)
        for measurement, _, fields, _ in points(
            [*result_lines(record, analysis), *evidence_lines(record, frame)]
        ):
            for name, value in fields.items():
                kind = "text" if value[0] == '"' else "flag" if value in {"true", "false"} else value[-1:]
                types.setdefault((measurement, name), set()).add("float" if kind.isdigit() else kind)
    assert {name: kinds for name, kinds in types.items() if len(kinds) > 1} == {}


def test_evidence_counts_each_second() -> None:
    """Requests, failures and new connections by the second of their end, silent seconds too."""
    starts = np.array([0.1, 0.2, 0.95, 3.0, 3.5])
    frame = table(starts, np.full(5, 0.1), failed=np.array([False, True, False, False, False]))
    frame["connecting_ns"] = np.array([1, 0, 0, 1, 0])
    found = points(evidence_lines(RECORD, frame))
    first_ns = frame["end_ns"].min() // 10**9 * 10**9
    assert [(at_ns - first_ns) // 10**9 for *_, at_ns in found] == [0, 1, 2, 3]
    counts = [(f["requests"], f["failed"], f["connections"]) for _, _, f, _ in found]
    assert counts == [("2i", "1i", "1i"), ("1i", "0i", "0i"), ("0i", "0i", "0i"), ("2i", "0i", "1i")]
    assert {point[1] for point in found} == {
        "campaign=c,node=n0,node_kind=vip,profile=smoke,run=c.n0,source=requests"
    }
    assert evidence_lines(RECORD, frame.iloc[:0]) == []


@pytest.mark.parametrize("seed", range(3))
def test_evidence_adds_up(seed: int) -> None:
    """Whatever the times, no request is counted twice or not at all."""
    rng = np.random.default_rng(seed)
    starts = np.sort(rng.uniform(0, 30, 500))
    failed = rng.random(500) < 0.1
    found = points(evidence_lines(RECORD, table(starts, rng.exponential(1, 500), failed=failed)))
    assert sum(int(fields["requests"][:-1]) for _, _, fields, _ in found) == 500
    assert sum(int(fields["failed"][:-1]) for _, _, fields, _ in found) == failed.sum()
    times = [at_ns for *_, at_ns in found]
    assert len(set(times)) == len(times)


def test_a_server_gives_hostile_texts_back(influx_bucket: InfluxSettings) -> None:
    """Names and notes with all that line protocol has a meaning for come back, from one point, sent twice."""
    node, note = 'n 1,="\\', 'a\nb\r\n"c\\ \t é €,= ' + "long " * 20_000 + "\\"
    record, analysis, _ = stalling(node=node, notes=(note,))
    with InfluxClient(influx_bucket) as client:
        for _ in range(2):
            client.write("\n".join(result_lines(record, analysis)).encode())
    answer = httpx.post(
        f"{influx_bucket.url}/query",
        params={"db": influx_bucket.bucket, "epoch": "ns"},
        data={"q": 'SELECT "record", "notes", "node"::tag FROM "run"'},
        headers={"Authorization": f"Token {influx_bucket.token}"},
        trust_env=False,
    )
    [series] = answer.json()["results"][0]["series"]
    [[at_ns, text, notes, tag]] = series["values"]
    assert (at_ns, record_of(text), from_tag(tag)) == (BEGAN_NS, record, node)
    assert notes == note
