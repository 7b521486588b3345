"""`run-smoke` as a person sees it: a terminal, its Ctrl-C, and where progress goes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.cli.show import progress
from orchestrator.k6.recording import Snapshot
from tests.orchestrator.cli.run import stallwatch
from tests.orchestrator.cli.terminal import COLUMNS, on_terminal
from tests.orchestrator.runs.stage import Answering, Stage, answering


def smoke_on_terminal(
    stage: Stage, on_output: Callable[[str, Callable[[bytes], object]], object], duration: str
) -> tuple[int, str]:
    """Run the smoke profile against two nodes, one of which is closed, on a terminal."""
    server = Answering()
    with answering(server):
        stage.configure({"good": f"127.0.0.1:{server.port}", "closed": "127.0.0.1:1"}, duration=duration)
        return on_terminal(
            stage.command("run-smoke"), folder=stage.folder, environ=stage.environ(), on_output=on_output
        )


def test_progress_and_result_fit_a_terminal(tmp_path: Path, k6_1: Path) -> None:
    """Elapsed time, requests, failures, rate, p50 and slowest of each node, within 80 columns."""
    code, screen = smoke_on_terminal(Stage(tmp_path, k6_1), lambda _seen, _type: None, "3s")
    assert code == 1
    drawn = screen.splitlines()
    headings = next(line for line in drawn if "slowest of last 10 s" in line)
    assert all(word in headings for word in ("node", "requests", "failed", "rate", "p50"))
    assert "smoke · 2 of 3 s" in screen
    assert any(line.split("│")[1:2] == [" good    "] and "/s" in line for line in drawn if "│" in line)
    result = drawn[next(i for i, line in enumerate(drawn) if line.startswith("node  ")) :]
    tables = [line for line in drawn if "│" in line] + result[:4]
    assert max(map(len, tables)) <= COLUMNS
    assert "good and control: " in screen, "what holds for several nodes is said once"
    assert "connection refused" in screen


def test_ctrl_c_on_the_terminal_ends_cleanly(tmp_path: Path, k6_1: Path) -> None:
    """The key itself, typed while it runs: exit code 130, the result and the report are there."""
    typed: list[str] = []

    def type_once(seen: str, type_keys: Callable[[bytes], object]) -> None:
        if not typed and "20/s" in seen.replace(".0", ""):
            typed.append("^C")
            type_keys(b"\x03")

    stage = Stage(tmp_path, k6_1)
    code, screen = smoke_on_terminal(stage, type_once, "10m")
    assert (code, typed) == (130, ["^C"])
    assert "report: " in screen
    assert stage.left_after(3) == {}
    [line] = stage.run("list", "campaigns", "--format", "json")[1].splitlines()
    assert json.loads(line)["state"] == "interrupted"


def test_a_reader_of_progress_that_leaves_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe that nobody reads any more silences the progress, and whoever measures goes on."""
    read, write = os.pipe()
    os.close(read)
    monkeypatch.setattr(progress, "PLAIN_EVERY_S", 0.0)
    with os.fdopen(write, "w", buffering=1) as nobody, monkeypatch.context() as patch:
        patch.setattr("sys.stderr", nobody)
        with progress.progress("smoke", 1) as tick:
            for _ in range(3):
                tick({"n0": Snapshot()})
        with pytest.raises(BrokenPipeError):
            os.write(write, b"the pipe is broken indeed")
        patch.undo()
        with pytest.raises(BrokenPipeError):
            nobody.close()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--node", "nosuch"], "no node 'nosuch'"),
        (["--rate", "0"], "rate 0/s"),
        (["--rate", "201"], "max_rate_per_s"),
        (["--duration", "soon"], "--duration 'soon'"),
        (["--duration", "0s"], "--duration '0s'"),
        (["--config", "nosuch.yaml"], "nosuch.yaml"),
    ],
)
def test_wrong_arguments_start_nothing(tmp_path: Path, k6_1: Path, arguments: list[str], said: str) -> None:
    """One line, exit code 2, and no home is made."""
    stage = Stage(tmp_path, k6_1)
    stage.configure({"n0": "127.0.0.1:9"})
    done = stallwatch("run-smoke", *arguments, folder=tmp_path, STALLWATCH_HOME=str(stage.home))
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert not stage.home.exists()


def test_a_chosen_node_is_measured_alone(tmp_path: Path, k6_1: Path) -> None:
    """Only the node that was named, at the rate and duration that were given, beside the control."""
    stage, server = Stage(tmp_path, k6_1), Answering()
    with answering(server):
        stage.configure({"n0": "127.0.0.1:1", "n1": f"127.0.0.1:{server.port}"}, duration="10m")
        arguments = ("--node", "n1", "--duration", "2s", "--rate", "30", "--format", "json")
        result = json.loads(stage.run("run-smoke", *arguments)[1])
    assert [node["name"] for node in result["nodes"]] == ["n1"]
    assert result["nodes"][0]["requests"] == len(server.answered_ns) == pytest.approx(60, abs=1)


def test_confirm_runs_once_more_long_enough(tmp_path: Path, k6_1: Path) -> None:
    """An inconclusive campaign is followed by one as long as it asked for, whose verdict counts."""
    stage, server = Stage(tmp_path, k6_1), Answering()
    with answering(server):
        stage.configure(
            {"n0": f"127.0.0.1:{server.port}"}, duration="2s", more=["detect: {stall_s: 1, period_s: 3}"]
        )
        code, out, err = stage.run("run-smoke", "--confirm", "--format", "json")
    first, second = (json.loads(line) for line in out.splitlines())
    assert "running once more" in err
    assert first["verdict"] == "inconclusive"
    [node], [again] = first["nodes"], second["nodes"]
    assert again["duration_s"] >= node["needed_duration_s"] - 1 > 2
    assert code == {"pass": 0, "fail": 1, "inconclusive": 3}[second["verdict"]]
