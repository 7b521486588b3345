"""Nodes that fail, a k6 that misbehaves, a home that cannot be written: words, exit codes, nothing lost."""

from __future__ import annotations

import json
import re
import resource
import ssl
import subprocess
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.orchestrator.preflight.nodes import black_hole, closed_port, never_accepting, serving
from tests.orchestrator.runs.fakes import dying_k6, empty_k6
from tests.orchestrator.runs.stage import Answering, Stage, answering, finished


def wrong_name() -> ssl.SSLContext:
    """Return a certificate that no client trusts."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("elsewhere.example.test").configure_cert(context)
    return context


@pytest.mark.parametrize(
    ("node", "error"),
    [
        (closed_port, "connection refused"),
        (black_hole, "timeout"),
        (never_accepting, "timeout"),
    ],
)
def test_a_node_that_cannot_be_reached_fails_in_words(
    tmp_path: Path, k6_1: Path, node: type[AbstractContextManager[int]], error: str
) -> None:
    """Verdict fail, exit code 1, which error and how many of how many; the good node is not blamed."""
    stage, good = Stage(tmp_path, k6_1), Answering()
    with answering(good), node() as port:
        nodes = {"good": f"127.0.0.1:{good.port}", "bad": f"127.0.0.1:{port}"}
        stage.configure(nodes, duration="2s", timeout="0.5s")
        code, out, err = stage.run("run-smoke", "--format", "json")
    assert code == 1, err
    results = {result["name"]: result for result in json.loads(out)["nodes"]}
    n = results["bad"]["requests"]
    assert any(f"{n} of {n} requests: " in note and error in note for note in results["bad"]["notes"])
    assert (results["good"]["verdict"], results["good"]["error_rate"]) == ("inconclusive", 0)


@pytest.mark.parametrize(("tls", "status", "error"), [(False, 503, "status 503"), (True, 200, "certificate")])
def test_a_node_that_answers_wrongly_fails_in_words(
    tmp_path: Path, k6_1: Path, tls: bool, status: int, error: str
) -> None:
    """A 5xx and a certificate of nobody are errors with a name."""
    stage = Stage(tmp_path, k6_1)
    with serving(status=status, certificate=wrong_name() if tls else None) as server:
        url = f"{'https' if tls else 'http'}://shop.example.test/healthz"
        stage.configure({"bad": f"127.0.0.1:{server.port}"}, service=f'{{url: "{url}"}}', duration="1s")
        code, out, err = stage.run("run-smoke")
    assert code == 1, err
    assert any(" of " in line and "requests: " in line and error in line for line in out.splitlines()), out


def test_a_k6_that_dies_leaves_the_other_runs_alone(tmp_path: Path, k6_1: Path) -> None:
    """Exit code 4 and k6's own message; the other node's requests are all there."""
    good, bad = Answering(), Answering()
    with answering(good, bad):
        stage = Stage(tmp_path, dying_k6(tmp_path / "k6", k6_1, bad.port))
        stage.configure({"bad": f"127.0.0.1:{bad.port}", "good": f"127.0.0.1:{good.port}"}, duration="1s")
        code, _, err = stage.run("run-smoke")
    assert code == 4
    assert "error: bad: k6 exit code 1: there is no room on this ship" in err
    runs = {run["node"]: run for run in listed(stage)}
    assert runs["good"]["requests"] == len(good.answered_ns) > 0
    assert (runs["bad"]["state"], runs["good"]["state"]) == ("failed", "done")
    assert stage.run("analyze", runs["bad"]["id"])[0] == 3
    assert stage.run("report", "last")[0] == 3


def test_a_k6_without_samples_is_told(tmp_path: Path, k6_1: Path) -> None:
    """A k6 that succeeds without a single request is an infrastructure error, not a pass."""
    stage = Stage(tmp_path, empty_k6(tmp_path / "k6"))
    stage.configure({"n0": "127.0.0.1:9"}, duration="1s")
    code, out, err = stage.run("run-smoke")
    assert code == 4
    assert "n0: k6 made no request at all" in err
    assert "pass" not in out


@pytest.mark.parametrize("where", ["/proc/version/home", "file"])
def test_a_home_that_cannot_be_written_is_one_line(tmp_path: Path, k6_1: Path, where: str) -> None:
    """Neither a path through a file nor a file where the folder should be starts any load."""
    (tmp_path / "file").write_text("not a folder")
    stage, server = Stage(tmp_path, k6_1), Answering()
    with answering(server):
        stage.configure({"n0": f"127.0.0.1:{server.port}"}, duration="1s")
        code, out, err = stage.run("run-smoke", "--home", where)
    assert (code, out) == (4, "")
    assert err.splitlines()[-1].startswith(f"error: the home '{where}' cannot be written to")
    assert server.answered_ns == []


def test_a_catalog_that_is_none_is_one_line(tmp_path: Path, k6_1: Path) -> None:
    """Whatever else stands where the catalog should be is named, and no traceback is shown."""
    stage = Stage(tmp_path, k6_1)
    stage.home.mkdir()
    (stage.home / "catalog.db").write_bytes(b"this is no database " * 100)
    code, _, err = stage.run("list", "runs")
    assert code == 4
    assert "catalog.db cannot be used: file is not a database" in err


def test_a_full_disk_keeps_what_was_written(tmp_path: Path, k6_1: Path) -> None:
    """Where files can grow no further, the run fails in words and its first requests stay readable."""
    stage, server = Stage(tmp_path, k6_1), Answering()
    with answering(server):
        stage.configure({"n0": f"127.0.0.1:{server.port}"}, rate_per_s=200, duration="8s")
        process = subprocess.Popen(
            stage.command("run-smoke"),
            cwd=stage.folder,
            env=stage.environ(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000)),  # noqa: PLW1509 # sets a limit and nothing else
        )
        code, _, err = finished(process)
    assert code == 4, err
    assert "disk full" in err
    code, out, err = stage.run("analyze", "last", "--format", "json")
    assert code == 3, err
    counts = {v["input"].rpartition(".")[2]: v["requests"] for v in map(json.loads, out.splitlines())}
    assert 0 < counts["n0"] < len(server.answered_ns)


def listed(stage: Stage) -> list[dict[str, Any]]:
    """Return what `list runs` says."""
    return [json.loads(line) for line in stage.run("list", "runs", "--format", "json")[1].splitlines()]


def test_too_few_open_files_are_the_generators_fault(tmp_path: Path, k6_binary: Path) -> None:
    """A warning before, and what k6 could not open is said to be k6's own: inconclusive, not a fail."""
    stage = Stage(tmp_path, k6_binary)
    with serving() as server:
        server.before_answer = lambda: time.sleep(0.8)  # what a slow server is
        stage.configure({"n0": f"127.0.0.1:{server.port}"}, rate_per_s=60, duration="2s")
        process = subprocess.Popen(
            stage.command("run-smoke"),
            cwd=stage.folder,
            env=stage.environ(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (30, 36)),  # noqa: PLW1509 # sets a limit and nothing else
        )
        code, out, err = finished(process)
    assert code == 3, err
    assert "open files, and 36 are allowed" in err
    assert re.search(
        r"n0: \d+ of \d+ requests failed in the generator itself, not at the node: too many open files", out
    ), out
    [n0] = [line.split() for line in out.splitlines() if line.startswith("n0  ")]
    assert (n0[1], n0[3]) == ("inconclusive", "0"), "no error is the node's"
