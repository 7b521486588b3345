"""What a store of requests promises, and the Arrow schema of the request table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import pyarrow as pa

from analysis.requests import COLUMNS

_TYPES = {
    "int64": pa.int64(),
    "int16": pa.int16(),
    "bool": pa.bool_(),
    "dictionary": pa.dictionary(pa.int32(), pa.string()),
}

REQUEST_SCHEMA: pa.Schema = pa.schema(
    [pa.field(c.name, _TYPES[c.arrow_type], nullable=c.nullable) for c in COLUMNS]
)


class RunWriter(Protocol):
    """Takes the requests of one Run, in order, while it goes on."""

    def append(self, batch: pa.RecordBatch) -> None:
        """Keep a batch of ``REQUEST_SCHEMA``; no two requests of a Run have one end (see `DistinctEnds`)."""

    def flush(self) -> None:
        """Make all that was appended readable, also after a crash."""

    def close(self) -> int:
        """Finish the table and return its number of rows, also after an append that failed."""

    def readable(self) -> int:
        """Return how many rows can be read, finished or not."""


class RunStore(Protocol):
    """Keeps and returns the request tables of Runs; rows keep their order for ever, and every digit.

    Raises
    ------
    StoreError
        The store cannot be used; a Run is started that is there already, or read that is not.
    """

    def writer(self, run_id: str) -> RunWriter:
        """Start a Run's table."""

    def batches(self, run_id: str, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Return a Run's table, finished or not, batch by batch in the order of writing.

        ``columns`` are the names of those that are wanted, all by default; others are not read.
        """

    def count(self, run_id: str) -> int:
        """Return how many rows a Run has."""

    def runs(self) -> list[str]:
        """Return the ids of all Runs that are stored, sorted."""

    def delete(self, run_id: str) -> None:
        """Delete a Run; one that is not there is no error."""
