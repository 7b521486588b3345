"""Cron expressions mean what cron means by them, and bad ones are told with what to write."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from orchestrator.config.cron import parse_cron, trigger_of

MONDAY = datetime(2026, 6, 1, tzinfo=UTC)


def weekdays(expression: str) -> str:
    """Return the days of one week on which an expression comes."""
    trigger, at, days = trigger_of(expression, UTC), MONDAY, []
    while (at := trigger.get_next_fire_time(None, at + timedelta(seconds=1))) < MONDAY + timedelta(days=7):
        days.append(f"{at:%a}")
    return " ".join(days)


@pytest.mark.parametrize(
    ("field", "days"),
    [
        ("0", "Sun"),
        ("7", "Sun"),
        ("1", "Mon"),
        ("1-5", "Mon Tue Wed Thu Fri"),
        ("0-2", "Mon Tue Sun"),
        ("5-7", "Fri Sat Sun"),
        ("sun-tue", "Mon Tue Sun"),
        ("FRI-MON", "Mon Fri Sat Sun"),
        ("mon,3,6", "Mon Wed Sat"),
        ("*/3", "Wed Sat Sun"),
        ("1-5/2", "Mon Wed Fri"),
        ("*", "Mon Tue Wed Thu Fri Sat Sun"),
    ],
)
def test_weekdays_are_those_of_cron(field: str, days: str) -> None:
    """Sunday is 0 and 7, not 6 as APScheduler has it; ranges may go over the end of the week."""
    assert weekdays(f"0 12 * * {field}") == days


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nightly", "is not a cron expression of five fields"),
        ("0 2 * *", "is not a cron expression of five fields"),
        ("0 0 2 * * *", "is not a cron expression of five fields"),
        ("60 2 * * *", r"the last value \(60\) is higher than the maximum value \(59\)"),
        ("0 24 * * *", "higher than the maximum"),
        ("*/0 * * * *", "Increment must be higher than 0"),
        ("0 2 * * 8", "the weekday '8' is none of 0 to 7, sun, mon"),
        ("0 2 * * someday", "the weekday 'someday' is none of"),
        ("0 2 * * 1/x", "is not a cron expression"),
        ("0 2 31 2 *", "never comes: no month has such a day"),
        ("0 2 1-7 * mon", "cron takes either; write two schedules"),
        ("0 2 \x1b[31m * *", "is not a cron expression"),
    ],
)
def test_bad_expressions_are_told(text: str, said: str) -> None:
    """Each with what is wrong, on one printable line."""
    with pytest.raises(ValueError, match=said) as caught:
        parse_cron(text)
    assert str(caught.value).isprintable()


def test_a_leap_day_comes() -> None:
    """What comes every four years only is no mistake."""
    assert parse_cron("0 0 29 2 *") == "0 0 29 2 *"
