"""Ctrl-C and SIGTERM: the first ends cleanly and keeps everything, the second ends at once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from orchestrator.stores.parquet import ParquetStore
from tests.orchestrator.runs.fakes import stubborn_k6
from tests.orchestrator.runs.stage import Answering, Stage, answering, finished

GONE_S = 3.0
FLUSHED_BYTES = 4_000  # an Arrow stream with its schema and some batches


@contextmanager
def long_campaign(stage: Stage, second: Answering | None = None) -> Iterator[subprocess.Popen[str]]:
    """Start a campaign against two nodes that nobody would wait for."""
    servers = Answering(), second or Answering()
    with answering(*servers):
        stage.configure(
            {"n0": f"127.0.0.1:{servers[0].port}", "n1": f"127.0.0.1:{servers[1].port}"},
            rate_per_s=40,
            duration="10m",
            timeout="60s",
        )
        with stage.start("run-smoke") as process:
            yield process


def listed(stage: Stage, what: str) -> list[dict[str, Any]]:
    """Return what `list` says."""
    return [json.loads(line) for line in stage.run("list", what, "--format", "json")[1].splitlines()]


def analyzed(stage: Stage) -> dict[str, dict[str, Any]]:
    """Return what `analyze last` says, by node."""
    lines = stage.run("analyze", "last", "--format", "json")[1].splitlines()
    return {value["input"].rpartition(".")[2]: value for value in map(json.loads, lines)}


def interrupt_group(process: subprocess.Popen[str]) -> None:
    """Do what a terminal does on Ctrl-C."""
    os.killpg(process.pid, signal.SIGINT)


def terminate(process: subprocess.Popen[str]) -> None:
    """Do what a supervisor does."""
    process.terminate()


def test_a_terminals_interrupt_keeps_and_judges_what_was_measured(tmp_path: Path, k6_binary: Path) -> None:
    """k6 ends cleanly, rows are kept, analyzed and reported, requests in flight are counted as censored."""
    ends_cleanly(Stage(tmp_path, k6_binary), interrupt_group)


def test_a_supervisors_signal_is_like_a_terminals(tmp_path: Path, k6_1: Path) -> None:
    """SIGTERM to the process alone keeps and judges as much as Ctrl-C does."""
    ends_cleanly(Stage(tmp_path, k6_1), terminate)


def ends_cleanly(stage: Stage, send: Callable[[subprocess.Popen[str]], None]) -> None:
    """Interrupt a campaign once and look at all that it leaves."""
    silent = Answering(silent=True)
    with long_campaign(stage, silent) as process:
        assert stage.await_file("runs/*.n0/requests.arrows", process, bytes_at_least=FLUSHED_BYTES)
        silent.wait_for_connections(1)  # so that something is in flight there
        send(process)
        code, out, err = finished(process)
        assert stage.left_after(GONE_S) == {}
    assert code == 130, err
    assert err.count("stopping: what was measured is kept") == 1
    assert Path(stage.folder, out.splitlines()[-1].removeprefix("report: ")).is_file()
    campaign = listed(stage, "campaigns")[0]
    assert (campaign["state"], campaign["verdict"]) == ("interrupted", "inconclusive")
    runs = {run["node"]: run for run in listed(stage, "runs")}
    assert {run["state"] for run in runs.values()} == {"interrupted"}
    assert runs["n0"]["requests"] > 0
    assert runs["n1"]["requests"] == 0
    nodes = analyzed(stage)
    assert nodes["n0"]["requests"] == runs["n0"]["requests"]
    assert not any("missing from the table" in note for note in nodes["n0"]["notes"])
    assert nodes["n1"]["censored"] > 0


def test_a_second_signal_ends_at_once(tmp_path: Path, k6_1: Path) -> None:
    """Even a k6 that does not listen is gone, and what it had handed over stays readable."""
    stage = Stage(tmp_path, stubborn_k6(tmp_path / "k6"))
    with long_campaign(stage) as process:
        assert stage.await_file("runs/*.n1/requests.arrows", process, bytes_at_least=FLUSHED_BYTES)
        interrupt_group(process)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1)  # the first one is not enough for this k6
        interrupt_group(process)
        code, _, err = finished(process)
        assert stage.left_after(GONE_S) == {}
    assert code == 130
    assert err.splitlines()[-1] == "interrupted"
    store = ParquetStore(lambda run_id: stage.home / "runs" / run_id)
    assert all(store.count(run.name) > 0 for run in (stage.home / "runs").iterdir())
    assert listed(stage, "campaigns")[0]["state"] == "interrupted"


@pytest.mark.parametrize("pattern", ["locks/*", "runs/*.control/run.json", "runs/*.n1/run.json"])
def test_a_signal_while_it_starts_is_no_trouble(tmp_path: Path, k6_1: Path, pattern: str) -> None:
    """Before the first k6, between two of them and while k6 itself starts: 130, and nothing is left.

    Where no node was measured there is no result: the control alone says nothing of anybody.
    """
    stage = Stage(tmp_path, k6_1)
    with long_campaign(stage) as process:
        assert stage.await_file(pattern, process)
        interrupt_group(process)
        code, out, err = finished(process)
        assert stage.left_after(GONE_S) == {}
    assert code == 130, err
    assert not out or "\nn0 " in out
    assert {run["state"] for run in listed(stage, "runs")} <= {"interrupted"}
    assert [campaign["state"] for campaign in listed(stage, "campaigns")] in ([], ["interrupted"])
    assert stage.run("analyze", "last")[0] in {2, 3, 4}


def test_a_signal_while_it_analyzes_still_gives_the_result(tmp_path: Path, k6_1: Path) -> None:
    """All Runs have ended: the verdict and the report are made all the same."""
    stage = Stage(tmp_path, k6_1)
    server = Answering()
    with answering(server):
        stage.configure({"n0": f"127.0.0.1:{server.port}"}, duration="2s")
        with stage.start("run-smoke") as process:
            assert stage.await_file("runs/*.n0/requests.parquet", process)
            interrupt_group(process)
            code, out, err = finished(process)
    assert code == 130, err
    assert Path(stage.folder, out.splitlines()[-1].removeprefix("report: ")).is_file()
    assert {run["state"] for run in listed(stage, "runs")} == {"done"}
    assert listed(stage, "campaigns")[0]["verdict"] == "inconclusive"


def test_a_run_that_goes_on_can_be_looked_at(tmp_path: Path, k6_1: Path) -> None:
    """What it has stored so far is analyzed and said to be that; nobody takes it for abandoned."""
    stage = Stage(tmp_path, k6_1)
    with long_campaign(stage) as process:
        assert stage.await_file("runs/*.n1/requests.arrows", process, bytes_at_least=FLUSHED_BYTES)
        code, out, err = stage.run("analyze", "last")
        assert [campaign["state"] for campaign in listed(stage, "campaigns")] == ["running"]
        interrupt_group(process)
        finished(process)
    assert code == 3, err
    assert "the run still goes on: this is what it has stored so far" in out
