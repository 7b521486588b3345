"""`report`: rendered again from what is stored."""

from __future__ import annotations

from pathlib import Path

from tests.orchestrator.cli.run import stallwatch
from tests.orchestrator.runs.stage import Answering, Stage, answering


def test_a_report_can_be_made_again(tmp_path: Path, k6_1: Path) -> None:
    """Of a campaign, of `last` and of one run; the path is what standard output holds."""
    stage, server = Stage(tmp_path, k6_1), Answering()
    with answering(server):
        stage.configure({"n0": f"127.0.0.1:{server.port}"}, duration="1s")
        stage.run("run-smoke")
    [first] = (stage.home / "reports").iterdir()
    first.unlink()
    for name, stem in (("last", first.stem), (first.stem, first.stem), (f"{first.stem}.n0",) * 2):
        code, out, err = stage.run("report", name)
        path = stage.home / "reports" / f"{stem}.html"
        assert (code, out, err) == (3, f"report: {path}\n", "")
        assert "n0" in path.read_text(encoding="utf-8")


def test_an_unknown_id_is_one_line() -> None:
    """Exit code 2, and what there is."""
    done = stallwatch("report", "last")
    assert (done.returncode, done.stdout) == (2, "")
    assert "nothing has run yet" in done.stderr
