"""When schedules start: over both changes of the clocks, each local time once; missed ones made up once."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.daemon.times import Passed, from_ns, next_starts, passed_starts, starts, to_ns
from orchestrator.model import Schedule

ZONES = (
    "Asia/Seoul", "Europe/Berlin", "America/New_York",
    "Australia/Lord_Howe", "Africa/Casablanca", "Europe/Dublin", "Pacific/Apia",
)  # fmt: skip
EXPRESSIONS = ("0 2 * * *", "30 1 * * *", "30 2 * * *", "*/7 1-3 * * *", "0 * * * sun", "5 3 31 * *")


def cron(expression: str, zone: str = "UTC", **changes: float) -> Schedule:
    """Return a schedule by cron."""
    return Schedule(name="s", profile="smoke", cron=expression, timezone=zone, catch_up_s=7200, **changes)  # type: ignore[arg-type] # seconds


def at(text: str) -> datetime:
    """Return an instant of UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def coming(schedule: Schedule, after: str, count: int) -> list[str]:
    """Return starts as UTC and as on the wall."""
    return [f"{s.due:%dT%H:%M} {s.wall[11:]}" for s in islice(starts(schedule, at(after)), count)]


# Zone, time, where to begin, three nights as UTC and the wall. Korea last changed its clocks in 1988.
NIGHTS = """
Europe/Berlin    02:00 2026-10-23T12 24T00:00 02:00 25T00:00 02:00 26T01:00 02:00
Europe/Berlin    02:30 2026-10-23T12 24T00:30 02:30 25T00:30 02:30 26T01:30 02:30
Europe/Berlin    01:30 2026-10-23T12 23T23:30 01:30 24T23:30 01:30 26T00:30 01:30
Europe/Berlin    02:00 2026-03-27T12 28T01:00 02:00 29T01:00 03:00 30T00:00 02:00
Europe/Berlin    02:30 2026-03-27T12 28T01:30 02:30 29T01:30 03:30 30T00:30 02:30
Europe/Berlin    01:30 2026-03-27T12 28T00:30 01:30 29T00:30 01:30 29T23:30 01:30
America/New_York 01:30 2026-10-31T00 31T05:30 01:30 01T05:30 01:30 02T06:30 01:30
America/New_York 02:00 2026-10-31T00 31T06:00 02:00 01T07:00 02:00 02T07:00 02:00
America/New_York 02:30 2026-10-31T00 31T06:30 02:30 01T07:30 02:30 02T07:30 02:30
America/New_York 02:00 2026-03-07T00 07T07:00 02:00 08T07:00 03:00 09T06:00 02:00
America/New_York 02:30 2026-03-07T00 07T07:30 02:30 08T07:30 03:30 09T06:30 02:30
America/New_York 01:30 2026-03-07T00 07T06:30 01:30 08T06:30 01:30 09T05:30 01:30
Asia/Seoul       02:00 1988-10-07T00 07T16:00 02:00 08T16:00 02:00 09T17:00 02:00
Asia/Seoul       02:30 1987-10-09T00 09T16:30 02:30 10T16:30 02:30 11T17:30 02:30
Asia/Seoul       02:00 1988-05-06T00 06T17:00 02:00 07T17:00 03:00 08T16:00 02:00
Asia/Seoul       02:30 1987-05-08T00 08T17:30 02:30 09T17:30 03:30 10T16:30 02:30
Asia/Seoul       01:30 1988-05-06T00 06T16:30 01:30 07T16:30 01:30 08T15:30 01:30
Asia/Seoul       02:00 2026-10-24T00 24T17:00 02:00 25T17:00 02:00 26T17:00 02:00
"""


@pytest.mark.parametrize("night", NIGHTS.strip().splitlines())
def test_a_nightly_starts_once_a_night(night: str) -> None:
    """Where clocks go back the first of two equal times counts; in the spring gap it is an hour later."""
    zone, time, after, *expected = night.split()
    schedule = cron(f"{time[3:]} {time[:2]} * * *", zone)
    found = islice(starts(schedule, at(after)), 3)
    assert [word for s in found for word in (f"{s.due:%dT%H:%M}", s.wall[11:])] == expected


def test_both_sides_of_a_gap_are_one_start() -> None:
    """02:30 does not exist, and 03:30 starts anyway: one campaign, not two."""
    assert coming(cron("30 2,3 * * *", "Europe/Berlin"), "2026-03-29", 3) == [
        "29T01:30 03:30", "30T00:30 02:30", "30T01:30 03:30",
    ]  # fmt: skip


def test_the_hour_that_comes_twice_is_one_hour() -> None:
    """Three starts an hour are three in the hour that is lived twice; `every` goes on through it."""
    assert coming(cron("*/20 * * * *", "Europe/Berlin"), "2026-10-25 00:00", 4) == [
        "25T00:20 02:20", "25T00:40 02:40", "25T02:00 03:00", "25T02:20 03:20",
    ]  # fmt: skip
    every = Schedule(name="s", profile="smoke", every_s=1200)
    assert coming(every, "2026-10-25 00:30", 4) == [
        "25T00:40 00:40:00Z", "25T01:00 01:00:00Z", "25T01:20 01:20:00Z", "25T01:40 01:40:00Z",
    ]  # fmt: skip


@given(
    expression=st.sampled_from(EXPRESSIONS),
    zone=st.sampled_from(ZONES),
    after=st.datetimes(datetime(1986, 1, 1), datetime(2035, 1, 1)),  # noqa: DTZ001 # made UTC below
)
def test_starts_go_forward_and_no_local_time_comes_twice(expression: str, zone: str, after: datetime) -> None:
    """In any zone at any time, and the same wherever one begins to look."""
    schedule, begin = cron(expression, zone), after.replace(tzinfo=UTC)
    found = list(islice(starts(schedule, begin), 12))
    assert all(a.due < b.due for a, b in pairwise(found))
    assert found[0].due > begin
    assert len({start.wall for start in found}) == len(found)
    assert list(islice(starts(schedule, found[4].due), 7)) == found[5:]


def passed(schedule: Schedule, after: str, now: str) -> list[Passed]:
    """Return what was due between two instants."""
    return passed_starts(schedule, at(after), at(now))


def test_what_is_due_runs() -> None:
    """A second late is not late; what is not yet due is not there."""
    nightly = cron("0 2 * * *")
    assert passed(nightly, "2026-06-01 01:59:59", "2026-06-01 01:59:59.999") == []
    [one] = passed(nightly, "2026-06-01 01:59:59", "2026-06-01 02:00:01")
    assert (one.start.wall, one.missed, one.late) == ("2026-06-01 02:00", "", "")
    assert passed(nightly, "2026-06-01 02:00:01", "2026-06-01 02:00:02") == []


def test_a_missed_start_is_made_up_once_within_catch_up() -> None:
    """Of several the last one, and the others say so; what is older is missed for good."""
    [one] = passed(cron("0 2 * * *"), "2026-06-01 00:00", "2026-06-01 03:40")
    assert (one.missed, one.late) == ("", "made up 1 h 40 min late")
    [one] = passed(cron("0 2 * * *"), "2026-06-01 00:00", "2026-06-01 04:00:01")
    assert one.missed == "nothing could start it within catch_up (2 h)"
    several = passed(cron("0 * * * *"), "2026-06-01 00:30", "2026-06-01 04:10")
    missed, together = (
        "nothing could start it within catch_up (2 h)",
        "made up together with 2026-06-01 04:00",
    )
    assert [(p.start.wall[11:], p.missed, p.skipped) for p in several] == [
        ("01:00", missed, ""),
        ("02:00", missed, ""),
        ("03:00", "", together),
        ("04:00", "", ""),
    ]


def test_a_year_away_is_told_in_bounds() -> None:
    """Of a start a minute the last hundred are told, the first for all before it, and one is made up."""
    every = Schedule(name="s", profile="smoke", every_s=60, catch_up_s=600)
    found = passed(every, "2025-06-01", "2026-06-01")
    assert len(found) == 100
    assert found[0].missed == "nothing could start it within catch_up (10 min), like those before it"
    assert [one.missed + one.skipped == "" for one in found] == [False] * 99 + [True]
    assert found[-1].start.due == at("2026-06-01")


def test_a_schedule_that_is_not_enabled_never_starts() -> None:
    """Neither now nor next."""
    paused = Schedule(name="s", profile="smoke", every_s=60, enabled=False)
    assert passed(paused, "2026-06-01", "2026-06-02") == []
    assert next_starts(paused, at("2026-06-01")) == []


@given(st.datetimes(datetime(1980, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001 # made UTC below
def test_instants_survive_the_catalog(moment: datetime) -> None:
    """To nanoseconds and back."""
    assert from_ns(to_ns(moment.replace(tzinfo=UTC))) == moment.replace(tzinfo=UTC)
