"""`list`: runs and campaigns, newest first, as text and as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrator.campaign import open_records
from orchestrator.home import Home
from orchestrator.model import RunState
from tests.orchestrator.cli.run import stallwatch

FIRST_NS = 1_767_225_600_000_000_000


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Make a home whose catalog knows two campaigns of one run each."""
    catalog = open_records(Home(tmp_path)).catalog
    for number, name in enumerate(("older", "newer")):
        at = {"started_ns": FIRST_NS + number * 10**9, "state": RunState.DONE, "verdict": "pass"}
        catalog.add_campaign(id=name, profile="smoke", sentence=f"{name}: \x1b[31mred", **at)
        catalog.add_run(
            id=f"{name}.n0", campaign_id=name, node="n0", kind="node", profile="smoke", requests=12_034, **at
        )
    return tmp_path


@pytest.mark.parametrize(
    ("what", "ids"), [("runs", ["newer.n0", "older.n0"]), ("campaigns", ["newer", "older"])]
)
def test_what_ran_is_listed_newest_first(home: Path, what: str, ids: list[str]) -> None:
    """In both forms; JSON is one object a line."""
    text = stallwatch("list", what, "--home", str(home))
    values = stallwatch("list", what, "--home", str(home), "--format", "json")
    assert (text.returncode, values.returncode) == (0, 0)
    assert [line.split()[0] for line in text.stdout.splitlines()[1:]] == ids
    assert [json.loads(line)["id"] for line in values.stdout.splitlines()] == ids
    assert "2026-01-01 00:00:01Z" in text.stdout


def test_text_is_for_people(home: Path) -> None:
    """Thousands are separated, and nothing that was stored can steer the terminal."""
    assert "12,034" in stallwatch("list", "runs", "--home", str(home)).stdout
    assert "\x1b" not in stallwatch("list", "campaigns", "--home", str(home)).stdout


def test_an_empty_home_says_how_to_fill_it(tmp_path: Path) -> None:
    """Standard output stays empty for whoever reads it."""
    done = stallwatch("list", "campaigns", "--home", str(tmp_path))
    assert (done.returncode, done.stdout) == (0, "")
    assert "run-smoke" in done.stderr


def test_what_cannot_be_listed_is_a_usage_error() -> None:
    """With what can."""
    done = stallwatch("list", "elephants")
    assert done.returncode == 2
    assert "runs" in done.stderr
