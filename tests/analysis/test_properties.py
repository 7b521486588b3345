"""Properties of the analysis of any table: it never crashes, and order and origin do not matter."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from analysis.findings import Detection, Limits, RunAnalysis, RunFacts
from analysis.requests import NS_PER_S
from analysis.run import analyze_run
from tests.analysis.generate import Load, Noise, Scene, Source, simulate
from tests.analysis.tables import table

TOTALS = st.one_of(st.floats(0.0, 10.0), st.sampled_from([0.0, 1e-9, 0.05, 60.0, 1e6, float("nan")]))
ROWS = st.lists(
    st.tuples(
        st.floats(0.0, 600.0), TOTALS, st.sampled_from(["", "kept", "fresh"]), st.sampled_from(["/", "/a"])
    ),
    max_size=80,
)


def analyzed(requests: pd.DataFrame) -> RunAnalysis:
    """Analyze with the defaults."""
    return analyze_run(requests, facts=RunFacts(), limits=Limits(), detection=Detection())


@settings(max_examples=60, deadline=None)
@given(rows=ROWS)
def test_any_table_is_analyzed(rows: list[tuple[float, float, str, str]]) -> None:
    """Any table gives an answer whose numbers are in range."""
    total = np.array([row[1] for row in rows])
    analysis = analyzed(
        table(
            np.array([row[0] for row in rows]),
            total,
            scenario=np.array([row[2] for row in rows], dtype=object),
            endpoint=np.array([row[3] for row in rows], dtype=object),
            failed=np.isnan(total),
        )
    )
    assert 0 <= analysis.periodicity_p_value <= 1
    assert 0 <= analysis.power <= 1
    assert 0 <= analysis.error_rate <= 1
    assert all(stall.cycles_hit <= stall.cycles_expected for stall in analysis.periodic_stalls)


def stalled(seed: int) -> pd.DataFrame:
    """A Run of 240 s that stalls for 1.5 s every 20 s."""
    source = Source(times_s=tuple(np.arange(8.0, 240.0, 20.0)), stall_s=1.5, period_s=20.0)
    scene = Scene(load=Load(run_s=240.0, rate=4.0), sources=(source,))
    return simulate(np.random.default_rng(seed), scene)


def changed(seed: int) -> pd.DataFrame:
    """A Run of 400 s with one slow episode, one burst of errors and one level shift."""
    scene = Scene(
        load=Load(run_s=400.0, rate=6.0),
        noise=Noise(step=0.8),
        sources=(Source(times_s=(120.0,), stall_s=3.0),),
    )
    requests = simulate(np.random.default_rng(seed), scene)
    requests.loc[1800:1812, "failed"] = True
    return requests


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 1000), factor=st.floats(0.5, 8.0))
def test_scale_of_latency_does_not_matter(seed: int, factor: float) -> None:
    """The same starts with every latency times a factor have the same period."""
    requests = stalled(seed)
    scaled = requests.copy()
    added_ns = np.round((factor - 1) * requests["total_ns"])
    scaled["total_ns"] += added_ns
    scaled["end_ns"] += added_ns.astype(np.int64)
    (one,), (other,) = analyzed(requests).periodic_stalls, analyzed(scaled).periodic_stalls
    assert np.isclose(one.period_s, other.period_s, rtol=5e-3)


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 1000), parts=st.integers(2, 9))
def test_batches_do_not_matter(seed: int, parts: int) -> None:
    """A table put together from batches, each with categories of its own, is analyzed like the whole."""
    requests = stalled(seed)
    requests["scenario"] = pd.Categorical(np.where(np.arange(len(requests)) % 2, "kept", "fresh"))
    edges = np.linspace(0, len(requests), parts + 1).astype(int)
    batches = [requests.iloc[low:high].copy() for low, high in pairwise(edges)]
    for batch in batches:
        batch["scenario"] = batch["scenario"].cat.remove_unused_categories()
        batch["scenario"] = batch["scenario"].cat.reorder_categories(sorted(batch["scenario"].unique())[::-1])
    together = pd.concat(batches, ignore_index=True)
    assert analyzed(together).periodic_stalls == analyzed(requests).periodic_stalls


@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 1000), copies=st.integers(2, 3))
def test_duplicates_make_no_claim_surer_than_it_is(seed: int, copies: int) -> None:
    """Every row several times over: the same stalls in the same cycles, and none where there was none."""
    requests = stalled(seed)
    repeated = pd.concat([requests] * copies, ignore_index=True)
    (one,), (other,) = analyzed(requests).periodic_stalls, analyzed(repeated).periodic_stalls
    assert np.isclose(one.period_s, other.period_s, rtol=5e-3)
    assert (one.cycles_hit, one.cycles_expected) == (other.cycles_hit, other.cycles_expected)
    quiet = simulate(np.random.default_rng(seed), Scene(load=Load(run_s=240.0, rate=4.0)))
    assert analyzed(pd.concat([quiet] * copies, ignore_index=True)).periodic_stalls == ()


@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 1000), shift_s=st.integers(-1_000_000, 1_000_000))
def test_findings_beside_stalls_move_with_the_rows(seed: int, shift_s: int) -> None:
    """An episode, an error burst and a level shift are the same in shuffled rows, only later."""
    requests = changed(seed)
    assume(not analyzed(requests).periodic_stalls)  # a false claim, as one run in 200 has, takes its episodes
    moved = requests.sample(frac=1.0, random_state=seed).reset_index(drop=True)
    moved["end_ns"] += shift_s * NS_PER_S
    one, other = analyzed(requests).findings, analyzed(moved).findings
    assert {"isolated episode", "error burst", "level shift"} <= {finding.kind for finding in one}
    assert [(f.kind, f.size, f.n, f.p_value, f.words) for f in one] == [
        (f.kind, f.size, f.n, f.p_value, f.words) for f in other
    ]
    assert [f.start_ns - e.start_ns for e, f in zip(one, other, strict=True)] == [shift_s * NS_PER_S] * len(
        one
    )


@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 1000), factor=st.floats(0.5, 8.0))
def test_findings_beside_stalls_scale_with_latency(seed: int, factor: float) -> None:
    """The same starts with every latency times a factor show the same kinds over as many requests."""
    requests = changed(seed)
    scaled = requests.copy()
    added_ns = np.round((factor - 1) * requests["total_ns"])
    scaled["total_ns"] += added_ns
    scaled["end_ns"] += added_ns.astype(np.int64)
    one, other = analyzed(requests).findings, analyzed(scaled).findings
    assert [finding.kind for finding in one] == [finding.kind for finding in other]


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 1000), shift_s=st.integers(-1_000_000, 1_000_000))
def test_order_and_origin_do_not_matter(seed: int, shift_s: int) -> None:
    """Shuffled rows, or rows moved in time, give the same claims."""
    requests = stalled(seed)
    moved = requests.sample(frac=1.0, random_state=seed).reset_index(drop=True)
    moved["end_ns"] += shift_s * NS_PER_S
    one, other = analyzed(requests), analyzed(moved)
    assert len(one.periodic_stalls) == len(other.periodic_stalls) == 1
    first, second = one.periodic_stalls[0], other.periodic_stalls[0]
    assert np.isclose(first.period_s, second.period_s, rtol=1e-9)
    assert np.isclose(first.stall_s, second.stall_s, rtol=1e-6)
    assert second.first_stall_ns - first.first_stall_ns == shift_s * NS_PER_S
