"""InfluxDB's CSV as batches of the request table: exact, and in the order that the rows were written in."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from analysis.requests import NS_PER_MS
from orchestrator.errors import StoreError
from orchestrator.stores.contract import REQUEST_SCHEMA
from orchestrator.stores.influxdb.points import DURATIONS, MEASUREMENT
from orchestrator.stores.influxdb.tags import from_tag, to_tag

BLOCK_BYTES = 4 << 20
SORT_ROWS = 1 << 16
ROW = "row"
TAGS = ("scenario", "endpoint")
_DURATIONS = {f"{name}_ns": f"{name}_ms" for name in DURATIONS}
_TIME = "time"


def selection(columns: Sequence[str], fields: frozenset[str], run: str) -> str:
    """Return the InfluxQL query of a Run's rows.

    Parameters
    ----------
    columns
        Names of the request table.
    fields
        What the measurement has: the exact durations are asked for only where there are any.
    """
    asked = [ROW]
    for name in columns:
        if name in _DURATIONS:
            asked.append(_DURATIONS[name])
            asked += [name] if name in fields else []
        elif name != "end_ns":
            asked.append(name)
    return select(", ".join(f'"{name}"' for name in asked), run)


def select(what: str, run: str) -> str:
    """Return the InfluxQL query of something of the requests of one Run."""
    return f'SELECT {what} FROM "{MEASUREMENT}" WHERE "run" = {tag_literal(run)}'  # noqa: S608 # quoted


def tag_literal(text: str) -> str:
    """Return a text as InfluxQL quotes it where tags are compared."""
    escaped = to_tag(text).replace("'", "\\'")  # a tag value holds neither backslash nor control character
    return f"'{escaped}'"


def read_rows(pieces: Iterator[bytes], columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Return the batches of an answer to `selection`, in the order of ``row``; of an empty one none.

    Raises
    ------
    StoreError
        It is no such answer.
    """
    yield from (batch.drop_columns([ROW]) for batch in _in_order(_parsed(pieces, columns)))


def _parsed(pieces: Iterator[bytes], columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    file = io.BufferedReader(_Pieces(pieces), BLOCK_BYTES)
    if not file.peek(1):
        return
    types = {name: REQUEST_SCHEMA.field(name).type for name in columns if name != "end_ns"}
    types |= {_DURATIONS[name]: pa.float64() for name in columns if name in _DURATIONS}
    try:
        reader = pacsv.open_csv(
            file,
            read_options=pacsv.ReadOptions(block_size=BLOCK_BYTES),
            parse_options=pacsv.ParseOptions(newlines_in_values=True),
            convert_options=pacsv.ConvertOptions(column_types={**types, ROW: pa.int64(), _TIME: pa.int64()}),
        )
        for batch in reader:
            yield _converted(batch, columns)
    except (pa.ArrowInvalid, KeyError) as error:
        raise StoreError(
            f"what InfluxDB answers cannot be read: {error}",
            hint="is influxdb.url that of InfluxDB 2 itself?",
        ) from error


class _Pieces(io.RawIOBase):
    """Pieces of bytes as a file."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._left = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override] # typed for the C protocol
        if not self._left:
            self._left = memoryview(next(self._pieces, b""))
        taken = min(len(buffer), len(self._left))
        buffer[:taken] = self._left[:taken]
        self._left = self._left[taken:]
        return taken


def _converted(batch: pa.RecordBatch, columns: Sequence[str]) -> pa.RecordBatch:
    fields = [REQUEST_SCHEMA.field(name) for name in columns]
    arrays = [_column(batch, field) for field in fields]
    schema = pa.schema([*fields, pa.field(ROW, pa.int64())])
    return pa.record_batch([*arrays, batch.column(ROW)], schema=schema)


def _column(batch: pa.RecordBatch, field: pa.Field) -> pa.Array:
    if field.name == "end_ns":
        return batch.column(_TIME)
    if field.name in _DURATIONS:
        ms = batch.column(_DURATIONS[field.name])
        ns = pc.cast(pc.round(pc.multiply(ms, float(NS_PER_MS))), pa.int64(), safe=False)
        exact = field.name in batch.schema.names
        return pc.coalesce(batch.column(field.name), ns) if exact else ns
    column = batch.column(field.name)
    if field.name in TAGS:
        words = pa.array([from_tag(word) for word in column.dictionary.to_pylist()], pa.string())
        return pa.DictionaryArray.from_arrays(column.indices, words)
    return column


def _in_order(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Put what comes in the order of time into the order of rows.

    The two differ by little, so that few rows wait for those before them. Where a row is missing for good,
    what is behind it waits for the end; sorting only what has doubled keeps the work in proportion.
    """
    waiting: list[pa.RecordBatch] = []
    held, enough, first = 0, SORT_ROWS, 0
    for batch in batches:
        waiting.append(batch)
        held += batch.num_rows
        if held >= enough:
            rows = _sorted(waiting)
            whole = _unbroken(rows.column(ROW), first)
            yield from rows.slice(0, whole).to_batches()
            rest = rows.slice(whole)
            waiting, held, first = rest.to_batches(), rest.num_rows, first + whole
            enough = max(SORT_ROWS, 2 * held)
    if waiting:
        yield from _sorted(waiting).to_batches(SORT_ROWS)


def _sorted(batches: list[pa.RecordBatch]) -> pa.Table:
    table = pa.Table.from_batches(batches).unify_dictionaries()
    rows = table.column(ROW).to_numpy()
    if (np.diff(rows) > 0).all():
        return table
    return table.combine_chunks().take(pa.array(np.argsort(rows, kind="stable")))


def _unbroken(rows: pa.ChunkedArray, first: int) -> int:
    """Return how many rows from the first one on are there without a gap."""
    numbers = rows.to_numpy()
    gaps = np.flatnonzero(numbers != np.arange(first, first + len(numbers)))
    return int(gaps[0]) if len(gaps) else len(numbers)
