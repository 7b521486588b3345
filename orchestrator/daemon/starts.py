"""What became of the starts of schedules: each has one row, and whoever writes it first has it."""

from __future__ import annotations

import time
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from orchestrator.catalog import Catalog, Row, campaigns, runs, schedules, starts
from orchestrator.daemon.times import Start, from_ns, timing_of, to_ns
from orchestrator.errors import StoreError
from orchestrator.model import NodeKind, RunState, Schedule


class StartState(StrEnum):
    """What became of a start: ``running`` until its campaign has ended, in whichever way."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    SKIPPED = "skipped"
    MISSED = "missed"


class Starts:
    """The starts that the catalog of a home knows; ``noted`` counts those that came to something here."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self.noted = 0

    def looked_at(self, schedule: Schedule, now: datetime) -> datetime:
        """Return up to when the starts of a schedule were looked at: now, when it is new or was changed."""
        timing = timing_of(schedule)
        known = self._catalog.rows(sa.select(schedules).where(schedules.c.name == schedule.name))
        if not known or known[0]["timing"] != timing:
            with self._catalog.writing() as connection:
                connection.execute(schedules.delete().where(schedules.c.name == schedule.name))
                connection.execute(
                    schedules.insert().values(name=schedule.name, timing=timing, since_ns=to_ns(now))
                )
            return now
        [last] = self._catalog.rows(
            sa.select(sa.func.max(starts.c.due_ns).label("due_ns")).where(starts.c.schedule == schedule.name)
        )
        return min(now, from_ns(max(known[0]["since_ns"], last["due_ns"] or 0)))

    def claim(
        self, start: Start, state: StartState, *, campaign_id: str | None = None, reason: str = ""
    ) -> bool:
        """Write down a start; return False when it has been written down before: it comes only once."""
        values = starts.insert().values(
            schedule=start.schedule,
            wall=start.wall,
            due_ns=to_ns(start.due),
            state=state,
            campaign_id=campaign_id,
            reason=reason,
            noted_ns=time.time_ns(),
        )
        try:
            with self._catalog.writing() as connection:
                connection.execute(values)
        except StoreError as error:
            if isinstance(error.__cause__, sa.exc.IntegrityError):
                return False
            raise
        self.noted += state is not StartState.RUNNING
        return True

    def note(self, start: Start, state: StartState, reason: str = "") -> None:
        """Write down what became of a start."""
        one = (starts.c.schedule == start.schedule) & (starts.c.wall == start.wall)
        with self._catalog.writing() as connection:
            connection.execute(
                starts.update().where(one).values(state=state, reason=reason, noted_ns=time.time_ns())
            )
        self.noted += 1

    def unfinished(self) -> list[tuple[Start, Row]]:
        """Return the starts that say ``running``, with the campaign's state, None when it never began."""
        found = self._catalog.rows(
            sa.select(starts, campaigns.c.state.label("campaign_state"))
            .join(campaigns, campaigns.c.id == starts.c.campaign_id, isouter=True)
            .where(starts.c.state == StartState.RUNNING)
        )
        return [
            (Start(schedule=row["schedule"], wall=row["wall"], due=from_ns(row["due_ns"])), row)
            for row in found
        ]

    def last(self, schedule: str) -> Row | None:
        """Return the latest start that was not skipped, its campaign's result, and how many were since."""
        later = starts.alias()
        skipped = sa.select(sa.func.count()).where(
            later.c.schedule == schedule, later.c.due_ns > starts.c.due_ns
        )
        found = self._catalog.rows(
            sa.select(
                starts, campaigns.c.verdict, campaigns.c.sentence, skipped.scalar_subquery().label("skipped")
            )
            .join(campaigns, campaigns.c.id == starts.c.campaign_id, isouter=True)
            .where(starts.c.schedule == schedule, starts.c.state != StartState.SKIPPED)
            .order_by(starts.c.due_ns.desc())
            .limit(1)
        )
        return found[0] if found else None

    def campaign(self, campaign_id: str) -> Row | None:
        """Return a campaign, None when it never began."""
        found = self._catalog.rows(sa.select(campaigns).where(campaigns.c.id == campaign_id))
        return found[0] if found else None

    def broken_off(self) -> bool:
        """Tell whether a crash may have left something to close, or to judge."""
        return bool(self._catalog.running() or unjudged(self._catalog))


def unjudged(catalog: Catalog) -> list[Row]:
    """Return the campaigns that broke off and were never judged, although a node was measured."""
    measured = sa.exists().where(
        runs.c.campaign_id == campaigns.c.id,
        runs.c.requests > 0,
        runs.c.kind != NodeKind.CONTROL,
        runs.c.pruned_ns.is_(None),
    )
    broken_off = (campaigns.c.state == RunState.INTERRUPTED) & campaigns.c.verdict.is_(None)
    return catalog.rows(sa.select(campaigns).where(broken_off, measured).order_by(campaigns.c.started_ns))
