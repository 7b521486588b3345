"""From what became of a start to what is worth telling: once when it begins, and once when it is over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from orchestrator.catalog import Row
from orchestrator.daemon.starts import StartState
from orchestrator.model import Event

FAIL, INCONCLUSIVE, PASS = "fail", "inconclusive", "pass"


class Kind(StrEnum):
    """What can go on."""

    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    NOT_RUN = "not_run"


@dataclass(slots=True)
class Incident:
    """What goes on since when, and how many campaigns in a row have shown it."""

    since: str
    count: int = 1


Open = dict[tuple[str, Kind, str], Incident]
"""The incidents that go on, by schedule, kind and node (empty where it is about no node)."""


@dataclass(slots=True, kw_only=True)
class Happening:
    """One thing to tell of a start: ``nodes`` began to fail, or pass again, each with since when.

    ``streak`` is how many campaigns in a row are, or were, inconclusive; ``not_run_since`` is over.
    """

    event: Event
    start: Row
    nodes: dict[str, str] = field(default_factory=dict)
    streak: int = 0
    not_run_since: str = ""


def consider(start: Row, verdicts: Mapping[str, str | None], open_ones: Open) -> list[Happening]:
    """Return what is worth telling of a start, and change the incidents that go on.

    A node that is inconclusive neither fails anew nor recovers. What was skipped, or interrupted before
    it came to a verdict, says nothing.
    """
    over = Happening(event=Event.RECOVERY, start=start)
    found = [*_whether_it_ran(start, open_ones, over)]
    if start["verdict"] is not None:
        found += [*_nodes(start, verdicts, open_ones, over), *_streak(start, open_ones, over)]
    if over.nodes or over.not_run_since or over.streak:
        found.append(over)
    if start["verdict"] == PASS and start["state"] == StartState.DONE:
        found.append(Happening(event=Event.GOOD, start=start))
    return found


def _whether_it_ran(start: Row, open_ones: Open, over: Happening) -> Iterator[Happening]:
    key = (start["schedule"], Kind.NOT_RUN, "")
    if start["state"] in {StartState.MISSED, StartState.FAILED}:
        if _begins(open_ones, key, start["wall"]):
            yield Happening(event=Event.NOT_RUN, start=start)
    elif start["state"] == StartState.DONE and (known := open_ones.pop(key, None)):
        over.not_run_since = known.since


def _nodes(
    start: Row, verdicts: Mapping[str, str | None], open_ones: Open, over: Happening
) -> Iterator[Happening]:
    began = {}
    for node, verdict in verdicts.items():
        key = (start["schedule"], Kind.FAIL, node)
        if verdict == FAIL and _begins(open_ones, key, start["wall"]):
            began[node] = start["wall"]
        elif verdict == PASS and (known := open_ones.pop(key, None)):
            over.nodes[node] = known.since
    if began:
        yield Happening(event=Event.FAIL, start=start, nodes=began)


def _streak(start: Row, open_ones: Open, over: Happening) -> Iterator[Happening]:
    key = (start["schedule"], Kind.INCONCLUSIVE, "")
    if start["verdict"] == INCONCLUSIVE:
        _begins(open_ones, key, start["wall"])
        yield Happening(event=Event.INCONCLUSIVE, start=start, streak=open_ones[key].count)
    elif (known := open_ones.pop(key, None)) and start["verdict"] == PASS:
        over.streak = known.count


def _begins(open_ones: Open, key: tuple[str, Kind, str], wall: str) -> bool:
    """Count an incident on, or open it; tell whether it is new."""
    if (known := open_ones.get(key)) is not None:
        known.count += 1
        return False
    open_ones[key] = Incident(since=wall)
    return True
