"""A Run's output becomes stored rows and live figures."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from analysis.requests import NS_PER_S
from orchestrator.errors import K6Error
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


def test_snapshot_shows_the_last_ten_seconds(store: ParquetStore) -> None:
    """Live figures count all requests, and time those that came in the last 10 s, whatever their stamps."""
    at_s = [100.0]
    writer = store.writer("run")
    recording = Recording(writer, clock=lambda: at_s[0])
    assert recording.snapshot().requests == 0
    assert math.isnan(recording.snapshot().p50_ms)
    slow = request(T_NS, times_ms=[500.0, 0, 0, 0, 0, 500.0, 0])
    later = [request(T_NS - 3600 * NS_PER_S + n) for n in range(51)]
    at_s[0] += 1
    recording.take((HEADER + "\n" + slow + later[0]).encode())
    assert recording.snapshot().slowest_ms == 500.0
    at_s[0] += 10
    recording.take("".join(later[1:]).encode())
    snapshot = recording.snapshot()
    assert snapshot.requests == 51, "the last one may not be whole yet"
    assert snapshot.rate_per_s == 5.0
    assert snapshot.p50_ms == snapshot.slowest_ms == 4.25
    recording.finish()
    assert writer.close() == 52


def test_counts_are_of_now_and_times_of_the_last_second(store: ParquetStore) -> None:
    """Asked for again within a second, a snapshot counts what came since; a second later it times it too."""
    at_s = [100.0]
    writer = store.writer("run")
    recording = Recording(writer, clock=lambda: at_s[0])
    recording.take((HEADER + "\n" + request(T_NS)).encode())
    assert recording.snapshot().requests == 0
    at_s[0] += 0.5
    recording.take((request(T_NS + 1) + request(T_NS + 2)).encode())
    assert recording.snapshot().requests == 2
    assert math.isnan(recording.snapshot().p50_ms)
    at_s[0] += 0.5
    assert recording.snapshot().p50_ms == 4.25
    writer.close()


@pytest.mark.parametrize("header", ["", f"{HEADER}\n"])
def test_output_that_never_ends_a_line_is_refused(store: ParquetStore, header: str) -> None:
    """Memory stays bounded: what is longer than any line of k6, the first or a later one, is an error."""
    writer = store.writer("run")
    recording = Recording(writer, clock=lambda: 0.0)
    recording.take(header.encode())
    error = "k6 wrote more than 4,194,304 bytes without the end of a line" if header else "k6 wrote no CSV"
    with pytest.raises(K6Error, match=error):
        recording.take(b"x" * (6 << 20))
    writer.close()


def test_run_without_output(store: ParquetStore) -> None:
    """A k6 that said nothing leaves an empty table."""
    writer = store.writer("run")
    recording = Recording(writer)
    recording.take(b"")
    recording.finish()
    assert writer.close() == 0
    assert not recording.endpoints_folded
