"""Schedules and runs as a page shows them."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from orchestrator.catalog import Row
from orchestrator.daemon.listing import in_words, local_time
from orchestrator.daemon.times import next_starts
from orchestrator.history.summary import FILE
from orchestrator.home import Home
from orchestrator.model import Schedule
from orchestrator.runs.record import RunRecord
from reports import formats

MAX_ENDPOINTS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleView:
    """A schedule in words; ``last`` is its newest start that is written down."""

    name: str
    words: str
    enabled: bool
    coming: tuple[str, ...]
    last: Row | None


def schedule_view(schedule: Schedule, newest: Sequence[Row], now: datetime) -> ScheduleView:
    """Return what is shown of a schedule."""
    return ScheduleView(
        name=schedule.name,
        words=in_words(schedule),
        enabled=schedule.enabled,
        coming=tuple(local_time(start.due, schedule) for start in next_starts(schedule, now)),
        last=newest[0] if newest else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointView:
    """The kept figures of one endpoint."""

    name: str
    requests: int
    errors: int
    p50: str
    p95: str
    p99: str
    slowest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FiguresView:
    """The kept figures of a run, all of them of ``requests`` requests."""

    requests: int
    stalls: int
    stalled: str
    endpoints: tuple[EndpointView, ...]


def figures_view(run_id: str, home: Home) -> FiguresView | None:
    """Return the figures that were kept of a run; None when there are none."""
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        kept = json.loads((home.run_dir(run_id) / FILE).read_bytes())
        return FiguresView(
            requests=int(kept["requests"]),
            stalls=int(kept["stalls"]),
            stalled=formats.duration(float(kept["stalled_s"])),
            endpoints=tuple(
                _endpoint(name, one) for name, one in list(kept["endpoints"].items())[:MAX_ENDPOINTS]
            ),
        )
    return None


def _endpoint(name: str, kept: dict[str, Any]) -> EndpointView:
    latency = {
        key: formats.ms(math.nan if (value := kept[f"{key}_ms"]) is None else float(value))
        for key in ("p50", "p95", "p99", "slowest")
    }
    return EndpointView(name=name, requests=int(kept["requests"]), errors=int(kept["errors"]), **latency)


def record_pairs(record: RunRecord) -> dict[str, str]:
    """Return what a run was, as its report says it."""
    return {"node": record.node, "address": record.address, **record.settings, **record.versions}
