"""The embedded store: an Arrow stream while a Run goes on, Parquet when it has ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from orchestrator.errors import StoreError
from orchestrator.stores.contract import REQUEST_SCHEMA

STREAM = "requests.arrows"
TABLE = "requests.parquet"
ROW_GROUP_ROWS = 128 * 1024
_INT64 = [field.name for field in REQUEST_SCHEMA if field.type == pa.int64()]
_OTHERS = [name for name in REQUEST_SCHEMA.names if name not in _INT64]
# What is 0 on every kept connection: differences would cost as many bits for the 0 as for what follows it.
_OFTEN_ZERO = ["connecting_ns", "tls_ns"]
_ENCODINGS = dict.fromkeys(_INT64, "DELTA_BINARY_PACKED") | dict.fromkeys(_OFTEN_ZERO, "PLAIN")


class ParquetStore:
    """Keeps each Run's table in a folder of its own.

    Parameters
    ----------
    run_dir
        Gives the folder of a run id.
    """

    def __init__(self, run_dir: Callable[[str], Path]) -> None:
        self._run_dir = run_dir

    def writer(self, run_id: str) -> StreamWriter:
        """Start a Run's table."""
        return StreamWriter(self._run_dir(run_id))

    def batches(self, run_id: str, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Return a Run's rows batch by batch, of a broken stream all whole batches."""
        folder = self._run_dir(run_id)
        if (folder / TABLE).exists():
            yield from read_parquet(folder / TABLE, columns)
        elif (folder / STREAM).exists():
            yield from (
                batch.select(list(columns or REQUEST_SCHEMA.names)) for batch in read_stream(folder / STREAM)
            )
        else:
            raise StoreError(
                f"run {run_id} has no stored requests in {folder}", hint="see `stallwatch list runs`"
            )

    def count(self, run_id: str) -> int:
        """Return how many rows a Run has."""
        table = self._run_dir(run_id) / TABLE
        if table.exists():
            return int(pq.read_metadata(table).num_rows)
        return sum(batch.num_rows for batch in self.batches(run_id))

    def seal(self, run_id: str) -> int:
        """Turn what a crash left behind into a finished table; return its rows."""
        folder = self._run_dir(run_id)
        if not (folder / TABLE).exists():
            return to_parquet(folder) if (folder / STREAM).exists() else 0
        (folder / STREAM).unlink(missing_ok=True)  # a crash between the table and the end of its stream
        return self.count(run_id)


class StreamWriter:
    """Appends to an Arrow stream that stays readable up to its last whole batch."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file = (folder / STREAM).open("xb")
        except OSError as error:
            raise StoreError(f"{folder}: {error.strerror or error}", hint="give a writable --home") from error
        # Deltas: a text column that keeps getting new words would else repeat all of them each time.
        options = pa.ipc.IpcWriteOptions(emit_dictionary_deltas=True)
        self._stream = pa.ipc.new_stream(self._file, REQUEST_SCHEMA, options=options)
        self.rows = 0

    def append(self, batch: pa.RecordBatch) -> None:
        """Keep a batch."""
        with _telling(self._folder / STREAM):
            self._stream.write_batch(batch)
        self.rows += batch.num_rows

    def flush(self) -> None:
        """Hand everything to the operating system: a crash of ours loses nothing of it."""
        with _telling(self._folder / STREAM):
            self._file.flush()

    def close(self) -> int:
        """End the stream and rewrite it as Parquet; return the number of rows."""
        with _telling(self._folder / STREAM):
            self._stream.close()
            self._file.close()
        return to_parquet(self._folder)


@contextmanager
def _telling(path: Path) -> Iterator[None]:
    """Say which file could not be written."""
    try:
        yield
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or error}", hint="is the disk full?") from error


def to_parquet(folder: Path) -> int:
    """Rewrite a stream as Parquet, in groups so that memory stays flat; the stream goes last."""
    whole, part = folder / TABLE, folder / f"{TABLE}.part"
    rows = 0
    with (
        _telling(part),
        pq.ParquetWriter(
            part,
            REQUEST_SCHEMA,
            compression="zstd",
            compression_level=1,
            use_dictionary=_OTHERS,
            column_encoding=_ENCODINGS,
        ) as writer,
    ):
        for group in _groups(read_stream(folder / STREAM)):
            writer.write_table(group)
            rows += group.num_rows
    with _telling(whole):
        part.replace(whole)
        (folder / STREAM).unlink()
    return rows


def _groups(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
    waiting: list[pa.RecordBatch] = []
    rows = 0
    for batch in batches:
        waiting.append(batch)
        rows += batch.num_rows
        if rows >= ROW_GROUP_ROWS:
            yield pa.Table.from_batches(waiting).unify_dictionaries()
            waiting, rows = [], 0
    if waiting:
        yield pa.Table.from_batches(waiting).unify_dictionaries()


def read_stream(path: Path) -> Iterator[pa.RecordBatch]:
    """Return the whole batches of a stream; where a crash cut it off, it simply ends."""
    with path.open("rb") as file:
        try:
            stream = pa.ipc.open_stream(file)
            while True:
                yield stream.read_next_batch()
        except (StopIteration, pa.ArrowInvalid, EOFError, OSError):
            return


def complete(batch: pa.RecordBatch, columns: Sequence[str] | None = None) -> pa.RecordBatch:
    """Return a batch as the present schema has it: a column that may be null may also be missing."""
    known = set(batch.schema.names)
    fields = [REQUEST_SCHEMA.field(name) for name in columns or REQUEST_SCHEMA.names]
    held = [
        pa.nulls(batch.num_rows, field.type)
        if field.nullable and field.name not in known
        else batch.column(field.name).cast(field.type)
        for field in fields
    ]
    return pa.record_batch(held, schema=pa.schema(fields))


def read_parquet(path: Path, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
    """Return the batches of a finished table: all columns, or those that are asked for, and no others."""
    try:
        with pq.ParquetFile(
            path,
            memory_map=True,
            read_dictionary=[f.name for f in REQUEST_SCHEMA if pa.types.is_dictionary(f.type)],
        ) as file:
            there = [name for name in columns or REQUEST_SCHEMA.names if name in file.schema_arrow.names]
            for batch in file.iter_batches(ROW_GROUP_ROWS, columns=there):
                yield complete(batch, columns)
    except (pa.ArrowInvalid, OSError, KeyError) as error:
        raise StoreError(
            f"{path} cannot be read: {error}", hint="expected a request table of stallwatch"
        ) from error
