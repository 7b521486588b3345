"""A round of telling: what the catalog has to say, to whom, once; and channels that do not answer."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orchestrator.catalog import Catalog
from orchestrator.daemon.starts import Starts, StartState
from orchestrator.daemon.times import Start
from orchestrator.errors import ExitCode
from orchestrator.home import Home
from orchestrator.model import Channel, Event, NodeKind, RunState
from orchestrator.notifying.delivery import Patience
from orchestrator.notifying.errand import deliver_all, notify
from orchestrator.notifying.outbox import NEWS_NS, PING_NS, Outbox
from tests.orchestrator.notifying.hooks import HANG, TRICKLE, Hook, listening

SOON = Patience(timeout_s=0.2, pauses_s=(0.0,))
NOW = datetime.now(UTC)


class Past:
    """A home whose starts are made up, one an hour, the last of them now."""

    def __init__(self, folder: Path) -> None:
        self.home = Home(folder).create()
        self.catalog = Catalog(self.home.catalog_db, self.home.locks_dir)
        self.starts = Starts(self.catalog)
        self._night = 0
        self.told: list[str] = []

    def add(self, verdict: str | None, state: StartState = StartState.DONE, reason: str = "") -> None:
        """Add a start whose campaign came to a verdict, or that had none."""
        self._night += 1
        due = NOW - timedelta(hours=100 - self._night)
        start = Start(schedule="nightly", wall=f"night {self._night}", due=due)
        campaign = f"c{self._night}" if verdict else None
        assert self.starts.claim(start, StartState.RUNNING, campaign_id=campaign)
        if campaign:
            self.catalog.add_campaign(
                id=campaign, profile="smoke", state=RunState.DONE, started_ns=self._night, verdict=verdict,
                sentence=f"{verdict}: n0 did.",
            )  # fmt: skip
            self.catalog.add_run(
                id=f"{campaign}.n0", campaign_id=campaign, node="n0", kind=NodeKind.NODE, profile="smoke",
                state=RunState.DONE, started_ns=self._night, verdict=verdict,
            )  # fmt: skip
        self.starts.note(start, state, reason)

    def tell(self, *channels: Channel) -> ExitCode:
        """Do one round, as a process of its own would."""
        return notify(self.home, channels, self.told.append, SOON)


@pytest.fixture
def past(tmp_path: Path) -> Past:
    """Make an empty past."""
    return Past(tmp_path / "home")


def channel(hook: Hook, name: str = "team", **options: object) -> Channel:
    """Return a channel that hears everything but passes."""
    events = (Event.FAIL, Event.RECOVERY, Event.INCONCLUSIVE, Event.NOT_RUN)
    values: dict[str, object] = {"kind": "webhook", "events": events} | options
    return Channel(name=name, url=hook.url, **values)  # type: ignore[arg-type]


def titles(hook: Hook) -> list[str]:
    """Return what a hook has taken."""
    return [body["title"].removeprefix("stallwatch: nightly: ") for _, _, body in hook.taken]


def test_once_an_incident_over_rounds(past: Past) -> None:
    """Each round is a process of its own: what was told stays told, and the recovery follows."""
    hook = Hook(200)
    with listening(hook):
        for verdict in ("pass", "fail", "fail", "fail", "pass", "pass"):
            past.add(verdict)
            assert past.tell(channel(hook)) == ExitCode.PASS
        past.add(None, StartState.MISSED, "the host was asleep")
        past.tell(channel(hook))
        past.tell(channel(hook))
    assert titles(hook) == [
        "fail: n0",
        "recovery: n0 passed again, after failing since night 2",
        "did not run as it should (missed, due night 7)",
    ]
    fail, _, missed = (body for _, _, body in hook.taken)
    assert (fail["text"], fail["campaign"], fail["verdict"]) == ("fail: n0 did.", "c2", "fail")
    assert missed["text"] == "the host was asleep"


def test_a_dead_channel_holds_up_nobody(past: Past) -> None:
    """The others hear at once; what it missed is kept, told in order when it is back, and told once."""
    well, dead = Hook(200), Hook(500)
    with listening(well, dead):
        both = (channel(dead, "dead"), channel(well, "well"))
        past.add("fail")
        assert past.tell(*both) == ExitCode.INFRASTRUCTURE
        assert titles(well) == ["fail: n0"]
        past.add("pass")
        assert past.tell(*both) == ExitCode.INFRASTRUCTURE
        assert dead.taken == []
        dead.answers = [200]
        assert past.tell(*both) == ExitCode.PASS
        assert past.tell(*both) == ExitCode.PASS
    assert titles(dead) == titles(well)
    assert len(titles(dead)) == 2
    assert "warning: notify dead: not delivered, and tried again later: it answered 500, 2 times" in past.told
    assert not any("T0KEN" in text or "pa55word" in text for text in past.told)


@pytest.mark.parametrize("bad", [HANG, TRICKLE])
def test_a_round_ends_whatever_a_channel_does(bad: str) -> None:
    """Even one that sends a byte now and then, for ever, is left, and named."""
    well, slow = Hook(200), Hook(bad)
    with listening(well, slow):
        channels = [channel(slow, "slow"), channel(well, "well")]
        waiting = {name: [{"body": '{"title": "t", "text": ""}'}] for name in ("slow", "well")}
        taken: list[object] = []
        troubles = deliver_all(
            channels, waiting, taken.append, Patience(timeout_s=60, pauses_s=()), longest_s=0.5
        )
    assert troubles == {"slow": "it had not answered after 0.5 s"}
    assert len(taken) == len(well.taken) == 1


def test_killed_before_delivery_loses_nothing(past: Past) -> None:
    """News are kept with the incident; whoever comes next delivers them."""
    hook = Hook(200)
    past.add("fail")
    with listening(hook):
        Outbox(past.catalog).fill([channel(hook)], time.time_ns())
        past.tell(channel(hook))
        past.tell(channel(hook))
    assert titles(hook) == ["fail: n0"]


def test_what_is_old_is_not_told(past: Past) -> None:
    """A message that nobody took for a day is given up and said so; of old news only the state is kept."""
    dead, back = Hook(500), Hook(200)
    past.add("fail")
    with listening(dead, back):
        past.tell(channel(dead))
        outbox = Outbox(past.catalog)
        assert outbox.give_up(time.time_ns()) == []
        assert [row["event"] for row in outbox.give_up(time.time_ns() + NEWS_NS)] == [Event.FAIL]
        past.add("inconclusive")
        outbox.fill([channel(back)], time.time_ns() + 2 * NEWS_NS)
        past.add("pass")
        past.tell(channel(back))
    assert titles(back) == ["recovery: n0 passed again, after failing since night 1"]


def test_pings_say_that_all_is_well_now(past: Past) -> None:
    """After each pass one GET; of several that wait only the last, and none that is an hour old."""
    dead, alive = Hook(500), Hook(200)
    ping = {"kind": "ping", "events": (Event.GOOD,)}
    with listening(dead, alive):
        for _ in range(3):
            past.add("pass")
            past.tell(channel(dead, "alive", **ping))
        past.tell(channel(alive, "alive", **ping))
        assert [method for method, _, _ in alive.taken] == ["GET"]
        past.add("fail")
        past.tell(channel(alive, "alive", **ping))
        assert len(alive.taken) == 1
        past.add("pass")
        past.tell(channel(dead, "alive", **ping))
    outbox = Outbox(past.catalog)
    assert len(outbox.give_up(time.time_ns() + PING_NS)) == 1
