"""The verdict's rules, one by one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analysis.findings import Detection, Episode, Limits, PeriodicStall, RunFacts, Verdict
from analysis.verdict import Measured, judge, percent, seconds, small_findings, too_many_errors

STALL = PeriodicStall(
    period_s=12.0,
    period_ci_s=(11.9, 12.1),
    stall_s=1.5,
    phase_s=5.0,
    first_stall_ns=0,
    peak_ms=1500.0,
    added_ms=1450.0,
    cycles_expected=6,
    cycles_hit=6,
    p_value=3e-9,
    dominant_phase="waiting",
    scenario="all",
)
SLOW = Episode(start_ns=0, end_ns=10, peak_ms=1500.0, requests=3, dominant_phase="waiting")
GOOD = Measured(
    requests=3000,
    rows=3000,
    errors=0,
    duration_s=600.0,
    periodic_stalls=(),
    periodicity_p_value=0.6,
    episodes=(),
    power=0.99,
    needed_duration_s=300.0,
)


def judged(measured: Measured, facts: RunFacts | None = None) -> tuple[Verdict, tuple[str, ...]]:
    """Judge with the default limits."""
    return judge(measured, facts=facts or RunFacts(), limits=Limits(), detection=Detection())


def test_pass_needs_power_and_no_fault() -> None:
    """A Run with power and nothing wrong passes without reasons."""
    assert judged(GOOD) == (Verdict.PASS, ())


def test_periodic_stall_that_reaches_the_limit_fails() -> None:
    """A stall that adds limits.stall_ms or more is a fail that says its numbers."""
    verdict, (reason,) = judged(replace(GOOD, periodic_stalls=(STALL,)))
    assert verdict is Verdict.FAIL
    assert reason == "stalls for 1.5 s every 12.0 s (6 of 6 cycles, p = 3e-09, phase waiting)"


def test_small_periodic_stall_is_a_note() -> None:
    """A stall below limits.stall_ms does not fail the Run; it is noted."""
    small = replace(GOOD, periodic_stalls=(replace(STALL, added_ms=199.0),), periodicity_p_value=1e-9)
    assert judged(small)[0] is Verdict.PASS
    assert "below the limit" in small_findings(small, Limits())[0]


@pytest.mark.parametrize(("added_ms", "verdict"), [(199.9, Verdict.PASS), (200.0, Verdict.FAIL)])
def test_a_stall_that_just_reaches_the_limit_fails(added_ms: float, verdict: Verdict) -> None:
    """The limit itself is reached; it is the added latency that counts, not the slowest request."""
    assert judged(replace(GOOD, periodic_stalls=(replace(STALL, added_ms=added_ms),)))[0] is verdict


@pytest.mark.parametrize(("errors", "fails"), [(0, False), (4, False), (8, False), (10, True), (300, True)])
def test_error_rate_needs_significance(errors: int, fails: bool) -> None:
    """Of 3,000 requests (3 errors allowed) 10 failed are significantly too many, 8 are not."""
    assert too_many_errors(errors, 3000, 0.001) is fails
    assert (judged(replace(GOOD, errors=errors))[0] is Verdict.FAIL) is fails


@pytest.mark.parametrize(("count", "verdict"), [(1, Verdict.PASS), (2, Verdict.FAIL)])
def test_slowest_needs_more_than_one_episode(count: int, verdict: Verdict) -> None:
    """One Episode above limits.slowest_ms is a note, two are a fail."""
    measured = replace(GOOD, episodes=(SLOW,) * count)
    assert judged(measured)[0] is verdict
    assert bool(small_findings(measured, Limits())) is (count == 1)


def test_an_episode_that_just_meets_the_limit_breaks_nothing() -> None:
    """Slower than limits.slowest_ms is meant; two at it are neither a fail nor a note."""
    measured = replace(GOOD, episodes=(replace(SLOW, peak_ms=1000.0),) * 2)
    assert judged(measured) == (Verdict.PASS, ())
    assert small_findings(measured, Limits()) == []


@pytest.mark.parametrize(("limit", "fails"), [(0.0, True), (0.5, False), (1.0, False)])
def test_error_limits_at_their_ends(limit: float, fails: bool) -> None:
    """A limit of 0 allows no error at all, one of 1 allows them all; no error breaks none."""
    assert too_many_errors(1, 3000, limit) is fails
    assert not too_many_errors(0, 3000, limit)
    assert too_many_errors(3000, 3000, limit) is (limit < 1)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (RunFacts(interrupted=True), "interrupted"),
        (RunFacts(expected_requests=3012), "k6 counted 3,012 requests, 12 are missing from the table"),
        (RunFacts(expected_requests=3001), "1 is missing from the table"),
        (RunFacts(unreadable=1), "1 request of the file could not be read, 3,000 could"),
        (RunFacts(unreadable=2), "2 requests of the file could not be read"),
        (RunFacts(dropped_iterations=7), "7 iterations were dropped"),
        (RunFacts(dropped_iterations=1), "1 iteration was dropped"),
        (RunFacts(censored=3), "3 requests were still in flight"),
        (RunFacts(censored=1), "1 request was still in flight"),
        (RunFacts(unfit="the run failed: k6 was ended"), "the run failed: k6 was ended"),
    ],
)
def test_a_damaged_run_is_inconclusive(facts: RunFacts, said: str) -> None:
    """What was lost in the making of a Run makes it inconclusive, and is said."""
    verdict, (reason,) = judged(GOOD, facts)
    assert verdict is Verdict.INCONCLUSIVE
    assert said in reason


@pytest.mark.parametrize(("p", "verdict"), [(0.03, Verdict.INCONCLUSIVE), (0.051, Verdict.PASS)])
def test_doubtful_period_is_inconclusive(p: float, verdict: Verdict) -> None:
    """A p-value between the claim level and 0.05 is neither pass nor fail."""
    assert judged(replace(GOOD, periodicity_p_value=p))[0] is verdict


def test_a_hint_says_how_long_it_takes() -> None:
    """At p = 0.036 six cycles in ten minutes are worth what ten are at 0.005: 16 minutes."""
    verdict, (reason,) = judged(replace(GOOD, periodicity_p_value=0.036))
    assert verdict is Verdict.INCONCLUSIVE
    said = "a period is hinted at (p = 0.036, a claim needs 0.005)"
    assert reason == f"{said}: run for at least 16 min in all (--duration 16m)"


def test_a_hint_in_a_run_that_is_too_short_asks_for_no_less() -> None:
    """Whoever follows the first advice is not told the second time that the run was too short."""
    short = replace(GOOD, periodicity_p_value=0.036, power=0.4, duration_s=20.0, needed_duration_s=420.0)
    _, reasons = judged(short)
    assert len(reasons) == 2
    assert all(reason.endswith("run for at least 7 min in all (--duration 7m)") for reason in reasons)


def test_a_claim_of_its_own_is_no_hint() -> None:
    """A period that is claimed, and too small to fail, leaves nothing open."""
    small = replace(STALL, added_ms=50.0)
    assert judged(replace(GOOD, periodic_stalls=(small,), periodicity_p_value=1e-9)) == (Verdict.PASS, ())


@pytest.mark.parametrize(("power", "verdict"), [(0.95, Verdict.PASS), (0.9499, Verdict.INCONCLUSIVE)])
def test_a_pass_needs_the_power_itself(power: float, verdict: Verdict) -> None:
    """A power of 0.95 will do; one that only rounds to it will not, and is not said to."""
    found, reasons = judged(replace(GOOD, power=power))
    assert found is verdict
    assert all("power 0.94, needed 0.95" in reason for reason in reasons)


def test_everything_that_is_missing_is_said() -> None:
    """One reason does not hide another: lost, dropped, hinted at and too short stand side by side."""
    weak = replace(GOOD, power=0.4, periodicity_p_value=0.03)
    facts = RunFacts(unfit="the host slept", expected_requests=3012, dropped_iterations=7, censored=3)
    _, reasons = judged(weak, facts)
    said = ("slept", "12 are missing", "7 iterations", "3 requests", "hinted at", "could have been missed")
    assert len(reasons) == len(said)
    assert all(words in reason for words, reason in zip(said, reasons, strict=True))


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (RunFacts(), "run for at least 8 min in all (--duration 8m)"),
        (RunFacts(own_length=True), "its script would have to send requests for at least 8 min in all"),
    ],
)
def test_too_short_says_how_long_it_takes_in_all(facts: RunFacts, said: str) -> None:
    """Without power the reason says the whole length that would do, and the option where there is one."""
    short = replace(GOOD, power=0.4, duration_s=120.0, needed_duration_s=480.0)
    verdict, (reason,) = judged(short, facts)
    assert verdict is Verdict.INCONCLUSIVE
    assert reason.endswith(said)


def test_fail_wins_over_missing() -> None:
    """A stall that was found stays a fail although rows are missing."""
    assert judged(replace(GOOD, periodic_stalls=(STALL,)), RunFacts(interrupted=True))[0] is Verdict.FAIL


def test_nothing_measured_is_inconclusive() -> None:
    """No requests: inconclusive, with what to check."""
    verdict, reasons = judged(replace(GOOD, requests=0, rows=0))
    assert verdict is Verdict.INCONCLUSIVE
    assert "no requests" in reasons[0]


@pytest.mark.parametrize(
    ("rate", "said"), [(1.0, "100 %"), (0.123, "12 %"), (0.05, "5 %"), (0.001, "0.1 %"), (0.0, "0 %")]
)
def test_rates_are_said_in_plain_percent(rate: float, said: str) -> None:
    """A rate is said with two digits and never as a power of ten."""
    assert percent(rate) == said


@pytest.mark.parametrize(
    ("value_s", "said"),
    [
        (0.0, "0 ms"),
        (8e-9, "less than 0.05 ms"),
        (0.0019, "1.9 ms"),
        (0.35, "0.35 s"),
        (1.5, "1.5 s"),
        (60.0, "60.0 s"),
        (640.0, "640 s"),
    ],
)
def test_lengths_keep_their_digits(value_s: float, said: str) -> None:
    """A length below a tenth of a second is said in ms, so that none is said to be zero."""
    assert seconds(value_s) == said
