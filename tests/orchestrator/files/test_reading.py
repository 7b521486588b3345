"""Files given to `analyze`: what is read, and what each kind of wrong file is told."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from orchestrator.errors import UsageError
from orchestrator.files.reading import looks_like_file, read_file
from orchestrator.stores.parquet import ParquetStore
from tests.orchestrator.runs.fakes import HEADER, request_lines

ROWS = 20


def samples(rows: int = ROWS) -> bytes:
    """Return what k6 writes for some requests."""
    lines = "".join(request_lines(10**18 + i * 10**8) for i in range(rows))
    return f"{HEADER}\n{lines}".encode()


def written(path: Path, content: bytes) -> Path:
    """Write a file."""
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", samples()),
        ("a.csv.gz", gzip.compress(samples())),
        ("gzip-without-its-name.csv", gzip.compress(samples())),
        ("plain-in-spite-of-its-name.csv.gz", samples()),
        ("windows.csv", samples().replace(b"\n", b"\r\n")),
    ],
)
def test_k6s_csv_is_read(tmp_path: Path, name: str, content: bytes) -> None:
    """Packed or not, whatever the name says."""
    table = read_file(written(tmp_path / name, content))
    assert (len(table.frame), table.dropped_iterations, table.notes) == (ROWS, 0, ())


def test_a_stored_table_is_read(tmp_path: Path) -> None:
    """The requests.parquet of a run is a file like any other."""
    writer = ParquetStore(lambda _: tmp_path).writer("n0")
    writer.close()
    assert len(read_file(tmp_path / "requests.parquet").frame) == 0


def test_dropped_iterations_are_counted(tmp_path: Path) -> None:
    """They stand in the file as samples of their own."""
    dropped = f"dropped_iterations,{10**18},7" + "," * (HEADER.count(",") - 2) + "\n"
    assert read_file(written(tmp_path / "a.csv", samples() + dropped.encode())).dropped_iterations == 7


def test_a_last_line_that_is_cut_off_is_told(tmp_path: Path) -> None:
    """All whole requests are read, and the reader knows that there was more."""
    table = read_file(written(tmp_path / "a.csv", samples(ROWS) + b"http_reqs,10000000"))
    assert len(table.frame) == ROWS
    assert table.notes == ("the last line of the file is cut off",)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.csv", b"", "the file is empty"),
        ("empty.csv.gz", gzip.compress(b""), "the file is empty"),
        ("truncated.csv.gz", gzip.compress(samples(2000))[:-30], "ended before the end-of-stream"),
        ("damaged.csv.gz", gzip.compress(samples())[:40] + b"\xff" * 60, "damaged"),
        ("other.csv", b"a,b,c\n1,2,3\n", "k6 wrote no CSV of samples"),
        ("run.json", b'{"type":"Metric"}\n{"type":"Point"}\n', "k6 wrote no CSV of samples"),
        ("binary.csv", bytes(range(256)) * 8, "k6 wrote no CSV of samples"),
        ("endless.csv", b"\xfe" * 300_000, "no first line"),
        ("words.csv", f"{HEADER}\nhttp_reqs,never,1{',' * 16}\n".encode(), "no sample"),
        ("a.parquet", b"PAR1 or so", "cannot be read"),
        ("empty.parquet", b"", "cannot be read"),
    ],
)
def test_a_file_that_is_none_is_one_line(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    """The file is named, with what is wrong and what was expected."""
    with pytest.raises(UsageError) as raised:
        read_file(written(tmp_path / name, content))
    text = str(raised.value)
    assert str(tmp_path / name) in text
    assert said in text
    assert "\n" not in text
    assert raised.value.hint


@pytest.mark.parametrize("name", ["folder", "folder.csv", "folder.parquet"])
def test_a_folder_is_one_line(tmp_path: Path, name: str) -> None:
    """Whatever its name ends in."""
    (tmp_path / name).mkdir()
    with pytest.raises(UsageError, match="directory"):
        read_file(tmp_path / name)


@pytest.mark.parametrize("name", ["missing.csv", "missing.parquet"])
def test_a_missing_file_is_one_line(tmp_path: Path, name: str) -> None:
    """And says that there is none."""
    with pytest.raises(UsageError, match="there is no such file"):
        read_file(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "is_file"), [("last", False), ("20260101-000000-aaaa.n0", False), ("a.csv", True), ("./x", True)]
)
def test_ids_and_paths_are_told_apart(name: str, is_file: bool) -> None:
    """Runs' ids hold no slash and end in no suffix of data."""
    assert looks_like_file(name) is is_file
