"""Runs whose time was disturbed.

k6, its server, the table and a stopped stallwatch are real here. No test may set the machine's clock, so
the readings of the clocks are made by hand, and a program beside k6 moves its stamps as such a step would.
"""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from analysis.findings import Verdict
from analysis.requests import NS_PER_S
from orchestrator.home import Home
from orchestrator.judging import judge_run
from orchestrator.model import RunState
from orchestrator.runs.clocks import Reading, read_clocks
from orchestrator.runs.interrupts import Interrupts
from orchestrator.runs.record import read_record
from orchestrator.runs.waves import run_side_by_side
from orchestrator.stores.frames import to_frame
from orchestrator.stores.parquet import ParquetStore
from tests.orchestrator.runs.fakes import stepping_k6
from tests.orchestrator.runs.stage import Answering, Stage, answering, finished
from tests.orchestrator.runs.test_run import run_of


@pytest.mark.parametrize("step_s", [3600, -3600])
def test_a_clock_that_steps_spoils_the_run_and_loses_nothing(
    tmp_path: Path, k6_binary: Path, step_s: int
) -> None:
    """An hour forward or back: told at once, kept in run.json, all rows there, and no verdict but that."""
    home, server, told = Home(tmp_path / "home"), Answering(), list[str]()
    with answering(server), Interrupts() as interrupts:
        k6 = stepping_k6(tmp_path / "k6", k6_binary, 50, step_s)
        run = run_of(k6, home, port=server.port, duration_s=2)

        def clocks() -> Reading:
            now = read_clocks()
            stepped_ns = step_s * NS_PER_S if run.snapshot().requests else 0
            return replace(now, utc_ns=now.utc_ns + stepped_ns)

        [record] = run_side_by_side([lambda: run], interrupts, tell=told.append, clocks=clocks)
    said = f"the clock was set {'forward' if step_s > 0 else 'back'} by 3,600.00 s, to "
    assert [line.startswith(f"warning: {said}") for line in told] == [True]
    assert record.facts.unfit.startswith(said)
    assert read_record(home.run_dir("n0")).facts.unfit == record.facts.unfit
    assert (record.state, record.error) == (RunState.DONE, "")
    assert record.rows == len(server.answered_ns) == record.facts.expected_requests
    assert record.rows > 10
    frame = to_frame(ParquetStore(home.run_dir).batches("n0"))
    assert frame["end_ns"].max() - frame["end_ns"].min() > 3590 * NS_PER_S
    analysis = judge_run(record, frame)
    assert analysis.verdict is Verdict.INCONCLUSIVE
    assert analysis.reasons[0] == record.facts.unfit


def test_a_stallwatch_that_stood_still_lost_nothing(tmp_path: Path, k6_binary: Path) -> None:
    """Stopped by a signal for as long as k6 makes 80 requests: all rows are there, and a note says it."""
    stage, server = Stage(tmp_path, k6_binary), Answering()
    with answering(server):
        stage.configure({"n0": f"127.0.0.1:{server.port}"}, rate_per_s=40, duration="4s")
        with stage.start("run-smoke") as process:
            assert stage.await_file("runs/*.n0/requests.arrows", process, bytes_at_least=8_000)
            os.kill(process.pid, signal.SIGSTOP)
            server.wait_for(len(server.answered_ns) + 80)
            os.kill(process.pid, signal.SIGCONT)
            code, out, err = finished(process)
    assert code == 3, err
    said = "stallwatch itself stood still for "
    assert any(line.startswith(f"warning: {said}") for line in err.splitlines())
    assert any(said in line for line in out.splitlines() if line.startswith("n0"))
    [run] = [run for run in stage.listed("runs") if run["node"] == "n0"]
    assert (run["state"], run["unfit"]) == ("done", "")
    record = read_record(stage.home / "runs" / run["id"])
    assert record.rows == record.facts.expected_requests == len(server.answered_ns)
