"""From the catalog to nights: which Runs belong into one history, and which are left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.catalog import Row
from orchestrator.errors import StoreError, UsageError
from orchestrator.history.summary import kept_figures
from orchestrator.model import NodeKind, RunState
from orchestrator.runs.record import RunRecord, read_record

if TYPE_CHECKING:
    from analysis.history.gather import Night
    from orchestrator.campaign import Records

Load = tuple[object, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """The Runs of one profile and load, oldest first, and in words what was left out of them."""

    profile: str
    campaigns: int
    nights: tuple[Night, ...]
    left_out: tuple[str, ...]


def gather(
    kept: Records, *, nodes: Sequence[str] = (), profile: str | None = None, since_ns: int = 0
) -> Gathered:
    """Return the nights of a profile's history; of some Nodes, or all.

    Runs at another rate, of another length or against another service are not compared: those of the
    newest load that has a history make it. What broke off, or was measured by a disturbed generator, says
    nothing of a Node.

    Raises
    ------
    UsageError
        There is no Run of that profile, or of such a Node.
    """
    rows = [row for row in kept.catalog.list_runs() if row["kind"] != NodeKind.CONTROL]
    wanted = _of_profile([row for row in rows if row["state"] != RunState.RUNNING], profile)
    _check_nodes(wanted, nodes)
    out: Counter[str] = Counter()
    by_load: dict[Load, list[RunRecord]] = {}
    for row in wanted:
        if row["started_ns"] >= since_ns and (not nodes or row["node"] in nodes):
            for record in _fit(row, kept, out):
                by_load.setdefault(load_of(record), []).append(record)
    load = _told(by_load)
    if others := sum(len(records) for other, records in by_load.items() if other != load):
        out["another rate, duration or service"] += others
    records = by_load.get(load, []) if load else []
    nights = [night for record in reversed(records) for night in _night(record, kept, out)]
    return Gathered(
        profile=wanted[0]["profile"],
        campaigns=len({record.campaign_id for record in records}),
        nights=tuple(nights),
        left_out=tuple(f"{count:,} run{'s'[: count > 1]} left out: {why}" for why, count in out.items()),
    )


def load_of(record: RunRecord) -> Load:
    """Return what must be equal for figures to be comparable."""
    return (record.rate_per_s, record.facts.planned_s, record.url, record.settings.get("asks for"))


def _told(by_load: dict[Load, list[RunRecord]]) -> Load | None:
    """Return the newest load that makes a history, else the one with the most campaigns."""
    from analysis.history.detect import LEAST_CAMPAIGNS

    campaigns = {load: len({record.campaign_id for record in by_load[load]}) for load in by_load}
    long = [load for load, count in campaigns.items() if count >= LEAST_CAMPAIGNS]
    return next(iter(long), max(campaigns, key=lambda load: campaigns[load], default=None))


def _of_profile(rows: Sequence[Row], profile: str | None) -> list[Row]:
    """Return the runs of a profile, newest first; by default of the newest run's."""
    if not rows:
        raise UsageError("nothing has run yet", hint="`stallwatch run-smoke` makes a campaign")
    name = profile or rows[0]["profile"]
    found = [row for row in rows if row["profile"] == name]
    if not found:
        known = ", ".join(sorted({row["profile"] for row in rows}))
        raise UsageError(f"no run of a profile {name!r}", hint=f"there are runs of {known}")
    return found


def _check_nodes(rows: Sequence[Row], nodes: Sequence[str]) -> None:
    known = sorted({row["node"] for row in rows})
    for node in nodes:
        if node not in known:
            listed = ", ".join(known[:20]) + (", ..." if len(known) > 20 else "")
            raise UsageError(f"no run of a node {node!r}", hint=f"there are runs of {listed}")


def _fit(row: Row, kept: Records, out: Counter[str]) -> Iterator[RunRecord]:
    """Yield the record of a Run that says something of its Node."""
    if row["state"] != RunState.DONE:
        out["they broke off or failed"] += 1
    elif row["unfit"]:
        out["the generator was disturbed"] += 1
    else:
        try:
            yield read_record(kept.home.run_dir(row["id"]))
        except StoreError:
            out["their files are gone"] += 1


def _night(record: RunRecord, kept: Records, out: Counter[str]) -> Iterator[Night]:
    from analysis.history.gather import Night

    try:
        figures = kept_figures(record, kept.home, kept.store)
    except StoreError:
        out["their requests are gone"] += 1
        return
    if figures.requests:
        yield Night(run=record.id, node=record.node, at_ns=record.started_ns, figures=figures)
