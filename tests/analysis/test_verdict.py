"""The verdict's rules, one by one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analysis.findings import Detection, Episode, Limits, PeriodicStall, RunFacts, Verdict
from analysis.verdict import Measured, judge, notes_on, percent, seconds, too_many_errors

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
    assert "below the limit" in notes_on(small, Limits())[0]


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
    assert bool(notes_on(measured, Limits())) is (count == 1)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (RunFacts(interrupted=True), "interrupted"),
        (RunFacts(expected_requests=3012), "12 are missing"),
        (RunFacts(dropped_iterations=7), "7 iterations were dropped"),
        (RunFacts(censored=3), "3 requests were still in flight"),
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
    [(0.0019, "1.9 ms"), (0.35, "0.35 s"), (1.5, "1.5 s"), (60.0, "60.0 s"), (640.0, "640 s")],
)
def test_lengths_keep_their_digits(value_s: float, said: str) -> None:
    """A length below a tenth of a second is said in ms, so that none is said to be zero."""
    assert seconds(value_s) == said
