"""The embedded store keeps every row as it was, through the end of a Run and through a crash."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestrator.errors import StoreError
from orchestrator.stores.contract import REQUEST_SCHEMA
from orchestrator.stores.parquet import STREAM, TABLE, ParquetStore, read_parquet, read_stream
from tests.orchestrator.stores.batches import HOSTILE, T_NS, batch, rows_of

BATCHES = [batch(7), batch(1, first=7, seed=1), batch(20, first=8, seed=2), batch(3, first=28, seed=3)]
ROWS = rows_of(BATCHES)
ROOT = Path(__file__).parents[3]


@pytest.fixture
def store(tmp_path: Path) -> ParquetStore:
    """Give an empty store."""
    return ParquetStore(lambda run_id: tmp_path / run_id)


def test_finished_table_is_what_was_written(store: ParquetStore, tmp_path: Path) -> None:
    """Each value to the nanosecond, each null and the order of rows come back from Parquet."""
    writer = store.writer("run")
    for one in BATCHES:
        writer.append(one)
    assert writer.close() == len(ROWS)
    assert rows_of(store.batches("run")) == ROWS
    assert store.count("run") == len(ROWS)
    assert [path.name for path in (tmp_path / "run").iterdir()] == [TABLE]


def test_unfinished_table_is_readable(store: ParquetStore) -> None:
    """While a Run goes on, everything up to the last flush can be read."""
    writer = store.writer("run")
    for number, one in enumerate(BATCHES, start=1):
        writer.append(one)
        writer.flush()
        assert rows_of(store.batches("run")) == rows_of(BATCHES[:number])
        assert store.count("run") == sum(b.num_rows for b in BATCHES[:number])
    writer.close()


def test_stream_cut_anywhere_keeps_its_whole_batches(store: ParquetStore, tmp_path: Path) -> None:
    """A crash may cut the stream at any byte: what was whole before it is read, and sealed."""
    writer = store.writer("run")
    ends = []
    for one in BATCHES:
        writer.append(one)
        writer.flush()
        ends.append((tmp_path / "run" / STREAM).stat().st_size)
    data = (tmp_path / "run" / STREAM).read_bytes()
    writer.close()
    cut = tmp_path / "cut"
    cut.mkdir()
    places = {
        0,
        1,
        4,
        8,
        *range(0, len(data), 97),
        *ends,
        *(end - 1 for end in ends),
        *(end + 1 for end in ends),
    }
    for place in sorted(place for place in places if place <= len(data)):
        (cut / TABLE).unlink(missing_ok=True)
        (cut / STREAM).write_bytes(data[:place])
        whole = rows_of(BATCHES[: sum(end <= place for end in ends)])
        assert rows_of(store.batches("cut")) == whole, place
        assert store.seal("cut") == len(whole), place
        assert rows_of(store.batches("cut")) == whole, place


def test_stream_that_ends_in_garbage_keeps_what_was_whole(store: ParquetStore, tmp_path: Path) -> None:
    """Zeros or noise at the end, as a power cut leaves them, cost no whole batch."""
    writer = store.writer("run")
    writer.append(BATCHES[0])
    writer.flush()
    data = (tmp_path / "run" / STREAM).read_bytes()
    writer.close()
    for number, tail in enumerate((b"\0" * 4096, b"\xff" * 300, b"\xff\xff\xff\xff\x10\0\0\0" + b"x" * 64)):
        folder = tmp_path / f"garbage-{number}"
        folder.mkdir()
        (folder / STREAM).write_bytes(data + tail)
        assert rows_of(store.batches(folder.name)) == ROWS[:7]
        assert store.seal(folder.name) == 7


def test_seal_finishes_only_what_is_unfinished(store: ParquetStore, tmp_path: Path) -> None:
    """Sealing twice, after a crash between table and stream, or with nothing there changes no row."""
    writer = store.writer("run")
    writer.append(BATCHES[0])
    writer.flush()
    stream = (tmp_path / "run" / STREAM).read_bytes()
    writer.close()
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    (crashed / STREAM).write_bytes(stream)
    (crashed / f"{TABLE}.part").write_bytes(b"half")
    assert store.seal("crashed") == store.seal("crashed") == 7
    (crashed / STREAM).write_bytes(stream)
    assert store.seal("crashed") == 7
    assert [path.name for path in crashed.iterdir()] == [TABLE]
    assert rows_of(store.batches("crashed")) == ROWS[:7]
    assert store.seal("nobody") == 0


def test_two_runs_at_once(store: ParquetStore) -> None:
    """Runs written side by side hold their own rows only."""
    one, two = store.writer("one"), store.writer("two")
    for number, part in enumerate(BATCHES):
        (one if number % 2 else two).append(part)
    assert two.close() == 27
    assert one.close() == 4
    assert rows_of(store.batches("one")) == rows_of(BATCHES[1::2])
    assert rows_of(store.batches("two")) == rows_of(BATCHES[0::2])


def test_hostile_text(store: ParquetStore) -> None:
    """Text of any kind, long or empty, comes back letter by letter."""
    rows = batch(200, texts=HOSTILE)
    writer = store.writer("run")
    writer.append(rows)
    writer.close()
    assert rows_of(store.batches("run")) == rows.to_pylist()


def test_empty_run(store: ParquetStore) -> None:
    """A Run without a request is a table without rows, not an error."""
    assert store.writer("run").close() == 0
    assert rows_of(store.batches("run")) == []
    assert store.count("run") == 0


def test_batches_follow_the_schema(store: ParquetStore) -> None:
    """Finished and unfinished tables have the same columns and types."""
    writer = store.writer("run")
    writer.append(BATCHES[0])
    writer.flush()
    assert {one.schema for one in store.batches("run")} == {REQUEST_SCHEMA}
    writer.close()
    assert {one.schema for one in store.batches("run")} == {REQUEST_SCHEMA}


def test_more_rows_than_a_group(store: ParquetStore, tmp_path: Path) -> None:
    """A long Run is written in several groups, in order."""
    writer = store.writer("run")
    for number in range(5):
        writer.append(batch(60_000, first=number * 60_000, seed=number))
    assert writer.close() == 300_000
    assert pq.ParquetFile(tmp_path / "run" / TABLE).num_row_groups == 2
    ends = [end for one in store.batches("run") for end in one["end_ns"].to_pylist()]
    assert ends == list(range(T_NS, T_NS + 300_000))


def test_new_words_do_not_repeat_the_old_ones(store: ParquetStore, tmp_path: Path) -> None:
    """A text column that gets a new word with each batch grows the stream by that word alone."""
    writer = store.writer("run")
    words = [f"error {number} {'x' * 100}" for number in range(400)]
    sizes = []
    for number in range(1, len(words) + 1):
        writer.append(batch(1, first=number, texts=words[:number]))
        writer.flush()
        sizes.append((tmp_path / "run" / STREAM).stat().st_size)
    assert sizes[-1] - sizes[-2] < 1.5 * (sizes[2] - sizes[1])
    writer.close()


def test_writer_keeps_off_a_run_that_exists(store: ParquetStore) -> None:
    """A second writer of the same Run is refused, and the first goes on."""
    first = store.writer("run")
    with pytest.raises(StoreError, match="File exists"):
        store.writer("run")
    first.append(BATCHES[0])
    assert first.close() == 7


def test_unknown_run(store: ParquetStore) -> None:
    """A Run that was never stored is named, with the command that lists those that are."""
    with pytest.raises(StoreError, match=r"run nobody has no stored requests.*list runs"):
        list(store.batches("nobody"))


def test_file_that_is_no_table(tmp_path: Path) -> None:
    """A broken or strange Parquet file is one clear error."""
    file = tmp_path / "requests.parquet"
    file.write_bytes(b"PAR1 and nothing more")
    with pytest.raises(StoreError, match="cannot be read"):
        list(read_parquet(file))


def test_stream_that_is_no_stream(tmp_path: Path) -> None:
    """A stream file of noise holds no batch."""
    file = tmp_path / STREAM
    file.write_bytes(os.urandom(1000))
    assert list(read_stream(file)) == []


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """A home that cannot hold a folder is told by its path, with what to do."""
    (tmp_path / "home").write_text("a file")
    with pytest.raises(StoreError, match=r"home/run: Not a directory; give a writable --home"):
        ParquetStore(lambda run_id: tmp_path / "home" / run_id).writer("run")


FILLING = """\
import resource, signal, sys
from pathlib import Path
from orchestrator.errors import StoreError
from orchestrator.stores.parquet import ParquetStore
from tests.orchestrator.stores.batches import batch
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

def limit(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

def tried(action):
    try:
        print(action())
    except StoreError as error:
        print(error)

def fill():
    for number in range(1, 1000):
        writer.append(batch(100, first=number * 100))
        writer.flush()

folder = Path(sys.argv[1])
store = ParquetStore(lambda _: folder)
writer = store.writer("run")
writer.append(batch(100))
writer.flush()
limit(100_000)
tried(fill)
print(store.count("run"))
limit(1000)
tried(writer.close)
print(writer.readable(), *sorted(path.name for path in folder.iterdir()))
limit(resource.RLIM_INFINITY)
tried(lambda: writer.append(batch(100)))
print(writer.close(), *sorted(path.name for path in folder.iterdir()))
"""


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="no limit to set")
def test_full_disk_is_told_and_costs_no_stored_row(tmp_path: Path) -> None:
    """The error names the file, what was flushed stays readable, and becomes a table when there is room.

    Nothing is appended behind a batch that is not whole, and no half table is left to fill the disk.
    """
    done = subprocess.run(
        [sys.executable, "-c", FILLING, tmp_path], cwd=ROOT, capture_output=True, text=True, check=True
    )
    told, count, unfinished, left, refused, closed = done.stdout.splitlines()
    assert STREAM in told
    assert "is the disk full?" in told
    assert int(count) >= 100
    assert int(count) % 100 == 0
    assert f"{TABLE}.part" in unfinished
    assert left == f"{count} {STREAM}"
    assert "is broken off" in refused
    assert closed == f"{count} {TABLE}"


def test_a_table_of_an_older_version_is_read(tmp_path: Path) -> None:
    """A column that may be null, and that an older version did not have, reads as null."""
    old = pa.Table.from_batches([batch(5)]).drop_columns(["received_bytes"])
    pq.write_table(old, tmp_path / TABLE)
    read = pa.Table.from_batches(list(read_parquet(tmp_path / TABLE)))
    assert read.column("received_bytes").null_count == 5
    assert read.drop_columns(["received_bytes"]).to_pylist() == old.to_pylist()


def test_some_columns_of_a_table(store: ParquetStore) -> None:
    """Finished or not, a table gives the columns that are asked for, in that order, and no others."""
    writer = store.writer("run")
    for one in BATCHES:
        writer.append(one)
    writer.flush()
    wanted = ["total_ns", "error", "end_ns"]
    expected = [{name: row[name] for name in wanted} for row in ROWS]
    assert rows_of(store.batches("run", wanted)) == expected
    writer.close()
    assert rows_of(store.batches("run", wanted)) == expected
    assert [one.schema.names for one in store.batches("run", wanted)] == [wanted]


def test_a_column_that_an_older_version_did_not_have(tmp_path: Path) -> None:
    """Asked for alone or among others, it reads as null, one for each row."""
    pq.write_table(pa.Table.from_batches([batch(5)]).drop_columns(["received_bytes"]), tmp_path / TABLE)
    (read,) = read_parquet(tmp_path / TABLE, ["received_bytes", "end_ns"])
    assert read.column("received_bytes").null_count == len(read.column("end_ns")) == 5
