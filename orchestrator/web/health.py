"""Whether the daemon does what its schedules say: each start that was due is written down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from orchestrator.daemon.times import from_ns, starts, timing_of
from orchestrator.model import Schedule
from reports.formats import duration, timestamp

GRACE = timedelta(minutes=2)
"""A daemon that looks at its clock once a second writes a start down long before this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overdue:
    """A schedule whose start at ``due`` is not written down: neither begun, nor skipped, nor missed."""

    schedule: str
    due: datetime
    late_s: float

    def __str__(self) -> str:
        return (
            f"schedule {self.schedule} is overdue: its start of {timestamp(self.due)}"
            f" has not been taken up for {duration(self.late_s)}"
        )


def overdue(
    schedules: Sequence[Schedule], seen: Mapping[str, tuple[str, int]], now: datetime
) -> list[Overdue]:
    """Return the schedules that are overdue.

    ``seen`` is what the catalog knows of each: its timing, and up to when its starts are written down. A
    schedule with another timing there is one that the daemon has just been given.
    """
    found = []
    for schedule in schedules:
        timing, seen_ns = seen.get(schedule.name, ("", 0))
        if not schedule.enabled or timing != timing_of(schedule):
            continue
        first = next(starts(schedule, from_ns(seen_ns)), None)
        if first is not None and now - first.due > GRACE:
            late_s = (now - first.due).total_seconds()
            found.append(Overdue(schedule=schedule.name, due=first.due, late_s=late_s))
    return found
