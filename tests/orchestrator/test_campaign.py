"""Whole campaigns with real k6: side by side, in waves, over IPv6 and TLS, and what a result looks like."""

from __future__ import annotations

import json
import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme

from orchestrator.runs.record import RunRecord, read_record
from tests.orchestrator.preflight.nodes import serving
from tests.orchestrator.runs.fakes import counting_k6
from tests.orchestrator.runs.stage import Answering, Stage, answering, finished

NS_PER_S = 1_000_000_000
# A stall that even a few seconds of requests must have shown, so that a quiet run can pass.
EASY = ("detect: {stall_s: 0.5, period_s: 0.6}",)


def records(stage: Stage) -> dict[str, RunRecord]:
    """Return the records of the home's runs by node, in the order of their start."""
    found = [read_record(folder) for folder in (stage.home / "runs").iterdir()]
    return {record.node: record for record in sorted(found, key=lambda record: record.started_ns)}


def together(one: RunRecord, other: RunRecord) -> bool:
    """Tell whether two runs overlap in time."""
    assert one.ended_ns is not None
    assert other.ended_ns is not None
    return max(one.started_ns, other.started_ns) < min(one.ended_ns, other.ended_ns)


def smoke(stage: Stage) -> tuple[int, dict[str, Any], str]:
    """Run a campaign: exit code, its JSON, standard error."""
    code, out, err = stage.run("run-smoke", "--format", "json")
    assert out.count("\n") == 1, f"data is one object on standard output: {out}{err}"
    return code, json.loads(out), err


def test_nodes_run_side_by_side_with_a_control(tmp_path: Path, k6_binary: Path) -> None:
    """Three nodes and the control start together; every request that was answered is stored."""
    stage, servers = Stage(tmp_path, k6_binary), [Answering() for _ in range(3)]
    with answering(*servers):
        stage.configure({f"n{i}": f"127.0.0.1:{s.port}" for i, s in enumerate(servers)}, more=EASY)
        code, result, err = smoke(stage)
    runs = records(stage)
    assert set(runs) == {"control", "n0", "n1", "n2"}
    assert all(together(run, runs["control"]) for run in runs.values())
    starts = [run.started_ns for run in runs.values()]
    assert max(starts) - min(starts) < 2 * NS_PER_S
    assert [runs[f"n{i}"].rows for i in range(3)] == [len(s.answered_ns) for s in servers]
    assert [node["requests"] for node in result["nodes"]] == [len(s.answered_ns) for s in servers]
    assert {"pass": 0, "fail": 1, "inconclusive": 3}[result["verdict"]] == code
    assert result["control"]["requests"] == runs["control"].rows > 0
    assert Path(stage.folder, result["report"]).is_file()
    assert result["campaign"] in err
    assert all(run.facts.expected_requests == run.rows for run in runs.values())


def test_more_nodes_than_allowed_run_in_waves(tmp_path: Path, k6_1: Path) -> None:
    """Waves keep the config's order, never overlap, and each has a control of its own."""
    stage, server = Stage(tmp_path, k6_1), Answering()
    with answering(server):
        nodes = {f"n{i}": f"127.0.0.1:{server.port}" for i in range(3)}
        stage.configure(nodes, duration="1s", more=("max_parallel: 2",))
        code, out, err = stage.run("run-smoke")
    runs = records(stage)
    assert list(runs) == ["control", "n0", "n1", "control-2", "n2"]
    assert together(runs["n0"], runs["n1"])
    assert together(runs["n2"], runs["control-2"])
    assert not any(together(runs["control-2"], runs[name]) for name in ("control", "n0", "n1"))
    assert code == 3
    assert "2 waves" in err
    assert "2 controls ran" in out
    listed = stage.run("list", "runs", "--format", "json")[1].splitlines()
    assert all(json.loads(line)["verdict"] for line in listed), "the second control has a verdict too"


def test_ipv6_nodes_are_reached_with_and_without_a_port(tmp_path: Path, k6_1: Path) -> None:
    """`[::1]:PORT` takes its own port, a bare `::1` that of the service's URL."""
    stage, server = Stage(tmp_path, k6_1), Answering("::1")
    with answering(server):
        stage.configure(
            {"own-port": f"[::1]:{server.port}", "urls-port": "::1"},
            service=f'{{url: "http://shop.example.test:{server.port}/healthz"}}',
            duration="1s",
        )
        _, result, _ = smoke(stage)
    assert [node["error_rate"] for node in result["nodes"]] == [0, 0]
    assert sum(node["requests"] for node in result["nodes"]) == len(server.answered_ns) > 0


def test_tls_with_an_own_authority_keeps_host_and_server_name(tmp_path: Path, k6_1: Path) -> None:
    """The node is asked for the service by the service's own name, and its certificate holds for that."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("shop.example.test").configure_cert(context)
    stage = Stage(tmp_path, k6_1)
    with serving(certificate=context) as server:
        url = f"https://shop.example.test:{server.port}/healthz"
        stage.configure(
            {"n0": f"127.0.0.1:{server.port}"},
            service=f'{{url: "{url}", ca_file: ca.pem, headers: {{X-Trace: none}}}}',
            duration="1s",
        )
        _, result, err = smoke(stage)
    assert result["nodes"][0]["error_rate"] == 0, err
    assert {(seen.host, seen.sni, seen.headers["x-trace"]) for seen in server.seen} == {
        (f"shop.example.test:{server.port}", "shop.example.test", "none")
    }


def test_two_campaigns_share_a_home(tmp_path: Path, k6_1: Path) -> None:
    """Both end with all their rows, and a command meanwhile takes neither for abandoned."""
    stage, server = Stage(tmp_path, k6_1), Answering()
    with answering(server):
        stage.configure({"n0": f"127.0.0.1:{server.port}"})
        with stage.start("run-smoke") as one, stage.start("run-smoke") as other:
            assert stage.await_file("runs/*.n0/requests.arrows", one)
            during = stage.run("list", "campaigns", "--format", "json")[1].splitlines()
            codes = [finished(process)[0] for process in (one, other)]
    assert codes == [3, 3]
    assert {json.loads(line)["state"] for line in during} <= {"running", "done"}
    after = [json.loads(line) for line in stage.run("list", "runs", "--format", "json")[1].splitlines()]
    assert {run["state"] for run in after} == {"done"}
    assert sum(run["requests"] for run in after if run["node"] == "n0") == len(server.answered_ns)


def test_a_quiet_node_passes(tmp_path: Path, k6_1: Path) -> None:
    """Exit code 0 and the word pass, when the run could have shown the stall that is asked about."""
    stage, server = Stage(tmp_path, k6_1), Answering()
    with answering(server):
        stage.configure({"n0": f"127.0.0.1:{server.port}"}, rate_per_s=40, duration="12s", more=EASY)
        code, out, err = stage.run("run-smoke")
    assert (code, out.splitlines()[0].partition(":")[0]) == (0, "pass"), out + err


@pytest.mark.parametrize(("more", "said"), [(3, "3 are missing"), (-2, "2 are in the table beyond")])
def test_a_count_that_differs_from_k6s_is_told(tmp_path: Path, k6_1: Path, more: int, said: str) -> None:
    """Rows that k6 counted and nobody stored make the result inconclusive, with their number."""
    stage, server = Stage(tmp_path, counting_k6(tmp_path / "k6", k6_1, more)), Answering()
    with answering(server):
        stage.configure({"n0": f"127.0.0.1:{server.port}"}, duration="1s")
        code, out, _ = stage.run("run-smoke")
    assert code == 3
    stored = len(server.answered_ns)
    assert f"k6 counted {stored + more:,} requests, {said}" in out


def test_data_and_progress_go_separate_ways(tmp_path: Path, k6_1: Path) -> None:
    """Text results are on standard output alone; the announcement is on standard error alone."""
    stage, server = Stage(tmp_path, k6_1), Answering()
    with answering(server):
        stage.configure({"n0": f"127.0.0.1:{server.port}"}, duration="1s")
        _, out, err = stage.run("run-smoke")
    assert out.startswith("inconclusive: ")
    assert "report: " in out
    assert "campaign " in err
    assert "inconclusive" not in err
