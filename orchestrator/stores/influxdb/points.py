"""Batches of the request table as line protocol: one wide point a request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analysis.requests import NS_PER_MS, PHASES
from orchestrator.stores.influxdb.tags import field_in_line, tag_in_line

MEASUREMENT = "request"
DURATIONS = ("total", *PHASES)
TEXT_FIELDS = ("method", "proto", "ip", "error")
EXACT_NS = 1 << 51
"""Up to here (26 days) milliseconds as a float64 give back the very nanosecond: each of the two roundings,
of ns / 1e6 and of ms * 1e6, is off by at most 2**-53 of the value, together by less than half a ns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTags:
    """The tags that all requests of a Run share."""

    run: str
    node: str
    profile: str


def request_lines(batch: pa.RecordBatch, tags: RunTags, first_row: int) -> pa.Buffer:
    """Return a batch of ``REQUEST_SCHEMA`` as lines, each with its end.

    Nothing else is known of what comes before and behind, so that a batch sent again, however it is cut,
    writes the same points.

    Parameters
    ----------
    first_row
        The number of the batch's first row in its Run. It is kept as the field ``row``, as InfluxDB
        returns points by time.
    """
    rows = pa.array(np.arange(first_row, first_row + batch.num_rows))
    lines = _join(
        f"{MEASUREMENT},endpoint=",
        _words(batch.column("endpoint"), tag_in_line),
        f",node={tag_in_line(tags.node)},profile={tag_in_line(tags.profile)},run={tag_in_line(tags.run)},scenario=",
        _words(batch.column("scenario"), tag_in_line),
        ",status=",
        _text(batch.column("status")),
        " row=",
        _text(rows),
        "i",
        *(piece for name in DURATIONS for piece in _duration(name, batch.column(f"{name}_ns"))),
        *_present(",received_bytes=", _text(batch.column("received_bytes")), "i"),
        ",error_code=",
        _text(batch.column("error_code")),
        "i,failed=",
        _text(batch.column("failed")),
        *(_words(batch.column(name), _field(name)) for name in TEXT_FIELDS),
        " ",
        _text(batch.column("end_ns")),
        "\n",
    )
    ends = np.frombuffer(lines.buffers()[1], np.int64)
    return lines.buffers()[2].slice(0, int(ends[len(lines)]))


def _join(*pieces: pa.Array | str) -> pa.Array:
    """Put pieces side by side, row by row; large strings, as 10 kB a text times 100,000 rows are 1 GB."""
    large = [pa.scalar(one, pa.large_string()) if isinstance(one, str) else one for one in pieces]
    return pc.binary_join_element_wise(*large, pa.scalar("", pa.large_string()))


def _text(column: pa.Array) -> pa.Array:
    return pc.cast(column, pa.large_string())


def _words(column: pa.DictionaryArray, write: Callable[[str], str]) -> pa.Array:
    """Return each row's word as it is written; words are few, rows are many."""
    written = pa.array([write(word) for word in column.dictionary.to_pylist()], pa.large_string())
    return written.take(column.indices)


def _field(name: str) -> Callable[[str], str]:
    """Return what writes a text field: an empty text is none, as it is read back as."""
    return lambda word: f",{name}={field_in_line(word)}" if word else ""


def _duration(name: str, ns: pa.Array) -> list[pa.Array | str]:
    """Return a duration in ms, and in whole nanoseconds too where ms are not exact."""
    ms = pc.divide(pc.cast(ns, pa.float64(), safe=False), float(NS_PER_MS))
    pieces = _present(f",{name}_ms=", _text(ms), "")
    inexact = pc.or_(pc.greater(ns, EXACT_NS), pc.less(ns, -EXACT_NS))
    if pc.any(inexact).as_py():
        pieces += _present(f",{name}_ns=", _text(pc.if_else(inexact, ns, None)), "i")
    return pieces


def _present(before: str, texts: pa.Array, after: str) -> list[pa.Array | str]:
    """Return a piece of each line that is left out where there is no value."""
    if not texts.null_count:
        return [before, texts, after]
    return [pc.fill_null(_join(before, texts, after), "")]
