"""`run` and `run-load` as a person uses them: what is asked first, what a dry run says, whole campaigns."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli.app import run
from orchestrator.runs.record import RunRecord, read_record
from tests.orchestrator.cli.terminal import on_terminal
from tests.orchestrator.runs.stage import Answering, Stage, answering

LOAD = "load: {rate_per_s: 40, ramp: 1s, duration: 3s, timeout: 2s}"
OWN = """\
import http from 'k6/http';
const mine = { executor: 'constant-vus', vus: 2, duration: '1s', gracefulStop: '1s' };
export const options = { scenarios: { mine } };
export default function () { http.get(`${__ENV.STALLWATCH_URL}?${__ENV.PASSWORD ? 'known' : 'unknown'}`); }
"""
SERVICE = """{url: "http://shop.example.test/", headers: {Authorization: {env: TOKEN}}, endpoints: [
  {name: home, path: /, weight: 3},
  {name: order, path: /orders, method: POST, body: "n=1", expect_status: 201}]}"""


def records(stage: Stage) -> dict[str, RunRecord]:
    """Return the records of the home's runs by node."""
    found = [read_record(folder) for folder in (stage.home / "runs").iterdir()]
    return {record.node: record for record in found}


class Typed:
    """Commands that end at once, run in this process to save its start."""

    def __init__(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, stage: Stage
    ) -> None:
        monkeypatch.chdir(stage.folder)
        monkeypatch.setenv("STALLWATCH_HOME", str(stage.home))
        monkeypatch.setenv("TOKEN", "hunter2")
        self._capsys = capsys

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        """Run a command: exit code, standard output, standard error."""
        code = run(arguments)
        out, err = self._capsys.readouterr()
        assert "hunter2" not in out + err
        return code, out, err

    def dry(self, *arguments: str) -> dict[str, Any]:
        """Return what a dry run says as JSON."""
        code, out, err = self(*arguments, "--dry-run", "--format", "json")
        assert code == 0, err
        found: dict[str, Any] = json.loads(out)
        return found


@pytest.fixture
def stage(tmp_path: Path, k6_1: Path) -> Stage:
    """Return a home and a folder for a config of its own."""
    return Stage(tmp_path, k6_1)


@pytest.fixture
def typed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, stage: Stage) -> Typed:
    """Return what runs commands in the stage's folder."""
    return Typed(capsys, monkeypatch, stage)


def test_a_dry_run_says_it_all_and_does_nothing(stage: Stage, typed: Typed) -> None:
    """What would be sent where, how long, with how much; no k6 is needed, no node asked, nothing written."""
    stage.k6, server = stage.folder / "no-k6", Answering()
    with answering(server):
        nodes = {f"n{i}": f"127.0.0.1:{server.port}" for i in range(2)} | {"six": "::1"}
        stage.configure(nodes, service=SERVICE, profiles=[LOAD], more=("max_parallel: 2",))
        load = typed.dry("run-load")
        by_hand = typed.dry("run", "load", "--node", "six", "--rate", "20", "--duration", "1h")
        smoke, download = typed.dry("run-smoke"), typed.dry("run", "download")
        _, text, _ = typed("run-load", "--dry-run")
    assert (server.answered_ns, server.open, stage.home.exists()) == ([], set(), False)
    assert (load["rate_per_s"], load["ramp_s"], load["duration_s"], load["timeout_s"]) == (40, 1, 3, 2)
    assert (load["requests"], load["all_requests"]) == (40 * 2, 3 * 40 * 2)
    assert (load["vus"], load["connections_at_most"]) == (201, 400)
    assert (load["waves"], load["all_waves_s"], load["k6_processes_at_once"]) == (2, 6, 3)
    assert [(n["name"], n["address"], n["wave"]) for n in load["nodes"]] == [
        ("n0", f"127.0.0.1:{server.port}", 1),
        ("n1", f"127.0.0.1:{server.port}", 1),
        ("six", "[::1]:80", 2),
    ]
    assert load["host"] == "shop.example.test"
    assert [
        (e["name"], e["method"], e["url"], e["share"], e["body_bytes"], e["headers"])
        for e in load["endpoints"]
    ] == [
        ("home", "GET", "http://shop.example.test/", 0.75, 0, ["Authorization"]),
        ("order", "POST", "http://shop.example.test/orders", 0.25, 3, ["Authorization"]),
    ]
    assert (load["control"]["rate_per_s"], load["control"]["requests"]) == (10, 30)
    assert (by_hand["requests"], by_hand["ramp_s"], by_hand["waves"]) == (20 * (3600 - 1), 1, 1)
    assert (smoke["control"]["rate_per_s"], smoke["asks_first"], load["asks_first"]) == (20, False, True)
    assert (download["vus"], download["requests"], download["all_requests_at_most"]) == (
        2,
        None,
        3 * 200 * 300,
    )
    lines = text.splitlines()
    assert lines[0] == (
        "up to 40 requests/s a node, half kept, half fresh, for 3 s, of which 1 s up and as long down, "
        "in 2 waves of at most 2, each beside a control (smoke at 10 requests/s)"
    )
    assert "each node: 80 requests, 201 VUs, up to 400 connections, timeout 2 s" in lines
    assert any(
        line.split() == ["order", "POST", "25.0%", "201", "3", load["endpoints"][1]["url"]] for line in lines
    )


@pytest.mark.parametrize("profile", ["load", "own"])
def test_load_is_not_sent_without_a_yes(stage: Stage, profile: str) -> None:
    """Where nobody can be asked, one line says what would be sent and how to allow it; nothing is."""
    server = Answering()
    (stage.folder / "own.js").write_text(OWN)
    with answering(server):
        stage.configure({"n0": f"127.0.0.1:{server.port}"}, profiles=[LOAD, "own: {script: own.js}"])
        code, out, err = stage.run("run", profile)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"error: profile {profile} sends ")
    assert err.endswith(", to n0; add --yes to send that, or --dry-run to see more\n")
    assert (server.answered_ns, stage.home.exists()) == ([], False)


@pytest.mark.parametrize("answer", ["n", "y"])
def test_a_terminal_is_asked(stage: Stage, answer: str) -> None:
    """The person at the terminal sees what would be sent, and decides."""
    server, typed = Answering(), list[str]()

    def decide(seen: str, type_keys: Callable[[bytes], object]) -> None:
        if not typed and "send this?" in seen:
            typed.append(answer)
            type_keys(f"{answer}\n".encode())

    with answering(server):
        stage.configure({"n0": f"127.0.0.1:{server.port}"}, profiles=[LOAD])
        code, screen = on_terminal(
            stage.command("run", "soak", "--duration", "1s"),
            folder=stage.folder,
            environ=stage.environ(),
            on_output=decide,
        )
    assert typed == [answer]
    assert "each node: 10 requests" in screen
    sent = len(server.answered_ns)
    if answer == "n":
        assert (code, "nothing was sent" in screen, sent) == (2, True, 0)
    else:
        assert code in {1, 3}
        assert sent == pytest.approx(10, abs=1)


def test_a_load_from_command_to_report(stage: Stage, k6_2: Path) -> None:
    """`run-load --yes`: the rate climbs and falls, all is stored, and every text tells the truth of it."""
    stage.k6, server = k6_2, Answering()
    with answering(server):
        stage.configure({"n0": f"127.0.0.1:{server.port}"}, profiles=[LOAD])
        code, out, err = stage.run("run-load", "--yes", "--format", "json")
    result = json.loads(out)
    assert {"pass": 0, "fail": 1, "inconclusive": 3}[result["verdict"]] == code
    assert result["nodes"][0]["requests"] == len(server.answered_ns) == pytest.approx(80, abs=2)
    node, control = records(stage)["n0"], records(stage)["control"]
    assert (node.profile, node.rate_per_s, node.facts.planned_s) == ("load", 40, 3)
    assert (control.profile, control.rate_per_s) == ("control", 10)
    assert control.rows == pytest.approx(30, abs=1)
    assert node.settings["load"] == "up to 40 requests/s a node, half kept, half fresh"
    assert node.settings["duration"] == "3 s, of which 1 s up and as long down"
    assert node.settings["control"] == "smoke at 10 requests/s"
    assert "up to 40 requests/s a node, half kept, half fresh, for 3 s" in err
    page = (stage.folder / result["report"]).read_text()
    assert "of which 1 s up and as long down" in page
    assert "<title>inconclusive: load ·" in page


def test_a_download_from_command_to_report(stage: Stage, typed: Typed) -> None:
    """The limit for the slowest request does not apply, says so, and is null in JSON that stays valid."""
    server = Answering()
    with answering(server):
        stage.configure(
            {"n0": f"127.0.0.1:{server.port}"},
            profiles=["download: {vus: 3, duration: 2s, timeout: 2s}"],
            more=("limits: {max_rate_per_s: 30}",),
        )
        code, _, err = stage.run("run", "download", "--yes")
        again = typed("report", "last")
    assert (code, again[0]) == (3, 3), err
    assert "3 downloads at a time a node, one after the other over kept connections, for 2 s" in err
    [folder] = (stage.home / "runs").glob("*.n0")
    limits = json.loads((folder / "run.json").read_text(), parse_constant=pytest.fail)["limits"]
    assert limits == {"stall_ms": 200, "slowest_ms": None, "error_rate": 0.001}
    node, control = records(stage)["n0"], records(stage)["control"]
    assert (node.limits.slowest_ms, control.limits.slowest_ms) == (float("inf"), 1000)
    assert node.rows == len(server.answered_ns) <= 1 + 2 * 30 + 3
    [report] = (stage.home / "reports").iterdir()
    page = report.read_text()
    assert "slowest not applied: a download may take as long as it is large" in page
    assert "limit inf" not in page
    assert "Infinity" not in page


def test_a_script_of_ones_own_from_command_to_report(stage: Stage, typed: Typed) -> None:
    """k6 says how long it takes; its variables come from the environment, and are shown nowhere."""
    server = Answering()
    (stage.folder / "own.js").write_text(OWN)
    with answering(server):
        stage.configure(
            {"n0": f"127.0.0.1:{server.port}"},
            profiles=["own: {script: own.js, env: {PASSWORD: {env: TOKEN}}, addresses: [127.0.0.9]}"],
        )
        planned = typed.dry("run", "own")
        assert server.answered_ns == []
        code, out, err = stage.run("run", "own", "--yes")
    assert (planned["vus"], planned["duration_s"], planned["requests"]) == (2, 2, None)
    assert (planned["script"], planned["variables"]) == ("own.js", ["PASSWORD"])
    assert planned["may_reach_too"] == ["127.0.0.9"]
    assert code in {1, 3}, err
    node = records(stage)["n0"]
    assert node.rows == len(server.answered_ns) > 0
    assert node.settings["load"] == "own.js with up to 2 VUs a node"
    files = [path for path in stage.home.rglob("*") if path.is_file()]
    assert not [path for path in files if b"hunter2" in path.read_bytes()]
    assert "hunter2" not in out + err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nosuch"], "no profile 'nosuch'; the profiles are smoke, load, soak, download"),
        (["lod"], "no profile 'lod'; did you mean 'load'?"),
        (["load", "--rate", "201"], "max_rate_per_s"),
        (
            ["load", "--duration", "1s"],
            "a ramp of 1 s up and 1 s down do not fit into 1 s; give a longer --duration",
        ),
        (["download", "--rate", "5"], "profile download has no rate: its load is vus; leave --rate out"),
        ([], "Missing argument 'PROFILE'; see `stallwatch run --help`"),
    ],
)
def test_wrong_arguments_start_nothing(stage: Stage, typed: Typed, arguments: list[str], said: str) -> None:
    """One line, exit code 2, and no home is made, though the load was allowed."""
    stage.configure({"n0": "127.0.0.1:9"}, profiles=[LOAD])
    code, out, err = typed("run", *arguments, "--yes")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert said in err
    assert not stage.home.exists()
