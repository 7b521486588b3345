"""Whatever k6's output becomes on its way: never a traceback, never an endless loop, and counts that add up.

The invariant: of the lines that are samples of ``http_reqs``, each is a row, or counted as incomplete or
impossible; each line that is no sample is counted; and rows and counts are those of a slow reader that goes
line by line, however the output is cut into pieces, in the live path and in a file.
"""

from __future__ import annotations

import json
from collections import Counter
from contextlib import suppress
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.errors import K6Error, UsageError
from orchestrator.files import source
from orchestrator.files.samples import SampleFile
from orchestrator.k6.samples.blocks import BlockCutter, LineCutter
from orchestrator.k6.samples.decode import BlockDecoder
from orchestrator.k6.samples.json_lines import JsonReader
from orchestrator.k6.samples.requests import Loss
from orchestrator.k6.samples.rows import RowAssembler
from orchestrator.stores.contract import REQUEST_SCHEMA
from tests.orchestrator.k6.made import DEFAULT_HEADER, HEADER, T_NS
from tests.orchestrator.k6.samples import reference

EXAMPLES = 500
Rows = list[dict[str, Any]]
Read = tuple[Rows, Counter[Loss]]

METRICS = ("http_reqs", *(f"http_req_{name}" for name in reference.TIMINGS), "http_req_failed")
OTHERS = ("vus", "checks", "data_received", "iterations", "my_trend")
STAMPS = [str(T_NS), str(T_NS + 1), "1780000000", "1780000001", "1780000000123", "1780000000123456"]
RFC_STAMPS = [
    "2026-11-25T10:05:43.035881135Z",
    "2026-11-25T10:05:43.03Z",
    "2026-11-25T19:05:43.03+09:00",
    "2026-11-25T10:05:43Z",
]
ODD_STAMPS = [
    "", "0", "never", "1e9", "9999999999", "9999999999999999999", "1999999999", "17800000001",
    "-62135596800", "253402300799", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
    "2026-13-01T00:00:00Z", "2026-11-25T10:05:43",
]  # fmt: skip
ODD_VALUES = ["", "NaN", "inf", "-1", "-0.000001", "1e30", "9007199254.741", "x", "0x1", "1e-300", "1,5"]
ODD_LINES = ["", "hello", "time=x level=error", ",,,", "vus,1,2", "http_req_blocked", "null", "[]", "{}", "1"]
WORDS = st.sampled_from(
    ["", "/", "/item/7", "a&b=c", "日本", 'say "no"', "two\nlines\r\n", " x,y", "a\nhttp_reqs,1"]
)
PLAIN_WORDS = st.sampled_from(["", "/", "/item/7", "a&b=c", "日本", "x y"])


def request_of(stamp: str, values: list[float], tags: dict[str, str]) -> list[dict[str, Any]]:
    """Return the samples of a request."""
    return [
        {"metric": metric, "time": stamp, "value": value, "tags": tags}
        for metric, value in zip(METRICS, values, strict=False)
    ]


def tags_of(words: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, str]]:
    """Return what may stand in the tags of a request."""
    return st.fixed_dictionaries(
        {"status": st.sampled_from(["200", "0", "404", ""]), "scenario": st.sampled_from(["kept", "fresh"])},
        optional={
            "name": words, "error": words, "method": st.just("GET"), "ip": st.just("::1"),
            "error_code": st.sampled_from(["1212", "", "x"]), "url": words, "proto": st.just("HTTP/1.1"),
        },
    )  # fmt: skip


def samples_of(words: st.SearchStrategy[str], stamps: list[str]) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Return the samples of a short run."""
    values = st.lists(st.sampled_from([0.0, 0.25, 3.5, 1000.0]), min_size=7, max_size=7)
    request = st.builds(
        lambda stamp, values, failed, tags: request_of(stamp, [1.0, *values, *failed], tags),
        st.sampled_from(stamps),
        values,
        st.sampled_from([[], [0.0], [1.0]]),
        tags_of(words),
    )
    other = st.builds(
        lambda metric, stamp: [{"metric": metric, "time": stamp, "value": 2.0, "tags": {"scenario": "kept"}}],
        st.sampled_from(OTHERS),
        st.sampled_from(stamps),
    )
    return st.lists(st.one_of(request, request, other), min_size=1, max_size=8).map(
        lambda parts: list(chain.from_iterable(parts))
    )


def as_csv(samples: list[dict[str, Any]], header: str) -> list[str]:
    """Write samples as k6 does in CSV."""
    columns = header.split(",")
    lines = []
    for sample in samples:
        first = {
            "metric_name": sample["metric"],
            "timestamp": sample["time"],
            "metric_value": sample["value"],
        }
        cells = [str({**sample["tags"], **first}.get(name, "")) for name in columns]
        lines.append(",".join(quoted(cell) for cell in cells) + "\n")
    return lines


def quoted(cell: str) -> str:
    """Quote a cell where Go's writer does."""
    if any(letter in cell for letter in ',"\r\n') or cell.startswith(" "):
        return '"' + cell.replace('"', '""') + '"'
    return cell


def as_json(samples: list[dict[str, Any]]) -> list[str]:
    """Write samples as k6 does in JSON, with the declaration of each metric before its first one."""
    lines, declared = [], set()
    for sample in samples:
        metric = sample["metric"]
        if metric not in declared:
            declared.add(metric)
            data = {"name": metric, "type": "trend", "contains": "time", "thresholds": [], "submetrics": None}
            lines.append(compact({"type": "Metric", "data": data, "metric": metric}))
        data = {
            "time": sample["time"],
            "value": sample["value"],
            "tags": dict(sorted(sample["tags"].items())),
        }
        lines.append(compact({"metric": metric, "type": "Point", "data": data}))
    return lines


def compact(value: object) -> str:
    """Return one line of JSON without blanks, as Go writes it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False) + "\n"


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    """Cut bytes at the given places."""
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[a:b] for a, b in pairwise(places)]


def live(data: bytes, cuts: list[int], *, csv: bool) -> Read:
    """Return what the live path makes of output that comes in pieces."""
    cutter = BlockCutter() if csv else LineCutter()
    rows, batches, lost = RowAssembler(None), list[pa.RecordBatch](), Counter[Loss]()
    decoder: BlockDecoder | None = None

    def take(block: bytes) -> None:
        nonlocal decoder
        if block:
            header = cutter.header if isinstance(cutter, BlockCutter) else None
            decoder = decoder or BlockDecoder(header or JsonReader())
            decoded = decoder.decode(block)
            batches.extend(rows.push(decoded))
            lost.update(decoded.lost)

    for piece in pieces(data, cuts):
        cutter.push(piece)
        take(cutter.cut())
    block, broken = cutter.finish()
    take(block)
    lost[Loss.LINE] += cutter.dropped + bool(broken)
    return pa.Table.from_batches([*batches, *rows.finish()], schema=REQUEST_SCHEMA).to_pylist(), lost


def from_file(path: Path, data: bytes) -> Read:
    """Return what a file becomes."""
    path.write_bytes(data)
    file = SampleFile(str(path))
    rows = pa.Table.from_batches(list(file.batches()), schema=REQUEST_SCHEMA).to_pylist()
    assert len(rows) == file.rows
    lost = Counter(file.lost)
    lost[Loss.LINE] += file.cut_off
    return rows, lost


def check(data: bytes, cuts: list[int], path: Path, *, csv: bool) -> None:
    """Compare both ways with the slow reader, whose figures must add up."""
    expected, lost = (reference.read_csv if csv else reference.read_json)(data)
    for rows, losses in (live(data, cuts, csv=csv), *([from_file(path, data)] if expected else [])):
        assert rows == expected
        assert losses == lost
    if not expected:
        with pytest.raises(UsageError):
            from_file(path, data)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a file that is read in small blocks."""
    monkeypatch.setattr(source, "READ_BYTES", 700)
    return tmp_path / "samples"


many = settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture])
cuttings = st.lists(st.integers(0, 1 << 16), max_size=6)


@many
@given(
    samples_of(WORDS, STAMPS + RFC_STAMPS), st.sampled_from([HEADER, DEFAULT_HEADER]), st.booleans(), cuttings
)
def test_valid_output_loses_nothing(
    path: Path, samples: list[dict[str, Any]], header: str, csv: bool, cuts: list[int]
) -> None:
    """Tags of any kind, stamps of every kind: all rows, and nothing lost, in CSV and in JSON."""
    lines = [header + "\n", *as_csv(samples, header)] if csv else as_json(samples)
    data = "".join(lines).encode()
    check(data, cuts, path, csv=csv)
    assert not live(data, cuts, csv=csv)[1].total()


@st.composite
def damaged(draw: st.DrawFn, *, csv: bool) -> bytes:
    """Return output of k6 that lost, doubled, moved or mixed up something."""
    samples = draw(samples_of(PLAIN_WORDS, STAMPS if csv else RFC_STAMPS))
    for _ in range(draw(st.integers(0, 3))):
        sample = draw(st.sampled_from(samples))
        if draw(st.booleans()):
            sample["time"] = draw(st.sampled_from(ODD_STAMPS))
        else:
            odd = st.sampled_from(ODD_VALUES) if csv else st.sampled_from([-1, 1e30, 1e-300, None, -0.5])
            sample["value"] = draw(odd)
    lines = as_csv(samples, HEADER) if csv else as_json(samples)
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(lines) - 1))
        what = draw(st.sampled_from(["lose", "add", "shorten", "lengthen", "windows"]))
        match what:
            case "lose" if len(lines) > 1:
                del lines[at]
            case "add":
                lines.insert(at, draw(st.sampled_from(ODD_LINES)) + "\n")
            case "shorten":
                lines[at] = lines[at][: len(lines[at]) // 2].rstrip() + "\n"
            case "lengthen":
                lines[at] = lines[at][:-1] + ",,\n"
            case "windows":
                lines[at] = lines[at][:-1] + "\r\n"
    if draw(
        st.booleans()
    ):  # at last: half a first line in the midst of another request may cost that one too
        at = draw(st.integers(0, len(lines) - 1))
        lines.insert(at, lines[at])
    return "".join([HEADER + "\n", *lines] if csv else lines).encode()


@many
@given(damaged(csv=True), cuttings)
def test_damaged_csv_is_counted(path: Path, data: bytes, cuts: list[int]) -> None:
    """What is lost, doubled, shortened or impossible costs what it must, and is counted."""
    check(data, cuts, path, csv=True)


@many
@given(damaged(csv=False), cuttings)
def test_damaged_json_is_counted(path: Path, data: bytes, cuts: list[int]) -> None:
    """The same of JSON."""
    check(data, cuts, path, csv=False)


@st.composite
def spoiled(draw: st.DrawFn) -> bytes:
    """Return valid output into which anything was written, or anything alone."""
    csv = draw(st.booleans())
    samples = draw(samples_of(WORDS, STAMPS))
    lines = [HEADER + "\n", *as_csv(samples, HEADER)] if csv else as_json(samples)
    data = bytearray("".join(lines).encode())
    junk = st.one_of(
        st.binary(max_size=40),
        st.sampled_from([b'"', b"\0", b"\xff\xfe", b"\n", b"\r", b'\n"\n', b"null\n", b"[" * 99]),
    )
    for _ in range(draw(st.integers(0, 5))):
        at = draw(st.integers(0, len(data)))
        data[at : at + draw(st.integers(0, 30))] = draw(junk)
    return bytes(data) if draw(st.booleans()) else bytes(data[: draw(st.integers(0, len(data)))])


@many
@given(spoiled(), st.booleans(), cuttings)
def test_whatever_comes_is_survived(path: Path, data: bytes, csv: bool, cuts: list[int]) -> None:
    """Any bytes at all become rows of the schema, or one clear error of ours."""
    rows: Rows = []
    with suppress(K6Error):
        rows, _ = live(data, cuts, csv=csv)
    assert len({row["end_ns"] for row in rows}) == len(rows)
    assert all(row["total_ns"] is None or 0 <= row["total_ns"] <= 2**53 for row in rows)
    with suppress(UsageError):
        from_file(path, data)
