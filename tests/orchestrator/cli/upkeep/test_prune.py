"""`prune` as a user calls it, and what the reading commands say afterwards."""

from __future__ import annotations

import json
from pathlib import Path

from tests.orchestrator.cli.run import stallwatch
from tests.orchestrator.runs.stage import Answering, Stage, answering
from tests.orchestrator.shipping.made import CAMPAIGN, home_with

CONFIG = """\
service: {{url: http://127.0.0.1/}}
nodes: [{{name: n0, address: 127.0.0.1}}]
{more}
"""


def home(folder: Path, more: str) -> Path:
    """Make a home with an old campaign that failed, and a config."""
    home_with(folder).catalog.update_campaign(CAMPAIGN, verdict="fail")
    (folder / "stallwatch.yaml").write_text(CONFIG.format(more=more))
    return folder


def test_dry_run_then_really(tmp_path: Path) -> None:
    """The dry run says the same as the real one and takes nothing away; a second one finds nothing."""
    folder = home(tmp_path, "retention: {}")
    dry = stallwatch("prune", "--home", "home", "--dry-run", folder=folder)
    assert (dry.returncode, dry.stderr) == (0, "")
    assert dry.stdout.startswith(f"requests of {CAMPAIGN}: ")
    assert "would be pruned" in dry.stdout
    assert stallwatch("analyze", CAMPAIGN, "--home", "home", folder=folder).stdout
    done = stallwatch("prune", "--home", "home", "--format", "json", folder=folder)
    found = json.loads(done.stdout)
    assert [(one["kind"], one["name"], one["why"]) for one in found["pruned"]] == [
        ("requests", CAMPAIGN, "older than 30 days")
    ]
    assert found["freed_bytes"] == found["pruned"][0]["bytes"] > 0
    again = stallwatch("prune", "--home", "home", folder=folder)
    assert again.stdout.startswith("nothing to prune: ")


def test_reading_commands_say_that_it_was_pruned(tmp_path: Path) -> None:
    """One clear line with the day, never `no stored requests`; what the catalog knows is listed on."""
    folder = home(tmp_path, "retention: {}")
    stallwatch("prune", "--home", "home", folder=folder)
    for command in (["analyze", CAMPAIGN], ["report", CAMPAIGN], ["compare", CAMPAIGN, CAMPAIGN]):
        done = stallwatch(*command, "--home", "home", folder=folder)
        assert done.returncode == 4, command
        assert f"the requests of run {CAMPAIGN}.n0 were pruned on 20" in done.stderr
        assert "as retention asks" in done.stderr
    listed = stallwatch("list", "runs", "--home", "home", folder=folder)
    assert f"{CAMPAIGN}.n0" in listed.stdout


def test_a_real_campaign_has_its_history_afterwards(tmp_path: Path, k6_1: Path) -> None:
    """max_bytes takes a campaign's requests at once; `history` still shows its figures, with their n."""
    stage, server = Stage(tmp_path, k6_1), Answering()
    with answering(server):
        stage.configure(
            {"n": f"127.0.0.1:{server.port}"}, duration="2s", more=["retention: {max_bytes: 1000000}"]
        )
        assert stage.run("run-smoke")[0] == 3
    filler = stage.home / "reports" / "big.html"
    filler.write_bytes(b"x" * 2_000_000)
    _, out, _ = stage.run("prune")
    assert "requests of 20" in out
    assert "more than max_bytes" in out
    assert not list(stage.home.rglob("*.parquet"))
    _, past, _ = stage.run("history")
    assert "1 campaign" in past
    assert "left out" not in past


def test_without_retention_nothing_goes(tmp_path: Path) -> None:
    """A config that says nothing keeps everything: the command says what to add, exit code 2."""
    done = stallwatch("prune", "--home", "home", folder=home(tmp_path, ""))
    assert done.returncode == 2
    assert "has no retention: everything is kept; add retention: {raw_days: 30" in done.stderr


def test_figures_outlive_requests(tmp_path: Path) -> None:
    """A config that would take figures before requests is refused with its line."""
    done = stallwatch("prune", folder=home(tmp_path, "retention: {raw_days: 30, summary_days: 7}"))
    assert done.returncode == 2
    assert "stallwatch.yaml:3: retention: summary_days (7) is below raw_days (30)" in done.stderr
