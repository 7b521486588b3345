"""`analyze` of several inputs: lines as they come, and no process left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.orchestrator.cli.run import ROOT, stallwatch
from tests.orchestrator.cli.test_analyze import write_samples


@contextmanager
def waiting(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Analyze a file, then a pipe that nobody writes to; give the process once the file's line is there."""
    write_samples(folder / "short.csv", seconds=3)
    os.mkfifo(folder / "pipe.csv")
    with subprocess.Popen(
        [
            sys.executable, "-m", "orchestrator.cli.app",
            "analyze", "--format", "json", "short.csv", "pipe.csv", "short.csv",
        ],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        yield process, process.stdout.readline()


@pytest.mark.parametrize("whole_group", [True, False])
def test_ctrl_c_ends_every_process(tmp_path: Path, *, whole_group: bool) -> None:
    """What is done is printed before; then 130, one line, and both outputs closed by all who had them."""
    with waiting(tmp_path) as (process, line):
        assert json.loads(line)["input"] == "short.csv"
        (os.killpg if whole_group else os.kill)(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "interrupted\n")


def test_no_process_outlives_its_parent(tmp_path: Path) -> None:
    """Killed, it leaves none behind: both outputs are closed."""
    with waiting(tmp_path) as (process, _):
        process.kill()
        assert process.communicate(timeout=60)[0] == ""


def test_standard_input_among_files(tmp_path: Path) -> None:
    """It keeps its place and is called by its name."""
    path = write_samples(tmp_path / "short.csv", seconds=3)
    with path.open(encoding="utf-8") as samples:
        done = subprocess.run(
            [sys.executable, "-m", "orchestrator.cli.app", "analyze", "short.csv", "-", "short.csv"],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdin=samples,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    firsts = [line.split(":")[0] for line in done.stdout.splitlines() if not line.startswith(" ")]
    assert firsts == ["short.csv", "standard input", "short.csv"]


def test_a_run_that_is_not_there_among_files(tmp_path: Path) -> None:
    """It is one line on standard error with its own exit code, and costs the others nothing."""
    write_samples(tmp_path / "short.csv", seconds=3)
    done = stallwatch("analyze", "short.csv", "20260101-000000-aaaa", "short.csv", folder=tmp_path)
    assert done.returncode == 2
    assert done.stdout.count("short.csv: inconclusive") == 2
    assert "nothing has run yet" in done.stderr
