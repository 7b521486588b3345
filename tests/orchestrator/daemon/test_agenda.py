"""Starts that are due: each once, whatever becomes of the daemon, its config and its clock."""

from __future__ import annotations

import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from orchestrator.catalog import Catalog, starts
from orchestrator.daemon.agenda import Agenda, Going
from orchestrator.daemon.log import Log, LogFormat
from orchestrator.daemon.starts import Starts, StartState
from orchestrator.daemon.times import Start
from orchestrator.errors import StoreError
from orchestrator.model import RunState, Schedule

NIGHTLY = Schedule(name="nightly", profile="smoke", cron="0 2 * * *", timezone="Europe/Berlin")
OFTEN = Schedule(name="often", profile="smoke", every_s=600)


def at(text: str) -> datetime:
    """Return an instant of UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class Desk:
    """A home's catalog, and daemons that use it one after the other at any time one likes."""

    def __init__(self, folder: Path) -> None:
        self.catalog = Catalog(folder / "catalog.db", folder / "locks")
        self.starts = Starts(self.catalog)
        self.agenda: Agenda

    def daemon(self, now: str, *schedules: Schedule) -> None:
        """Begin a new daemon."""
        self.agenda = Agenda(self.starts, Log(LogFormat.TEXT), random.Random(1))
        self.agenda.take(schedules, at(now))
        self.agenda.recover(at(now))

    def look(self, now: str, why_late: str = "") -> list[str]:
        """Look at the clock, begin what is to begin, and return its schedules and local times."""
        begun = self.agenda.look(at(now), why_late)
        for going in begun:
            self.agenda.begun(going)
        return [f"{going.schedule.name} {going.start.wall}" for going in begun]

    def end(self, state: StartState = StartState.DONE, reason: str = "") -> None:
        """End whatever goes on."""
        for going in self.agenda.going():
            self.agenda.ended(going, state, reason)

    def written(self) -> list[tuple[str, str, str]]:
        """Return what the catalog knows of starts: local time, state, reason."""
        rows = self.catalog.rows(sa.select(starts).order_by(starts.c.due_ns))
        return [(row["wall"], row["state"], row["reason"]) for row in rows]

    def campaign(self, going: Going, state: RunState) -> None:
        """Write down the campaign of a start."""
        self.catalog.add_campaign(id=going.campaign_id, profile="smoke", state=state, started_ns=1)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Give a home without a past."""
    return Desk(tmp_path)


def through(desk: Desk, begin: str, end: str, step: timedelta) -> list[str]:
    """Live through a time, with campaigns that end at once, and return what began."""
    begun, now = [], at(begin)
    while now <= at(end):
        begun += desk.look(f"{now:%Y-%m-%d %H:%M:%S}")
        desk.end()
        now += step
    return begun


def test_a_night_that_has_two_o_clock_twice_has_one_campaign(desk: Desk) -> None:
    """Looked at each minute, with the daemon ended and begun again between the two."""
    desk.daemon("2026-10-24 20:00", NIGHTLY)
    minute = timedelta(minutes=1)
    assert through(desk, "2026-10-24 22:00", "2026-10-25 00:40", minute) == ["nightly 2026-10-25 02:00"]
    desk.daemon("2026-10-25 00:41", NIGHTLY)
    assert through(desk, "2026-10-25 00:41", "2026-10-25 03:00", minute) == []


def test_a_clock_that_is_set_back_starts_nothing_twice(desk: Desk) -> None:
    """An hour lived again is an hour known; also when the daemon was begun in it, and after a wrong year."""
    desk.daemon("2026-06-01 10:01", OFTEN)
    hour = ["often 2026-06-01 10:10:00Z", "often 2026-06-01 10:20:00Z"]
    assert through(desk, "2026-06-01 10:01", "2026-06-01 10:25", timedelta(minutes=1)) == hour
    assert through(desk, "2026-06-01 10:05", "2026-06-01 10:29", timedelta(minutes=1)) == []
    desk.daemon("2026-06-01 10:06", OFTEN)
    assert through(desk, "2026-06-01 10:06", "2026-06-01 10:31", timedelta(minutes=1)) == [
        "often 2026-06-01 10:30:00Z"
    ]
    assert desk.look("2031-01-01 00:00:01") == ["often 2031-01-01 00:00:00Z"]
    desk.end()
    assert desk.look("2026-06-01 10:35") == []
    assert desk.look("2026-06-01 10:40") == ["often 2026-06-01 10:40:00Z"]


def test_a_schedule_whose_last_campaign_goes_on_skips(desk: Desk) -> None:
    """It is written down with the campaign that it would have met, and the next one runs."""
    desk.daemon("2026-06-01 10:01", OFTEN)
    assert desk.look("2026-06-01 10:10") == ["often 2026-06-01 10:10:00Z"]
    [going] = desk.agenda.going()
    assert desk.look("2026-06-01 10:20") == []
    desk.end()
    assert desk.look("2026-06-01 10:30") == ["often 2026-06-01 10:30:00Z"]
    reason = f"campaign {going.campaign_id}, due 2026-06-01 10:10:00Z, goes on"
    assert desk.written() == [
        ("2026-06-01 10:10:00Z", "done", ""),
        ("2026-06-01 10:20:00Z", "skipped", reason),
        ("2026-06-01 10:30:00Z", "running", ""),
    ]


def test_what_was_missed_is_made_up_once_or_written_down(desk: Desk) -> None:
    """The daemon was down for nights: the last one within two hours runs, the others are missed."""
    desk.daemon("2026-06-01 12:00", NIGHTLY)
    desk.daemon("2026-06-04 00:50", NIGHTLY)
    assert desk.look("2026-06-04 00:50") == ["nightly 2026-06-04 02:00"]
    desk.end()
    desk.daemon("2026-06-04 00:55", NIGHTLY)
    assert desk.look("2026-06-04 00:55") == []
    missed = "nothing could start it within catch_up (2 h)"
    assert desk.written() == [
        ("2026-06-02 02:00", "missed", missed),
        ("2026-06-03 02:00", "missed", missed),
        ("2026-06-04 02:00", "done", ""),
    ]


def test_a_host_that_slept_says_so(desk: Desk) -> None:
    """What happened to the clock stands in the reason of what it made late or missed."""
    desk.daemon("2026-06-01 12:00", NIGHTLY)
    assert desk.look("2026-06-01 23:59:59") == []
    assert desk.look("2026-06-02 06:00", "the host slept for 6 h") == []
    assert desk.look("2026-06-03 00:30", "the host slept for 18 h") == ["nightly 2026-06-03 02:00"]
    assert [reason.partition(", ")[2] for _, _, reason in desk.written()] == [
        "the host slept for 6 h",
        "the host slept for 18 h",
    ]


@pytest.mark.parametrize("then", ["changed", "new", "enabled"])
def test_a_schedule_begins_when_it_is_first_seen(desk: Desk, then: str) -> None:
    """One that is new, has another time, or was not enabled, has missed nothing."""
    now = Schedule(name="nightly", profile="smoke", cron="0 3 * * *")
    before = {
        "changed": [NIGHTLY],
        "new": [],
        "enabled": [Schedule(name="nightly", profile="smoke", cron="0 3 * * *", enabled=False)],
    }[then]
    desk.daemon("2026-06-01 12:00", *before)
    desk.daemon("2026-06-05 04:00", now)
    assert desk.look("2026-06-05 04:00") == []
    assert desk.look("2026-06-06 03:00") == ["nightly 2026-06-06 03:00"]
    assert len(desk.written()) == 1


def test_a_config_that_is_read_again_disturbs_nothing(desk: Desk) -> None:
    """A schedule that stays goes on; one that went ends what it had begun, and starts no more."""
    desk.daemon("2026-06-01 10:01", OFTEN)
    assert desk.look("2026-06-01 10:10") == ["often 2026-06-01 10:10:00Z"]
    desk.agenda.take([OFTEN, NIGHTLY], at("2026-06-01 10:19"))
    assert desk.look("2026-06-01 10:20") == []
    desk.agenda.take([NIGHTLY], at("2026-06-01 10:21"))
    desk.end()
    assert desk.look("2026-06-01 10:30") == []
    assert [state for _, state, _ in desk.written()] == ["done", "skipped"]


def test_jitter_puts_off_and_never_counts_twice(desk: Desk) -> None:
    """It begins within the jitter, and is written down from the moment that it was due."""
    desk.daemon("2026-06-01 10:01", Schedule(name="often", profile="smoke", every_s=600, jitter_s=300))
    assert desk.look("2026-06-01 10:10") == []
    assert [state for _, state, _ in desk.written()] == ["running"]
    [going] = desk.agenda.going()
    assert at("2026-06-01 10:10") < going.begin <= at("2026-06-01 10:15")
    assert desk.look("2026-06-01 10:15") == ["often 2026-06-01 10:10:00Z"]
    assert desk.look("2026-06-01 10:15:01") == []


@pytest.mark.parametrize(
    ("campaign", "state"),
    [
        (RunState.DONE, "done"),
        (RunState.STOPPED, "done"),
        (RunState.FAILED, "failed"),
        (RunState.INTERRUPTED, "interrupted"),
    ],
)
def test_a_start_that_a_crash_left_has_its_campaigns_end(desk: Desk, campaign: RunState, state: str) -> None:
    """It is not done twice, however far its campaign came."""
    desk.daemon("2026-06-01 12:00", NIGHTLY)
    assert desk.look("2026-06-02 00:00") == ["nightly 2026-06-02 02:00"]
    desk.campaign(desk.agenda.going()[0], campaign)
    desk.daemon("2026-06-02 00:10", NIGHTLY)
    assert desk.look("2026-06-02 00:10") == []
    assert [state for _, state, _ in desk.written()] == [state]


def test_a_start_that_never_began_begins_after_a_crash(desk: Desk) -> None:
    """Within catch_up, under the id that was written down; later it is closed."""
    desk.daemon("2026-06-01 12:00", NIGHTLY)
    desk.agenda.look(at("2026-06-02 00:00"))
    [before] = desk.agenda.going()
    desk.daemon("2026-06-02 00:10", NIGHTLY)
    assert desk.look("2026-06-02 00:10") == ["nightly 2026-06-02 02:00"]
    [after] = desk.agenda.going()
    assert (after.campaign_id, after.late) == (before.campaign_id, "stallwatch ended before it began")
    desk.daemon("2026-06-02 09:00", NIGHTLY)
    assert desk.look("2026-06-02 09:00") == []
    assert [state for _, state, _ in desk.written()] == ["interrupted"]


def test_a_catalog_that_cannot_be_written_only_puts_off(desk: Desk, tmp_path: Path) -> None:
    """Nothing begins that is not written down; it is made up when the catalog can be used again."""
    desk.daemon("2026-06-01 12:00", NIGHTLY)
    database = (tmp_path / "catalog.db").read_bytes()
    (tmp_path / "catalog.db-wal").unlink(missing_ok=True)
    (tmp_path / "catalog.db").write_bytes(b"no database " * 1000)
    with pytest.raises(StoreError):
        desk.look("2026-06-02 00:00")
    (tmp_path / "catalog.db").write_bytes(database)
    assert desk.look("2026-06-02 00:30") == ["nightly 2026-06-02 02:00"]


def test_one_of_many_gets_a_start(desk: Desk) -> None:
    """The catalog itself keeps a local time from being taken twice."""
    start = Start(schedule="s", wall="2026-06-01 02:00", due=at("2026-06-01"))

    def claim(_: int) -> bool:
        return desk.starts.claim(start, StartState.RUNNING)

    with ThreadPoolExecutor(8) as pool:
        won: Sequence[bool] = list(pool.map(claim, range(24)))
    assert won.count(True) == 1
