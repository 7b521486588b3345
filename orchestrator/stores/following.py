"""Read a Run's table from a row on while it grows: first the stream, then the Parquet that it becomes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pyarrow as pa

from orchestrator.stores.parquet import STREAM, TABLE, read_parquet


class Follower:
    """Gives the rows of a Run from ``row`` on, in order and each once, as far as they are on disk.

    No more is held than what one ``take`` gives and the batch or row group that it came from.

    Parameters
    ----------
    folder
        The Run's; it may still be empty.
    row
        Number of the first row that is wanted.
    """

    def __init__(self, folder: Path, row: int = 0) -> None:
        self._folder = folder
        self._row = self._skip = row
        self._stream: _GrowingStream | None = None
        self._table: Iterator[pa.RecordBatch] | None = None
        self._rest: pa.RecordBatch | None = None

    def take(self, rows: int) -> pa.RecordBatch | None:
        """Return the next rows, at most so many; None when there are none yet.

        Raises
        ------
        StoreError
            The finished table cannot be read.
        """
        parts: list[pa.RecordBatch] = []
        missing = rows
        while missing and (batch := self._rest or self._next()) is not None:
            parts.append(batch.slice(0, missing))
            self._rest = batch.slice(missing) if batch.num_rows > missing else None
            missing -= parts[-1].num_rows
        return pa.concat_batches(parts) if parts else None

    def close(self) -> None:
        """Let go of the files."""
        if self._stream is not None:
            self._stream.close()
        self._stream = self._table = None

    def _next(self) -> pa.RecordBatch | None:
        """Return the next batch that has any of the rows that are wanted."""
        if self._table is None:
            whole = (self._folder / TABLE).exists()  # asked first: what it has was in the stream before
            while (batch := self._from_stream()) is not None:
                skipped = min(self._skip, batch.num_rows)
                self._skip -= skipped
                if skipped < batch.num_rows:
                    self._row += batch.num_rows - skipped
                    return batch.slice(skipped)
            if not whole:
                return None
            self.close()
            self._table = read_parquet(self._folder / TABLE, row=self._row)
        return next(self._table, None)

    def _from_stream(self) -> pa.RecordBatch | None:
        if self._stream is None:
            with suppress(FileNotFoundError):
                self._stream = _GrowingStream(self._folder / STREAM)
        return None if self._stream is None else self._stream.next()


class _GrowingStream:
    """The whole batches of an Arrow stream that somebody still writes."""

    def __init__(self, path: Path) -> None:
        # Two readers: one looks whether a batch is whole, as the other cannot go back when it is not.
        self._ahead, self._file = pa.OSFile(str(path)), pa.OSFile(str(path))
        self._reader: pa.RecordBatchStreamReader | None = None

    def next(self) -> pa.RecordBatch | None:
        """Return the next batch, None when none is there as a whole."""
        if not self._one_is_whole():
            return None
        if self._reader is None:
            self._reader = pa.ipc.open_stream(self._file)
        return self._reader.read_next_batch()

    def close(self) -> None:
        """Close the file."""
        self._ahead.close()
        self._file.close()

    def _one_is_whole(self) -> bool:
        """Step over messages up to the next batch; stay before one that is not whole."""
        while True:
            at = self._ahead.tell()
            try:
                message = pa.ipc.read_message(self._ahead)
            except (EOFError, pa.ArrowInvalid, OSError):
                self._ahead.seek(at)
                return False
            if message.type == "record batch":
                return True
