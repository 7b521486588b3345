"""One Run from k6's output to stored rows, with the figures that progress and reconciliation need."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analysis.requests import NS_PER_MS, NS_PER_S
from orchestrator.k6.samples.blocks import BlockCutter
from orchestrator.k6.samples.decode import BlockDecoder
from orchestrator.k6.samples.rows import RowAssembler
from orchestrator.stores.contract import RunWriter

BLOCK_BYTES = 1 << 20
DECODE_EVERY_S = 0.25
FLUSH_EVERY_S = 0.25
RECENT_NS = 10 * NS_PER_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A Run as seen while it goes on; latencies in ms, NaN when no request was timed lately."""

    requests: int = 0
    failed: int = 0
    rate_per_s: float = 0.0
    p50_ms: float = float("nan")
    slowest_ms: float = float("nan")


class Recording:
    """Takes k6's output as it comes and keeps the requests; used by one reader thread.

    ``bytes_received`` has each request wait for what its iteration received, where a script makes one
    request an iteration.
    """

    def __init__(self, writer: RunWriter, *, bytes_received: bool = False) -> None:
        self._writer = writer
        self._bytes_received = bytes_received
        self._cutter = BlockCutter()
        self._decoder: BlockDecoder | None = None
        self._rows = RowAssembler()
        self._recent: deque[npt.NDArray[np.float64]] = deque()
        self._lock = threading.Lock()
        self._decoded_at = self._flushed_at = time.monotonic()
        self.counters = {"stallwatch_started": 0.0, "dropped_iterations": 0.0}
        self.rows = self.failed = self.malformed = 0

    def take(self, data: bytes) -> None:
        """Take output of k6, or b"" to say that time passes."""
        self._cutter.push(data)
        now = time.monotonic()
        if len(self._cutter) >= BLOCK_BYTES or now - self._decoded_at >= DECODE_EVERY_S:
            self._decode(self._cutter.cut())
            self._decoded_at = now
        if now - self._flushed_at >= FLUSH_EVERY_S:
            self._writer.flush()
            self._flushed_at = now

    def finish(self) -> None:
        """Take what is left at the end of the output; a broken last line is counted."""
        block, broken = self._cutter.finish()
        self._decode(block)
        self.malformed += bool(broken) + self._cutter.dropped
        self._keep(self._rows.finish())
        self._writer.flush()

    @property
    def endpoints_folded(self) -> bool:
        """Whether endpoints beyond the fiftieth were folded into ``other``."""
        return self._decoder is not None and self._decoder.endpoints.folded

    def snapshot(self) -> Snapshot:
        """Return the figures of the last 10 s; safe from any thread."""
        with self._lock:
            recent = np.concatenate(self._recent, axis=1) if self._recent else np.empty((2, 0))
            rows, failed = self.rows, self.failed
        totals = recent[1][~np.isnan(recent[1])] / NS_PER_MS
        span_s = np.ptp(recent[0]) / NS_PER_S if recent.shape[1] > 1 else 0.0
        return Snapshot(
            requests=rows,
            failed=failed,
            rate_per_s=float((recent.shape[1] - 1) / span_s) if span_s else 0.0,
            p50_ms=float(np.median(totals)) if len(totals) else float("nan"),
            slowest_ms=float(totals.max()) if len(totals) else float("nan"),
        )

    def _decode(self, block: bytes) -> None:
        if not block or self._cutter.header is None:
            return
        if self._decoder is None:
            self._decoder = BlockDecoder(self._cutter.header, bytes_received=self._bytes_received)
        decoded = self._decoder.decode(block)
        for name, value in decoded.counters.items():
            self.counters[name] += value
        self.malformed += decoded.lost.total()
        self._keep(self._rows.push(decoded))

    def _keep(self, batches: list[pa.RecordBatch]) -> None:
        for batch in batches:
            self._writer.append(batch)
            total = batch.column("total_ns").to_numpy(zero_copy_only=False).astype(np.float64)
            ends = batch.column("end_ns").to_numpy()
            with self._lock:
                self._recent.append(np.stack([ends.astype(np.float64), total]))
                while self._recent and self._recent[0][0].max() < ends.max() - RECENT_NS:
                    self._recent.popleft()
                self.rows += batch.num_rows
                self.failed += batch.column("failed").true_count
