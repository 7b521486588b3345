"""The figures of a Run: what they are of, and that they survive being kept."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.findings import Detection, Limits, RunFacts
from analysis.history.figures import EndpointFigures, RunFigures, figures_from_json, figures_of
from analysis.run import analyze_run
from tests.analysis.tables import table

RUN_S, RATE = 300, 20
LIMITS = Limits()


def figures(totals: np.ndarray, **changes: np.ndarray) -> RunFigures:
    """Return the figures of a Run with these totals, evenly spaced."""
    requests = table(np.arange(len(totals)) / RATE, totals, **changes)
    facts = RunFacts(planned_s=RUN_S)
    return figures_of(
        requests, analyze_run(requests, facts=facts, limits=LIMITS, detection=Detection()), LIMITS
    )


def quiet() -> np.ndarray:
    """Return totals of about 10 ms."""
    return np.asarray(0.01 * np.exp(0.1 * np.random.default_rng(1).standard_normal(RUN_S * RATE)))


def test_each_endpoint_has_its_own_latency_and_errors() -> None:
    """Quantiles and errors by endpoint; what has no known time is an error and no latency."""
    totals = quiet()
    endpoint = np.where(np.arange(len(totals)) % 4, "/fast", "/slow")
    totals[endpoint == "/slow"] *= 10
    slow = np.flatnonzero(endpoint == "/slow")
    totals[slow[:3]] = np.nan
    found = figures(totals, endpoint=endpoint, failed=np.isin(np.arange(len(totals)), slow[:10]))
    one, other = found.endpoints["/slow"], found.endpoints["/fast"]
    assert (one.requests, one.errors, other.requests, other.errors) == (1500, 10, 4500, 0)
    assert one.p50_ms == pytest.approx(10 * other.p50_ms, rel=0.03)
    known = totals[slow][np.isfinite(totals[slow])] * 1e3
    assert [one.p95_ms, one.p99_ms, one.slowest_ms] == pytest.approx(
        [*np.quantile(known, (0.95, 0.99)), known.max()], rel=1e-6
    )
    assert found.answered_per_s == pytest.approx(RATE * (1 - 10 / 6000), rel=0.01)


@pytest.mark.parametrize(("added_s", "stalls"), [(0.0, 0), (0.15, 0), (0.8, 5)])
def test_stalls_are_episodes_that_reach_the_limit(added_s: float, stalls: int) -> None:
    """Five freezes count, with their length in all, when they add limits.stall_ms; smaller ones do not."""
    totals, starts = quiet(), np.arange(RUN_S * RATE) / RATE
    for at in (40.0, 90.0, 150.0, 210.0, 260.0):
        waits = at + added_s - starts
        totals += np.where((starts >= at) & (waits > 0), waits, 0)
    found = figures(totals)
    assert found.stalls == stalls
    assert found.stalled_s == pytest.approx(stalls * added_s, rel=0.15)


def test_a_run_without_requests_has_no_figures() -> None:
    """Nothing measured: no endpoint, no rate, and nothing raised."""
    found = figures(np.zeros(0))
    assert (found.requests, found.endpoints, found.stalls) == (0, {}, 0)
    assert math.isnan(found.answered_per_s)


@given(
    st.builds(
        RunFigures,
        requests=st.integers(0, 10**9), duration_s=st.floats(0, 1e9), stalls=st.integers(0, 10**6),
        stalled_s=st.floats(0, 1e9), bytes_per_s=st.floats(0, 1e12) | st.just(math.nan),
        answered_per_s=st.floats(0, 1e9) | st.just(math.nan),
        endpoints=st.dictionaries(
            st.text(max_size=30),
            st.builds(
                EndpointFigures,
                requests=st.integers(0, 10**9), errors=st.integers(0, 10**9),
                p50_ms=st.floats(0, 1e9) | st.just(math.nan), p95_ms=st.floats(0, 1e9),
                p99_ms=st.floats(0, 1e9), slowest_ms=st.floats(0, 1e9),
            ),
            max_size=3,
        ),
    )
)  # fmt: skip
def test_what_was_kept_comes_back(made: RunFigures) -> None:
    """Through JSON, whatever endpoints are called; what is not known is null there."""
    text = json.dumps(made.to_json(), allow_nan=False)
    assert repr(figures_from_json(json.loads(text))) == repr(made)
