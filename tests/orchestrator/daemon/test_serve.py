"""`stallwatch serve` as a whole, with real k6: campaigns on time, a clean end, a crash, a new config."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from orchestrator.catalog import Catalog, starts
from orchestrator.model import InfluxSettings
from orchestrator.runs.record import read_record
from tests.orchestrator.daemon.served import schedules, serving
from tests.orchestrator.runs.stage import Answering, Stage, answering


def written(stage: Stage) -> list[dict[str, Any]]:
    """Return what the catalog knows of starts."""
    catalog = Catalog(stage.home / "catalog.db", stage.home / "locks")
    return catalog.rows(sa.select(starts).order_by(starts.c.due_ns))


def test_campaigns_run_by_themselves(tmp_path: Path, k6_1: Path) -> None:
    """A line when one starts, one when it ends with its verdict and report; a second daemon is refused."""
    stage, server = Stage(tmp_path, k6_1), Answering()
    with answering(server):
        nodes = {"n0": f"127.0.0.1:{server.port}"}
        stage.configure(nodes, duration="1s", more=schedules("name: often, every: 1s"))
        with serving(stage) as served:
            [first] = served.wait_for("campaign ended")[:1]
            [begun, second] = served.wait_for("campaign started", 2)[:2]
            refused = stage.run("serve")
            served.signal(signal.SIGTERM)
            assert served.ended() == 0
        assert stage.left_after(3) == {}
    assert (begun["schedule"], begun["profile"], begun["nodes"]) == ("often", "smoke", "n0")
    assert (first["campaign"], first["verdict"], first["state"]) == (
        begun["campaign"],
        "inconclusive",
        "done",
    )
    assert second["campaign"] != first["campaign"]
    assert (stage.home / "reports" / f"{first['campaign']}.html").is_file()
    assert refused[0] == 4
    assert refused[2].startswith(
        f"error: another daemon serves {stage.home}: process {served.process.pid}, since 20"
    )
    assert [line["event"] for line in served.lines][-1] == "stopped"
    rows = written(stage)
    assert {row["state"] for row in rows} <= {"done", "skipped", "interrupted"}
    assert len({row["wall"] for row in rows}) == len(rows)
    code, out, _ = stage.run("list", "schedules", "--format", "json")
    assert code == 0
    assert len(json.loads(out)["next"]) == 3


def test_sigterm_keeps_what_was_measured(tmp_path: Path, k6_2: Path) -> None:
    """It ends with 0 and leaves no process; the requests are stored, and run and start say interrupted."""
    stage, server = Stage(tmp_path, k6_2), Answering()
    with answering(server):
        nodes = {"n0": f"127.0.0.1:{server.port}"}
        stage.configure(nodes, more=schedules("name: long, every: 1s, duration: 10m"))
        with serving(stage) as served:
            served.wait_for("campaign started")
            server.wait_for(20)
            served.signal(signal.SIGTERM)
            assert served.ended() == 0
        assert stage.left_after(3) == {}
    [ended] = served.events("campaign ended")
    assert (ended["state"], ended["reason"]) == ("interrupted", "stallwatch serve was stopped")
    assert stage.run("list", "runs")[0] == 0  # closes what there was no time for on a busy machine
    [run] = [run for run in stage.listed("runs") if run["node"] == "n0"]
    assert (run["state"], run["requests"] >= 15) == ("interrupted", True), run
    assert [row["state"] for row in written(stage) if row["campaign_id"]] == ["interrupted"]


def test_a_crash_is_closed_judged_and_reported_by_the_next(tmp_path: Path, k6_1: Path) -> None:
    """After SIGKILL nothing runs on; the next daemon finds what was stored, and starts none of it again."""
    stage, server = Stage(tmp_path, k6_1), Answering()
    with answering(server):
        nodes = {"n0": f"127.0.0.1:{server.port}"}
        stage.configure(nodes, more=schedules("name: long, every: 1s, duration: 10m"))
        config = stage.folder / "stallwatch.yaml"
        with serving(stage) as served:
            served.wait_for("campaign started")
            assert stage.await_file("runs/*.n0/requests.arrows", served.process, bytes_at_least=8000)
            served.process.kill()
        assert stage.left_after(3) == {}
        config.write_text(config.read_text().replace("every: 1s", "every: 7d"))
        with serving(stage) as again:
            [note] = again.wait_for("note")
            until = time.monotonic() + 60
            while any(row["state"] == "running" for row in written(stage)):
                assert time.monotonic() < until
    [campaign] = stage.listed("campaigns")
    assert note["text"].startswith(
        f"campaign {campaign['id']} was interrupted: what it had measured is judged"
    )
    assert (campaign["state"], campaign["verdict"]) == ("interrupted", "inconclusive")
    assert (stage.home / "reports" / f"{campaign['id']}.html").is_file()
    [run] = [run for run in stage.listed("runs") if run["node"] == "n0"]
    assert (run["state"], run["verdict"], run["requests"] > 0) == ("interrupted", "inconclusive", True)
    assert read_record(stage.home / "runs" / run["id"]).facts.interrupted
    assert [row["state"] for row in written(stage) if row["campaign_id"]] == ["interrupted"]
    assert again.events("campaign started") == []


def test_a_config_is_read_again_on_sighup(tmp_path: Path, k6_1: Path) -> None:
    """A bad one changes nothing and says where; a good one is taken, with what goes on left alone."""
    stage, server = Stage(tmp_path, k6_1), Answering()
    with answering(server):
        nodes = {"n0": f"127.0.0.1:{server.port}"}
        stage.configure(nodes, more=schedules("name: old, every: 1s, duration: 10m"))
        config = stage.folder / "stallwatch.yaml"
        with serving(stage) as served:
            [begun] = served.wait_for("campaign started")
            good = config.read_text()
            config.write_text(good.replace("every: 1s", "every: never"))
            served.signal(signal.SIGHUP)
            [refused] = served.wait_for("config refused, the old one stays")
            config.write_text(good.replace("name: old, every: 1s", "name: new, every: 1h"))
            served.signal(signal.SIGHUP)
            [taken] = served.wait_for("config read again")
            assert served.events("campaign ended") == []
            served.signal(signal.SIGINT)
            assert served.ended() == 130
    assert refused["reason"].startswith("stallwatch.yaml:7: schedules[0].every: 'never' is not a duration")
    assert taken["schedules"] == "new"
    assert [line["campaign"] for line in served.events("campaign ended")] == [begun["campaign"]]


def test_a_campaign_whose_process_dies_takes_nothing_along(tmp_path: Path, k6_1: Path) -> None:
    """It is recorded with the signal, closed and judged at once, and the next one runs."""
    stage, server = Stage(tmp_path, k6_1), Answering()
    with answering(server):
        nodes = {"n0": f"127.0.0.1:{server.port}"}
        stage.configure(nodes, more=schedules("name: long, every: 1s, duration: 10m"))
        with serving(stage) as served:
            [begun] = served.wait_for("campaign started")
            assert stage.await_file("runs/*.n0/requests.arrows", served.process, bytes_at_least=8000)
            [child] = [pid for pid, text in stage.belonging().items() if text.rstrip().endswith(" job")]
            os.kill(child, signal.SIGKILL)
            [ended] = served.wait_for("campaign ended")
            served.wait_for("campaign started", 2)
    assert (ended["campaign"], ended["state"]) == (begun["campaign"], "failed")
    assert ended["reason"] == "its process was ended by SIGKILL"
    assert stage.listed("campaigns")[-1]["verdict"] == "inconclusive"


def test_what_cannot_run_is_recorded_with_its_reason(tmp_path: Path, k6_1: Path) -> None:
    """A disk that is too small for the campaign: refused, and said in the log and the catalog."""
    stage = Stage(tmp_path, k6_1)
    profiles = ["big: {kind: soak, rate_per_s: 100000, duration: 7d}"]
    more = [*schedules("name: huge, every: 1s, profile: big"), "limits: {max_rate_per_s: 100000}"]
    stage.configure({"n0": "127.0.0.1:1"}, profiles=profiles, more=more)
    with serving(stage) as served:
        [ended, *_] = served.wait_for("campaign ended")
    assert ended["state"] == "failed"
    assert ended["reason"].startswith("refused: the campaign may store 9,0")
    assert stage.listed("campaigns") == []
    assert next(row["reason"] for row in written(stage) if row["state"] == "failed") == ended["reason"]


def test_what_influxdb_lacks_is_sent(
    tmp_path: Path, k6_1: Path, influx_bucket: InfluxSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was measured before there was an InfluxDB is there once the daemon serves, and is counted."""
    stage, server = Stage(tmp_path, k6_1), Answering()
    with answering(server):
        nodes = {"n0": f"127.0.0.1:{server.port}"}
        stage.configure(nodes, duration="2s")
        stage.run("run-smoke")
        requests = sum(run["requests"] for run in stage.listed("runs"))
        target = f'url: "{influx_bucket.url}", org: {influx_bucket.org}, bucket: {influx_bucket.bucket}'
        more = ["influxdb: {" + target + ", token: {env: INFLUX_TOKEN}}"]
        stage.configure(nodes, duration="2s", more=more)
        monkeypatch.setenv("INFLUX_TOKEN", influx_bucket.token)
        with serving(stage) as served:
            notes = served.wait_for("note")
            served.signal(signal.SIGTERM)
            assert served.ended() == 0
    assert [note["text"] for note in notes] == [f"InfluxDB {requests:,} of {requests:,}"]
