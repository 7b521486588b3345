"""A table that is read while it grows, breaks off, and becomes Parquet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from orchestrator.stores import parquet
from orchestrator.stores.following import Follower
from orchestrator.stores.parquet import STREAM, TABLE, ParquetStore, StreamWriter, TableWriter, to_parquet
from tests.orchestrator.stores.batches import HOSTILE, batch, rows_of

Opened = Callable[[], StreamWriter]


def appended(writer: StreamWriter | TableWriter, *sizes: int) -> list[dict[str, Any]]:
    """Append batches whose texts differ from one to the next, and return their rows."""
    batches = [batch(rows, first=sum(sizes[:i]), seed=i, texts=HOSTILE[i:]) for i, rows in enumerate(sizes)]
    for one in batches:
        writer.append(one)
    if isinstance(writer, StreamWriter):
        writer.flush()
    return rows_of(batches)


def close(writer: StreamWriter) -> None:
    """Close a writer, whatever became of its stream meanwhile."""
    with suppress(OSError, ValueError):
        writer.close()


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    """Give what starts the stream of the run ``tmp_path / "run"``, and close it at the end."""
    with ExitStack() as stack:

        def start() -> StreamWriter:
            writer = StreamWriter(tmp_path / "run")
            stack.push(lambda *_: close(writer))
            return writer

        yield start


def taken(follower: Follower, rows: int = 4) -> list[dict[str, Any]]:
    """Take what there is, so many rows at a time, of which none is more."""
    parts = list(iter(lambda: follower.take(rows), None))
    assert all(part.num_rows <= rows for part in parts)
    return rows_of(parts)


def test_rows_come_as_they_are_written(tmp_path: Path, opened: Opened) -> None:
    """Nothing before the first flush, then what was flushed, then what came since: each row once."""
    follower = Follower(tmp_path / "run")
    assert follower.take(9) is None, "the run has not even a folder yet"
    writer = opened()
    assert follower.take(9) is None
    first = appended(writer, 3, 1, 6)
    assert taken(follower) == first
    assert follower.take(9) is None
    second = appended(writer, 2, 5)
    assert taken(follower) == second


@pytest.mark.parametrize("before", [0, 4, 10])
def test_a_stream_that_becomes_a_table_goes_on(tmp_path: Path, opened: Opened, before: int) -> None:
    """Whatever was taken before the table replaced the stream, the rest comes after it, once."""
    writer = opened()
    rows = appended(writer, 3, 1, 6)
    follower = Follower(tmp_path / "run")
    got = rows_of([part] if (part := follower.take(before)) is not None else [])
    writer.close()
    assert not (tmp_path / "run" / STREAM).exists()
    assert got + taken(follower) == rows
    assert follower.take(9) is None


def test_a_stream_that_broke_off_goes_on_in_its_table(tmp_path: Path, opened: Opened) -> None:
    """Half a batch is not read; what recovery makes of the whole ones is no new row, what is new is read."""
    writer = opened()
    rows = appended(writer, 5, 7)
    whole = (tmp_path / "run" / STREAM).read_bytes()
    for cut in range(len(whole) - 1, len(whole) - 1200, -97):
        (tmp_path / "run" / STREAM).write_bytes(whole[:cut])
        follower = Follower(tmp_path / "run")
        assert taken(follower) == rows[:5]
        (tmp_path / "run" / STREAM).write_bytes(whole)
        assert taken(follower) == rows[5:], "the same reader goes on when the rest has come"
    follower = Follower(tmp_path / "run")
    assert taken(follower, 9) == rows
    to_parquet(tmp_path / "run")
    assert follower.take(9) is None


@pytest.mark.parametrize("row", [0, 1, 3, 9, 10, 23, 24, 30])
@pytest.mark.parametrize("finished", [False, True])
def test_reading_begins_at_a_row(
    tmp_path: Path, opened: Opened, row: int, *, finished: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row numbers mean the same in the stream and in the row groups of the table."""
    monkeypatch.setattr(parquet, "ROW_GROUP_ROWS", 8)
    writer = opened()
    rows = appended(writer, 3, 7, 2, 12)
    if finished:
        writer.close()
    assert taken(Follower(tmp_path / "run", row)) == rows[row:]


def test_a_table_that_never_was_a_stream(tmp_path: Path) -> None:
    """What was imported is read like all else, and not before it is whole."""
    writer = ParquetStore(lambda _: tmp_path).table_writer("")
    rows = appended(writer, 3, 7)
    follower = Follower(tmp_path)
    assert follower.take(99) is None
    writer.close()
    assert taken(follower) == rows


def test_memory_stays_flat_behind_a_long_stream(tmp_path: Path, opened: Opened) -> None:
    """Ten times the rows take no more memory than one batch."""
    writer = opened()
    one = batch(10_000)
    for _ in range(30):
        writer.append(one)
    writer.flush()
    follower, most = Follower(tmp_path / "run", 5), 0
    before = pa.total_allocated_bytes()
    while follower.take(5_000) is not None:
        most = max(most, pa.total_allocated_bytes() - before)
    assert most < 3 * one.nbytes


def test_files_are_let_go(tmp_path: Path, opened: Opened) -> None:
    """Closed, a reader has no file open."""
    writer = opened()
    appended(writer, 3)
    follower = Follower(tmp_path / "run")
    taken(follower)
    follower.close()
    files = [str(path.resolve()) for path in Path("/proc/self/fd").iterdir() if path.exists()]
    assert files.count(str(tmp_path / "run" / STREAM)) == 1, "only the writer's"
    assert str(tmp_path / "run" / TABLE) not in files
