"""What a stall looks like: each shape on made-up faults, and what stays unclear."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.claims import context_of, named_from
from analysis.extent.naming import StallShape, name_shape
from analysis.findings import Detection, Limits, RunFacts
from analysis.normal.baseline import residuals
from analysis.normal.samples import samples_of
from analysis.requests import NS_PER_S
from analysis.run import analyze_run
from tests.analysis.faults import TRUTH, faulty
from tests.analysis.tables import EPOCH_NS, table

REPEATS = 10
LADDERS_OF = {"drop": ("SYN ladder", "retransmission ladder")}
"""Where both ladders are, one of them alone is not wrong."""


def named(requests: pd.DataFrame, windows_s: np.ndarray) -> tuple[StallShape, tuple[str, ...]]:
    """Name the shape of stalls whose times are known."""
    samples = samples_of(requests)
    context = context_of(requests, samples, residuals(samples))
    shift_s = (EPOCH_NS - samples.origin_ns) / 1e9
    spans = [
        (begin, float(samples.end_s[(samples.start_s >= begin - 1) & (samples.start_s < end)].max()))
        for begin, end in windows_s + shift_s
    ]
    return name_shape(named_from(context), np.array(spans))


@pytest.mark.parametrize("kind", TRUTH)
def test_shape_is_named_right(kind: str) -> None:
    """At least 9 of 10 made-up stalls of each shape are called by their name."""
    runs = [faulty(np.random.default_rng([7, seed, *map(ord, kind)]), kind) for seed in range(REPEATS)]
    names = [named(*run)[0] for run in runs]
    assert sum(name in TRUTH[kind] for name in names) >= 0.9 * REPEATS, names


def test_claim_carries_its_shape_with_numbers() -> None:
    """A claim says what it looks like, and counts the delays that say so."""
    requests, _ = faulty(np.random.default_rng(5), "drop fresh")
    analysis = analyze_run(requests, facts=RunFacts(), limits=Limits(), detection=Detection())
    (stall,) = analysis.periodic_stalls
    assert stall.shape == "SYN ladder"
    assert stall.dominant_phase == "connecting"
    assert any("delays of fresh requests stand on rungs 1" in text for text in stall.shape_evidence)


def test_one_delay_is_no_ladder_in_the_evidence() -> None:
    """All delays alike meet a rung of some ladder: none is named, unless it is this path's own timeout."""
    starts = np.arange(0, 200, 0.05)
    begins = 5 + 20 * np.arange(9)
    first = np.searchsorted(starts, begins)
    struck = (first[:, None] + np.arange(2)).ravel()
    for delay_s, told in ((1.5, False), (1.4, True)):
        totals = np.full(len(starts), 0.001)
        totals[struck] += delay_s
        _, evidence = named(table(starts, totals), np.column_stack([begins, begins + 2]))
        assert any("stand on" in text for text in evidence) is told, evidence


def in_whole_seconds(requests: pd.DataFrame) -> pd.DataFrame:
    """The same requests with ends cut off to whole seconds, as k6's CSV has them by default."""
    return requests.assign(end_ns=requests["end_ns"] // NS_PER_S * NS_PER_S)


@pytest.mark.parametrize("delay_s", [0.3, 0.6, 2.5])
def test_whole_seconds_make_no_ends_meet(delay_s: float) -> None:
    """The same delay for all has no shape on whole seconds either, wherever in a second it begins."""
    for seed in range(5):
        rng = np.random.default_rng([13, seed])
        starts = np.arange(0, 300, 0.1) + rng.uniform(0, 0.01, 3000)
        begins = 7 + rng.uniform() + 20 * np.arange(14)
        inside = ((starts[:, None] >= begins) & (starts[:, None] < begins + 1)).any(axis=1)
        totals = 0.04 * np.exp(rng.normal(0, 0.2, 3000)) + np.where(inside, delay_s, 0)
        requests = in_whole_seconds(table(starts, totals))
        name, evidence = named(requests, np.column_stack([begins, begins + 1]))
        assert name is StallShape.UNCLEAR
        assert not any("ends over 0" in text or "e-" in text for text in evidence)


@pytest.mark.parametrize("kind", TRUTH)
def test_whole_seconds_leave_a_shape_unclear_rather_than_wrong(kind: str) -> None:
    """Nine of ten made-up stalls of each shape, cut off to whole seconds, are named right or not at all."""
    runs = [faulty(np.random.default_rng([7, seed, *map(ord, kind)]), kind) for seed in range(REPEATS)]
    names = [named(in_whole_seconds(requests), windows_s)[0] for requests, windows_s in runs]
    right = [
        name is StallShape.UNCLEAR or name in (*TRUTH[kind], *LADDERS_OF.get(kind, ())) for name in names
    ]
    assert sum(right) >= 0.9 * REPEATS, names


@pytest.mark.parametrize("kind", ["freeze", "hold"])
def test_evidence_can_be_read(kind: str) -> None:
    """What ends together is told by its ends, in digits; no ladder is named that a few delays met."""
    for seed in range(REPEATS):
        shape, evidence = named(*faulty(np.random.default_rng([23, seed]), kind))
        said = " ".join(evidence)
        assert "e-0" not in said
        assert shape not in TRUTH[kind] or "stand on" not in said


@pytest.mark.parametrize("factor", [False, True])
def test_what_has_no_shape_is_unclear(factor: bool) -> None:
    """The same delay for all, or a factor on latency, is called neither freeze nor ladder, in 20 Runs."""
    wrong = 0
    for seed in range(20):
        rng = np.random.default_rng([11, seed])
        starts = np.arange(0, 300, 0.2) + rng.uniform(0, 0.02, 1500)
        totals = 0.03 * np.exp(rng.normal(0, 0.2, 1500))
        begins = rng.uniform(5, 20) + 25 * np.arange(11)
        inside = ((starts[:, None] >= begins) & (starts[:, None] < begins + 3)).any(axis=1)
        delayed = totals * rng.uniform(20, 60) if factor else totals + rng.uniform(0.3, 4.0)
        requests = table(starts, np.where(inside, delayed, totals))
        name, evidence = named(requests, np.column_stack([begins, begins + 3]))
        wrong += name is not StallShape.UNCLEAR
        assert evidence
    assert wrong <= 1


def test_few_requests_are_unclear_and_counted() -> None:
    """Three slow requests tell no shape, and the evidence says how many there were."""
    totals = np.full(300, 0.03)
    totals[[50, 150, 250]] = 2.0
    name, evidence = named(table(np.arange(300.0), totals), np.array([[50, 52], [150, 152], [250, 252]]))
    assert name is StallShape.UNCLEAR
    assert evidence == ("only 3 slow requests: a shape needs 5 of one kind",)
