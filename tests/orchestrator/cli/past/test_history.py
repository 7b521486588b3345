"""`history` as a user calls it: what stands, since when, and its exit code."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from orchestrator.history.summary import FILE, write_figures
from tests.orchestrator.cli.run import stallwatch
from tests.orchestrator.history.nights import Nights, figures
from tests.orchestrator.runs.stage import Answering, Stage, answering

NIGHTS, ONSET = 30, 24


def home_of(folder: Path, p50_ms: np.ndarray, stalls: np.ndarray | None = None) -> Path:
    """Make a home in which node ``bad`` has these nights and node ``good`` quiet ones."""
    nights, rng = Nights(folder, len(p50_ms)), np.random.default_rng(4)
    for night, level in enumerate(p50_ms):
        name = nights.add(night, {"bad": "pass", "good": "pass"})
        for node, value in (("bad", level), ("good", 5.0)):
            count = int(stalls[night]) if stalls is not None and node == "bad" else 0
            made = figures(value * np.exp(0.05 * rng.standard_normal()), stalls=count)
            write_figures(nights.kept.home.run_dir(f"{name}.{node}"), made)
    return folder


def step(factor: float, until: int = NIGHTS) -> np.ndarray:
    """Return the levels of a node that is slower from ONSET on, until some night."""
    at = np.arange(NIGHTS)
    return np.where((at >= ONSET) & (at < until), 5.0 * factor, 5.0)


def test_a_regression_stands(tmp_path: Path) -> None:
    """One headline, one line a series, since when, by how much, n; exit code 1, and nothing on stderr."""
    home = home_of(tmp_path, step(3), np.where(np.arange(NIGHTS) >= ONSET, 4, 0))
    done = stallwatch("history", "--home", str(home))
    assert (done.returncode, done.stderr) == (1, "")
    head, *lines = done.stdout.splitlines()
    assert head == "6 regressions stand: 30 campaigns of smoke, 2 nodes, 16 series"
    [p50] = [line for line in lines if line.startswith("bad") and " p50 " in line]
    assert "regression since 20" in p50
    assert "n = 24 and 2, confidence" in p50
    [stalls] = [line for line in lines if line.startswith("bad") and " stalls " in line]
    assert "0/h to 48/h" in stalls
    assert all("regression" not in line for line in lines if line.startswith("good"))
    assert lines[-1] == (
        "a change is confirmed by the next 1 campaign; set for 1 false alarms a year over all 16 series"
    )


def test_a_recovery_passes(tmp_path: Path) -> None:
    """What is as before again is said and does not stand; of one node the other is not shown."""
    home = home_of(tmp_path, step(4, until=ONSET + 3))
    done = stallwatch("history", "--home", str(home), "--node", "bad")
    assert done.returncode == 0
    assert "series recovered: 30 campaigns of smoke, 1 node, 8 series" in done.stdout.splitlines()[0]
    assert "recovery since" in done.stdout
    assert "good" not in done.stdout


def test_json_is_one_object_a_series(tmp_path: Path) -> None:
    """Each with node, endpoint, metric, last, normal and changes."""
    done = stallwatch("history", "--home", str(home_of(tmp_path, step(3))), "--format", "json")
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert (done.returncode, len(found)) == (1, 16)
    p95 = next(one for one in found if (one["node"], one["metric"]) == ("bad", "p95"))
    assert (p95["profile"], p95["endpoint"], p95["unit"], p95["n"]) == ("smoke", "/", "ms", NIGHTS)
    [change] = p95["changes"]
    assert change["factor"] == pytest.approx(3, rel=0.15)
    assert p95["normal"]["campaigns"] == NIGHTS - ONSET


def test_what_changed_long_ago_does_not_stand(tmp_path: Path) -> None:
    """A change before --since is neither shown nor a fail."""
    done = stallwatch("history", "--home", str(home_of(tmp_path, step(3))), "--since", "3d")
    assert done.returncode == 0
    assert done.stdout.startswith("no change of level")


def test_the_config_says_how_much_it_takes(tmp_path: Path) -> None:
    """With five confirmations the sixth night is still a candidate."""
    config = tmp_path / "stallwatch.yaml"
    config.write_text(
        'service: {url: "http://a.example/"}\nnodes: [{name: bad, address: 127.0.0.1}]\n'
        "history: {confirmations: 6}\n"
    )
    home = home_of(tmp_path / "home", step(3))
    done = stallwatch("history", "--home", str(home), "--config", str(config))
    assert done.returncode == 0
    assert "candidates to be confirmed by the next campaigns" in done.stdout
    config.write_text(config.read_text().replace("6}", "0.5}"))
    refused = stallwatch("history", "--home", str(home), "--config", str(config))
    assert refused.returncode == 2
    assert "history.confirmations" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--since", "yesterday"], "--since: 'yesterday' is not a duration"),
        (["--node", "nobody"], "no run of a node 'nobody'; there are runs of bad, good"),
        (["--profile", "soak"], "no run of a profile 'soak'; there are runs of smoke"),
    ],
)
def test_a_wrong_argument_is_one_line(tmp_path: Path, arguments: list[str], said: str) -> None:
    """Exit code 2, and what there is."""
    done = stallwatch("history", "--home", str(home_of(tmp_path, np.full(2, 5.0))), *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_few_campaigns_are_inconclusive(tmp_path: Path) -> None:
    """The figures are shown; exit code 3 says that nothing could have been found."""
    done = stallwatch("history", "--home", str(home_of(tmp_path, np.full(5, 5.0))))
    assert done.returncode == 3
    assert done.stderr == "5 campaigns are too few: a change can be confirmed from 9 on\n"
    assert done.stdout.startswith("no change of level: 5 campaigns of smoke")


def test_a_campaign_keeps_its_figures(tmp_path: Path, k6_1: Path) -> None:
    """They are those of `analyze`, lie beside the requests, and are made again where they are missing."""
    stage, server = Stage(tmp_path, k6_1), Answering()
    with answering(server):
        stage.configure({"n0": f"127.0.0.1:{server.port}"}, duration="2s")
        assert stage.run("run-smoke")[0] == 3
    run = next(row["id"] for row in stage.listed("runs") if row["node"] == "n0")
    analyzed = json.loads(stage.run("analyze", run, "--format", "json")[1])
    kept = stage.home / "runs" / run / FILE
    text = kept.read_text(encoding="utf-8")
    code, out, _ = stage.run("history", "--format", "json")
    last = {one["metric"]: one["last"] for one in map(json.loads, out.splitlines())}
    assert code == 3
    for metric, name in (("p50", "p50"), ("p99", "p99"), ("slowest", "max")):
        assert last[metric]["value"] == pytest.approx(analyzed["latency_ms"][name])
        assert last[metric]["n"] == analyzed["requests"]
    assert last["errors"]["value"] == analyzed["error_rate"]
    kept.unlink()
    assert stage.run("history", "--format", "json")[1] == out
    assert kept.read_text(encoding="utf-8") == text
