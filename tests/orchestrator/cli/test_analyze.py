"""`analyze`: files and stored runs, one and several, good and bad."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.orchestrator.cli.run import stallwatch
from tests.orchestrator.runs.fakes import HEADER, request_lines
from tests.orchestrator.runs.stage import Answering, Stage, answering

KEYS = {
    "input", "verdict", "requests", "duration_s", "periodic_stalls", "periodicity_p_value", "episodes",
    "latency_ms", "error_rate", "dropped_iterations", "censored", "needed_duration_s", "throughput",
    "findings", "notes",
}  # fmt: skip


def write_samples(path: Path, *, seconds: int, stall_every_s: int = 0, slower_from_s: int = 0) -> Path:
    """Write 20 requests a second of 5 ms; every so often all of one second wait for its end.

    From ``slower_from_s`` on, unless that is 0, they take twice as long.
    """
    lines = []
    for i in range(seconds * 20):
        at_s = i / 20
        stalls = stall_every_s and at_s % stall_every_s < 1
        total_ms = 1000 * (1 - at_s % 1) + 5 if stalls else 5 + i % 3
        total_ms *= 2 if slower_from_s and at_s >= slower_from_s else 1
        lines.append(request_lines(10**18 + round((at_s + total_ms / 1e3) * 1e9), total_ms=total_ms))
    path.write_text(f"{HEADER}\n{''.join(lines)}", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder with a quiet file, a stalling one, a short one, and what is no file of k6."""
    folder = tmp_path_factory.mktemp("files")
    write_samples(folder / "quiet.csv", seconds=900)
    write_samples(folder / "stalls.csv", seconds=400, stall_every_s=20)
    write_samples(folder / "short.csv", seconds=3)
    write_samples(folder / "shift.csv", seconds=900, slower_from_s=450)
    (folder / "bad.csv").write_text("a,b\n1,2\n")
    return folder


def analyzed(folder: Path, *names: str) -> tuple[int, list[dict[str, Any]], list[str]]:
    """Return the exit code, the objects on standard output and the lines on standard error."""
    done = stallwatch("analyze", "--format", "json", *names, folder=folder)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr.splitlines()


@pytest.mark.parametrize(
    ("name", "verdict", "code"), [("quiet", "pass", 0), ("stalls", "fail", 1), ("short", "inconclusive", 3)]
)
def test_one_file_is_one_object(files: Path, name: str, verdict: str, code: int) -> None:
    """All the keys that are promised, the verdict, and the exit code that goes with it."""
    returned, [found], said = analyzed(files, f"{name}.csv")
    assert (returned, found["verdict"], found["input"], said) == (code, verdict, f"{name}.csv", [])
    assert set(found) == KEYS


def test_several_files_are_one_line_each_in_order(files: Path) -> None:
    """The exit code is that of the worst verdict."""
    names = ["short.csv", "stalls.csv", "quiet.csv"]
    code, found, _ = analyzed(files, *names)
    assert code == 1
    assert [value["input"] for value in found] == names


def test_a_bad_file_loses_none_of_the_others(files: Path) -> None:
    """It is one line on standard error, the others are all there, and the exit code is 2."""
    code, found, said = analyzed(files, "short.csv", "bad.csv", "missing.csv", "quiet.csv")
    assert code == 2
    assert [value["input"] for value in found] == ["short.csv", "quiet.csv"]
    assert [line.split(":")[1].strip() for line in said] == ["bad.csv", "missing.csv"]


def test_text_says_what_was_found(files: Path) -> None:
    """The stall's period, its shape with the numbers, and the number of requests stand in the text."""
    done = stallwatch("analyze", "stalls.csv", folder=files)
    assert done.stdout.startswith("stalls.csv: fail: 8,000 requests")
    assert "every 20.0" in done.stdout
    assert "shape: freeze or queue released; kept: waiting holds 100% of the added latency" in done.stdout


def test_a_cut_file_says_what_is_lost(files: Path) -> None:
    """No count of k6's stands in a file: what is said is of the file itself."""
    whole = (files / "quiet.csv").read_text().splitlines(keepends=True)
    (files / "cut.csv").write_text("".join(whole[:-3]))
    code, [found], _ = analyzed(files, "cut.csv")
    assert (code, found["verdict"]) == (3, "inconclusive")
    assert found["notes"][0] == "1 request of the file could not be read, 17,999 could"
    assert not any("k6 counted" in note for note in found["notes"])


def test_findings_beside_stalls_are_said_and_change_no_verdict(files: Path) -> None:
    """A level shift is an object of its own in JSON and a line of the text; the run passes."""
    code, [found], _ = analyzed(files, "shift.csv")
    assert (code, found["verdict"]) == (0, "pass")
    [shift] = found["findings"]
    assert shift["kind"] == "level shift"
    assert shift["size"] == pytest.approx(2, rel=0.05)
    assert shift["words"] in stallwatch("analyze", "shift.csv", folder=files).stdout


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory, k6_1: Path) -> Stage:
    """Make a home with one campaign of two nodes."""
    stage, servers = Stage(tmp_path_factory.mktemp("stage"), k6_1), [Answering(), Answering()]
    with answering(*servers):
        stage.configure({f"n{i}": f"127.0.0.1:{s.port}" for i, s in enumerate(servers)}, duration="1s")
        assert stage.run("run-smoke")[0] == 3
    return stage


def test_a_campaign_is_its_runs(measured: Stage) -> None:
    """Each run of a campaign is an object under its id, as `last` and under the campaign's own id."""
    code, out, _ = measured.run("analyze", "last", "--format", "json")
    ids = [json.loads(line)["input"] for line in out.splitlines()]
    assert code == 3
    assert [run.rpartition(".")[2] for run in ids] == ["n0", "n1", "control"]
    campaign = ids[0].rpartition(".")[0]
    assert measured.run("analyze", campaign, "--format", "json")[1] == out
    assert measured.run("analyze", ids[0], "--format", "json")[1] == out.splitlines(keepends=True)[0]


def test_a_campaign_in_words_begins_with_its_verdict(measured: Stage) -> None:
    """One sentence for the campaign, then its runs."""
    first, second, *_ = measured.run("analyze", "last")[1].splitlines()
    assert ": inconclusive: " in first
    assert second.split(":")[0].endswith(".n0")


def test_a_run_whose_folder_is_gone_is_told(tmp_path: Path, k6_1: Path) -> None:
    """The other runs of its campaign are analyzed all the same."""
    stage, server = Stage(tmp_path, k6_1), Answering()
    with answering(server):
        stage.configure({"n0": f"127.0.0.1:{server.port}"}, duration="1s")
        stage.run("run-smoke")
    [control] = (stage.home / "runs").glob("*.control")
    (control / "run.json").unlink()
    code, out, err = stage.run("analyze", "last", "--format", "json")
    assert (code, out.count("\n")) == (3, 1)
    assert err.startswith("warning: ")
    assert "run.json" in err


def test_an_unknown_id_is_one_line() -> None:
    """Exit code 2, and what to do."""
    done = stallwatch("analyze", "20260101-000000-aaaa")
    assert (done.returncode, done.stdout) == (2, "")
    assert "nothing has run yet" in done.stderr
