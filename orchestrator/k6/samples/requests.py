"""From the lines of one block to its requests: what needs no memory of earlier blocks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analysis.requests import NS_PER_MS
from orchestrator.k6.samples.lines import (
    CLOCK,
    CODES,
    COUNTERS,
    DURATION,
    FAILED,
    METRICS,
    OTHER_METRIC,
    RECEIVED,
    TAGS,
    TIMINGS,
    Lines,
)
from orchestrator.k6.samples.stamps import IMPOSSIBLE, times_ns

Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

MOST = 2.0**53
"""What a float holds exactly: 104 days of ns, 8 PiB; whatever is more was never measured."""


class Loss(StrEnum):
    """Why something of k6's output is no row, in words."""

    LINE = "lines that are no samples"
    INCOMPLETE = "requests without all of their times"
    HEADLESS = "requests without their first line"
    IMPOSSIBLE = "requests with times that cannot be"


def in_words(lost: Counter[Loss]) -> str:
    """Say how much was lost, and why."""
    parts = ", ".join(f"{loss}: {lost[loss]:,}" for loss in Loss if lost[loss])
    return f"{lost.total():,} of its lines or requests could not be read ({parts})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Requests:
    """The n requests of one block.

    ``numbers`` are columns of the request table; ``known`` tells whose total is known. ``texts`` are
    columns with dictionaries of the block's own. ``waiting`` maps a nullable column to the serials of
    the rows that wait for it, ``values`` to what the block's other samples say of such a column.
    """

    numbers: Mapping[str, npt.NDArray[Any]]
    known: npt.NDArray[np.bool_]
    texts: Mapping[str, pa.DictionaryArray]
    waiting: Mapping[str, dict[str, int]]
    values: Mapping[str, dict[str, int]]
    counters: Mapping[str, float]
    lost: Counter[Loss]


def requests_of(lines: Lines, *, bytes_received: bool = False) -> Requests:
    """Return the requests that whole blocks of lines hold."""
    # Padded, so that `row + 8` always exists.
    codes = np.append(lines.codes, np.full(len(METRICS), OTHER_METRIC, dtype=np.int8))
    values = np.append(lines.values, np.zeros(len(METRICS)))
    lost = Counter({Loss.LINE: lines.unreadable, Loss.HEADLESS: _headless(codes)})
    rows = _whole(codes, np.flatnonzero(codes == 0), lost)
    rows, ends, timings_ms = _possible(values, rows, times_ns(lines.stamps.take(pa.array(rows))), lost)
    timings = {name: np.rint(ms * NS_PER_MS).astype(np.int64) for name, ms in timings_ms.items()}
    at = pa.array(rows)
    texts = {name: _texts(lines.tags.get(name), at) for name in TAGS}
    status, error_code = _small_numbers(texts["status"]), _small_numbers(texts["error_code"])
    known = (status != 0) | (timings["blocked"] + timings["duration"] != 0)
    waiting, joined = _joins(lines, rows, ~known, lost, bytes_received=bytes_received)
    return Requests(
        numbers={
            "end_ns": ends,
            **{f"{_COLUMN.get(name, name)}_ns": ns for name, ns in timings.items() if name != "duration"},
            "total_ns": timings["blocked"] + timings["sending"] + timings["waiting"] + timings["receiving"],
            "status": status,
            "error_code": error_code,
            "failed": np.where(codes[rows + FAILED] == FAILED, values[rows + FAILED] != 0, error_code != 0),
        },
        known=known,
        texts=texts,
        waiting=waiting,
        values=joined,
        counters={name: _sum(lines, name, lost) for name in COUNTERS},
        lost=lost,
    )


_COLUMN = {"tls_handshaking": "tls"}


def _headless(codes: npt.NDArray[np.int8]) -> int:
    """Count the timings that begin a request whose ``http_reqs`` is missing."""
    begins = codes == DURATION
    return int(begins.sum() - (begins[1:] & (codes[:-1] == 0)).sum())


def _whole(codes: npt.NDArray[np.int8], rows: Int64s, lost: Counter[Loss]) -> Int64s:
    """Keep the ``http_reqs`` lines whose seven timings follow."""
    whole = np.ones(len(rows), dtype=bool)
    for step in range(DURATION, FAILED):
        whole &= codes[rows + step] == step
    lost[Loss.INCOMPLETE] += int(len(rows) - whole.sum())
    return rows[whole]


def _possible(
    values: Floats, rows: Int64s, ends: Int64s, lost: Counter[Loss]
) -> tuple[Int64s, Int64s, dict[str, Floats]]:
    """Keep the requests whose times can be; NaN compares as false."""
    timings = {name: values[rows + step] for step, name in enumerate(TIMINGS, start=DURATION)}
    can_be = ends != IMPOSSIBLE
    total = np.zeros(len(rows))
    for ms in timings.values():
        can_be &= ms >= 0
        total += ms
    can_be &= total <= MOST / NS_PER_MS
    if can_be.all():
        return rows, ends, timings
    lost[Loss.IMPOSSIBLE] += int(len(rows) - can_be.sum())
    return rows[can_be], ends[can_be], {name: ms[can_be] for name, ms in timings.items()}


def _joins(
    lines: Lines, rows: Int64s, timeless: npt.NDArray[np.bool_], lost: Counter[Loss], *, bytes_received: bool
) -> tuple[dict[str, dict[str, int]], dict[str, dict[str, int]]]:
    """Return which serials wait for which column, and which values come for them."""
    sources = {"total_ns": (CLOCK, NS_PER_MS, np.flatnonzero(timeless))}
    if bytes_received:
        sources["received_bytes"] = (RECEIVED, 1, np.arange(len(rows)))
    waiting: dict[str, dict[str, int]] = {}
    values: dict[str, dict[str, int]] = {}
    for column, (metric, scale, wanting) in sources.items():
        at = np.flatnonzero(lines.codes == CODES[metric])
        can_be = (lines.values[at] >= 0) & (lines.values[at] * scale <= MOST)
        lost[Loss.LINE] += int(len(at) - can_be.sum())
        at = at[can_be]
        if len(at) or len(wanting):
            serials = lines.serials()
            waiting[column] = _keyed(serials, rows[wanting], wanting)
            values[column] = _keyed(serials, at, np.rint(lines.values[at] * scale).astype(np.int64))
    return waiting, values


def _keyed(serials: pa.Array, at: Int64s, values: Int64s) -> dict[str, int]:
    """Map the serials of lines to values; without a serial (a user's own script) there is nothing to join."""
    return {s: v for s, v in zip(serials.take(pa.array(at)).to_pylist(), values.tolist(), strict=True) if s}


def _sum(lines: Lines, counter: str, lost: Counter[Loss]) -> float:
    values = lines.values[lines.codes == CODES[counter]]
    can_be = (values >= 0) & (values <= MOST)
    lost[Loss.LINE] += int(len(values) - can_be.sum())
    return float(values[can_be].sum())


def _texts(column: pa.Array | None, at: pa.Array) -> pa.DictionaryArray:
    """Return a tag of the requests with its own dictionary; what k6 did not write is empty or null there."""
    if column is None:
        zeros = pa.array(np.zeros(len(at), dtype=np.int32))
        return pa.DictionaryArray.from_arrays(zeros, pa.array([""]))
    return column.take(at).dictionary_encode(null_encoding="encode")


def _small_numbers(column: pa.DictionaryArray) -> npt.NDArray[np.int16]:
    """Small whole numbers written as text; what is empty or no number is 0."""
    texts = [text or "" for text in column.dictionary.to_pylist()]
    lookup = np.array(
        [int(t) if t.isascii() and t.isdigit() and len(t) < 5 else 0 for t in texts] or [0], dtype=np.int16
    )
    numbers: npt.NDArray[np.int16] = lookup[column.indices.to_numpy()]
    return numbers
