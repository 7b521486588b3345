"""Decode k6's CSV samples into the request table.

One request is ``http_reqs`` and the seven ``http_req_*`` timings, contiguous and in this order
(k6 writes a request's samples in one go), then ``http_req_failed`` if a response callback is set.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv

from analysis.requests import NS_PER_MS, TEXT_COLUMNS
from orchestrator.errors import K6Error
from orchestrator.k6.samples.endpoints import Endpoints
from orchestrator.k6.samples.vocabulary import Vocabulary
from orchestrator.stores.contract import REQUEST_SCHEMA

Int64s = npt.NDArray[np.int64]

TIMINGS = ("duration", "blocked", "connecting", "tls_handshaking", "sending", "waiting", "receiving")
METRICS = ("http_reqs", *(f"http_req_{name}" for name in TIMINGS), "http_req_failed")
FAILED = len(METRICS) - 1
CLOCK = "stallwatch_clock_ms"
COUNTERS = ("stallwatch_started", "dropped_iterations")
_CODES = {name: code for code, name in enumerate((*METRICS, CLOCK, *COUNTERS))}
_TAGS = ("error", "error_code", "method", "name", "proto", "scenario", "status", "ip", "extra_tags")
_TEXT = pa.dictionary(pa.int32(), pa.string())
_NS_OF_DIGITS = {10: 1_000_000_000, 13: 1_000_000, 16: 1_000, 19: 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """What one block held.

    ``requests`` follows ``REQUEST_SCHEMA`` with ``total_ns`` null where k6 knew no time;
    ``timeless`` are those rows' numbers and ``serials`` their join keys (the column ``metadata``);
    ``clocks`` maps a key to the script's own time in ns.
    """

    requests: pa.RecordBatch
    timeless: Int64s
    serials: tuple[str, ...]
    clocks: dict[str, int] = field(default_factory=dict)
    counters: dict[str, float] = field(default_factory=dict)
    malformed: int = 0


class BlockDecoder:
    """Decodes the blocks of one k6 output, all under one header."""

    def __init__(self, header: bytes) -> None:
        self.columns = header.decode("utf-8", "replace").split(",")
        missing = [name for name in ("metric_name", "timestamp", "metric_value") if name not in self.columns]
        if missing:
            raise K6Error(
                f"k6 wrote no CSV of samples: its first line is {header[:80]!r}, without {missing[0]}",
                hint="expected metric_name,timestamp,metric_value,... as `k6 run -o csv=-` writes it",
            )
        self.endpoints = Endpoints()
        self._words = {name: Vocabulary() for name in TEXT_COLUMNS}
        self.malformed_lines = 0

    def decode(self, block: bytes) -> Decoded:
        """Decode one block of whole lines.

        Raises
        ------
        K6Error
            A line whose timestamp or value is no number.
        """
        table, skipped = self._parse(block, ("metric_name", "timestamp", "metric_value", *_TAGS))
        self.malformed_lines += skipped
        codes = _codes(table["metric_name"])
        values = np.append(table["metric_value"].to_numpy(), np.zeros(len(METRICS)))
        rows, malformed = _request_rows(codes)
        timings = _timings_ns(values, rows)
        duration, blocked = timings["duration"], timings["blocked"]
        total = blocked + timings["sending"] + timings["waiting"] + timings["receiving"]
        tags = {name: _take(table, name, rows) for name in _TAGS}
        status, error_code = _numbers(tags["status"]), _numbers(tags["error_code"])
        timeless = np.flatnonzero((status == 0) & (blocked + duration == 0))
        known = np.ones(len(rows), dtype=bool)
        known[timeless] = False
        failed = np.where(codes[rows + FAILED] == FAILED, values[rows + FAILED] != 0, error_code != 0)
        columns: dict[str, Any] = {
            "end_ns": _times_ns(table["timestamp"].to_numpy()[rows]),
            **{
                f"{name}_ns": timings[name]
                for name in ("blocked", "connecting", "sending", "waiting", "receiving")
            },
            "tls_ns": timings["tls_handshaking"],
            "total_ns": pa.array(total, mask=~known),
            "status": status,
            "error_code": error_code,
            "failed": failed,
            "received_bytes": pa.nulls(len(rows), pa.int64()),
        }
        texts = tags | {"endpoint": self._endpoints(tags["name"], tags["extra_tags"])}
        columns |= {name: self._words[name].encode(texts[name]) for name in TEXT_COLUMNS}
        clocks_at = np.flatnonzero(codes == _CODES[CLOCK])
        # Serials are as many as requests: read only where a time is missing.
        needed = len(timeless) or len(clocks_at)
        serials = self._parse(block, ("metadata",))[0]["metadata"] if needed else None
        return Decoded(
            requests=pa.record_batch([columns[name] for name in REQUEST_SCHEMA.names], schema=REQUEST_SCHEMA),
            timeless=timeless,
            serials=tuple(_texts(serials, rows[timeless])),
            clocks={
                k: round(values[i] * NS_PER_MS)
                for k, i in zip(_texts(serials, clocks_at), clocks_at, strict=True)
            },
            counters={name: float(values[codes == _CODES[name]].sum()) for name in COUNTERS},
            malformed=malformed,
        )

    def _parse(self, block: bytes, wanted: tuple[str, ...]) -> tuple[dict[str, pa.Array], int]:
        """Return the wanted columns, and how many lines had too few or too many.

        Text comes as dictionaries, a column that k6 did not write as empty text.
        """
        skipped = 0
        types = dict.fromkeys(wanted, _TEXT) | {"timestamp": pa.int64(), "metric_value": pa.float64()}

        def skip(_: Any) -> str:
            nonlocal skipped
            skipped += 1
            return "skip"

        try:
            if not block.isascii():
                block.decode()  # Arrow would print a traceback where it cannot show an invalid row
            table = pyarrow.csv.read_csv(
                pa.BufferReader(block),
                read_options=pyarrow.csv.ReadOptions(
                    column_names=self.columns, use_threads=False, block_size=max(len(block) + 1, 1024)
                ),
                parse_options=pyarrow.csv.ParseOptions(
                    newlines_in_values=b'"' in block, invalid_row_handler=skip
                ),
                convert_options=pyarrow.csv.ConvertOptions(
                    include_columns=[name for name in wanted if name in self.columns],
                    column_types=types,
                    strings_can_be_null=False,
                ),
            ).combine_chunks()
        except (pa.ArrowInvalid, UnicodeDecodeError) as error:
            if len(block) == 0 or "Empty CSV" in str(error):
                table = pa.table({name: pa.array([], types[name]) for name in wanted})
            else:
                raise K6Error(f"k6 wrote something that is no sample: {error}") from error
        empty = pa.DictionaryArray.from_arrays(pa.array(np.zeros(table.num_rows, np.int32)), pa.array([""]))
        columns = {name: _one_chunk(table[name]) if name in table.column_names else empty for name in wanted}
        return columns, skipped

    def _endpoints(self, name: pa.DictionaryArray, extra_tags: pa.DictionaryArray) -> pa.DictionaryArray:
        width = max(len(extra_tags.dictionary), 1)
        pairs = name.indices.to_numpy().astype(np.int64) * width + extra_tags.indices.to_numpy()
        unique, inverse = np.unique(pairs, return_inverse=True)
        names, extras = name.dictionary.to_pylist(), extra_tags.dictionary.to_pylist()
        resolved = self.endpoints.resolve((names[pair // width], extras[pair % width]) for pair in unique)
        return pa.DictionaryArray.from_arrays(
            pa.array(inverse.astype(np.int32)), pa.array(resolved, pa.string())
        )


def _one_chunk(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks else pa.array([], column.type)


def _codes(metric: pa.DictionaryArray) -> npt.NDArray[np.int8]:
    """Metric codes of all lines, padded (as the values are) so that ``row + 8`` always exists."""
    lookup = np.array([_CODES.get(name, -1) for name in metric.dictionary.to_pylist()] or [-1], dtype=np.int8)
    return np.append(lookup[metric.indices.to_numpy()], np.full(len(METRICS), -1, dtype=np.int8))


def _request_rows(codes: npt.NDArray[np.int8]) -> tuple[Int64s, int]:
    """Line numbers of the ``http_reqs`` lines whose seven timings follow, and how many lack them."""
    rows = np.flatnonzero(codes == 0)
    whole = np.ones(len(rows), dtype=bool)
    for step in range(1, FAILED):
        whole &= codes[rows + step] == step
    return rows[whole], int(len(rows) - whole.sum())


def _timings_ns(values: npt.NDArray[np.float64], rows: Int64s) -> dict[str, Int64s]:
    return {
        name: np.rint(values[rows + step] * NS_PER_MS).astype(np.int64)
        for step, name in enumerate(TIMINGS, start=1)
    }


def _times_ns(stamps: Int64s) -> Int64s:
    """Stamps in s, ms, us or ns (told by their digits) as ns."""
    if not len(stamps):
        return stamps
    return stamps * _NS_OF_DIGITS.get(len(str(abs(int(stamps[0])))), 1)


def _take(table: dict[str, pa.Array], name: str, rows: Int64s) -> pa.DictionaryArray:
    column = table[name]
    return pa.DictionaryArray.from_arrays(
        pa.array(column.indices.to_numpy()[rows], pa.int32()), column.dictionary
    )


def _numbers(column: pa.DictionaryArray) -> npt.NDArray[np.int16]:
    """Small whole numbers written as text; what is empty or no number is 0."""
    texts = column.dictionary.to_pylist()
    lookup = np.array(
        [int(t) if t.isascii() and t.isdigit() and len(t) < 5 else 0 for t in texts] or [0], dtype=np.int16
    )
    numbers: npt.NDArray[np.int16] = lookup[column.indices.to_numpy()]
    return numbers


def _texts(column: pa.DictionaryArray | None, rows: Int64s) -> list[str]:
    return column.take(pa.array(rows)).to_pylist() if column is not None and len(rows) else []
