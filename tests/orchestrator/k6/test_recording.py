"""A Run's output becomes stored rows and live figures."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from analysis.requests import NS_PER_S
from orchestrator.k6 import recording as recording_module
from orchestrator.k6.recording import Recording
from orchestrator.stores.parquet import ParquetStore
from tests.orchestrator.k6.made import HEADER, T_NS, clock, request, timeless


@pytest.fixture
def store(tmp_path: Path) -> ParquetStore:
    """Give a store of one Run."""
    return ParquetStore(lambda _: tmp_path)


def test_all_that_came_is_stored(store: ParquetStore) -> None:
    """Whole requests are stored in order, what is broken is counted, and nothing is silent."""
    writer = store.writer("run")
    recording = Recording(writer)
    samples = [HEADER + "\n", request(T_NS), timeless(T_NS + 1, serial="f0"), clock(9.0, serial="f0")]
    recording.take("".join(samples).encode())
    recording.take(b"checks,1,2,3\n" + request(T_NS + 2).encode() + b"http_reqs,178")
    recording.finish()
    assert writer.close() == 3
    totals = [total for batch in store.batches("run") for total in batch["total_ns"].to_pylist()]
    assert totals == [4_250_000, 9_000_000, 4_250_000]
    assert recording.malformed == 2
    assert (recording.rows, recording.failed) == (3, 1)


def test_snapshot_shows_the_last_ten_seconds(store: ParquetStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Live figures count all requests, and time those of the last 10 s."""
    monkeypatch.setattr(recording_module, "DECODE_EVERY_S", 0.0)
    writer = store.writer("run")
    recording = Recording(writer)
    assert recording.snapshot().requests == 0
    assert math.isnan(recording.snapshot().p50_ms)
    slow = request(T_NS, times_ms=[500.0, 0, 0, 0, 0, 500.0, 0])
    later = [request(T_NS + 60 * NS_PER_S + n * NS_PER_S // 10) for n in range(21)]
    recording.take((HEADER + "\n" + slow + later[0]).encode())
    assert recording.snapshot().slowest_ms == 500.0
    recording.take("".join(later[1:]).encode())
    recording.finish()
    snapshot = recording.snapshot()
    writer.close()
    assert snapshot.requests == 22
    assert snapshot.rate_per_s == pytest.approx(10.0)
    assert snapshot.p50_ms == snapshot.slowest_ms == 4.25


def test_run_without_output(store: ParquetStore) -> None:
    """A k6 that said nothing leaves an empty table."""
    writer = store.writer("run")
    recording = Recording(writer)
    recording.take(b"")
    recording.finish()
    assert writer.close() == 0
    assert not recording.endpoints_folded
