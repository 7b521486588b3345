"""What the catalog keeps for notifications: incidents, messages on their way, and what was looked at."""

from __future__ import annotations

import sqlalchemy as sa

from orchestrator.catalog import Catalog

_META = sa.MetaData()

incidents = sa.Table(
    "incidents",
    _META,
    # What goes on: a node that fails, a schedule that does not run or stays inconclusive.
    sa.Column("schedule", sa.String, primary_key=True),
    sa.Column("kind", sa.String, primary_key=True),
    sa.Column("node", sa.String, primary_key=True),
    sa.Column("since", sa.String, nullable=False),
    # How many campaigns have shown it, one after the other.
    sa.Column("count", sa.Integer, nullable=False),
)

messages = sa.Table(
    "messages",
    _META,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("channel", sa.String, nullable=False),
    sa.Column("event", sa.String, nullable=False),
    sa.Column("body", sa.String, nullable=False),
    sa.Column("noted_ns", sa.BigInteger, nullable=False),
)

considered = sa.Table(
    "considered",
    _META,
    sa.Column("schedule", sa.String, primary_key=True),
    sa.Column("wall", sa.String, primary_key=True),
    sa.Column("due_ns", sa.BigInteger, nullable=False),
)


def create_tables(catalog: Catalog) -> None:
    """Make the tables that are missing."""
    with catalog.writing() as connection:
        for table in _META.sorted_tables:
            connection.execute(sa.schema.CreateTable(table, if_not_exists=True))
