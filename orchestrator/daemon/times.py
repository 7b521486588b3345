"""When a schedule starts: pure functions of a schedule and two instants."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

from orchestrator.config.cron import trigger_of
from orchestrator.model import Schedule
from reports.formats import duration

LOOK_BACK = timedelta(days=31)
MAX_MISSED = 100
LATE_S = 60.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """One start of a schedule: ``due`` in UTC, and ``wall``, the local time that it has once only."""

    schedule: str
    wall: str
    due: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """A start whose time has come: it runs, unless ``missed`` or ``skipped`` says why not.

    ``late`` says that it is made up.
    """

    start: Start
    missed: str = ""
    skipped: str = ""
    late: str = ""


def starts(schedule: Schedule, after: datetime) -> Iterator[Start]:
    """Yield the starts after an instant, without end unless the cron expression has one."""
    return _of_cron(schedule, after) if schedule.cron is not None else _of_every(schedule, after)


def _of_cron(schedule: Schedule, after: datetime) -> Iterator[Start]:
    """Yield the starts of a cron expression, each local time once.

    APScheduler 3 starts twice when clocks go back: the second time has ``fold`` 1. What lies in the gap
    when they go forward starts an hour later on the wall, together with what starts there anyway.
    """
    zone = ZoneInfo(schedule.timezone)
    trigger, at = trigger_of(schedule.cron or "", zone), after.astimezone(UTC)
    while found := trigger.get_next_fire_time(None, at + _TICK):
        at = found.astimezone(UTC)
        local = at.astimezone(zone)
        if not local.fold:
            yield Start(schedule=schedule.name, wall=f"{local:%Y-%m-%d %H:%M}", due=at)


def _of_every(schedule: Schedule, after: datetime) -> Iterator[Start]:
    """Yield the multiples of ``every_s`` since 1970: the same whenever the daemon began."""
    step = timedelta(seconds=schedule.every_s or 0.0)
    due = _EPOCH + (after - _EPOCH) // step * step
    while True:
        due += step
        yield Start(schedule=schedule.name, wall=f"{due.replace(tzinfo=None)}Z", due=due)


def next_starts(schedule: Schedule, now: datetime, count: int = 3) -> list[Start]:
    """Return the next starts; none of a schedule that is not enabled."""
    return list(islice(starts(schedule, now), count)) if schedule.enabled else []


def passed_starts(schedule: Schedule, after: datetime, now: datetime) -> list[Passed]:
    """Return what was due after an instant up to now: the last one runs, also for those before it.

    What is older than ``catch_up_s`` is missed.

    Of more than 100 the last ones are told, and of the last 31 days.
    """
    if not schedule.enabled:
        return []
    coming = starts(schedule, max(after, now - LOOK_BACK))
    due = deque(takewhile(lambda start: start.due <= now, coming), maxlen=MAX_MISSED)
    passed = []
    for number, start in enumerate(due, 1):
        late_s = (now - start.due).total_seconds()
        missed = skipped = late = ""
        if late_s > schedule.catch_up_s:
            missed = f"nothing could start it within catch_up ({duration(schedule.catch_up_s)})"
        elif number < len(due):
            skipped = f"made up together with {due[-1].wall}"
        elif late_s > LATE_S:
            late = f"made up {duration(late_s)} late"
        if missed and number == 1 and len(due) == MAX_MISSED:
            missed += ", like those before it"
        passed.append(Passed(start=start, missed=missed, skipped=skipped, late=late))
    return passed


def timing_of(schedule: Schedule) -> str:
    """Say when a schedule starts, in a few words; whoever changes them makes another schedule of it."""
    words = (
        f"every {duration(schedule.every_s)}"
        if schedule.every_s is not None
        else f"{schedule.cron} {schedule.timezone}"
    )
    return words if schedule.enabled else f"{words}, not enabled"


def to_ns(at: datetime) -> int:
    """Return an instant in nanoseconds UTC."""
    return (at - _EPOCH) // _TICK * 1000


def from_ns(ns: int) -> datetime:
    """Return the instant of nanoseconds UTC."""
    return _EPOCH + timedelta(microseconds=ns // 1000)
