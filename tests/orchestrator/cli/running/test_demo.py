"""`demo`: it finds what was planted, and leaves what it says."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.orchestrator.runs.stage import Stage


def test_the_demo_finds_its_plant(tmp_path: Path, k6_1: Path) -> None:
    """Exit code 0 and a report, with `--keep` and without; its runs are in the home only when asked for."""
    kept, plain = Stage(tmp_path / "kept", k6_1), Stage(tmp_path / "plain", k6_1)
    with ThreadPoolExecutor(2) as pool:
        with_runs = pool.submit(kept.run, "demo", "--short", "--seed", "0", "--keep")
        without = pool.submit(plain.run, "demo", "--short", "--seed", "5")
    for stage, done, runs, campaigns in ((kept, with_runs, 4, 1), (plain, without, 0, 0)):
        code, out, err = done.result()
        assert code == 0, out + err
        assert out.splitlines()[-1].startswith("as planted: node-")
        [report] = (stage.home / "reports").iterdir()
        assert f"report: {report}" in out
        assert len(list((stage.home / "runs").iterdir())) == runs
        assert stage.run("list", "campaigns", "--format", "json")[1].count("\n") == campaigns
        assert stage.left_after(3) == {}
