"""From decoded blocks to the rows that are kept: missing times joined in, end times made distinct."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analysis.requests import NS_PER_S
from orchestrator.k6.samples.decode import Decoded

Int64s = npt.NDArray[np.int64]
HOLD_NS = 5 * NS_PER_S
REMEMBER_NS = 10 * NS_PER_S


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
            # No serial, no clock (a user's own script): nothing to wait for.
            waiting = {s: row for s, row in zip(decoded.serials, decoded.timeless.tolist(), strict=True) if s}
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
    """Moves a request whose end an earlier one has to the next free nanosecond.

    Row by row, so that it does not matter how the rows were cut into batches. Ends are remembered
    for 10 s behind the newest: k6 writes a request down when it ends.
    """

    def __init__(self) -> None:
        self._taken: deque[Int64s] = deque()  # each sorted
        self._newest = np.iinfo(np.int64).min

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return the batch with ends that no other row has."""
        ends = batch.column("end_ns").to_numpy()
        in_order = np.sort(ends, kind="stable")  # quick on what is nearly sorted already, as ends are
        if not (np.diff(in_order) > 0).all() or self._meets(in_order):
            ends = self._moved(ends)
            in_order = np.sort(ends)
            batch = _with_column(batch, "end_ns", pa.array(ends))
        self._remember(in_order)
        return batch

    def _meets(self, ends: Int64s) -> bool:
        """Tell whether an end (sorted) is taken."""
        if ends[0] > self._newest:
            return False
        return any(ends[0] <= taken[-1] and bool(np.isin(ends, taken).any()) for taken in self._taken)

    def _moved(self, ends: Int64s) -> Int64s:
        # The next nanosecond that may be free behind a taken one; followed like links, and shortened.
        after: dict[int, int] = {}
        for taken in self._taken:
            near = taken[taken >= ends.min()]
            last = np.append(near[1:] != near[:-1] + 1, True)[: len(near)]
            run_ends = near[last][np.cumsum(last) - last]
            after.update(zip(near.tolist(), (run_ends + 1).tolist(), strict=True))
        moved = []
        for end in ends.tolist():
            free = end
            while free in after:
                free = after[free]
            after[free] = free + 1
            if free != end:
                after[end] = free + 1
            moved.append(free)
        return np.array(moved, dtype=np.int64)

    def _remember(self, ends: Int64s) -> None:
        self._taken.append(ends)
        self._newest = max(self._newest, int(ends[-1]))
        while self._taken[0][-1] < self._newest - REMEMBER_NS:
            self._taken.popleft()


def _with_column(batch: pa.RecordBatch, name: str, column: pa.Array) -> pa.RecordBatch:
    columns = [column if field.name == name else batch.column(field.name) for field in batch.schema]
    return pa.record_batch(columns, schema=batch.schema)


def _last_end(batch: pa.RecordBatch) -> int:
    return int(batch.column("end_ns").to_numpy().max())
