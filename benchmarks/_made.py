"""Requests made by rule for benchmarks: what a Run stores, the same rows each time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analysis.requests import NS_PER_MS, NS_PER_S
from orchestrator.stores.contract import REQUEST_SCHEMA

EPOCH_NS = 1_780_000_000 * NS_PER_S
BATCH_ROWS = 2_000
WORDS = {
    "scenario": ["kept", "fresh"],
    "endpoint": ["/healthz", "/cart", "/search"],
    "method": ["GET", "POST"],
    "proto": ["HTTP/1.1"],
    "ip": ["203.0.113.11"],
    "error": ["", "request timeout"],
}


def batches(
    rows: int, *, rate_per_s: float = 2_000.0, stall_s: float = 0.0, period_s: float = 60.0
) -> Iterator[pa.RecordBatch]:
    """Give the rows of a Run at a steady rate, as the decoder does: half kept, half fresh, few errors.

    With ``stall_s``, whatever starts in the first seconds of each period is answered when they are over.
    """
    rng = np.random.default_rng(1)
    words = {name: pa.array(texts, pa.string()) for name, texts in WORDS.items()}
    for first in range(0, rows, BATCH_ROWS):
        number = np.arange(first, min(first + BATCH_ROWS, rows))
        into_s = number / rate_per_s % period_s
        frozen_ms = np.where(into_s < stall_s, 1e3 * (stall_s - into_s), 0.0)
        starts = EPOCH_NS + (number * (NS_PER_S / rate_per_s)).astype(np.int64)
        yield _batch(rng, number, starts, frozen_ms, words)


def _batch(
    rng: np.random.Generator,
    number: npt.NDArray[np.int64],
    starts: npt.NDArray[np.int64],
    frozen_ms: npt.NDArray[np.float64],
    words: dict[str, pa.Array],
) -> pa.RecordBatch:
    n = len(number)
    fresh = number % 2 == 1
    failed = rng.random(n) < 1e-4
    waiting = _ns(rng.lognormal(0.0, 0.4, n) + frozen_ms)
    connecting = np.where(fresh, _ns(rng.uniform(0.05, 0.4, n)), 0)
    blocked = connecting + _ns(rng.uniform(0.002, 0.01, n))
    sending, receiving = _ns(rng.uniform(0.01, 0.05, n)), _ns(rng.uniform(0.02, 0.1, n))
    total = blocked + sending + waiting + receiving
    codes = {
        "scenario": fresh,
        "endpoint": rng.integers(0, 3, n),
        "method": rng.integers(0, 2, n),
        "proto": np.zeros(n),
        "ip": np.zeros(n),
        "error": failed,
    }
    columns = {
        "end_ns": starts + total,
        "blocked_ns": blocked,
        "connecting_ns": connecting,
        "tls_ns": np.zeros(n, np.int64),
        "sending_ns": sending,
        "waiting_ns": waiting,
        "receiving_ns": receiving,
        "total_ns": total,
        "status": np.where(failed, 0, 200).astype(np.int16),
        "error_code": np.where(failed, 1050, 0).astype(np.int16),
        "failed": failed,
        "received_bytes": rng.integers(240, 260, n),
    } | {
        name: pa.DictionaryArray.from_arrays(pa.array(code.astype(np.int32)), words[name])
        for name, code in codes.items()
    }
    return pa.record_batch([columns[name] for name in REQUEST_SCHEMA.names], schema=REQUEST_SCHEMA)


def _ns(value_ms: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    return np.rint(value_ms * NS_PER_MS).astype(np.int64)
