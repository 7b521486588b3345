"""Decode k6's samples, block by block, into the request table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from analysis.requests import TEXT_COLUMNS
from orchestrator.k6.samples.csv_lines import CsvReader
from orchestrator.k6.samples.endpoints import Endpoints
from orchestrator.k6.samples.lines import LineReader
from orchestrator.k6.samples.requests import Loss, Requests, requests_of
from orchestrator.k6.samples.vocabulary import Vocabulary
from orchestrator.stores.contract import REQUEST_SCHEMA


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """What one block held.

    ``requests`` follows ``REQUEST_SCHEMA``, with ``total_ns`` null where k6 knew no time.
    ``waiting`` maps a column to the serials of rows that another sample may tell it for; ``values``
    maps a column to what samples of this block tell, by serial.
    """

    requests: pa.RecordBatch
    waiting: Mapping[str, dict[str, int]]
    values: Mapping[str, dict[str, int]]
    counters: Mapping[str, float]
    lost: Counter[Loss]


class BlockDecoder:
    """Decodes the blocks of one k6 output.

    Parameters
    ----------
    reader
        What reads its lines, or the header of its CSV.
    bytes_received
        Whether requests wait for the ``data_received`` of their iteration.
    """

    def __init__(self, reader: LineReader | bytes, *, bytes_received: bool = False) -> None:
        self._reader = CsvReader(reader) if isinstance(reader, bytes) else reader
        self._bytes_received = bytes_received
        self._words = {name: Vocabulary() for name in TEXT_COLUMNS}
        self.endpoints = Endpoints()

    def decode(self, block: bytes) -> Decoded:
        """Decode one block of whole lines; the next one must come later."""
        return self.take(self.read(block))

    def read(self, block: bytes) -> Requests:
        """Do what may be done for several blocks at once, in any thread."""
        return requests_of(self._reader.read(block), bytes_received=self._bytes_received)

    def take(self, found: Requests) -> Decoded:
        """Do the rest, block after block in the order of the output."""
        rows = len(found.known)
        columns: dict[str, Any] = {
            **found.numbers,
            "total_ns": pa.array(found.numbers["total_ns"], mask=~found.known),
            "received_bytes": pa.nulls(rows, pa.int64()),
        }
        texts = {**found.texts, "endpoint": self._endpoints(found)}
        columns |= {name: self._words[name].encode(texts[name]) for name in TEXT_COLUMNS}
        return Decoded(
            requests=pa.record_batch([columns[name] for name in REQUEST_SCHEMA.names], schema=REQUEST_SCHEMA),
            waiting=found.waiting,
            values=found.values,
            counters=found.counters,
            lost=found.lost,
        )

    def _endpoints(self, found: Requests) -> pa.DictionaryArray:
        name, extra_tags = found.texts["name"], found.texts["extra_tags"]
        width = max(len(extra_tags.dictionary), 1)
        pairs = name.indices.to_numpy().astype(np.int64) * width + extra_tags.indices.to_numpy()
        unique, inverse = np.unique(pairs, return_inverse=True)
        names, extras = name.dictionary.to_pylist(), extra_tags.dictionary.to_pylist()
        resolved = self.endpoints.resolve(
            (names[pair // width] or "", extras[pair % width] or "") for pair in unique
        )
        return pa.DictionaryArray.from_arrays(
            pa.array(inverse.astype(np.int32)), pa.array(resolved, pa.string())
        )
