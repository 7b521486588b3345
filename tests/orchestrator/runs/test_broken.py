"""Faults of our own while real k6 runs: in one Run's writer, decoder or log, they cost that Run only."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from orchestrator.home import Home
from orchestrator.k6 import recording
from orchestrator.k6.log import K6Log
from orchestrator.k6.samples.decode import BlockDecoder, Decoded
from orchestrator.model import RunState
from orchestrator.runs.record import read_record
from orchestrator.stores.contract import RunWriter
from orchestrator.stores.parquet import ParquetStore
from tests.orchestrator.preflight.nodes import closed_port
from tests.orchestrator.runs.stage import Answering, answering
from tests.orchestrator.runs.test_run import run_of, side_by_side

FAULTS = {
    "bug": (
        RuntimeError("three is not four"),
        "taking what k6 wrote failed: RuntimeError('three is not four')",
    ),
    "memory": (MemoryError(), "there was no memory left to take what k6 wrote"),
    "arrow": (pa.ArrowMemoryError("malloc"), "there was no memory left to take what k6 wrote"),
    "disk": (OSError(errno.ENOSPC, "full"), "the requests could not be kept: No space left on device"),
}


class Breaking:
    """A writer that keeps two batches and breaks at the third."""

    def __init__(self, writer: RunWriter, fault: Exception) -> None:
        self._writer, self._fault, self._left = writer, fault, 2
        self.flush, self.close, self.readable = writer.flush, writer.close, writer.readable

    def append(self, batch: pa.RecordBatch) -> None:
        """Keep a batch, or break."""
        if self._left == 0:
            raise self._fault
        self._left -= 1
        self._writer.append(batch)


def two_runs(
    folder: Path,
    k6: Path,
    *,
    around: Callable[[RunWriter], RunWriter] = lambda writer: writer,
    port: int = 0,
    until: Callable[[], bool] = lambda: True,
) -> str:
    """Run one that breaks beside a good one, see that only that one suffers, and return its error.

    The good one starts when ``until`` says so: what is made first is then the other's.
    """
    home, servers = Home(folder / "home"), (Answering(), Answering())
    with answering(*servers):
        bad_port = port or servers[0].port
        bad = run_of(k6, home, node="bad", port=bad_port, duration_s=20, around=around)
        while not until():
            assert not bad.ended(), "it ended before what was waited for"
            threading.Event().wait(0.01)
        good = run_of(k6, home, node="good", port=servers[1].port, duration_s=2)
        records = side_by_side(bad, good)
    assert [record.state for record in records] == [RunState.FAILED, RunState.DONE]
    store = ParquetStore(home.run_dir)
    assert [store.count(record.id) for record in records] == [record.rows for record in records]
    assert records[1].rows == records[1].facts.expected_requests == len(servers[1].answered_ns)
    assert [read_record(home.run_dir(record.id)).error for record in records] == [records[0].error, ""]
    assert (records[0].ended_ns or 0) - records[0].started_ns > 0
    assert port or 0 < records[0].rows < len(servers[0].answered_ns) < 100, "its k6 was ended at once"
    return records[0].error


@pytest.mark.parametrize("fault", FAULTS)
def test_a_writer_that_breaks_costs_one_run(
    tmp_path: Path, k6_1: Path, fault: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """A bug, no memory, a full disk: one line, what was kept stays, the other run knows nothing of it."""
    error, said = FAULTS[fault]
    assert two_runs(tmp_path, k6_1, around=lambda writer: Breaking(writer, error)).startswith(said)
    assert capfd.readouterr() == ("", ""), "no traceback"


def test_a_decoder_that_breaks_costs_one_run(
    tmp_path: Path, k6_2: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A bug in decoding ends the k6 whose output it meets, and that one only."""

    class Broken(BlockDecoder):
        blocks = 0

        def decode(self, block: bytes) -> Decoded:
            Broken.blocks += 1
            if Broken.blocks > 3:
                raise IndexError("index 9 is out of bounds")
            return super().decode(block)

    made: list[BlockDecoder] = []

    def first_breaks(header: bytes, *, bytes_received: bool) -> BlockDecoder:
        kind = BlockDecoder if made else Broken
        made.append(kind(header, bytes_received=bytes_received))
        return made[-1]

    monkeypatch.setattr(recording, "BlockDecoder", first_breaks)
    assert "IndexError('index 9 is out of bounds')" in two_runs(tmp_path, k6_2, until=lambda: bool(made))
    assert capfd.readouterr() == ("", "")


def test_a_log_that_breaks_costs_one_run(
    tmp_path: Path, k6_1: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """What reads standard error may not die in silence: k6 would stop when the pipe is full."""

    def forgetful(_: K6Log, line: str) -> None:
        raise MemoryError(line)

    monkeypatch.setattr(K6Log, "take", forgetful)
    with closed_port() as port:  # the only one that has something to complain about
        assert two_runs(tmp_path, k6_1, port=port) == "there was no memory left to take what k6 wrote"
    assert capfd.readouterr() == ("", "")
