"""From decoded blocks to the rows that are kept: missing times joined in, end times made distinct."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analysis.requests import NS_PER_S
from orchestrator.k6.decode import Decoded

Int64s = npt.NDArray[np.int64]
HOLD_NS = 5 * NS_PER_S
RECENT_ROWS = 20_000


@dataclass(slots=True)
class _Held:
    batch: pa.RecordBatch
    waiting: dict[str, int]


class RowAssembler:
    """Takes decoded blocks in order and gives batches in the same order.

    A request that k6 could not time gets the script's clock, whose sample comes a little later. Its
    batch is held back until then, or until 5 s of newer requests have passed; then its total stays null.
    """

    def __init__(self) -> None:
        self._held: list[_Held] = []
        self._clocks: dict[str, int] = {}
        self._distinct = DistinctEnds()

    def push(self, decoded: Decoded) -> list[pa.RecordBatch]:
        """Take one block and return what is ready."""
        self._clocks |= decoded.clocks
        if decoded.requests.num_rows:
            waiting = dict(zip(decoded.serials, decoded.timeless.tolist(), strict=True))
            self._held.append(_Held(decoded.requests, waiting))
        newest = max((_last_end(held.batch) for held in self._held), default=0)
        ready = []
        while self._held and (
            self._settle(self._held[0]) or newest - _last_end(self._held[0].batch) > HOLD_NS
        ):
            ready.append(self._distinct.apply(self._held.pop(0).batch))
        if not self._held:
            self._clocks.clear()
        return ready

    def finish(self) -> list[pa.RecordBatch]:
        """Return what was still held."""
        for held in self._held:
            self._settle(held)
        return [self._distinct.apply(held.batch) for held in self._held]

    def _settle(self, held: _Held) -> bool:
        """Fill in the clocks that have come; tell whether none is missing."""
        found = [serial for serial in held.waiting if serial in self._clocks]
        if found:
            column = held.batch.column("total_ns")
            total, unknown = (
                column.fill_null(0).to_numpy().copy(),
                column.is_null().to_numpy(zero_copy_only=False),
            )
            for serial in found:
                row = held.waiting.pop(serial)
                total[row], unknown[row] = self._clocks.pop(serial), False
            held.batch = _with_column(held.batch, "total_ns", pa.array(total, mask=unknown))
        return not held.waiting


class DistinctEnds:
    """Moves a request whose end another one has by 1 ns steps, so that every store tells them apart."""

    def __init__(self) -> None:
        self._recent: Int64s = np.empty(0, dtype=np.int64)

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return the batch with ends that no other row has."""
        ends = batch.column("end_ns").to_numpy()
        moved = self._moved(ends)
        # The stable sort is quick on what is nearly sorted already, as ends are.
        self._recent = np.sort(np.concatenate([self._recent, moved]), kind="stable")[-RECENT_ROWS:]
        return batch if moved is ends else _with_column(batch, "end_ns", pa.array(moved))

    def _moved(self, ends: Int64s) -> Int64s:
        while len(np.unique(ends)) < len(ends) or np.isin(ends, self._recent).any():
            ends = _spread(_past(ends, self._recent))
        return ends


def _past(ends: Int64s, taken: Int64s) -> Int64s:
    """Move each end that is taken (sorted, distinct) to just behind the unbroken run it is in."""
    if not len(taken):
        return ends
    last = np.append(np.flatnonzero(np.diff(taken) > 1), len(taken) - 1)
    behind = taken[last[np.searchsorted(last, np.arange(len(taken)))]] + 1
    at = np.minimum(np.searchsorted(taken, ends), len(taken) - 1)
    return np.where(taken[at] == ends, behind[at], ends)


def _spread(ends: Int64s) -> Int64s:
    """Smallest forward moves that make all ends distinct and keep the order among equals."""
    order = np.argsort(ends, kind="stable")
    rank = np.arange(len(ends))
    moved = np.empty_like(ends)
    moved[order] = np.maximum.accumulate(ends[order] - rank) + rank
    return moved


def _with_column(batch: pa.RecordBatch, name: str, column: pa.Array) -> pa.RecordBatch:
    columns = [column if field.name == name else batch.column(field.name) for field in batch.schema]
    return pa.record_batch(columns, schema=batch.schema)


def _last_end(batch: pa.RecordBatch) -> int:
    return int(batch.column("end_ns").to_numpy().max())
