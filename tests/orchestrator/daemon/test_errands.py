"""What `serve` does beside campaigns: it tells whom the config names, and prunes."""

from __future__ import annotations

import signal
from pathlib import Path

from tests.orchestrator.daemon.served import schedules, serving
from tests.orchestrator.notifying.hooks import HANG, Hook, listening
from tests.orchestrator.runs.stage import Stage
from tests.orchestrator.shipping.made import CAMPAIGN, home_with


def test_a_failing_node_is_told_once(tmp_path: Path, k6_1: Path) -> None:
    """Three campaigns fail, one message comes, and a webhook that hangs disturbs none of them."""
    stage, team, dead = Stage(tmp_path, k6_1), Hook(200), Hook(HANG)
    with listening(team, dead):
        (tmp_path / "team").write_text(team.url)
        (tmp_path / "dead").write_text(dead.url)
        channels = [
            "notify:",
            "  - {name: dead, type: slack, url: {file: dead}}",
            "  - {name: team, type: webhook, url: {file: team}}",
        ]
        more = [*schedules("name: often, every: 1s"), *channels]
        stage.configure({"closed": "127.0.0.1:1"}, duration="1s", more=more)
        with serving(stage) as served:
            ended = served.wait_for("campaign ended", 3)
            served.wait_for("note", where=lambda line: line["text"] == "notify team: often: fail: closed")
            served.signal(signal.SIGTERM)
            assert served.ended() == 0
        assert stage.left_after(3) == {}
    assert [line["verdict"] for line in ended] == ["fail"] * 3
    assert [body["title"] for _, _, body in team.taken] == ["stallwatch: often: fail: closed"]
    [(_, _, body)] = team.taken
    assert (body["campaign"], body["nodes"]) == (ended[0]["campaign"], ["closed"])
    assert body["text"] == ended[0]["sentence"]
    assert dead.tries >= 1
    assert not any("T0KEN" in str(line) or "pa55word" in str(line) for line in served.lines)


def test_it_prunes(tmp_path: Path, k6_1: Path) -> None:
    """When it starts, and then once a day: what is too old goes, and one line says how much."""
    home_with(tmp_path).catalog.update_campaign(CAMPAIGN, verdict="fail")
    stage = Stage(tmp_path, k6_1)
    stage.configure({"n0": "127.0.0.1:1"}, more=["retention: {raw_days: 1}"])
    with serving(stage) as served:
        [note] = served.wait_for("note")
        served.signal(signal.SIGTERM)
        assert served.ended() == 0
    assert " pruned, " in note["text"]
    assert not list(stage.home.rglob("*.parquet"))
    assert (stage.home / "runs" / f"{CAMPAIGN}.n0" / "summary.json").is_file()
