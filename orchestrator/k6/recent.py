"""The last half minute of a Run: what progress shows of it, and whether it fails."""

from __future__ import annotations

import threading
from collections import Counter, deque
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

KEEP_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Arrived:
    at_s: float
    total_ns: npt.NDArray[np.float64]
    failed: int
    errors: Counter[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The requests of some seconds: how many, and how many of them failed."""

    requests: int
    failed: int


class Recent:
    """Requests by when they were taken, for 30 s; ``now_s`` is monotonic, and never k6's own clock.

    A wall clock that is set back would else keep what is old for as long as it was set back.
    Safe from any thread.
    """

    def __init__(self) -> None:
        self._arrived: deque[_Arrived] = deque()
        self._lock = threading.Lock()

    def add(self, batch: pa.RecordBatch, now_s: float) -> None:
        """Take a batch of the request table."""
        arrived = _Arrived(
            at_s=now_s,
            total_ns=batch.column("total_ns").to_numpy(zero_copy_only=False).astype(np.float64),
            failed=batch.column("failed").true_count,
            errors=errors_of(batch),
        )
        with self._lock:
            self._arrived.append(arrived)
            while self._arrived[0].at_s <= now_s - KEEP_S:
                self._arrived.popleft()

    def tally(self, now_s: float, last_s: float) -> Tally:
        """Count the requests of the last seconds, at most 30."""
        arrived = self._since(now_s - last_s)
        return Tally(
            requests=sum(len(one.total_ns) for one in arrived),
            failed=sum(one.failed for one in arrived),
        )

    def errors(self, now_s: float, last_s: float) -> Counter[str]:
        """Count the errors of the last seconds' requests."""
        return sum((one.errors for one in self._since(now_s - last_s)), Counter())

    def totals_ns(self, now_s: float, last_s: float) -> npt.NDArray[np.float64]:
        """Return the totals of the last seconds' requests, NaN where one is not known."""
        return np.concatenate([np.empty(0), *(one.total_ns for one in self._since(now_s - last_s))])

    def _since(self, moment_s: float) -> list[_Arrived]:
        with self._lock:
            return [one for one in self._arrived if one.at_s > moment_s]


def errors_of(batch: pa.RecordBatch) -> Counter[str]:
    """Count the failed requests of a batch by their error, or their status where there is none."""
    rows = np.flatnonzero(batch.column("failed").to_numpy(zero_copy_only=False))
    if not len(rows):
        return Counter()
    column = batch.column("error")
    codes = column.indices.to_numpy()[rows].astype(np.int64)
    kinds, counts = np.unique(codes << 16 | batch.column("status").to_numpy()[rows], return_counts=True)
    found: Counter[str] = Counter()
    for kind, count in zip(kinds.tolist(), counts.tolist(), strict=True):
        found[column.dictionary[kind >> 16].as_py() or f"status {kind & 0xFFFF}"] += count
    return found
