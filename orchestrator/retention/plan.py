"""What is to go from a home, oldest first, and what stays although its time is up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.catalog import Row
from orchestrator.history import summary
from orchestrator.history.last_good import good_nights
from orchestrator.model import Retention, RunState
from orchestrator.runs import record

if TYPE_CHECKING:
    from orchestrator.campaign import Records

DAY_NS = 86_400 * 10**9
LASTING = (record.FILE, summary.FILE)
"""What of a Run's folder stays when its requests go."""

Why = Callable[[Row, Sequence[Row]], str]


class Kind(StrEnum):
    """What goes: a campaign's requests, all that is left of a campaign, or one report."""

    REQUESTS = "requests"
    CAMPAIGN = "campaign"
    REPORT = "report"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that goes: a campaign's id or a report's file, when it was made, its size, and why."""

    kind: Kind
    name: str
    at_ns: int
    size: int
    why: str
    runs: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruning:
    """What goes, in this order; ``kept`` says of what stays although it is too old, or too much, why.

    ``size`` is that of all runs and reports before.
    """

    items: tuple[Item, ...]
    kept: dict[str, str]
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Whole:
    """A campaign with its runs, the bytes of their requests and of what outlives these, and why it stays."""

    campaign: Row
    runs: tuple[Row, ...]
    raw: int
    lasting: int
    stays: str

    def item(self, kind: Kind, why: str) -> Item:
        size = self.raw + (self.lasting if kind is Kind.CAMPAIGN else 0)
        return Item(
            kind=kind,
            name=self.campaign["id"],
            at_ns=self.campaign["started_ns"],
            size=size,
            why=why,
            runs=self.runs,
        )

    @property
    def has_requests(self) -> bool:
        """Whether there is something to take away, also what a crash has left of that."""
        return self.raw > 0 or any(run["pruned_ns"] is None for run in self.runs)


def plan(kept: Records, retention: Retention, now_ns: int, target: str | None) -> Pruning:
    """Return what a home's retention takes away.

    A campaign goes as a whole. One that goes on, is a last good night, or is not yet in the InfluxDB
    named ``target`` as a whole stays, however old it is.
    """
    wholes = list(_wholes(kept, _stays(kept, target)))
    reports = _reports(kept.home.reports_dir, now_ns)
    size = sum(whole.raw + whole.lasting for whole in wholes) + sum(report.size for report in reports)
    held: dict[str, str] = {}
    items = [*_too_old(wholes, retention, now_ns, held)]
    items += [
        _because(report, f"older than {retention.reports_days} days")
        for report in reports
        if report.at_ns < now_ns - retention.reports_days * DAY_NS
    ]
    if retention.max_bytes is not None:
        over = size - sum(item.size for item in items) - retention.max_bytes
        items += _too_much(wholes, reports, {(item.kind, item.name) for item in items}, over, held)
    return Pruning(items=tuple(items), kept=held, size=size)


def _too_old(
    wholes: Sequence[_Whole], retention: Retention, now_ns: int, held: dict[str, str]
) -> Iterator[Item]:
    for whole in wholes:
        age_ns = now_ns - whole.campaign["started_ns"]
        if age_ns > retention.summary_days * DAY_NS:
            item = whole.item(Kind.CAMPAIGN, f"older than {retention.summary_days} days")
        elif age_ns > retention.raw_days * DAY_NS and whole.has_requests:
            item = whole.item(Kind.REQUESTS, f"older than {retention.raw_days} days")
        else:
            continue
        if whole.stays:
            held[whole.campaign["id"]] = whole.stays
        else:
            yield item


def _too_much(
    wholes: Sequence[_Whole],
    reports: Sequence[Item],
    gone: set[tuple[Kind, str]],
    over: int,
    held: dict[str, str],
) -> Iterator[Item]:
    """Yield requests, then reports, oldest first, until no more is over."""
    why = "more than max_bytes"
    left = [whole for whole in wholes if whole.raw and not _goes(whole, gone)]
    for whole in left:
        if over <= 0:
            return
        if whole.stays:
            held[whole.campaign["id"]] = whole.stays
            continue
        over -= whole.raw
        yield whole.item(Kind.REQUESTS, why)
    for report in reports:
        if over > 0 and (report.kind, report.name) not in gone:
            over -= report.size
            yield _because(report, why)


def _goes(whole: _Whole, gone: set[tuple[Kind, str]]) -> bool:
    return any((kind, whole.campaign["id"]) in gone for kind in (Kind.REQUESTS, Kind.CAMPAIGN))


def _because(report: Item, why: str) -> Item:
    return Item(kind=report.kind, name=report.name, at_ns=report.at_ns, size=report.size, why=why)


def _stays(kept: Records, target: str | None) -> Why:
    """Return what says why a campaign may not go; it says nothing of one that may."""
    good = good_nights(kept.catalog)
    lacked: Callable[[Row], bool] = lambda _: False  # noqa: E731 # no InfluxDB lacks anything
    if target is not None:
        from orchestrator.shipping.pending import lacks

        sent = kept.catalog.list_shipments(target)
        lacked = lambda run: lacks(run, sent.get(run["id"]))  # noqa: E731

    def why(campaign: Row, runs: Sequence[Row]) -> str:
        if campaign["state"] == RunState.RUNNING:
            return "it goes on"
        if any(lacked(run) for run in runs):
            return "InfluxDB does not have all of it"
        return good.get(campaign["id"], "")

    return why


def _wholes(kept: Records, stays: Why) -> Iterator[_Whole]:
    """Yield the campaigns, oldest first."""
    by_campaign: dict[str, list[Row]] = {}
    for run in kept.catalog.list_runs():
        by_campaign.setdefault(run["campaign_id"], []).append(run)
    for campaign in reversed(kept.catalog.list_campaigns()):
        runs = tuple(by_campaign.get(campaign["id"], ()))
        sizes = [_sizes(kept.home.run_dir(run["id"])) for run in runs]
        yield _Whole(
            campaign=campaign,
            runs=runs,
            raw=sum(raw for raw, _ in sizes),
            lasting=sum(lasting for _, lasting in sizes),
            stays=stays(campaign, runs),
        )


def _sizes(folder: Path) -> tuple[int, int]:
    """Return the bytes of what goes first from a Run's folder, and of what stays longer."""
    raw = lasting = 0
    for path in folder.rglob("*"):
        try:
            size = 0 if path.is_dir() and not path.is_symlink() else path.lstat().st_size
        except FileNotFoundError:  # a run that goes on renames its files
            continue
        if path.parent == folder and path.name in LASTING:
            lasting += size
        else:
            raw += size
    return raw, lasting


def _reports(folder: Path, now_ns: int) -> list[Item]:
    """Return the reports, oldest first; one that was rendered again is as young as that."""
    found = []
    for path in folder.glob("*.html"):
        stat = path.lstat()
        at_ns = min(stat.st_mtime_ns, now_ns)
        found.append(Item(kind=Kind.REPORT, name=path.name, at_ns=at_ns, size=stat.st_size, why=""))
    return sorted(found, key=lambda report: report.at_ns)
