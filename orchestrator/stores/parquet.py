"""The embedded store: an Arrow stream while a Run goes on, Parquet when it has ended."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
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

    def table_writer(self, run_id: str) -> TableWriter:
        """Start the table of a Run that is over already."""
        return TableWriter(self._run_dir(run_id))

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
            with _reading(table):
                return int(pq.read_metadata(table).num_rows)
        return sum(batch.num_rows for batch in self.batches(run_id))

    def runs(self) -> list[str]:
        """Return the ids of the Runs that have a table, finished or not, sorted."""
        folders = self._run_dir("any").parent
        return sorted({path.parent.name for name in (TABLE, STREAM) for path in folders.glob(f"*/{name}")})

    def delete(self, run_id: str) -> None:
        """Delete a Run's folder, and all that stands in it."""
        folder = self._run_dir(run_id)
        try:
            shutil.rmtree(folder)
        except FileNotFoundError:
            return
        except OSError as error:
            raise StoreError(
                f"{folder} cannot be deleted: {error.strerror or error}", hint="whose files are these?"
            ) from error

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
        if (folder / TABLE).exists():
            raise StoreError(f"{folder / TABLE}: File exists", hint="a run is written once")
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file = (folder / STREAM).open("xb")
        except OSError as error:
            raise StoreError(f"{folder}: {error.strerror or error}", hint="give a writable --home") from error
        # Deltas: a text column that keeps getting new words would else repeat all of them each time.
        options = pa.ipc.IpcWriteOptions(emit_dictionary_deltas=True)
        self._stream = pa.ipc.new_stream(self._file, REQUEST_SCHEMA, options=options)
        self._whole = True

    def append(self, batch: pa.RecordBatch) -> None:
        """Keep a batch; once one could not be kept whole, no more comes behind it."""
        with self._writing():
            self._stream.write_batch(batch)

    def flush(self) -> None:
        """Hand everything to the operating system: a crash of ours loses nothing of it."""
        with self._writing():
            self._file.flush()

    def close(self) -> int:
        """End the stream and rewrite it as Parquet; return the number of rows."""
        try:
            if self._whole:
                with self._writing():
                    self._stream.close()
                    self._file.flush()
        finally:
            with suppress(OSError):  # what could not be written was told, and is not tried again
                self._file.close()
        return to_parquet(self._folder)

    def readable(self) -> int:
        """Return how many rows can be read, finished or not."""
        return ParquetStore(lambda _: self._folder).count("")

    @contextmanager
    def _writing(self) -> Iterator[None]:
        if not self._whole:
            raise StoreError(f"{self._folder / STREAM} is broken off", hint="is the disk full?")
        self._whole = False
        with _telling(self._folder / STREAM):
            yield
        self._whole = True


@contextmanager
def _telling(path: Path) -> Iterator[None]:
    """Say which file could not be written."""
    try:
        yield
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or error}", hint="is the disk full?") from error


class TableWriter:
    """Writes a finished table in row groups, in memory that stays flat; unreadable before its end.

    Raises
    ------
    StoreError
        The folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._whole, self._part = folder / TABLE, folder / f"{TABLE}.part"
        with _telling(self._part):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._writer = pq.ParquetWriter(
                self._part,
                REQUEST_SCHEMA,
                compression="zstd",
                compression_level=1,
                use_dictionary=_OTHERS,
                column_encoding=_ENCODINGS,
            )
        self._waiting: list[pa.RecordBatch] = []
        self.rows = self._written = 0

    def append(self, batch: pa.RecordBatch) -> None:
        """Keep a batch."""
        self._waiting.append(batch)
        self.rows += batch.num_rows
        if self.rows - self._written >= ROW_GROUP_ROWS:
            self._write_group()

    def close(self) -> int:
        """Finish the table and return its number of rows."""
        if self._waiting:
            self._write_group()
        with _telling(self._whole):
            self._writer.close()
            self._part.replace(self._whole)
        return self.rows

    def abandon(self) -> None:
        """Take away a table that will not be finished: a full disk has no room for what it is."""
        with suppress(OSError):
            self._writer.close()
        with suppress(OSError):
            self._part.unlink(missing_ok=True)

    def _write_group(self) -> None:
        with _telling(self._part):
            self._writer.write_table(pa.Table.from_batches(self._waiting).unify_dictionaries())
        self._waiting, self._written = [], self.rows


def to_parquet(folder: Path) -> int:
    """Rewrite a stream as Parquet; the stream goes last."""
    table = TableWriter(folder)
    try:
        for batch in read_stream(folder / STREAM):
            table.append(batch)
        rows = table.close()
    except BaseException:
        table.abandon()
        raise
    with _telling(folder / STREAM):
        (folder / STREAM).unlink()
    return rows


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


def read_parquet(
    path: Path, columns: Sequence[str] | None = None, *, row: int = 0
) -> Iterator[pa.RecordBatch]:
    """Return the batches of a finished table from a row on.

    All columns, or those that are asked for, and no others.
    """
    with (
        _reading(path),
        pq.ParquetFile(
            path,
            memory_map=True,
            read_dictionary=[f.name for f in REQUEST_SCHEMA if pa.types.is_dictionary(f.type)],
        ) as file,
    ):
        there = [name for name in columns or REQUEST_SCHEMA.names if name in file.schema_arrow.names]
        groups, skip = _groups_from(file.metadata, row)
        for batch in file.iter_batches(ROW_GROUP_ROWS, row_groups=groups, columns=there):
            wanted = batch.slice(skip)
            skip -= batch.num_rows - wanted.num_rows
            if wanted.num_rows:
                yield complete(wanted, columns)


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Say which table could not be read."""
    try:
        yield
    except (pa.ArrowInvalid, OSError, KeyError) as error:
        raise StoreError(
            f"{path} cannot be read: {error}", hint="expected a request table of stallwatch"
        ) from error


def _groups_from(metadata: pq.FileMetaData, row: int) -> tuple[list[int], int]:
    """Return the row groups that hold what comes from a row on, and how many rows of them stand before it."""
    first = 0
    while first < metadata.num_row_groups and (rows := metadata.row_group(first).num_rows) <= row:
        row -= rows
        first += 1
    return list(range(first, metadata.num_row_groups)), row
