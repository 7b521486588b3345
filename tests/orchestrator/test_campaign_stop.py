"""The automatic stop in whole campaigns with real k6, and campaigns that meet at one node."""

from __future__ import annotations

import json
import re
from pathlib import Path

from orchestrator.runs.record import read_record
from tests.orchestrator.preflight.nodes import closed_port
from tests.orchestrator.runs.stage import Answering, Stage, answering, finished

REASON = re.compile(
    r"stopped after 3[0-9] s: (\d+) of \1 requests failed in the last 30 s: dial: connection refused"
)


def test_dead_nodes_are_stopped_and_living_ones_measured(tmp_path: Path, k6_1: Path, k6_2: Path) -> None:
    """A dead node is stopped after half a minute, the other to its end; with all dead the campaign ends."""
    mixed, dead, good = Stage(tmp_path / "mixed", k6_1), Stage(tmp_path / "dead", k6_2), Answering()
    with answering(good), closed_port() as port:
        mixed.configure({"bad": f"127.0.0.1:{port}", "good": f"127.0.0.1:{good.port}"}, duration="40s")
        dead.configure({"n0": f"127.0.0.1:{port}", "n1": f"127.0.0.1:{port}"}, duration="2h")
        with mixed.start("run-smoke") as one, dead.start("run-smoke", "--format", "json") as other:
            told = finished(one), finished(other)
    one_of_two_dead(mixed, *told[0], answered=len(good.answered_ns))
    all_dead(dead, *told[1])


def one_of_two_dead(stage: Stage, code: int, out: str, err: str, *, answered: int) -> None:
    """The stop is said at once, in the result, in run.json, in the catalog and in the report."""
    assert code == 1, err
    runs = {run["node"]: run for run in stage.listed("runs")}
    assert {node: run["state"] for node, run in runs.items()} == {
        "bad": "stopped",
        "good": "done",
        "control": "done",
    }
    why = runs["bad"]["unfit"]
    assert REASON.fullmatch(why), why
    assert f"bad: {why}" in err.splitlines()
    assert f"bad: {why}" in out.splitlines()
    [report] = (stage.home / "reports").glob("*.html")
    assert why in report.read_text(encoding="utf-8")
    record = read_record(stage.home / "runs" / runs["bad"]["id"])
    assert record.facts.unfit == why
    assert record.facts.expected_requests == record.rows, "k6 ended cleanly and wrote its totals"
    assert not record.facts.interrupted
    assert runs["good"]["requests"] == answered
    assert (runs["good"]["unfit"], runs["bad"]["verdict"]) == ("", "fail")
    assert [campaign["state"] for campaign in stage.listed("campaigns")] == ["done"]


def all_dead(stage: Stage, code: int, out: str, err: str) -> None:
    """The control ends with the last node, and nobody calls that an interrupt."""
    result = json.loads(out)
    assert (code, result["verdict"]) == (1, "fail"), err
    for node in result["nodes"]:
        assert any(REASON.fullmatch(note) for note in node["notes"]), node["notes"]
    control = result["control"]
    assert not any("interrupted" in note for note in control["notes"]), control["notes"]
    assert (control["verdict"], control["error_rate"]) == ("inconclusive", 0)
    assert [campaign["state"] for campaign in stage.listed("campaigns")] == ["stopped"]


def test_campaigns_at_one_node_take_turns(tmp_path: Path, k6_1: Path) -> None:
    """One says whom it waits for and runs when that has been killed; one that will not wait ends with 4."""
    stage, shared = Stage(tmp_path, k6_1), Answering()
    with answering(shared):
        stage.configure({"first": f"127.0.0.1:{shared.port}"}, duration="10m")
        with stage.start("run-smoke") as long:
            assert stage.await_file("runs/*.first/requests.arrows", long)
            stage.configure({"again": f"127.0.0.1:{shared.port}"}, duration="1s")
            refused = stage.run("run-smoke", "--no-wait")
            with stage.start("run-smoke") as patient:
                assert patient.stderr is not None
                waiting = next(line for line in patient.stderr if line.startswith("waiting: "))
                long.kill()
                code, _, err = finished(patient)
            long.communicate()
    ended, first = stage.listed("campaigns")
    busy = rf"again is busy with campaign {first['id']}, since \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\dZ"
    assert refused[0] == 4
    assert re.search(rf"^error: {busy}; leave --no-wait out", refused[2], re.MULTILINE), refused[2]
    assert re.match(rf"waiting: {busy}", waiting), waiting
    assert (code, ended["state"]) == (3, "done"), err
    assert ended["started_ns"] > stage.listed("runs")[-1]["started_ns"]
