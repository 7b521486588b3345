"""What a page reads from the catalog: each query is bounded, whatever has run in a year."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from orchestrator.catalog import Catalog, Row, campaigns, runs, schedules, starts
from orchestrator.model import NodeKind, RunState

MAX_CAMPAIGNS = 200
MAX_RUNS = 500
MAX_STARTS = 50
MAX_RUNNING = 20
NAMED_NODES = 4
"""Nodes of a campaign that a list names; the others are counted."""


class Stored:
    """The newest of what a catalog knows."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def newest(self, limit: int = MAX_CAMPAIGNS) -> list[Row]:
        """Return the newest campaigns, each with the names of its nodes."""
        found = self._catalog.rows(
            sa.select(campaigns).order_by(campaigns.c.started_ns.desc(), campaigns.c.id).limit(limit)
        )
        return self._with_nodes(found)

    def running(self) -> list[Row]:
        """Return the campaigns that go on, oldest first, each with its runs."""
        found = self._catalog.rows(
            sa.select(campaigns)
            .where(campaigns.c.state == RunState.RUNNING)
            .order_by(campaigns.c.started_ns)
            .limit(MAX_RUNNING)
        )
        return [row | {"runs": self.runs(row["id"])} for row in found]

    def campaign(self, campaign_id: str) -> Row | None:
        """Return a campaign with its runs and the schedule that started it."""
        found = self._catalog.rows(
            sa.select(campaigns, starts.c.schedule, starts.c.reason)
            .join(starts, starts.c.campaign_id == campaigns.c.id, isouter=True)
            .where(campaigns.c.id == campaign_id)
        )
        return found[0] | {"runs": self.runs(campaign_id)} if found else None

    def runs(self, campaign_id: str) -> list[Row]:
        """Return the runs of a campaign in the order of their start."""
        query = sa.select(runs).where(runs.c.campaign_id == campaign_id)
        return self._catalog.rows(query.order_by(runs.c.started_ns, runs.c.id).limit(MAX_RUNS))

    def run(self, run_id: str) -> Row | None:
        """Return a run."""
        found = self._catalog.rows(sa.select(runs).where(runs.c.id == run_id))
        return found[0] if found else None

    def starts(self, schedule: str, limit: int = MAX_STARTS) -> list[Row]:
        """Return the newest starts of a schedule, each with its campaign's verdict."""
        return self._catalog.rows(
            sa.select(starts, campaigns.c.verdict, campaigns.c.sentence)
            .join(campaigns, campaigns.c.id == starts.c.campaign_id, isouter=True)
            .where(starts.c.schedule == schedule)
            .order_by(starts.c.due_ns.desc())
            .limit(limit)
        )

    def seen(self) -> dict[str, tuple[str, int]]:
        """Return of each schedule its timing, and the last instant whose starts are written down."""
        last = sa.select(sa.func.max(starts.c.due_ns)).where(starts.c.schedule == schedules.c.name)
        found = self._catalog.rows(sa.select(schedules, last.scalar_subquery().label("due_ns")))
        return {row["name"]: (row["timing"], max(row["since_ns"], row["due_ns"] or 0)) for row in found}

    def _with_nodes(self, found: list[Row]) -> list[Row]:
        ids = [row["id"] for row in found]
        query = sa.select(runs.c.campaign_id, runs.c.node).where(
            runs.c.campaign_id.in_(ids), runs.c.kind != NodeKind.CONTROL
        )
        by_campaign: dict[str, list[str]] = {}
        for row in self._catalog.rows(query.order_by(runs.c.id)):
            by_campaign.setdefault(row["campaign_id"], []).append(row["node"])
        return [row | _nodes(by_campaign.get(row["id"], [])) for row in found]


def _nodes(names: list[str]) -> dict[str, Any]:
    return {"nodes": names[:NAMED_NODES], "more_nodes": max(0, len(names) - NAMED_NODES)}
