"""`--junit` as CI systems use it: the file agrees with the exit code, whatever happens."""

from __future__ import annotations

import json
import signal
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.orchestrator.runs.stage import Answering, Stage, answering


def parsed(path: Path) -> ET.ElementTree[ET.Element]:
    """Read a file again."""
    return ET.parse(path)  # noqa: S314 # our own


def outcomes(path: Path) -> list[dict[str, str]]:
    """Return, suite by suite, what each testcase holds: its node, and `pass` or the element's name."""
    return [
        {case.get("name", ""): case[0].tag if len(case) else "pass" for case in suite.iter("testcase")}
        for suite in parsed(path).iter("testsuite")
    ]


def test_a_node_that_fails_and_one_that_was_too_short(tmp_path: Path, k6_1: Path) -> None:
    """Exit code 1: one failure with its sentence, one skipped; JSON on standard output says the same."""
    stage, server = Stage(tmp_path, k6_1), Answering()
    with answering(server):
        stage.configure({"good": f"127.0.0.1:{server.port}", "closed": "127.0.0.1:1"}, duration="2s")
        code, out, _ = stage.run("run-smoke", "--junit", "results/junit.xml", "--format", "json")
    assert code == 1
    assert outcomes(tmp_path / "results/junit.xml") == [{"good": "skipped", "closed": "failure"}]
    result = json.loads(out)
    assert {node["name"]: node["verdict"] for node in result["nodes"]} == {
        "good": "inconclusive",
        "closed": "fail",
    }
    [failure] = parsed(tmp_path / "results/junit.xml").iter("failure")
    assert failure.get("message", "").startswith("closed failed: ")
    assert failure.get("message", "").removesuffix(".") in result["sentence"]


def test_each_campaign_has_a_suite(tmp_path: Path, k6_1: Path) -> None:
    """With --confirm there are two, in one file."""
    stage, server = Stage(tmp_path, k6_1), Answering()
    with answering(server):
        stage.configure(
            {"n0": f"127.0.0.1:{server.port}"}, duration="2s", more=["detect: {stall_s: 1, period_s: 3}"]
        )
        stage.run("run-smoke", "--confirm", "--junit", "junit.xml")
    first, second = outcomes(tmp_path / "junit.xml")
    assert first == {"n0": "skipped"}
    assert second.keys() == {"n0"}


def test_infrastructure_is_an_error(tmp_path: Path, k6_1: Path) -> None:
    """No k6, exit code 4: each node is an error with the reason, not absent and not a pass."""
    stage = Stage(tmp_path, k6_1)
    stage.k6 = tmp_path / "no-k6"
    stage.configure({"n0": "127.0.0.1:1", "n1": "127.0.0.1:2"})
    code, _, err = stage.run("run-smoke", "--junit", "junit.xml")
    assert code == 4
    assert outcomes(tmp_path / "junit.xml") == [{"n0": "error", "n1": "error"}]
    for error in parsed(tmp_path / "junit.xml").iter("error"):
        assert error.get("message", "") in err


def test_a_killed_stallwatch_leaves_errors_not_an_old_pass(tmp_path: Path, k6_1: Path) -> None:
    """From before the first request the file says that the campaign did not end."""
    stage, server = Stage(tmp_path, k6_1), Answering()
    (tmp_path / "junit.xml").write_text("<testsuites/>")
    with answering(server):
        stage.configure({"n0": f"127.0.0.1:{server.port}"}, duration="60s")
        command = stage.command("run-smoke", "--junit", "junit.xml")
        with subprocess.Popen(
            command, cwd=tmp_path, env=stage.environ(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            server.wait_for(1)
            process.send_signal(signal.SIGKILL)
    assert outcomes(tmp_path / "junit.xml") == [{"n0": "error"}]
    assert stage.left_after(3) == {}


@pytest.mark.parametrize("path", ["/proc/junit.xml", "stallwatch.yaml/junit.xml"])
def test_a_file_that_cannot_be_written_starts_nothing(tmp_path: Path, k6_1: Path, path: str) -> None:
    """Exit code 2 before anything is sent."""
    stage = Stage(tmp_path, k6_1)
    stage.configure({"n0": "127.0.0.1:1"})
    code, _, err = stage.run("run-smoke", "--junit", path)
    assert code == 2
    assert f"--junit: {path} cannot be written" in err
    assert not stage.home.exists()


@pytest.mark.parametrize("path", ["", ".", "folder"])
def test_a_path_that_is_no_file_is_refused(tmp_path: Path, k6_1: Path, path: str) -> None:
    """One clear line and exit code 2, also for the empty path that an unset variable gives."""
    stage = Stage(tmp_path, k6_1)
    (tmp_path / "folder").mkdir()
    stage.configure({"n0": "127.0.0.1:1"})
    code, _, err = stage.run("run-smoke", "--junit", path)
    assert code == 2
    assert "is no file; name a file, such as junit.xml" in err


def test_an_earlier_result_does_not_stay(tmp_path: Path, k6_1: Path) -> None:
    """A command that is refused, as it names no node of the config, leaves no other command's result."""
    stage = Stage(tmp_path, k6_1)
    stage.configure({"n0": "127.0.0.1:1"})
    (tmp_path / "junit.xml").write_text("<testsuites/>")
    assert stage.run("run-smoke", "--node", "zz", "--junit", "junit.xml")[0] == 2
    assert not (tmp_path / "junit.xml").exists()
