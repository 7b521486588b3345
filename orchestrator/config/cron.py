"""Cron expressions: five fields as cron means them, on APScheduler's trigger."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from orchestrator.config.values import shown

if TYPE_CHECKING:
    from datetime import tzinfo

    from apscheduler.triggers.cron import CronTrigger

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_ANY_YEAR = datetime(2024, 1, 1, tzinfo=UTC)


def parse_cron(text: str) -> str:
    """Return a cron expression that comes at some time.

    Raises
    ------
    ValueError
        With what is wrong.
    """
    if trigger_of(text, UTC).get_next_fire_time(None, _ANY_YEAR) is None:
        raise ValueError(f"{shown(text)} never comes: no month has such a day")
    return text


def trigger_of(text: str, zone: tzinfo) -> CronTrigger:
    """Return the trigger of a cron expression.

    APScheduler counts weekdays from Monday and cron from Sunday (0 and 7), and it wants both days where
    cron takes either: weekdays are handed over by name, and both days at once are refused.

    Raises
    ------
    ValueError
        With what is wrong.
    """
    from apscheduler.triggers.cron import CronTrigger

    fields = text.lower().split()
    if len(fields) != 5 or not re.fullmatch(r"[0-9a-z*/,\-]+", "".join(fields)):
        raise ValueError(f'{shown(text)} is not a cron expression of five fields; write "0 2 * * *"')
    if fields[2] != "*" and fields[4] != "*":
        raise ValueError(
            f"{shown(text)} names days of the month and days of the week, of which cron takes either; "
            "write two schedules"
        )
    try:
        fields[4] = ",".join(_weekdays(part) for part in fields[4].split(","))
        return CronTrigger.from_crontab(" ".join(fields), zone)
    except ValueError as error:
        why = " ".join(str(error).split()).rstrip(".")
        raise ValueError(
            f'{shown(text)} is not a cron expression: {why}; write "0 2 * * *" (minute, hour, day, month, '
            "weekday)"
        ) from None


def _weekdays(part: str) -> str:
    """Return a part of the weekday field as names: ``0``, ``7``, ``sun``, ``1-5``, ``fri-mon``, ``*/2``."""
    days, _, step = part.partition("/")
    if part == "*" or (step and (not step.isdigit() or int(step) == 0)):
        return part  # APScheduler says what is wrong with a step
    first, dash, last = ("0", "-", "6") if days == "*" else days.partition("-")
    begin, end = _weekday(first), _weekday(last if dash else first)
    end += 7 if end < begin else 0
    return ",".join(_DAYS[day % 7] for day in range(begin, end + 1, int(step or 1)))


def _weekday(word: str) -> int:
    if word in _DAYS:
        return _DAYS.index(word)
    if len(word) == 1 and word in "01234567":
        return int(word)
    raise ValueError(f"the weekday {shown(word)} is none of 0 to 7, sun, mon, tue, wed, thu, fri, sat")
