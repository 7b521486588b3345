"""`demo`: it finds what was planted, and leaves what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.orchestrator.runs.stage import Stage


@pytest.mark.parametrize(("seed", "keep"), [("1", True), ("2", False)])
def test_the_demo_finds_its_plant(tmp_path: Path, k6_1: Path, seed: str, keep: bool) -> None:
    """Exit code 0 and a report; its runs are in the home only when asked for."""
    stage = Stage(tmp_path, k6_1)
    code, out, err = stage.run("demo", "--short", "--seed", seed, *(["--keep"] if keep else []))
    assert code == 0, out + err
    assert out.splitlines()[-1].startswith("as planted: node-")
    [report] = (stage.home / "reports").iterdir()
    assert f"report: {report}" in out
    assert len(list((stage.home / "runs").iterdir())) == (4 if keep else 0)
    listed = stage.run("list", "campaigns", "--format", "json")[1]
    assert listed.count("\n") == (1 if keep else 0)
    assert stage.left_after(3) == {}
