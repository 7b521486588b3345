"""One Run from k6's output to stored rows, with the figures that progress and reconciliation need."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from analysis.requests import NS_PER_MS
from orchestrator.errors import K6Error
from orchestrator.k6.recent import Recent
from orchestrator.k6.samples.blocks import MAX_REST_BYTES, BlockCutter
from orchestrator.k6.samples.decode import BlockDecoder
from orchestrator.k6.samples.rows import RowAssembler
from orchestrator.stores.contract import RunWriter

BLOCK_BYTES = 1 << 20
DECODE_EVERY_S = 0.25
FLUSH_EVERY_S = 0.25
SHOWN_S = 10.0
TIMED_EVERY_S = 1.0


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

    ``clock`` is monotonic, in seconds: k6's own stamps may step. ``bytes_received`` has each request wait
    for what its iteration received, where a script makes one request an iteration.
    """

    def __init__(
        self,
        writer: RunWriter,
        clock: Callable[[], float] = time.monotonic,
        *,
        bytes_received: bool = False,
    ) -> None:
        self._writer = writer
        self._bytes_received = bytes_received
        self._clock = clock
        self._cutter = BlockCutter()
        self._decoder: BlockDecoder | None = None
        self._rows = RowAssembler()
        self.recent = Recent()
        self._began_at = self._decoded_at = self._flushed_at = clock()
        self.counters = {"stallwatch_started": 0.0, "dropped_iterations": 0.0}
        self.rows = self.failed = self.malformed = self._uncut_bytes = 0
        self._timed, self._timed_at = Snapshot(), float("-inf")

    def take(self, data: bytes) -> None:
        """Take output of k6, or b"" to say that time passes."""
        self._cutter.push(data)
        now = self._clock()
        if len(self._cutter) - self._uncut_bytes >= BLOCK_BYTES or now - self._decoded_at >= DECODE_EVERY_S:
            self._decode(self._cutter.cut())
            self._decoded_at, self._uncut_bytes = now, len(self._cutter)
            self._must_be_lines()
        if now - self._flushed_at >= FLUSH_EVERY_S:
            self._writer.flush()
            self._flushed_at = now

    def finish(self) -> None:
        """Take what is left at the end of the output; a broken last line is counted.

        Whatever is wrong with it, what was decoded before is kept.
        """
        block, broken = self._cutter.finish()
        try:
            self._decode(block)
        finally:
            self.malformed += bool(broken) + self._cutter.dropped
            self._keep(self._rows.finish())
            self._writer.flush()

    @property
    def endpoints_folded(self) -> bool:
        """Whether endpoints beyond the fiftieth were folded into ``other``."""
        return self._decoder is not None and self._decoder.endpoints.folded

    def snapshot(self) -> Snapshot:
        """Return what came so far, and figures of the last 10 s that are at most a second old.

        Safe from any thread.
        """
        now = self._clock()
        if now - self._timed_at >= TIMED_EVERY_S:  # each quarter second, it would cost a fifth of decoding
            self._timed_at, self._timed = now, self._last_seconds(now)
        return replace(self._timed, requests=self.rows, failed=self.failed)

    def _last_seconds(self, now: float) -> Snapshot:
        recent = self.recent.totals_ns(now, SHOWN_S)
        totals = recent[~np.isnan(recent)] / NS_PER_MS
        return Snapshot(
            rate_per_s=len(recent) / max(min(now - self._began_at, SHOWN_S), DECODE_EVERY_S),
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

    def _must_be_lines(self) -> None:
        """Raise K6Error when something came that is longer than any line of k6."""
        if self._cutter.dropped:
            raise K6Error(
                f"k6 wrote more than {MAX_REST_BYTES:,} bytes without the end of a line",
                hint="does something else write to its standard output?",
            )

    def _keep(self, batches: list[pa.RecordBatch]) -> None:
        for batch in batches:
            self._writer.append(batch)
            self.recent.add(batch, self._clock())
            self.rows += batch.num_rows
            self.failed += batch.column("failed").true_count
