"""Disks that fill up and files that cannot be written, in whole campaigns with real k6."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from orchestrator.runs.record import read_record
from tests.orchestrator.runs.stage import Answering, Stage, answering, finished

FLUSHED_BYTES = 8_000


@pytest.fixture
def small_home(tmp_path: Path) -> Iterator[Path]:
    """Give a home on a real file system of 3 MB."""
    home = tmp_path / "home"
    home.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m,mode=0700", "tmpfs", str(home)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if mounted.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
    yield home
    subprocess.run(["umount", str(home)], check=True)


def fill(home: Path) -> None:
    """Write until nothing more goes in."""
    with (home / "filler").open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"x" * 1000)


def test_a_disk_that_fills_up_costs_what_came_after(
    small_home: Path, tmp_path: Path, k6_binary: Path
) -> None:
    """What was stored is kept, judged, listed and reported, k6 is gone, and one line says why."""
    stage, servers = Stage(tmp_path, k6_binary), [Answering(), Answering()]
    with answering(*servers):
        nodes = {f"n{i}": f"127.0.0.1:{server.port}" for i, server in enumerate(servers)}
        stage.configure(nodes, rate_per_s=100, duration="30s")
        with stage.start("run-smoke") as process:
            assert stage.await_file("runs/*.n1/requests.arrows", process, bytes_at_least=FLUSHED_BYTES)
            fill(small_home)
            code, out, err = finished(process)
            assert stage.left_after(3) == {}
    assert code == 4
    [error] = [line for line in err.splitlines() if line.startswith("error: ")]
    # The control ends with its nodes: it may have done so before it met the full disk itself.
    who, _, what = error.partition(": ")[2].partition(": ")
    assert who.removeprefix("control, ") == "n0, n1"
    assert what == "the requests could not be kept: No space left on device; is the disk full?"
    [report] = (small_home / "reports").iterdir()
    assert report.read_text(encoding="utf-8").rstrip().endswith("</html>")
    assert out.splitlines()[-1] == f"report: {report}"
    runs = {run["node"]: run for run in stage.listed("runs")}
    assert {runs[name]["state"] for name in nodes} == {"failed"}
    assert [campaign["state"] for campaign in stage.listed("campaigns")] == ["failed"]
    for number, server in enumerate(servers):
        run = runs[f"n{number}"]
        assert 0 < run["requests"] <= len(server.answered_ns)
        assert read_record(small_home / "runs" / run["id"]).rows == run["requests"]
    code, out, err = stage.run("analyze", "last", "--format", "json")
    assert code == 3, err
    analyzed = {v["input"].rpartition(".")[2]: v["requests"] for v in map(json.loads, out.splitlines())}
    assert analyzed == {node: run["requests"] for node, run in runs.items()}


def test_a_disk_that_is_full_starts_nothing(small_home: Path, tmp_path: Path, k6_1: Path) -> None:
    """Without a megabyte to close a campaign with, no load is sent, and one line says so."""
    stage, server = Stage(tmp_path, k6_1), Answering()
    with answering(server):
        stage.configure({"n0": f"127.0.0.1:{server.port}"}, duration="1s")
        assert stage.run("list", "runs")[0] == 0
        (small_home / "filler").write_bytes(b"x" * 2_200_000)
        code, out, err = stage.run("run-smoke")
    assert (code, out, server.answered_ns) == (4, "", [])
    last = err.splitlines()[-1]
    assert last.startswith(f"error: {small_home}: 1 MB cannot be kept back for the end of the campaign"), err
    assert stage.listed("campaigns")[0]["state"] == "failed"


def test_a_campaign_that_does_not_fit_is_refused(small_home: Path, tmp_path: Path, k6_1: Path) -> None:
    """Before it sends anything or leaves a trace in the catalog, with what it needs and what there is."""
    stage, server = Stage(tmp_path, k6_1), Answering()
    with answering(server):
        stage.configure({"n0": f"127.0.0.1:{server.port}"}, rate_per_s=100, duration="10m")
        code, out, err = stage.run("run-smoke")
    assert (code, out, server.answered_ns) == (4, "", [])
    [error] = [line for line in err.splitlines() if line.startswith("error: ")]
    assert error.startswith(f"error: refused: the campaign may store 18 MB, and {small_home} has 3 MB free; ")
    assert stage.listed("campaigns") == []


def test_what_cannot_be_written_costs_only_itself(tmp_path: Path, k6_1: Path) -> None:
    """A record, a table, k6's totals, the report: each is told, and the verdict is printed all the same."""
    stage, server = Stage(tmp_path, k6_1), Answering()
    with answering(server):
        stage.configure({f"n{i}": f"127.0.0.1:{server.port}" for i in range(3)}, duration="3s")
        with stage.start("run-smoke", "--format", "json") as process:
            assert stage.await_file("runs/*.n2/requests.arrows", process)
            folders = {run.name[-2:]: run for run in (stage.home / "runs").iterdir()}
            (folders["n0"] / "run.json.part").mkdir()
            (folders["n1"] / "requests.parquet.part").mkdir()
            (folders["n2"] / "k6/summary.json").mkdir()
            shutil.rmtree(stage.home / "reports")
            (stage.home / "reports").touch()
            code, out, err = finished(process)
    assert code == 4
    result = json.loads(out)
    assert result["report"] is None
    assert sum(node["requests"] for node in result["nodes"]) == len(server.answered_ns) > 0
    [notes] = [node["notes"] for node in result["nodes"] if node["name"] == "n2"]
    assert any("k6 wrote no totals" in note and "is a directory" in note for note in notes), notes
    report, record, table = sorted(line for line in err.splitlines() if line.startswith("error: "))[:3]
    assert "reports" in report
    assert table == "error: n1: the requests could not be kept: Is a directory; is the disk full?"
    assert record.startswith("error: n0: ")
    assert "run.json: Is a directory" in record
    (stage.home / "reports").unlink()
    states = {run["node"]: (run["state"], run["verdict"]) for run in stage.listed("runs")}
    assert states == {
        "n0": ("failed", "inconclusive"),
        "n1": ("failed", "inconclusive"),
        "n2": ("done", "inconclusive"),
        "control": ("done", "inconclusive"),
    }
    code, out, _ = stage.run("analyze", "last")
    assert code == 3
    assert "the run still goes on" not in out


def test_a_catalog_that_goes_away_costs_only_itself(tmp_path: Path, k6_1: Path) -> None:
    """The verdict is printed and the report written, although nobody can list them."""
    stage, server = Stage(tmp_path, k6_1), Answering()
    with answering(server):
        stage.configure({"n0": f"127.0.0.1:{server.port}"}, rate_per_s=40, duration="2s")
        with stage.start("run-smoke") as process:
            assert stage.await_file("runs/*.n0/requests.arrows", process, bytes_at_least=FLUSHED_BYTES)
            (stage.home / "catalog.db").write_bytes(b"this is no database " * 1000)
            code, out, err = finished(process)
    assert code == 4
    assert out.startswith("inconclusive: ")
    assert Path(stage.folder, out.splitlines()[-1].removeprefix("report: ")).is_file()
    [error] = [line for line in err.splitlines() if line.startswith("error: ")]
    assert "catalog.db cannot be used: file is not a database" in error
