"""One Run against programs that misbehave in ways that the real k6 does not on demand."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from analysis.findings import Detection, Limits, RunFacts
from orchestrator.home import Home
from orchestrator.k6.binary import find_k6
from orchestrator.k6.wrapper import prepare
from orchestrator.model import Node, NodeKind, Profile, RunState, Service
from orchestrator.resources import k6_script
from orchestrator.runs.interrupts import Interrupts
from orchestrator.runs.record import RunRecord
from orchestrator.runs.run import Run
from orchestrator.runs.waves import run_side_by_side
from orchestrator.stores.contract import RunWriter
from orchestrator.stores.parquet import ParquetStore
from tests.orchestrator.runs.fakes import HEADER, program, request_lines, stubborn_k6

PROFILE = Profile(name="smoke", script=k6_script("smoke"), rate_per_s=10, duration_s=1, timeout_s=0.5)


def run_of(
    k6: Path,
    home: Home,
    *,
    node: str = "n0",
    port: int = 9,
    overtime_s: float = 60,
    duration_s: float | None = 1,
    around: Callable[[RunWriter], RunWriter] = lambda writer: writer,
) -> Run:
    """Start a Run of one second with a program in place of k6."""
    home.create()
    at, service = Node(name=node, host="127.0.0.1", port=port), Service(url="http://shop.example.test/")
    folder = home.run_dir(node)
    profile = PROFILE if duration_s is None else replace(PROFILE, duration_s=duration_s)
    command = prepare(find_k6(k6, os.environ), profile, service, at, folder=folder / "k6", environ=os.environ)
    record = RunRecord(
        id=node, campaign_id="c", node=node, kind=NodeKind.NODE, address=at.address, url=service.url,
        profile=PROFILE.name, rate_per_s=10, limits=Limits(), detection=Detection(),
        facts=RunFacts(planned_s=duration_s, timeout_s=PROFILE.timeout_s), versions={},
    )  # fmt: skip
    writer = around(ParquetStore(home.run_dir).writer(node))
    return Run(record, command, writer, folder, overtime_s=overtime_s)


def side_by_side(*runs: Run) -> list[RunRecord]:
    """Watch runs to their end as a campaign does."""
    with Interrupts() as interrupts:
        return run_side_by_side([iter((run,)).__next__ for run in runs], interrupts)


def test_a_k6_that_never_ends_is_killed(tmp_path: Path) -> None:
    """Planned duration, timeout and overtime are the bound; what came until then is kept."""
    [record] = side_by_side(run_of(stubborn_k6(tmp_path / "k6"), Home(tmp_path / "home"), overtime_s=1))
    assert record.state is RunState.FAILED
    assert record.error == "k6 did not end 1 s after it should have, and was killed"
    assert record.rows == ParquetStore(Home(tmp_path / "home").run_dir).count("n0") > 0


def test_a_k6_that_ignores_the_interrupt_is_killed(tmp_path: Path) -> None:
    """Without a second Ctrl-C, as under a supervisor, the overtime bounds the wait."""
    run = run_of(stubborn_k6(tmp_path / "k6"), Home(tmp_path / "home"), overtime_s=1)
    while not run.snapshot().requests:  # not before it ignores signals
        threading.Event().wait(0.01)
    run.interrupt()
    while not run.ended():
        run.look(time.monotonic())
        threading.Event().wait(0.01)
    assert run.finish().error == "k6 did not end 1 s after it should have, and was killed"


def test_output_that_is_no_csv_fails_that_run_only(tmp_path: Path) -> None:
    """The other run is finished and kept, and the error says what k6 wrote."""
    home = Home(tmp_path / "home")
    good = f"print({HEADER!r})\nprint({request_lines(10**18)!r}, end='')\n"
    records = side_by_side(
        run_of(program(tmp_path / "bad", "print('Usage: k6 COMMAND')\nprint('more')\n"), home, node="bad"),
        run_of(program(tmp_path / "good", good), home, node="good"),
    )
    assert [record.state for record in records] == [RunState.FAILED, RunState.DONE]
    assert "k6 wrote no CSV of samples" in records[0].error
    assert [record.rows for record in records] == [0, 1]


def test_a_table_that_cannot_be_finished_fails_that_run_only(tmp_path: Path) -> None:
    """A folder where the finished table should stand: the run fails in words, the stream stays readable."""
    home = Home(tmp_path / "home")
    body = f"print({HEADER!r})\nprint({request_lines(10**18)!r}, end='')\n"
    runs = [run_of(program(tmp_path / node, body), home, node=node) for node in ("bad", "good")]
    (home.run_dir("bad") / "requests.parquet.part").mkdir()
    records = side_by_side(*runs)
    assert [record.state for record in records] == [RunState.FAILED, RunState.DONE]
    assert "directory" in records[0].error
    assert [ParquetStore(home.run_dir).count(node) for node in ("bad", "good")] == [1, 1]


def test_a_broken_starter_leaves_no_k6(tmp_path: Path) -> None:
    """When the second run cannot start, the first one's k6 is ended and its rows are kept."""
    home = Home(tmp_path / "home")
    seen = tmp_path / "pid"
    k6 = stubborn_k6(tmp_path / "k6", f"open({str(seen)!r}, 'w').write(str(os.getpid()))\n")
    run = run_of(k6, home)

    def broken() -> Run:
        while not (seen.exists() and seen.read_text()):
            threading.Event().wait(0.01)
        raise OSError("no more processes")

    with Interrupts() as interrupts, pytest.raises(OSError, match="no more processes"):
        run_side_by_side([lambda: run, broken], interrupts)
    with pytest.raises(ProcessLookupError):
        os.kill(int(seen.read_text()), 0)
    assert run.record.state is RunState.RUNNING, "the next command closes it"
    assert run.finish().rows > 0
