"""What goes from a home and what stays: nights of known age and size."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from orchestrator.history.summary import write_figures
from orchestrator.model import Retention, RunState
from orchestrator.retention.plan import Kind, plan
from tests.orchestrator.history.nights import DAY_NS, Nights, figures

MONTH = Retention(raw_days=30, summary_days=60, reports_days=45)
SIZE = 1000
PASS = {"a": "pass", "b": "pass"}
FAIL = {"a": "fail", "b": "fail"}


def night(home: Nights, at: int, verdicts: Mapping[str, str | None], **options: Any) -> str:
    """Add a night whose runs have requests of a known size, figures, and a report."""
    name = home.add(at, verdicts, **options)
    for node in verdicts:
        folder = home.kept.home.run_dir(f"{name}.{node}")
        (folder / "requests.parquet").write_bytes(b"x" * SIZE)
        write_figures(folder, figures())
    report = home.kept.home.reports_dir / f"{name}.html"
    report.write_bytes(b"x" * SIZE)
    at_s = (home.first_ns + at * DAY_NS) / 1e9
    os.utime(report, (at_s, at_s))
    return name


def planned(home: Nights, retention: Retention = MONTH) -> tuple[list[tuple[Kind, str]], dict[str, str]]:
    """Return what goes, in its order, and what is kept."""
    pruning = plan(home.kept, retention, time.time_ns(), None)
    return [(item.kind, item.name) for item in pruning.items], pruning.kept


def test_each_kind_by_its_own_age(tmp_path: Path) -> None:
    """Requests after 30 days, reports after 45, all of it after 60; oldest first, and what is young stays."""
    home = Nights(tmp_path, 100)
    for at in (10, 20, 50, 60, 90):
        night(home, at, FAIL)
    items, kept = planned(home)
    assert items == [
        (Kind.CAMPAIGN, "c010-smoke"),
        (Kind.CAMPAIGN, "c020-smoke"),
        (Kind.REQUESTS, "c050-smoke"),
        (Kind.REQUESTS, "c060-smoke"),
        (Kind.REPORT, "c010-smoke.html"),
        (Kind.REPORT, "c020-smoke.html"),
        (Kind.REPORT, "c050-smoke.html"),
    ]
    assert kept == {}


def test_the_last_good_nights_stay(tmp_path: Path) -> None:
    """Of each profile, of each set of nodes and of each node the newest that passed, and no older one."""
    home = Nights(tmp_path, 100)
    night(home, 1, PASS)
    both = night(home, 2, PASS)
    soak = night(home, 3, {"a": "pass"}, profile="soak")
    one = night(home, 4, {"a": "fail", "b": "pass", "control": "pass"})
    night(home, 5, FAIL)
    items, kept = planned(home)
    assert kept == {
        both: "the last good one of smoke on a, b",
        soak: "the last good one of soak on a",
        one: "the last good one of smoke on b",
    }
    assert [name for kind, name in items if kind is Kind.CAMPAIGN] == ["c001-smoke", "c005-smoke"]


def test_what_goes_on_stays(tmp_path: Path) -> None:
    """A campaign that runs is not touched, however old its start looks to a clock that was set."""
    home = Nights(tmp_path, 100)
    name = night(home, 1, {"a": None}, state=RunState.RUNNING)
    items, kept = planned(home)
    assert (items, kept) == ([(Kind.REPORT, "c001-smoke.html")], {name: "it goes on"})


def test_too_much_goes_oldest_first(tmp_path: Path) -> None:
    """Nothing is old: requests go until no more is over, but not the last good night's; then reports."""
    home = Nights(tmp_path, 10)
    for at in (1, 3, 4):
        night(home, at, FAIL)
    good = night(home, 2, PASS)
    size = plan(home.kept, MONTH, time.time_ns(), None).size

    def allowed(most: int) -> tuple[list[tuple[Kind, str]], dict[str, str]]:
        return planned(home, Retention(raw_days=30, summary_days=60, reports_days=45, max_bytes=most))

    assert allowed(size) == ([], {})
    assert allowed(size - 1) == ([(Kind.REQUESTS, "c001-smoke")], {})
    assert allowed(size - 2 * SIZE - 1) == (
        [(Kind.REQUESTS, "c001-smoke"), (Kind.REQUESTS, "c003-smoke")],
        {good: "the last good one of smoke on a, b"},
    )
    requests = [(Kind.REQUESTS, f"c00{at}-smoke") for at in (1, 3, 4)]
    assert allowed(size - 6 * SIZE - 1)[0] == [*requests, (Kind.REPORT, "c001-smoke.html")]


@pytest.mark.parametrize("left", ["requests.arrows", "k6/script.js"])
def test_what_a_crash_left_goes_next_time(tmp_path: Path, left: str) -> None:
    """What the catalog has given up and the disk still has is taken away, whatever it is called."""
    home = Nights(tmp_path, 100)
    name = home.add(60, {"a": "fail"})
    home.kept.catalog.update_run(f"{name}.a", pruned_ns=1)
    assert planned(home)[0] == []
    path = home.kept.home.run_dir(f"{name}.a") / left
    path.parent.mkdir(exist_ok=True)
    path.write_text("x")
    assert planned(home)[0] == [(Kind.REQUESTS, name)]
