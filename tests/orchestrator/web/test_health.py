"""Whether schedules are overdue: from the catalog alone."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orchestrator.daemon.starts import Starts
from orchestrator.daemon.times import timing_of, to_ns
from orchestrator.model import Schedule
from orchestrator.web.health import GRACE, overdue
from tests.orchestrator.web.shown import OFTEN, add_start, empty, showing

NIGHTLY = Schedule(name="nightly", profile="smoke", cron="0 2 * * *", timezone="Asia/Seoul")
DUE = datetime(2026, 3, 11, 17, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("seen", "now", "late"),
    [
        (DUE - timedelta(hours=5), DUE - SECOND, False),
        (DUE - timedelta(hours=5), DUE + GRACE, False),
        (DUE - timedelta(hours=5), DUE + GRACE + SECOND, True),
        (DUE, DUE + timedelta(hours=23), False),
        (DUE, DUE + timedelta(days=1) + GRACE + SECOND, True),
        (DUE + timedelta(days=9), DUE, False),
    ],
)
def test_a_start_that_nobody_took_up_is_overdue(seen: datetime, now: datetime, late: bool) -> None:
    """Two minutes after it was due and not before; what is written down, in the future too, is not."""
    known = {"nightly": (timing_of(NIGHTLY), to_ns(seen))}
    assert [one.schedule for one in overdue([NIGHTLY], known, now)] == (["nightly"] if late else [])


def test_what_the_daemon_does_not_watch_is_not_overdue() -> None:
    """A schedule that is not enabled, one that is new, and one that was changed just now."""
    long_ago = to_ns(DUE - timedelta(days=3))
    paused = replace(NIGHTLY, enabled=False)
    assert overdue([paused], {"nightly": (timing_of(paused), long_ago)}, DUE) == []
    assert overdue([NIGHTLY], {}, DUE) == []
    assert overdue([NIGHTLY], {"nightly": ("every 60 s", long_ago)}, DUE) == []


def test_healthz_says_which_and_since_when(tmp_path: Path) -> None:
    """200 while starts are taken up; 503 with the reason once one was not; 200 again when it is."""
    kept = empty(tmp_path)
    now = datetime.now(UTC)
    Starts(kept.catalog).looked_at(OFTEN, now)
    with showing(kept.home, schedules=[OFTEN]) as page:
        healthy = page.get("/healthz")
        with kept.catalog.writing() as connection:
            connection.exec_driver_sql("UPDATE schedules SET since_ns = since_ns - 1800000000000")
        ill, front = page.get("/healthz"), page.get("/")
        add_start(kept, "often", time.time_ns())
        again = page.get("/healthz")
    assert (healthy.status_code, healthy.json()) == (200, {"ok": True, "reasons": []})
    assert (ill.status_code, ill.json()["ok"], len(ill.json()["reasons"])) == (503, False, 1)
    assert ill.json()["reasons"][0].startswith("schedule often is overdue: its start of 20")
    assert "is overdue" in front.text
    assert again.status_code == 200


def test_a_catalog_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """It is 503, pages say so in one line, the log gets the reason once; and then all is well again."""
    kept = empty(tmp_path)
    with showing(kept.home, schedules=[OFTEN]) as page:
        whole = kept.home.catalog_db.read_bytes()
        for path in kept.home.path.glob("catalog.db*"):
            path.unlink()
        kept.home.catalog_db.write_bytes(b"no database" * 100)
        ill, front, metrics = page.get("/healthz"), page.get("/"), page.get("/metrics")
        kept.home.catalog_db.write_bytes(whole)
        again = page.get("/")
    assert [got.status_code for got in (ill, front, metrics, again)] == [503, 503, 503, 200]
    assert "cannot be read" in front.text
    assert str(tmp_path) not in front.text + ill.text + metrics.text
    [said] = page.said
    assert said.startswith(f"error: the catalog {kept.home.catalog_db} cannot be used")
