"""The automatic stop: exactly when, and what it says; the clock is set by hand."""

from __future__ import annotations

from collections.abc import Callable

from orchestrator.k6.recent import Recent
from orchestrator.runs.failing import FailureWatch
from tests.orchestrator.k6.test_recent import batch

TICKS_PER_S = 4


def stopped(failing: Callable[[float], bool], *, per_tick: float, for_s: float = 300) -> tuple[float, str]:
    """Send requests at a rate and tell when the watch says stop, and why; (0, "") when it never does."""
    recent = Recent()
    watch = FailureWatch(recent)
    owed = 0.0
    for tick in range(round(for_s * TICKS_PER_S)):
        now_s = 1000 + tick / TICKS_PER_S
        owed += per_tick
        if count := int(owed):
            owed -= count
            bad = failing(tick / TICKS_PER_S)
            recent.add(batch(0 if bad else count, refused=count if bad else 0), now_s)
        if why := watch.look(now_s):
            return now_s - 1000, why
    return 0.0, ""


def test_a_run_that_only_fails_is_stopped_after_half_a_minute() -> None:
    """Half a minute after the first failure, with the counts of that half minute and the error."""
    assert stopped(lambda _: True, per_tick=3) == (
        30.0,
        "360 of 360 requests failed in the last 30 s: dial: connection refused",
    )


def test_a_run_that_begins_to_fail_is_stopped() -> None:
    """More than half of 10 s is failing; 30 s of that is the end, and the good ones before are counted."""
    at_s, why = stopped(lambda s: s >= 100, per_tick=3)
    assert at_s == 135.0
    assert why.startswith("360 of 360 requests failed")


def test_an_outage_that_ends_is_measured_to_its_end() -> None:
    """Outages of 20 s each minute are what a Run is there to see."""
    assert stopped(lambda s: s % 60 < 20, per_tick=3) == (0.0, "")


def test_a_run_that_half_works_goes_on() -> None:
    """Half of the requests may fail for ever; one more than that may not."""
    assert stopped(lambda s: int(s * TICKS_PER_S) % 2 == 0, per_tick=3) == (0.0, "")
    at_s, why = stopped(lambda s: int(s * TICKS_PER_S) % 5 < 3, per_tick=3)
    assert at_s >= 30
    assert why.startswith("216 of 360 requests failed in the last 30 s")


def test_a_blip_in_a_closed_model_ends_nothing() -> None:
    """One second of refusals, at a hundred times the rate of answers, is over after 10 s."""
    recent = Recent()
    watch = FailureWatch(recent)
    for tick in range(200):
        blip = tick in range(40, 44)
        recent.add(batch(0, refused=200) if blip else batch(2), tick / TICKS_PER_S)
        assert watch.look(tick / TICKS_PER_S) == ""


def test_a_few_failures_end_nothing() -> None:
    """Fewer than ten requests in half a minute are no load to stop."""
    assert stopped(lambda _: True, per_tick=0.075) == (0.0, "")
    assert stopped(lambda _: True, per_tick=0.09)[0] > 0


def test_timeouts_that_come_in_bursts_count() -> None:
    """Where all wait for the same timeout, the time between the bursts is failing too."""
    recent = Recent()
    watch = FailureWatch(recent)
    for tick in range(60 * TICKS_PER_S, 90 * TICKS_PER_S):
        if tick == 60 * TICKS_PER_S:
            recent.add(batch(0, refused=20), 60.0)
        assert watch.look(tick / TICKS_PER_S) == ""
    recent.add(batch(0, refused=20), 90.1)
    assert watch.look(90.25).startswith("20 of 20 requests failed")
