"""From decoded blocks to the rows that are kept: missing values joined in, end times made distinct."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from analysis.requests import NS_PER_S
from orchestrator.k6.samples.decode import Decoded
from orchestrator.k6.samples.distinct import REMEMBER_NS, DistinctEnds

HOLD_NS = 5 * NS_PER_S


@dataclass(slots=True)
class _Held:
    batch: pa.RecordBatch
    waiting: Mapping[str, dict[str, int]]


class RowAssembler:
    """Takes decoded blocks in order and gives batches in the same order.

    What k6 tells of a request in a sample of its own comes a little later: the script's clock where
    k6 could not time it, the bytes received at the end of its iteration. Its batch is held back until
    then, or until requests come that ended 5 s from it (before it, where the clock was set back); then
    its value stays null.
    """

    def __init__(self, remember_ns: int | None = REMEMBER_NS) -> None:
        self._held: list[_Held] = []
        self._values: dict[str, dict[str, int]] = {}
        self._distinct = DistinctEnds(remember_ns)

    def push(self, decoded: Decoded) -> list[pa.RecordBatch]:
        """Take one block and return what is ready."""
        for column, values in decoded.values.items():
            self._values.setdefault(column, {}).update(values)
        if decoded.requests.num_rows:
            self._held.append(_Held(decoded.requests, decoded.waiting))
        newest = _last_end(self._held[-1].batch) if self._held else 0
        ready = []
        while self._held and (
            self._settle(self._held[0]) or abs(newest - _last_end(self._held[0].batch)) > HOLD_NS
        ):
            ready.append(self._made_distinct(self._held.pop(0).batch))
        if not self._held:
            self._values.clear()
        return ready

    def finish(self) -> list[pa.RecordBatch]:
        """Return what was still held."""
        for held in self._held:
            self._settle(held)
        return [self._made_distinct(held.batch) for held in self._held]

    def _settle(self, held: _Held) -> bool:
        """Fill in the values that have come; tell whether none is missing."""
        for name, waiting in held.waiting.items():
            values = self._values.get(name, {})
            found = [serial for serial in waiting if serial in values]
            if found:
                column = held.batch.column(name)
                numbers, unknown = (
                    column.fill_null(0).to_numpy().copy(),
                    column.is_null().to_numpy(zero_copy_only=False),
                )
                for serial in found:
                    row = waiting.pop(serial)
                    numbers[row], unknown[row] = values.pop(serial), False
                held.batch = _with_column(held.batch, name, pa.array(numbers, mask=unknown))
        return not any(held.waiting.values())

    def _made_distinct(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        ends = batch.column("end_ns").to_numpy()
        distinct = self._distinct.apply(ends)
        return batch if distinct is ends else _with_column(batch, "end_ns", pa.array(distinct))


def _with_column(batch: pa.RecordBatch, name: str, column: pa.Array) -> pa.RecordBatch:
    columns = [column if field.name == name else batch.column(field.name) for field in batch.schema]
    return pa.record_batch(columns, schema=batch.schema)


def _last_end(batch: pa.RecordBatch) -> int:
    return int(np.max(batch.column("end_ns").to_numpy()))
