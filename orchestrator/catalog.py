"""What ran, with what result: campaigns and runs in SQLite."""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from orchestrator.errors import StoreError, UsageError
from orchestrator.model import RunState

_META = sa.MetaData()

campaigns = sa.Table(
    "campaigns",
    _META,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("profile", sa.String, nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("started_ns", sa.BigInteger, nullable=False),
    sa.Column("ended_ns", sa.BigInteger),
    sa.Column("verdict", sa.String),
    sa.Column("sentence", sa.String),
)

runs = sa.Table(
    "runs",
    _META,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("campaign_id", sa.ForeignKey("campaigns.id"), nullable=False, index=True),
    sa.Column("node", sa.String, nullable=False),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("profile", sa.String, nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("started_ns", sa.BigInteger, nullable=False),
    sa.Column("ended_ns", sa.BigInteger),
    sa.Column("requests", sa.BigInteger),
    sa.Column("verdict", sa.String),
    sa.Column("error", sa.String),
    sa.Column("unfit", sa.String),
    # When its requests were taken away; its record and its figures stay.
    sa.Column("pruned_ns", sa.BigInteger),
)

shipments = sa.Table(
    "shipments",
    _META,
    sa.Column("run_id", sa.String, primary_key=True),
    # Another server or bucket has nothing of what the first one has.
    sa.Column("target", sa.String, primary_key=True),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("refused", sa.BigInteger, nullable=False),
    # How many rows were counted there when all had been sent, and whether the verdict is there.
    sa.Column("counted", sa.BigInteger),
    sa.Column("judged", sa.Boolean),
    sa.Column("lease_owner", sa.String),
    sa.Column("lease_until_ns", sa.BigInteger),
)

# Which starts of a schedule there were, and what became of them; `orchestrator.daemon.starts` knows more.
schedules = sa.Table(
    "schedules",
    _META,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("timing", sa.String, nullable=False),
    # Nothing that was due before this counts as missed.
    sa.Column("since_ns", sa.BigInteger, nullable=False),
)

starts = sa.Table(
    "starts",
    _META,
    sa.Column("schedule", sa.String, primary_key=True),
    # The local time on the wall: when clocks go back, it comes twice, and the second time is no start.
    sa.Column("wall", sa.String, primary_key=True),
    sa.Column("due_ns", sa.BigInteger, nullable=False, index=True),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("campaign_id", sa.String),
    sa.Column("reason", sa.String),
    sa.Column("noted_ns", sa.BigInteger, nullable=False),
)

Row = dict[str, Any]
BUSY_S = 30.0
LEASE_S = 15.0
"""How long one shipper keeps the others off a run without a sign of life."""


class Catalog:
    """The catalog of one home.

    A campaign holds a lock on a file of its own while it goes on: when the lock is free and the
    catalog says ``running``, whoever ran it is gone.

    Raises
    ------
    StoreError
        The database cannot be opened or written.
    """

    def __init__(self, database: Path, locks: Path) -> None:
        self._locks = locks
        self._where = database
        # One connection a use: nothing stays open that a fork or a forgotten close could get hold of.
        self._engine = sa.create_engine(
            sa.URL.create("sqlite", database=str(database)),
            connect_args={"timeout": BUSY_S},
            poolclass=sa.NullPool,
        )
        sa.event.listen(self._engine, "connect", self._configure)
        with self.writing() as connection:
            # One statement each: looking first would race with another command that makes the same home.
            for table in _META.sorted_tables:
                connection.execute(sa.schema.CreateTable(table, if_not_exists=True))
                for index in table.indexes:
                    connection.execute(sa.schema.CreateIndex(index, if_not_exists=True))
        for table in _META.sorted_tables:
            self._complete(table)

    def _complete(self, table: sa.Table) -> None:
        """Add the columns that a catalog of an older version lacks: each may be null, so no row changes."""
        with self._telling(), self._engine.connect() as connection:
            known = {column["name"] for column in sa.inspect(connection).get_columns(table.name)}
        for column in (column for column in table.columns if column.name not in known):
            kind = column.type.compile(self._engine.dialect)
            try:
                with self.writing() as connection:
                    connection.execute(sa.text(f"ALTER TABLE {table.name} ADD COLUMN {column.name} {kind}"))
            except StoreError as error:
                if "duplicate column" not in str(error):  # another command was quicker
                    raise

    @contextmanager
    def holding(self, campaign_id: str) -> Iterator[None]:
        """Hold a campaign's lock; the operating system lets go of it when this process ends.

        Raises
        ------
        StoreError
            The lock cannot be made.
        BlockingIOError
            Somebody holds it.
        """
        path = self._locks / campaign_id
        try:
            self._locks.mkdir(mode=0o700, exist_ok=True)
            lock = path.open("w")
        except OSError as error:
            raise StoreError(f"{path}: {error.strerror or error}", hint="is the disk full?") from error
        with lock as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            try:
                yield
            finally:
                path.unlink(missing_ok=True)

    def running(self) -> list[Row]:
        """Return the campaigns that say ``running``, whether anybody runs them or not."""
        return self.rows(sa.select(campaigns).where(campaigns.c.state == RunState.RUNNING))

    @contextmanager
    def taking_over(self, campaign_id: str) -> Iterator[bool]:
        """Hold a campaign's lock and give True when it says ``running`` although nobody runs it.

        Gives False when somebody does, or has closed it meanwhile.
        """
        with ExitStack() as stack:
            try:
                stack.enter_context(self.holding(campaign_id))
            except BlockingIOError:
                abandoned = False
            else:  # read again under the lock: another command may have been quicker
                abandoned = any(row["id"] == campaign_id for row in self.running())
            yield abandoned

    def left_locks(self, prefix: str) -> Iterator[str]:
        """Yield the names of locks that somebody who is gone has left; each is held meanwhile, then gone."""
        for path in sorted(self._locks.glob(f"{prefix}*")):
            with ExitStack() as stack:
                try:
                    stack.enter_context(self.holding(path.name))
                except BlockingIOError:
                    continue
                yield path.name

    def add_whole(self, campaign: Row, its_runs: list[Row]) -> None:
        """Add a campaign that is over, with its runs: all of it or nothing."""
        with self.writing() as connection:
            connection.execute(campaigns.insert().values(campaign))
            connection.execute(runs.insert(), its_runs)

    def add_campaign(self, **values: Any) -> None:
        """Add a campaign."""
        with self.writing() as connection:
            connection.execute(campaigns.insert().values(values))

    def add_run(self, **values: Any) -> None:
        """Add a run."""
        with self.writing() as connection:
            connection.execute(runs.insert().values(values))

    def update_campaign(self, campaign_id: str, **values: Any) -> None:
        """Change columns of a campaign."""
        with self.writing() as connection:
            connection.execute(campaigns.update().where(campaigns.c.id == campaign_id).values(values))

    def update_run(self, run_id: str, **values: Any) -> None:
        """Change columns of a run."""
        with self.writing() as connection:
            connection.execute(runs.update().where(runs.c.id == run_id).values(values))

    def list_campaigns(self) -> list[Row]:
        """Return all campaigns, newest first."""
        return self.rows(sa.select(campaigns).order_by(campaigns.c.started_ns.desc()))

    def list_runs(self, campaign_id: str | None = None) -> list[Row]:
        """Return runs, newest first, or those of one campaign in the order of their start."""
        if campaign_id is None:
            return self.rows(sa.select(runs).order_by(runs.c.started_ns.desc()))
        query = sa.select(runs).where(runs.c.campaign_id == campaign_id)
        return self.rows(query.order_by(runs.c.started_ns))

    def find(self, name: str) -> tuple[Row, list[Row]]:
        """Return the campaign, and the runs of it, that an id means: a campaign's, a run's, or ``last``.

        Raises
        ------
        UsageError
            There is none.
        """
        known = self.list_campaigns()
        if not known:
            raise UsageError(
                f"there is no run or campaign {name!r}: nothing has run yet in {self._where.parent}",
                hint="`stallwatch run-smoke` makes one; --home or STALLWATCH_HOME name another home",
            )
        if name == "last":
            return known[0], self.list_runs(known[0]["id"])
        for campaign in known:
            if campaign["id"] == name:
                return campaign, self.list_runs(name)
        for run in self.list_runs():
            if run["id"] == name:
                return next(row for row in known if row["id"] == run["campaign_id"]), [run]
        raise UsageError(
            f"there is no run or campaign {name!r}, the latest campaign being {known[0]['id']}",
            hint="`stallwatch list runs` and `stallwatch list campaigns` show what there is",
        )

    def list_shipments(self, target: str) -> dict[str, Row]:
        """Return how far each run has been sent to a target, by run."""
        rows = self.rows(sa.select(shipments).where(shipments.c.target == target))
        return {row["run_id"]: row for row in rows}

    def lease(self, run_id: str, target: str, owner: str, now_ns: int) -> Row | None:
        """Take or renew the lease of a run, and return how far it has been sent; None when another has it.

        A lease that ends later than any given now is one of a clock that was wrong.
        """
        its = _shipment(run_id, target)
        lease_ns = int(LEASE_S * 1e9)
        until = shipments.c.lease_until_ns
        free = sa.or_(
            shipments.c.lease_owner.is_(None),
            shipments.c.lease_owner == owner,
            until <= now_ns,
            until > now_ns + 2 * lease_ns,
        )
        first = sa.select(*(sa.literal(value) for value in (run_id, target, 0, 0)))
        with self.writing() as connection:
            connection.execute(
                shipments.insert().from_select(
                    ["run_id", "target", "rows", "refused"],
                    first.where(~sa.select(shipments.c.rows).where(its).exists()),
                )
            )
            values = {"lease_owner": owner, "lease_until_ns": now_ns + lease_ns}
            taken = connection.execute(shipments.update().where(its, free).values(values)).rowcount
            row = connection.execute(sa.select(shipments).where(its)).mappings().one()
        return dict(row) if taken else None

    def advance(self, run_id: str, target: str, owner: str, now_ns: int, **values: Any) -> bool:
        """Note how far a run has been sent and renew its lease; False when another has it by now."""
        its = sa.and_(_shipment(run_id, target), shipments.c.lease_owner == owner)
        values["lease_until_ns"] = now_ns + int(LEASE_S * 1e9)
        with self.writing() as connection:
            return bool(connection.execute(shipments.update().where(its).values(values)).rowcount)

    def note(self, run_id: str, target: str, **values: Any) -> None:
        """Note what was found out about a run at a target, whoever has the lease."""
        with self.writing() as connection:
            connection.execute(shipments.update().where(_shipment(run_id, target)).values(values))

    def release(self, owner: str) -> None:
        """Give up all leases of an owner."""
        mine = shipments.c.lease_owner == owner
        with self.writing() as connection:
            connection.execute(shipments.update().where(mine).values(lease_owner=None, lease_until_ns=None))

    def rows(self, query: sa.Select[Any]) -> list[Row]:
        """Return what a query finds."""
        with self._telling(), self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Give a connection whose changes are kept together at the end, or not at all."""
        with self._telling(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except (sa.exc.DBAPIError, sqlite3.Error) as error:
            cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
            raise StoreError(
                f"the catalog {self._where} cannot be used: {cause}",
                hint="is it a catalog of stallwatch, its folder writable, and room on the disk?",
            ) from error

    @staticmethod
    def _configure(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")


def _shipment(run_id: str, target: str) -> sa.ColumnElement[bool]:
    return sa.and_(shipments.c.run_id == run_id, shipments.c.target == target)
