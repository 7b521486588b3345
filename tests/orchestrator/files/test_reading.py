"""Files given to `analyze`: what is read, and what each kind of wrong file is told."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from orchestrator.errors import UsageError
from orchestrator.files.reading import looks_like_file, read_file
from orchestrator.stores.parquet import ParquetStore
from tests.orchestrator.files.content import HTML, ROWS, SUMMARY, csv_samples, json_samples
from tests.orchestrator.runs.fakes import HEADER


def written(path: Path, content: bytes) -> str:
    """Write a file and return its name."""
    path.write_bytes(content)
    return str(path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", csv_samples()),
        ("a.csv.gz", gzip.compress(csv_samples())),
        ("gzip-without-its-name.csv", gzip.compress(csv_samples())),
        ("plain-in-spite-of-its-name.csv.gz", csv_samples()),
        ("windows.csv", csv_samples().replace(b"\n", b"\r\n")),
        ("marked.csv", b"\xef\xbb\xbf" + csv_samples()),
        ("a.json", json_samples()),
        ("json-in-spite-of-its-name.csv.gz", gzip.compress(json_samples())),
        ("windows.json", json_samples().replace(b"\n", b"\r\n")),
        ("twice.csv", csv_samples(ROWS // 2) + csv_samples(ROWS // 2)),
    ],
)
def test_samples_are_read(tmp_path: Path, name: str, content: bytes) -> None:
    """Packed or not, CSV or JSON, whatever the name says; one file behind another too."""
    table = read_file(written(tmp_path / name, content))
    assert (len(table.frame), table.facts.unreadable, table.notes) == (ROWS, 0, ())


def test_a_stored_table_is_read(tmp_path: Path) -> None:
    """The requests.parquet of a run is a file like any other."""
    writer = ParquetStore(lambda _: tmp_path).writer("n0")
    writer.close()
    assert len(read_file(str(tmp_path / "requests.parquet")).frame) == 0


def test_dropped_iterations_are_counted(tmp_path: Path) -> None:
    """They stand in the file as samples of their own; what is no count is told as a line that is none."""
    tail = "," * (HEADER.count(",") - 2) + "\n"
    dropped = "".join(f"dropped_iterations,{10**18},{count}{tail}" for count in ("7", "NaN", "-1", "1e300"))
    table = read_file(written(tmp_path / "a.csv", csv_samples() + dropped.encode()))
    assert table.facts.dropped_iterations == 7
    assert "lines that are no samples: 3" in table.notes[0]


@pytest.mark.parametrize("content", [csv_samples(), json_samples()])
def test_a_last_line_that_is_cut_off_is_told(tmp_path: Path, content: bytes) -> None:
    """All whole requests are read, the one that is not is missed, and both are said."""
    lines = content.splitlines(keepends=True)
    table = read_file(written(tmp_path / "a", b"".join(lines[:-3]) + lines[-3][:20]))
    assert len(table.frame) == ROWS - 1
    assert (table.facts.unreadable, table.facts.expected_requests) == (1, None)
    assert table.notes == (
        "1 of its lines or requests could not be read (requests without all of their times: 1)",
        "the last line of the file is cut off",
    )


@pytest.mark.parametrize("value", ["-1", "NaN", "inf", "1e30", "9007199254.8", ""])
def test_times_that_cannot_be_are_no_latency(tmp_path: Path, value: str) -> None:
    """The request is no row, is missed, and is said; the others are whole."""
    content = csv_samples().replace(
        b"http_req_waiting,1780000000500000000,5.0", b"http_req_waiting,1," + value.encode(), 1
    )
    table = read_file(written(tmp_path / "a.csv", content))
    assert (len(table.frame), table.facts.unreadable) == (ROWS - 1, 1)
    assert table.frame["total_ns"].max() == 5_000_000
    assert "requests with times that cannot be: 1" in table.notes[0]


def test_endless_endpoints_are_said(tmp_path: Path) -> None:
    """A reader knows that some of them are together."""
    content = csv_samples(60).decode().splitlines(keepends=True)
    lines = [line.replace(",GET,/,", f",GET,/page-{at // 9},") for at, line in enumerate(content)]
    table = read_file(written(tmp_path / "a.csv", "".join(lines).encode()))
    assert "folded into 'other'" in table.notes[0]
    assert table.frame["endpoint"].nunique() == 51


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.csv", b"", "the file is empty"),
        ("empty.csv.gz", gzip.compress(b""), "the file is empty"),
        ("truncated.csv.gz", gzip.compress(csv_samples(2000))[:-30], "ended before the end-of-stream"),
        ("damaged.csv.gz", gzip.compress(csv_samples())[:40] + b"\xff" * 60, "damaged"),
        ("more.csv.gz", gzip.compress(csv_samples()) + b"more", "Not a gzipped file"),
        ("magic.gz", b"\x1f\x8b", "ended before the end-of-stream"),
        ("other.csv", b"a,b,c\n1,2,3\n", "k6 wrote no CSV of samples"),
        ("column.csv", b"metric_name,timestamp\nhttp_reqs,1\n", "without metric_value"),
        ("twice.csv", b"metric_name,timestamp,metric_value,status,status\n", "'status' twice"),
        ("page.csv", HTML, "HTML"),
        ("run.json", SUMMARY, "summary of k6"),
        ("binary.csv", bytes(range(256)) * 8, "binary"),
        ("endless.csv", b"\xfe" * 300_000, "no first line"),
        (
            "words.csv",
            f"{HEADER}\nhttp_reqs,never,1{',' * 16}\n".encode(),
            "there is no request in it; 1 of its",
        ),
        ("header.csv", f"{HEADER}\n".encode(), "no samples, or of other metrics only"),
        ("header-alone.csv", HEADER.encode(), "no samples, or of other metrics only"),
        (
            "one-line.json",
            json_samples().splitlines(keepends=True)[0],
            "no samples, or of other metrics only",
        ),
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
        read_file(str(tmp_path / name))


@pytest.mark.parametrize("name", ["missing.csv", "missing.parquet"])
def test_a_missing_file_is_one_line(tmp_path: Path, name: str) -> None:
    """And says that there is none."""
    with pytest.raises(UsageError, match="there is no such file"):
        read_file(str(tmp_path / name))


@pytest.mark.parametrize(
    ("name", "is_file"),
    [("last", False), ("20260101-000000-aaaa.n0", False), ("a.csv", True), ("./x", True), ("-", True)],
)
def test_ids_and_paths_are_told_apart(name: str, is_file: bool) -> None:
    """Runs' ids hold no slash and end in no suffix of data; `-` is standard input."""
    assert looks_like_file(name) is is_file
