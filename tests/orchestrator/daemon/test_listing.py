"""`list schedules`: the next three times as on the wall there, and what came of the last start."""

from __future__ import annotations

from pathlib import Path

from orchestrator.daemon.listing import listed, listed_lines
from orchestrator.daemon.starts import StartState
from orchestrator.model import RunState, Schedule
from tests.orchestrator.daemon.test_agenda import Desk, at

NIGHTLY = Schedule(
    name="nightly",
    profile="smoke",
    cron="30 2 * * *",
    timezone="Europe/Berlin",
    nodes=("a", "b"),
    duration_s=900,
)


def test_next_and_last_in_words(tmp_path: Path) -> None:
    """Over a change of the clocks each time has its own zone; skipped starts do not hide the last one."""
    desk, now = Desk(tmp_path), at("2026-10-24 12:00")
    assert listed_lines(NIGHTLY, desk.starts.last("nightly"), now) == [
        "nightly: 30 2 * * * Europe/Berlin: smoke on a, b, for 15 min",
        "  next: 2026-10-25 02:30:00 CEST, 2026-10-26 02:30:00 CET, 2026-10-27 02:30:00 CET",
        "  last: none yet",
    ]
    desk.daemon("2026-10-24 12:00", NIGHTLY)
    desk.look("2026-10-25 00:30")
    [going] = desk.agenda.going()
    assert listed_lines(NIGHTLY, desk.starts.last("nightly"), now)[2] == (
        f"  last: 2026-10-25 02:30:00 CEST running (campaign {going.campaign_id})"
    )
    desk.look("2026-10-26 01:30")
    desk.campaign(going, RunState.DONE)
    desk.catalog.update_campaign(going.campaign_id, verdict="pass", sentence="pass: a and b.")
    desk.end()
    last = desk.starts.last("nightly")
    assert listed_lines(NIGHTLY, last, now)[2] == (
        f"  last: 2026-10-25 02:30:00 CEST done (campaign {going.campaign_id}), 1 skipped since:"
        " pass: a and b."
    )
    value = listed(NIGHTLY, last, now)
    assert [start["at"] for start in value["next"]][:2] == [
        "2026-10-25T00:30:00+00:00",
        "2026-10-26T01:30:00+00:00",
    ]
    assert (value["last"]["state"], value["last"]["verdict"], value["last"]["skipped"]) == ("done", "pass", 1)


def test_a_start_that_failed_says_why(tmp_path: Path) -> None:
    """The reason stands where the verdict would."""
    desk = Desk(tmp_path)
    desk.daemon("2026-10-24 12:00", NIGHTLY)
    desk.look("2026-10-25 00:30")
    desk.end(StartState.FAILED, "there is no k6")
    last = listed_lines(NIGHTLY, desk.starts.last("nightly"), at("2026-10-25 09:00"))[2]
    assert last.endswith(": there is no k6")
    assert " failed (campaign " in last


def test_a_schedule_that_is_not_enabled_says_so() -> None:
    """It has no next time."""
    paused = Schedule(name="p", profile="soak", every_s=600, jitter_s=30, enabled=False)
    assert listed_lines(paused, None, at("2026-06-01")) == [
        "p: every 10 min, not enabled: soak on all nodes, up to 30 s later",
        "  next: never, as it is not enabled",
        "  last: none yet",
    ]
