"""Requests of Runs in InfluxDB, behind the contract that the embedded store keeps too."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from orchestrator.errors import StoreError
from orchestrator.stores.contract import REQUEST_SCHEMA
from orchestrator.stores.influxdb.points import MEASUREMENT, RunTags, request_lines
from orchestrator.stores.influxdb.rows import ROW, read_rows, select, selection
from orchestrator.stores.influxdb.tags import from_tag, to_tag

if TYPE_CHECKING:
    from orchestrator.stores.influxdb.client import InfluxClient

WRITE_ROWS = 5000


class InfluxStore:
    """Keeps each Run's requests as points with the tag ``run``.

    A Run without a request leaves nothing here, and is not told from one that never was.

    Parameters
    ----------
    client
        Of the bucket.
    tags_of
        Gives the tags of a run id; only what is written needs them.
    """

    def __init__(self, client: InfluxClient, tags_of: Callable[[str], RunTags]) -> None:
        self._client = client
        self._tags_of = tags_of

    def writer(self, run_id: str) -> PointWriter:
        """Start a Run's table."""
        if self.count(run_id):
            raise StoreError(f"{self._where(run_id)} are there already", hint="delete the run first")
        return PointWriter(self, self._client, self._tags_of(run_id))

    def batches(self, run_id: str, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Return a Run's rows batch by batch, in the order of writing; every one of them, or an error."""
        expected = self.count(run_id)
        if not expected:
            raise StoreError(
                f"there are no {self._where(run_id)}",
                hint="`stallwatch list runs` shows what ran here, `stallwatch sync` sends what is missing",
            )
        wanted = list(columns or REQUEST_SCHEMA.names)
        fields = frozenset(
            row["fieldKey"] for row in self._client.ask(f'SHOW FIELD KEYS FROM "{MEASUREMENT}"')
        )
        rows = 0
        with self._client.query(selection(wanted, fields, run_id)) as pieces:
            for batch in read_rows(pieces, wanted):
                rows += batch.num_rows
                yield batch
        if rows < expected:  # what goes wrong behind the first rows, the CSV does not say
            raise StoreError(
                f"InfluxDB broke off after {rows:,} of {expected:,} {self._where(run_id)}",
                hint="the server's own log says why",
            )

    def count(self, run_id: str) -> int:
        """Return how many rows a Run has."""
        found = self._client.ask(select(f'count("{ROW}")', run_id))
        return int(found[0]["count"]) if found else 0

    def runs(self) -> list[str]:
        """Return the ids of the Runs that have requests here, sorted."""
        # SHOW TAG VALUES would name deleted ones too, until the server has tidied up.
        found = self._client.ask(f'SELECT last("{ROW}") FROM "{MEASUREMENT}" GROUP BY "run"')  # noqa: S608 # fixed
        return sorted(from_tag(row["run"]) for row in found)

    def delete(self, run_id: str) -> None:
        """Delete all that there is of a Run: its requests, and its results with them."""
        quoted = to_tag(run_id).replace('"', '\\"')
        self._client.delete(f'run="{quoted}"')

    def _where(self, run_id: str) -> str:
        settings = self._client.settings
        return f"requests of run {run_id} in the bucket {settings.bucket} of {settings.url}"


class PointWriter:
    """Sends each batch at once, in pieces."""

    def __init__(self, store: InfluxStore, client: InfluxClient, tags: RunTags) -> None:
        self._store, self._client, self._tags = store, client, tags
        self._rows = 0

    def append(self, batch: pa.RecordBatch) -> None:
        """Write a batch."""
        for start in range(0, batch.num_rows, WRITE_ROWS):
            piece = batch.slice(start, WRITE_ROWS)
            self._client.write(request_lines(piece, self._tags, self._rows))
            self._rows += piece.num_rows

    def flush(self) -> None:
        """Do nothing: what was appended is there."""

    def close(self) -> int:
        """Return the number of rows."""
        return self.readable()

    def readable(self) -> int:
        """Return how many rows can be read."""
        return self._store.count(self._tags.run)
