"""From nights to news: once when something begins, once when it is over, nothing in between."""

from __future__ import annotations

from orchestrator.daemon.starts import StartState
from orchestrator.model import Channel, Event
from orchestrator.notifying.incidents import Open, consider
from orchestrator.notifying.messages import message_for

ALL = Channel(name="team", kind="webhook", url="", events=tuple(Event))
Night = dict[str, str] | StartState


def told(nights: list[Night], channel: Channel = ALL) -> list[str]:
    """Return the titles of what a channel hears, each with the number of its night, from 0."""
    open_ones: Open = {}
    titles = []
    for number, night in enumerate(nights):
        verdicts, state = (night, StartState.DONE) if isinstance(night, dict) else ({}, night)
        worst = next((v for v in ("fail", "inconclusive", "pass") if v in verdicts.values()), None)
        start = {
            "schedule": "nightly", "wall": f"night {number}", "state": state, "verdict": worst, "reason": "",
            "sentence": "said", "campaign_id": "c",
        }  # fmt: skip
        news = [message_for(channel, happening) for happening in consider(start, verdicts, open_ones)]
        titles += [
            f"{number} {message['title'].removeprefix('stallwatch: nightly: ')}"
            for message in news
            if message
        ]
    return titles


def nights(*verdicts: str) -> list[Night]:
    """Return nights of one node."""
    return [{"a": verdict} for verdict in verdicts]


NO_PINGS = Channel(
    name="team", kind="webhook", url="",
    events=(Event.FAIL, Event.RECOVERY, Event.INCONCLUSIVE, Event.NOT_RUN),
)  # fmt: skip


def test_once_an_incident_not_once_a_night() -> None:
    """Ten failing nights are one alarm, and the first pass one recovery, which says since when."""
    assert told(nights("pass", *["fail"] * 10, "pass", "pass", "fail"), NO_PINGS) == [
        "1 fail: a",
        "11 recovery: a passed again, after failing since night 1",
        "13 fail: a",
    ]


def test_an_inconclusive_night_ends_no_incident() -> None:
    """It neither recovers what failed, nor is the fail behind it a new one."""
    assert told(nights("fail", "inconclusive", "fail", "inconclusive", "pass"), NO_PINGS) == [
        "0 fail: a",
        "4 recovery: a passed again, after failing since night 0",
    ]


def test_each_node_has_incidents_of_its_own() -> None:
    """A second node that begins to fail is news, the first one is not; each recovers when it does."""
    a, b = {"a": "fail", "b": "pass"}, {"a": "pass", "b": "fail"}
    both = {"a": "fail", "b": "fail"}
    assert told([a, both, b, {"b": "pass"}], NO_PINGS) == [
        "0 fail: a",
        "1 fail: b",
        "2 recovery: a passed again, after failing since night 0",
        "3 recovery: b passed again, after failing since night 1",
    ]


def test_inconclusive_counts_to_n_in_a_row() -> None:
    """At the third, once; a pass is a recovery only of what was told; a fail starts the count anew."""
    row = ["inconclusive"]
    assert told(nights(*row * 5, "pass", *row * 2, "pass", *row * 2, "fail", *row * 2), NO_PINGS) == [
        "2 inconclusive 3 times in a row",
        "5 recovery: it passed, after 5 times inconclusive",
        "11 fail: a",
    ]


def test_a_schedule_that_did_not_run() -> None:
    """Missed and failed starts are one incident; skipped and interrupted ones say nothing."""
    missed, failed = StartState.MISSED, StartState.FAILED
    ran: Night = {"a": "inconclusive"}
    assert told(
        [StartState.SKIPPED, missed, failed, missed, StartState.INTERRUPTED, ran, failed], NO_PINGS
    ) == [
        "1 did not run as it should (missed, due night 1)",
        "5 recovery: it ran again, after night 1",
        "6 did not run as it should (failed, due night 6)",
    ]


def test_a_ping_comes_after_each_pass() -> None:
    """Not after a campaign that failed, or could not tell."""
    ping = Channel(name="alive", kind="ping", url="", events=(Event.GOOD,))
    assert told(nights("pass", "fail", "inconclusive", "pass", "pass"), ping) == [
        "0 pass",
        "3 pass",
        "4 pass",
    ]


def test_a_channel_hears_what_it_asked_for() -> None:
    """Other events, and other schedules, are not told."""
    only = Channel(name="x", kind="slack", url="", events=(Event.RECOVERY,), schedules=("nightly",))
    other = Channel(name="x", kind="slack", url="", events=tuple(Event), schedules=("weekly",))
    series = nights("fail", "pass")
    assert told(series, only) == ["1 recovery: a passed again, after failing since night 0"]
    assert told(series, other) == []
