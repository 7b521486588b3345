"""Which starts are due, and which of them go on: each is written down before anything of it happens."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from orchestrator.daemon.log import Level, Log
from orchestrator.daemon.starts import Starts, StartState
from orchestrator.daemon.times import Passed, Start, passed_starts, timing_of
from orchestrator.model import RunState, Schedule
from orchestrator.plan import new_campaign_id

# What a campaign that ended while nobody noted its start says of it.
_ENDED = {
    RunState.DONE: StartState.DONE,
    RunState.STOPPED: StartState.DONE,
    RunState.FAILED: StartState.FAILED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Going:
    """A start that is written down as running: its campaign begins at ``begin``, if it has not yet."""

    schedule: Schedule
    start: Start
    campaign_id: str
    begin: datetime
    late: str = ""


class Agenda:
    """The schedules of a config, and the starts of them that go on: at most one a schedule.

    Time is handed in, so that nothing here waits. When the clock is set back, what comes again has been
    written down; when it is set forward or the host slept, what was passed over is made up or missed.
    """

    def __init__(self, starts: Starts, log: Log, rng: random.Random) -> None:
        self._starts, self._log, self._rng = starts, log, rng
        self._schedules: dict[str, Schedule] = {}
        self._looked_at: dict[str, datetime] = {}
        self._going: dict[str, Going] = {}
        self._begun: set[str] = set()

    def take(self, schedules: Sequence[Schedule], now: datetime) -> None:
        """Take the schedules of a config; those that stay as they were go on as if nothing had happened."""
        before = self._schedules
        looked_at = {}
        for schedule in schedules:
            known = before.get(schedule.name)
            same = known is not None and timing_of(known) == timing_of(schedule)
            looked_at[schedule.name] = (
                self._looked_at[schedule.name] if same else self._starts.looked_at(schedule, now)
            )
        self._looked_at = looked_at
        self._schedules = {schedule.name: schedule for schedule in schedules}

    def recover(self, now: datetime) -> None:
        """Note what became of the starts that an earlier daemon left; one that never began begins now."""
        for start, row in self._starts.unfinished():
            if start.schedule in self._going:
                continue
            schedule = self._schedules.get(start.schedule)
            late_s = (now - start.due).total_seconds()
            if row["campaign_state"] is not None:
                state = _ENDED.get(RunState(row["campaign_state"]), StartState.INTERRUPTED)
                self._starts.note(
                    start, state, "" if state is StartState.DONE else "stallwatch ended before it"
                )
            elif schedule is not None and schedule.enabled and late_s <= schedule.catch_up_s:
                self._go(schedule, start, row["campaign_id"], now, "stallwatch ended before it began")
            else:
                self._starts.note(start, StartState.INTERRUPTED, "stallwatch ended before it began")

    def look(self, now: datetime, why_late: str = "") -> list[Going]:
        """Write down what is due, and return what is to begin now; ``why_late`` is added to what is late.

        Raises
        ------
        StallwatchError
            The catalog cannot be used: the next look sees the same again.
        """
        for schedule in self._schedules.values():
            after = min(self._looked_at[schedule.name], now)
            for passed in passed_starts(schedule, after, now):
                self._pass(schedule, passed, now, why_late)
            self._looked_at[schedule.name] = now
        return [
            going for name, going in self._going.items() if name not in self._begun and going.begin <= now
        ]

    def begun(self, going: Going) -> None:
        """Take note that a start's campaign has been started."""
        self._begun.add(going.schedule.name)

    def ended(self, going: Going, state: StartState, reason: str) -> None:
        """Take note of what became of a start.

        Raises
        ------
        StallwatchError
            It cannot be written down: the start goes on until it can.
        """
        self._starts.note(going.start, state, reason)
        self._going.pop(going.schedule.name, None)
        self._begun.discard(going.schedule.name)

    def going(self) -> list[Going]:
        """Return the starts that go on."""
        return list(self._going.values())

    def _pass(self, schedule: Schedule, passed: Passed, now: datetime, why_late: str) -> None:
        start = passed.start
        late = ", ".join(filter(None, (passed.late, why_late))) if passed.late else ""
        if passed.missed:
            self._leave(start, StartState.MISSED, ", ".join(filter(None, (passed.missed, why_late))))
        elif passed.skipped:
            self._leave(start, StartState.SKIPPED, passed.skipped)
        elif (other := self._going.get(schedule.name)) is not None:
            what = f"campaign {other.campaign_id}, due {other.start.wall}, goes on"
            self._leave(start, StartState.SKIPPED, what)
        else:
            campaign_id = new_campaign_id(now)
            if self._starts.claim(start, StartState.RUNNING, campaign_id=campaign_id, reason=late):
                self._go(schedule, start, campaign_id, now, late)

    def _leave(self, start: Start, state: StartState, reason: str) -> None:
        if self._starts.claim(start, state, reason=reason):
            self._log.write(
                f"start {state}", level=Level.WARNING, schedule=start.schedule, due=start.wall, reason=reason
            )

    def _go(self, schedule: Schedule, start: Start, campaign_id: str, now: datetime, late: str) -> None:
        jitter = timedelta(seconds=self._rng.uniform(0, schedule.jitter_s))
        self._going[schedule.name] = Going(
            schedule=schedule,
            start=start,
            campaign_id=campaign_id,
            begin=now if late else start.due + jitter,
            late=late,
        )
