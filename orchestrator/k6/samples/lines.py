"""What the lines of a block say, column by column: the same whether they came as CSV or as JSON.

One request is ``http_reqs`` and the seven ``http_req_*`` timings, contiguous and in this order
(k6 writes a request's samples in one go), then ``http_req_failed`` if a response callback is set.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Int64s = npt.NDArray[np.int64]

TIMINGS = ("duration", "blocked", "connecting", "tls_handshaking", "sending", "waiting", "receiving")
METRICS = ("http_reqs", *(f"http_req_{name}" for name in TIMINGS), "http_req_failed")
DURATION, FAILED = 1, len(METRICS) - 1
CLOCK = "stallwatch_clock_ms"
RECEIVED = "data_received"
COUNTERS = ("stallwatch_started", "dropped_iterations")
CODES = {name: code for code, name in enumerate((*METRICS, CLOCK, RECEIVED, *COUNTERS))}
OTHER_METRIC = -1
TAGS = ("error", "error_code", "method", "name", "proto", "scenario", "status", "ip", "extra_tags")
"""The tags that the request table is made of; ``extra_tags`` as k6's CSV has it: ``k=v&k=v``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """The samples of a block of n lines.

    ``codes`` are those of ``CODES``, other metrics ``OTHER_METRIC``; ``values`` are NaN where there is no
    number; ``stamps`` and the ``tags`` are text as k6 wrote it, with nulls or not at all where it wrote none.
    ``serials`` gives what joins a sample to its request, null or empty where there is nothing; it may be
    costly. ``unreadable`` counts lines that are no samples and therefore not among the n.
    """

    codes: npt.NDArray[np.int8]
    values: npt.NDArray[np.float64]
    stamps: pa.Array
    tags: Mapping[str, pa.Array]
    serials: Callable[[], pa.Array]
    unreadable: int = 0


class LineReader(Protocol):
    """Reads blocks of whole lines; remembers nothing, so that any thread may use it."""

    def read(self, block: bytes) -> Lines:
        """Return what the lines say."""


def codes_of(metrics: pa.DictionaryArray) -> npt.NDArray[np.int8]:
    """Return the codes of metric names."""
    words = metrics.dictionary.to_pylist()
    lookup = np.array([CODES.get(word, OTHER_METRIC) for word in words] or [OTHER_METRIC], dtype=np.int8)
    codes: npt.NDArray[np.int8] = lookup[metrics.indices.to_numpy()]
    return codes


def one_chunk(column: pa.ChunkedArray) -> pa.Array:
    """Return a column of one block as one array."""
    return (
        column.chunk(0)
        if column.num_chunks == 1
        else pa.concat_arrays(column.chunks or [pa.array([], column.type)])
    )
