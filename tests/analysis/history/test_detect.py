"""Changes that were planted are found with every parameter; quiet histories and single odd nights are not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.history.detect import LEAST_CAMPAIGNS, alarm_of, change_points
from analysis.history.series import ChangePoint, Floats, Kind, Metric, Sensitivity, Series, State
from tests.analysis.history.nights import DAY_NS, HOURS, QUIET, history, series_of

ONSET, NIGHTS, SPREAD = 40, 60, 0.08


def usual(nights: int = NIGHTS, seed: int = 0) -> Floats:
    """Return nights around 50 ms that differ by eight per cent."""
    return np.asarray(50 * np.exp(SPREAD * np.random.default_rng(seed).standard_normal(nights)))


def stepped(factor: float, seed: int = 0, until: int = NIGHTS) -> Floats:
    """Return nights whose level is multiplied from ONSET on, until some night."""
    values = usual(seed=seed)
    values[ONSET:until] *= factor
    return values


def confirmed(series: Series, *, all_series: int = 30, confirmations: int = 1) -> list[ChangePoint]:
    """Return the confirmed change points among as many series as a home of three nodes has."""
    found = change_points(series, Sensitivity(confirmations=confirmations), all_series=all_series)
    return [change for change in found if change.state is State.CONFIRMED]


@pytest.mark.parametrize("factor", [0.4, 0.7, 1.4, 2.0, 10.0, 80.0])
@pytest.mark.parametrize("seed", range(4))
def test_a_step_is_recovered(factor: float, seed: int) -> None:
    """Kind, since when, size, levels, n and confidence of a step of the level."""
    first, *more = confirmed(series_of(stepped(factor, seed)))
    assert more == []
    assert first.kind is (Kind.REGRESSION if factor > 1 else Kind.RECOVERY)
    assert first.earliest <= ONSET <= first.latest
    assert abs(first.first - ONSET) <= 1
    assert first.before == pytest.approx(50, rel=0.06)
    # Seen after a few nights: the median of these is as sure as they are many.
    assert first.factor == pytest.approx(factor, rel=0.2)
    assert (first.n_before, first.n_after) == (first.first, first.seen + 1 - first.first)
    assert first.seen - ONSET <= 8
    assert first.confidence > 0.95
    assert first.false_alarm_years >= 1


@pytest.mark.parametrize("confirmations", [0, 1, 2, 5])
def test_the_next_campaigns_confirm(confirmations: int) -> None:
    """A large step alarms with exactly as many further campaigns as wanted, and is a candidate until then."""
    values = stepped(10)
    sensitivity = Sensitivity(confirmations=confirmations)
    for end in range(ONSET + 1, ONSET + 8):
        *_, last = change_points(series_of(values[:end]), sensitivity, all_series=30)
        expected = State.CONFIRMED if end - ONSET > max(confirmations, 1) else State.CANDIDATE
        if confirmations or end - ONSET > 1:  # whether one night alone is enough is a matter of luck
            assert last.state is expected
            assert last.first == ONSET


@pytest.mark.parametrize("factor", [3.0, 30.0, 1000.0])
def test_a_single_odd_night_is_a_candidate_at_most(factor: float) -> None:
    """However far off: dropped when the next campaign is as before, never an alarm."""
    for seed in range(4):
        values = stepped(factor, seed, until=ONSET + 1)
        [change] = change_points(series_of(values[: ONSET + 1]), all_series=30)
        assert (change.state, change.first) == (State.CANDIDATE, ONSET)
        assert change_points(series_of(values[: ONSET + 3]), all_series=30) == ()
        assert confirmed(series_of(values)) == []


def test_a_recovery_is_found_soon_after_a_regression() -> None:
    """Six bad nights: a regression, and a recovery to the level before, each within two nights."""
    bad, good = confirmed(series_of(stepped(3, until=ONSET + 6)))
    assert (bad.kind, bad.first) == (Kind.REGRESSION, ONSET)
    assert (good.kind, good.first) == (Kind.RECOVERY, ONSET + 6)
    assert bad.seen - bad.first <= 2
    assert good.seen - good.first <= 3
    assert good.after == pytest.approx(50, rel=0.15)
    assert good.factor == pytest.approx(1 / bad.factor, rel=0.2)


def test_throughput_is_worse_when_it_falls() -> None:
    """The same step down is a recovery of a latency and a regression of a throughput."""
    values = stepped(0.5)
    assert confirmed(series_of(values))[0].kind is Kind.RECOVERY
    assert confirmed(series_of(values, metric=Metric.THROUGHPUT))[0].kind is Kind.REGRESSION


def test_a_drift_is_found() -> None:
    """A level that creeps up by one and a half per cent a night is a regression within three weeks."""
    values = usual() * np.exp(0.015 * np.clip(np.arange(NIGHTS) - 20, 0, None))
    first = confirmed(series_of(values))[0]
    assert first.kind is Kind.REGRESSION
    assert 20 <= first.seen <= 45


def test_what_is_too_small_to_matter_is_none() -> None:
    """A sure rise by less than a tenth, or by less than a millisecond, is no change."""
    still = np.exp(0.002 * np.random.default_rng(1).standard_normal(NIGHTS))
    late = np.arange(NIGHTS) >= ONSET
    assert confirmed(series_of(50 * still * np.where(late, 1.04, 1))) == []
    assert confirmed(series_of(0.2 * still * np.where(late, 2, 1))) == []
    assert len(confirmed(series_of(50 * still * np.where(late, 1.2, 1)))) == 1


@pytest.mark.parametrize("rate", [2.0, 8.0])
def test_stalls_that_begin_are_found(rate: float) -> None:
    """A node that never stalled and now does: since when, and how many an hour."""
    rng = np.random.default_rng(3)
    counts = np.where(np.arange(NIGHTS) < ONSET, 0, 1 + rng.poisson(rate - 1, NIGHTS)).astype(np.float64)
    series = series_of(counts, metric=Metric.STALLS, exposure=HOURS)
    first = confirmed(series)[0]
    assert (first.kind, first.first, first.before) == (Kind.REGRESSION, ONSET, 0)
    assert first.seen - ONSET <= 3
    assert first.after == pytest.approx(rate / HOURS, rel=0.6)


def test_errors_are_judged_by_their_number_of_requests() -> None:
    """The same share of errors is a change among many requests, and chance among few."""
    late = np.arange(NIGHTS) >= ONSET
    many = series_of(np.where(late, 60.0, 10.0), metric=Metric.ERRORS, exposure=10_000)
    counts = np.random.default_rng(0).poisson(np.where(late, 0.6, 0.1)).astype(np.float64)
    few = series_of(counts, metric=Metric.ERRORS, exposure=100)
    first, *_ = confirmed(many)
    assert (first.kind, first.first) == (Kind.REGRESSION, ONSET)
    assert first.factor == pytest.approx(6)
    assert [change for change in confirmed(few) if change.seen <= first.seen + 5] == []


def test_a_night_with_more_requests_may_have_more_errors() -> None:
    """Ten times the requests with ten times the errors are no change."""
    late = np.arange(NIGHTS) >= ONSET
    counts = np.random.default_rng(5).poisson(np.where(late, 50, 5)).astype(np.float64)
    made = series_of(counts, metric=Metric.ERRORS)
    exposure = np.where(late, 30_000.0, 3000.0)
    same = Series(
        node="a", endpoint="/", metric=Metric.ERRORS, at_ns=made.at_ns, values=counts, exposure=exposure
    )
    assert confirmed(same) == []
    assert len(confirmed(made)) == 1


@pytest.mark.parametrize("kind", QUIET)
def test_quiet_histories_stay_quiet(kind: str) -> None:
    """Six histories of 120 nights of each quiet kind: at most one alarm, up and down again, among them."""
    found = [
        confirmed(history(np.random.default_rng([11, seed]), kind, nights=120).series) for seed in range(6)
    ]
    assert sum(len(changes) > 0 for changes in found) <= 1


def test_more_series_make_each_alarm_rarer() -> None:
    """All series together may make one false alarm a year: thirty series, a thirtieth each."""
    series = series_of(usual(366))
    one, thirty = (alarm_of(series, Sensitivity(), all_series) for all_series in (1, 30))
    assert one.level == pytest.approx(365, rel=0.01)
    assert thirty.level == pytest.approx(30 * one.level)
    assert alarm_of(series, Sensitivity(false_alarms_a_year=12), 1).level == pytest.approx(365 / 12, rel=0.01)


def test_weekends_are_no_change() -> None:
    """Weekends that are half as slow again are learned in three weeks, and a step is still found."""
    weekend = np.where(np.arange(90) % 7 >= 5, 1.5, 1.0)
    values = usual(90, seed=2) * weekend
    assert [c for c in confirmed(series_of(values)) if c.seen >= 21] == []
    values[70:] *= 1.6
    assert 68 <= confirmed(series_of(values))[-1].first <= 71


def test_missing_nights_are_only_missing() -> None:
    """Every third night gone, and a fortnight: the step is found at its night."""
    nights = np.array([n for n in range(90) if n % 3 and not 20 <= n < 34], dtype=np.float64)
    values = usual(len(nights)) * np.where(nights >= 61, 2.0, 1.0)
    [first] = confirmed(series_of(values, nights=nights))
    assert nights[first.first] == 61


@pytest.mark.parametrize("metric", Metric)
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_any_history_has_sound_changes(metric: Metric, data: st.DataObject) -> None:
    """Whatever the values: changes lie in order, inside the series and their bounds, with finite figures."""
    values = data.draw(st.lists(st.floats(0, 1e7), min_size=1, max_size=30))
    apart = data.draw(st.lists(st.integers(1, 40 * DAY_NS), min_size=len(values), max_size=len(values)))
    series = Series(
        node="n", endpoint="/", metric=metric, at_ns=np.cumsum(apart).astype(np.int64),
        values=np.array(values), exposure=np.full(len(values), 100.0),
    )  # fmt: skip
    before = 0
    for change in change_points(series):
        assert before < change.first <= change.seen < series.n
        assert change.earliest <= change.first <= change.latest <= change.seen
        assert change.n_before >= 2
        assert change.n_after >= 1 + (change.state is State.CONFIRMED)
        assert 0 <= change.confidence <= 1
        assert np.isfinite([change.before, change.after]).all()
        before = change.first
    assert series.n >= LEAST_CAMPAIGNS or confirmed(series) == []


@given(seed=st.integers(0, 2**32 - 1), factor=st.floats(0.01, 100))
@settings(max_examples=10, deadline=None)
def test_the_unit_does_not_matter(seed: int, factor: float) -> None:
    """A throughput in other units changes at the same nights by the same factor."""
    values = stepped(2, seed) * 1e6
    one, other = (
        confirmed(series_of(scaled, metric=Metric.THROUGHPUT)) for scaled in (values, values * factor)
    )
    assert [(c.first, c.seen) for c in one] == [(c.first, c.seen) for c in other]
    assert [c.factor for c in one] == pytest.approx([c.factor for c in other])


def test_what_is_yet_to_come_changes_nothing() -> None:
    """A change that was confirmed stays as it was told, whatever comes after."""
    values = stepped(2, until=ONSET + 9)
    [first] = confirmed(series_of(values[: ONSET + 6]))
    later = confirmed(series_of(values))
    assert (later[0].first, later[0].seen) == (first.first, first.seen)
