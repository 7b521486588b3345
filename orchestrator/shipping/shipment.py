"""One Run on its way to InfluxDB: leased, read from where it stands, and its position kept."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, wait
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Self

import pyarrow as pa

from orchestrator.catalog import LEASE_S, Catalog, Row
from orchestrator.shipping.delivery import deliver
from orchestrator.shipping.refused import RefusedPoints
from orchestrator.stores.following import Follower
from orchestrator.stores.influxdb.points import RunTags, request_lines

MAX_ROWS = 5_000
RENEW_S = LEASE_S / 3


class Step(Enum):
    """What one step came to."""

    FULL = auto()
    """A whole batch is there: more may be waiting."""
    SENT = auto()
    """All there was is there."""
    NOTHING = auto()
    """Nothing new is on disk."""
    ELSEWHERE = auto()
    """Another shipper has the run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Requests of one Run that follow each other, and the same as line protocol."""

    batch: pa.RecordBatch
    first_row: int
    tags: RunTags
    text: bytes

    @classmethod
    def of(cls, batch: pa.RecordBatch, first_row: int, tags: RunTags) -> Self:
        """Write rows as line protocol."""
        text = bytes(memoryview(request_lines(batch, tags, first_row)))
        return cls(batch=batch, first_row=first_row, tags=tags, text=text)

    @property
    def rows(self) -> int:
        """How many there are."""
        return int(self.batch.num_rows)

    def lines(self) -> bytes:
        """Return them as line protocol."""
        return self.text

    def halves(self) -> tuple[Rows, Rows]:
        """Return the first half and the rest."""
        half = self.rows // 2
        return (
            Rows.of(self.batch.slice(0, half), self.first_row, self.tags),
            Rows.of(self.batch.slice(half), self.first_row + half, self.tags),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where all runs of a shipper go, under which name it leases them, and where refused points go.

    ``reader`` makes the next batch ready while one is on its way.
    """

    name: str
    owner: str
    write: Callable[[bytes], None]
    refused: RefusedPoints
    reader: Executor


class Shipment:
    """One Run on its way; ``rows`` and ``refused`` are what the catalog knows of it."""

    def __init__(self, run: Row, folder: Path, catalog: Catalog, target: Target) -> None:
        self._id = run["id"]
        self._tags = RunTags(run=run["id"], node=run["node"], profile=run["profile"])
        self._folder = folder
        self._catalog = catalog
        self._target = target
        self._follower: Follower | None = None
        self._waiting: Rows | None = None
        self._ahead: Future[Rows | None] | None = None
        self._leased_at = float("-inf")
        self.rows = self.refused = 0

    def step(self) -> Step:
        """Send the next rows, at most a batch of them, and note that they are there.

        Raises
        ------
        InfluxError
            They are not: the next step sends the same again.
        StoreError
            The catalog or the table cannot be used.
        """
        if self._follower is None and not self._lease():
            return Step.ELSEWHERE
        rows = self._waiting or self._next()
        if rows is None:
            return Step.NOTHING
        self._waiting = rows
        if time.monotonic() - self._leased_at > RENEW_S and not self._lease():
            return Step.ELSEWHERE
        if self._waiting is not rows:  # another shipper had it meanwhile
            return Step.FULL
        if rows.rows == MAX_ROWS:
            self._ahead = self._ahead or self._target.reader.submit(self._read, rows.first_row + MAX_ROWS)
        refused = 0
        for refusal in deliver(rows, self._target.write):
            self._target.refused.keep(self._id, refusal)
            refused += refusal.rows
        return self._advance(rows, refused)

    def close(self) -> None:
        """Let go of the files."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            ahead.cancel()
            wait([ahead])
        if self._follower is not None:
            self._follower.close()
        self._follower = self._waiting = None

    def _next(self) -> Rows | None:
        ahead, self._ahead = self._ahead, None
        return self._read(self.rows) if ahead is None else ahead.result()

    def _read(self, first_row: int) -> Rows | None:
        assert self._follower is not None  # noqa: S101 # step opens it
        batch = self._follower.take(MAX_ROWS)
        return None if batch is None else Rows.of(batch, first_row, self._tags)

    def _lease(self) -> bool:
        """Take or renew the lease, and stand where the catalog says; False when another has it."""
        row = self._catalog.lease(self._id, self._target.name, self._target.owner, time.time_ns())
        if row is None:
            self.close()
            return False
        self._leased_at = time.monotonic()
        if self._follower is None or row["rows"] != self.rows:
            self.close()
            self._follower = Follower(self._folder, row["rows"])
        self.rows, self.refused = row["rows"], row["refused"]
        return True

    def _advance(self, rows: Rows, refused: int) -> Step:
        values = {"rows": self.rows + rows.rows, "refused": self.refused + refused}
        if not self._catalog.advance(
            self._id, self._target.name, self._target.owner, time.time_ns(), **values
        ):
            self.close()
            return Step.ELSEWHERE
        self._leased_at = time.monotonic()
        self.rows, self.refused, self._waiting = values["rows"], values["refused"], None
        return Step.FULL if rows.rows == MAX_ROWS else Step.SENT
