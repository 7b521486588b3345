"""What a crash leaves behind, state by state, and how the next command closes it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from analysis.findings import Detection, Limits, RunFacts
from orchestrator.campaign import Records, open_records
from orchestrator.home import Home
from orchestrator.k6.recording import Recording
from orchestrator.model import NodeKind, RunState
from orchestrator.runs.record import RunRecord, read_record
from orchestrator.runs.recovery import NOTE, close_abandoned
from orchestrator.stores.parquet import STREAM, TABLE
from tests.orchestrator.runs.fakes import HEADER, request_lines

CAMPAIGN = "20260101-000000-aaaa"
RUN = f"{CAMPAIGN}.n0"
FIRST_NS = 1_767_225_600_000_000_000
ROWS = 50


def record(**changes: object) -> RunRecord:
    """Return the record of a run as it starts."""
    return RunRecord(
        id=RUN, campaign_id=CAMPAIGN, node="n0", kind=NodeKind.NODE, address="127.0.0.1:9",
        url="http://shop.example.test/", profile="smoke", rate_per_s=10, limits=Limits(),
        detection=Detection(), facts=RunFacts(planned_s=60), versions={}, started_ns=FIRST_NS,
    ).closed(**changes)  # fmt: skip


def started(home: Home, *, rows: int = ROWS, ended: bool = False) -> Records:
    """Leave a home as a crash does: a campaign and a run that say running, and some rows in a stream."""
    kept = open_records(home)
    kept.catalog.add_campaign(id=CAMPAIGN, profile="smoke", state=RunState.RUNNING, started_ns=FIRST_NS)
    record().write(home.run_dir(RUN))
    writer = kept.store.writer(RUN)
    recording = Recording(writer)
    lines = "".join(request_lines(FIRST_NS + i * 1_000_000) for i in range(rows))
    recording.take(f"{HEADER}\n{lines}".encode())
    recording.finish()
    folder = home.run_dir(RUN)
    stream = (folder / STREAM).read_bytes()
    writer.close()
    if not ended:  # as it was before: flushed, and its writer gone
        (folder / TABLE).unlink()
        (folder / STREAM).write_bytes(stream)
    kept.catalog.add_run(
        id=RUN, campaign_id=CAMPAIGN, node="n0", kind=NodeKind.NODE, profile="smoke",
        state=RunState.RUNNING, started_ns=FIRST_NS,
    )  # fmt: skip
    return kept


def close(kept: Records) -> list[str]:
    """Do what each command does first."""
    return close_abandoned(kept.catalog, kept.store, kept.home.runs_dir)


def test_a_stream_becomes_a_table(tmp_path: Path) -> None:
    """All whole rows are kept, and run, record and campaign say interrupted and when it really ended."""
    kept = started(Home(tmp_path))
    assert close(kept) == [CAMPAIGN]
    assert kept.store.count(RUN) == ROWS
    assert (tmp_path / "runs" / RUN / TABLE).exists()
    campaign, [run] = kept.catalog.find(CAMPAIGN)
    last_ns = FIRST_NS + (ROWS - 1) * 1_000_000
    assert (campaign["state"], campaign["ended_ns"]) == (RunState.INTERRUPTED, last_ns)
    assert (run["state"], run["ended_ns"], run["requests"]) == (RunState.INTERRUPTED, last_ns, ROWS)
    now = read_record(tmp_path / "runs" / RUN)
    assert (now.state, now.rows, now.facts.interrupted) == (RunState.INTERRUPTED, ROWS, True)
    assert now.notes == (NOTE,)
    assert close(kept) == [], "there is nothing left to close"


@pytest.mark.parametrize("cut", [1, 100, 1000])
def test_a_stream_that_is_cut_off_keeps_its_whole_batches(tmp_path: Path, cut: int) -> None:
    """A batch that was being written goes, those before it stay."""
    kept = started(Home(tmp_path))
    stream = tmp_path / "runs" / RUN / STREAM
    whole = stream.read_bytes()
    stream.write_bytes(whole + whole[-2000:-cut])
    close(kept)
    assert kept.store.count(RUN) == ROWS


def test_a_kill_during_the_rewriting_loses_nothing(tmp_path: Path) -> None:
    """A table that was being written is written again from the stream, which was still there."""
    kept = started(Home(tmp_path))
    (tmp_path / "runs" / RUN / f"{TABLE}.part").write_bytes(b"PAR1 and then the lights went out")
    close(kept)
    assert kept.store.count(RUN) == ROWS


def test_a_kill_between_table_and_stream_counts_nothing_twice(tmp_path: Path) -> None:
    """The table was whole and the stream not yet taken away: the table holds."""
    kept = started(Home(tmp_path))
    folder = tmp_path / "runs" / RUN
    stream = (folder / STREAM).read_bytes()
    kept.store.seal(RUN)
    (folder / STREAM).write_bytes(stream)
    close(kept)
    assert kept.store.count(RUN) == sum(batch.num_rows for batch in kept.store.batches(RUN)) == ROWS


def test_a_run_that_had_ended_keeps_its_own_word(tmp_path: Path) -> None:
    """Only the catalog had not heard of the end: the record's state and time hold."""
    kept = started(Home(tmp_path), ended=True)
    ended_ns = FIRST_NS + 60_000_000_000
    record(state=RunState.DONE, rows=ROWS, ended_ns=ended_ns).write(tmp_path / "runs" / RUN)
    close(kept)
    campaign, [run] = kept.catalog.find(CAMPAIGN)
    assert (run["state"], run["requests"], run["ended_ns"]) == (RunState.DONE, ROWS, ended_ns)
    assert campaign["state"] == RunState.INTERRUPTED
    assert read_record(tmp_path / "runs" / RUN).notes == ()


def test_a_run_without_a_request_is_closed_too(tmp_path: Path) -> None:
    """The crash came before k6's first sample: no rows, no end, no error."""
    kept = started(Home(tmp_path), rows=0)
    close(kept)
    campaign, [run] = kept.catalog.find(CAMPAIGN)
    assert (run["state"], run["requests"], run["ended_ns"]) == (RunState.INTERRUPTED, 0, None)
    assert campaign["state"] == RunState.INTERRUPTED


def test_a_campaign_that_goes_on_is_left_alone(tmp_path: Path) -> None:
    """Whoever holds its lock runs it."""
    kept = started(Home(tmp_path))
    with kept.catalog.holding(CAMPAIGN):
        assert close(kept) == []
        assert kept.catalog.find(CAMPAIGN)[0]["state"] == RunState.RUNNING
    assert close(kept) == [CAMPAIGN]


def test_only_one_of_several_commands_closes(tmp_path: Path) -> None:
    """Commands that start at the same moment do not rewrite one table at the same time."""
    kept = started(Home(tmp_path))
    closed: list[list[str]] = []
    gate = threading.Barrier(8)

    def command() -> None:
        gate.wait()
        closed.append(close(kept))

    threads = [threading.Thread(target=command) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(closed) == [[]] * 7 + [[CAMPAIGN]]
    assert kept.store.count(RUN) == ROWS


def test_opening_a_home_is_what_closes(tmp_path: Path) -> None:
    """Every command that opens the home finds it tidy."""
    started(Home(tmp_path))
    assert open_records(Home(tmp_path)).catalog.running() == []
