"""Schedules for a reader: when they start next, and what came of the last start."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from orchestrator.catalog import Row
from orchestrator.daemon.times import from_ns, next_starts, timing_of
from orchestrator.model import Schedule
from reports.formats import duration

_LAST = ("wall", "state", "reason", "campaign_id", "verdict", "sentence", "skipped")


def listed(schedule: Schedule, last: Row | None, now: datetime) -> dict[str, Any]:
    """Return a schedule as JSON has it; times are UTC, ``wall`` is local, ``skipped`` are those since."""
    return {
        **asdict(schedule),
        "next": [{"at": start.due.isoformat(), "wall": start.wall} for start in next_starts(schedule, now)],
        "last": last and {"at": from_ns(last["due_ns"]).isoformat(), **{name: last[name] for name in _LAST}},
    }


def listed_lines(schedule: Schedule, last: Row | None, now: datetime) -> list[str]:
    """Return a schedule in words."""
    coming = ", ".join(local_time(start.due, schedule) for start in next_starts(schedule, now))
    what = f"{schedule.name}: {in_words(schedule)}"
    return [what, f"  next: {coming or 'never, as it is not enabled'}", f"  last: {_last(last, schedule)}"]


def in_words(schedule: Schedule) -> str:
    """Say when a schedule runs what."""
    nodes = ", ".join(schedule.nodes) or "all nodes"
    what = f"{timing_of(schedule)}: {schedule.profile} on {nodes}"
    what += f", for {duration(schedule.duration_s)}" if schedule.duration_s else ""
    return what + (f", up to {duration(schedule.jitter_s)} later" if schedule.jitter_s else "")


def local_time(at: datetime, schedule: Schedule) -> str:
    """Write an instant as the clock on the wall there shows it, with the zone's name of that day."""
    return f"{at.astimezone(ZoneInfo(schedule.timezone)):%Y-%m-%d %H:%M:%S %Z}"


def _last(last: Row | None, schedule: Schedule) -> str:
    if last is None:
        return "none yet"
    words = "; ".join(filter(None, (last["reason"], last["sentence"])))
    campaign = f" (campaign {last['campaign_id']})" if last["campaign_id"] else ""
    said = f"{local_time(from_ns(last['due_ns']), schedule)} {last['state']}{campaign}"
    said += f", {last['skipped']} skipped since" if last["skipped"] else ""
    return f"{said}: {words}" if words else said
