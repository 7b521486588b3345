"""Messages on their way, kept in the catalog together with the incidents that they tell of."""

from __future__ import annotations

import json
from collections.abc import Sequence

import sqlalchemy as sa

from orchestrator.catalog import Catalog, Row, campaigns, runs, starts
from orchestrator.daemon.starts import StartState
from orchestrator.model import Channel, Event, NodeKind
from orchestrator.notifying.incidents import Happening, Incident, Kind, Open, consider
from orchestrator.notifying.messages import message_for
from orchestrator.notifying.tables import considered, create_tables, incidents, messages

HOUR_NS = 3600 * 10**9
NEWS_NS = 24 * HOUR_NS
"""What is older is told no more, and a message that could not be delivered for so long is given up."""
PING_NS = HOUR_NS
"""A ping says that all is well now."""
LOOK_BACK_NS = 35 * NEWS_NS
"""Longer than any start is made up for, or missed."""


class Outbox:
    """What the catalog of a home has to tell, and to whom."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        create_tables(catalog)

    def fill(self, channels: Sequence[Channel], now_ns: int) -> None:
        """Look at the starts that came to something since, and keep a message for each channel.

        All of it is kept together, so that a crash loses no news, and makes none twice.
        """
        news = self._news(now_ns)
        open_ones = self._open()
        told: list[Row] = []
        for start, verdicts in news:
            for happening in consider(start, verdicts, open_ones):
                if start["noted_ns"] >= now_ns - NEWS_NS:
                    told += _rows(channels, happening, now_ns)
        with self._catalog.writing() as connection:
            connection.execute(incidents.delete())
            if open_ones:
                connection.execute(incidents.insert(), [_row(key, one) for key, one in open_ones.items()])
            if told:
                connection.execute(messages.insert(), told)
            looked = [{name: start[name] for name in ("schedule", "wall", "due_ns")} for start, _ in news]
            if looked:
                connection.execute(considered.insert(), looked)
            connection.execute(considered.delete().where(considered.c.due_ns < now_ns - 2 * LOOK_BACK_NS))

    def waiting(self, channel: str) -> list[Row]:
        """Return the messages of a channel that were not delivered yet, oldest first; of pings the last."""
        rows = self._catalog.rows(
            sa.select(messages).where(messages.c.channel == channel).order_by(messages.c.id)
        )
        pings = [row for row in rows if row["event"] == Event.GOOD]
        return [*(row for row in rows if row["event"] != Event.GOOD), *pings[-1:]]

    def delivered(self, row: Row) -> None:
        """Forget a message that was delivered, and the pings before it."""
        old = (messages.c.channel == row["channel"]) & (messages.c.event == Event.GOOD)
        gone = messages.c.id == row["id"]
        if row["event"] == Event.GOOD:
            gone |= old & (messages.c.id < row["id"])
        with self._catalog.writing() as connection:
            connection.execute(messages.delete().where(gone))

    def give_up(self, now_ns: int) -> list[Row]:
        """Forget the messages that are too old to be told, and return them."""
        ping = messages.c.event == Event.GOOD
        old = sa.or_(
            messages.c.noted_ns < now_ns - NEWS_NS, sa.and_(ping, messages.c.noted_ns < now_ns - PING_NS)
        )
        found = self._catalog.rows(sa.select(messages).where(old))
        if found:
            with self._catalog.writing() as connection:
                connection.execute(messages.delete().where(messages.c.id.in_([row["id"] for row in found])))
        return found

    def _news(self, now_ns: int) -> list[tuple[Row, dict[str, str | None]]]:
        """Return the starts that came to something and were not looked at, with their nodes' verdicts."""
        same = (considered.c.schedule == starts.c.schedule) & (considered.c.wall == starts.c.wall)
        seen = sa.exists().where(same)
        rows = self._catalog.rows(
            sa.select(starts, campaigns.c.verdict, campaigns.c.sentence)
            .join(campaigns, campaigns.c.id == starts.c.campaign_id, isouter=True)
            .where(starts.c.due_ns > now_ns - LOOK_BACK_NS, starts.c.state != StartState.RUNNING, ~seen)
            .order_by(starts.c.due_ns, starts.c.schedule)
        )
        return [(row, self._verdicts(row["campaign_id"])) for row in rows]

    def _verdicts(self, campaign_id: str | None) -> dict[str, str | None]:
        if campaign_id is None:
            return {}
        its = (runs.c.campaign_id == campaign_id) & (runs.c.kind != NodeKind.CONTROL)
        return {row["node"]: row["verdict"] for row in self._catalog.rows(sa.select(runs).where(its))}

    def _open(self) -> Open:
        rows = self._catalog.rows(sa.select(incidents))
        return {
            (row["schedule"], Kind(row["kind"]), row["node"]): Incident(row["since"], row["count"])
            for row in rows
        }


def _row(key: tuple[str, Kind, str], one: Incident) -> Row:
    schedule, kind, node = key
    return {"schedule": schedule, "kind": kind, "node": node, "since": one.since, "count": one.count}


def _rows(channels: Sequence[Channel], happening: Happening, now_ns: int) -> list[Row]:
    return [
        {"channel": channel.name, "event": happening.event, "body": json.dumps(body), "noted_ns": now_ns}
        for channel in channels
        if (body := message_for(channel, happening)) is not None
    ]
