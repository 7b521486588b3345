"""Taking away what a plan names: the catalog knows of it first, so that a crash leaves nothing broken."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from orchestrator.catalog import Catalog, Row, campaigns, runs, shipments, starts
from orchestrator.errors import StallwatchError, StoreError
from orchestrator.history.summary import kept_figures
from orchestrator.locks import held
from orchestrator.model import Retention
from orchestrator.retention.plan import DAY_NS, LASTING, Item, Kind, Pruning, plan
from orchestrator.runs.record import read_record

if TYPE_CHECKING:
    from orchestrator.campaign import Records

Tell = Callable[[str], object]


def prune(kept: Records, retention: Retention, target: str | None, tell: Tell) -> tuple[Pruning, list[Item]]:
    """Take away what is too old or too much; return the plan, and what of it went.

    What cannot be taken away is told, and costs only itself.

    Raises
    ------
    StallwatchError
        Another process does the same in this home.
    """
    who = f"process {os.getpid()}, since {datetime.now(UTC):%Y-%m-%d %H:%M:%S}Z"
    with held(kept.home.locks_dir / "prune", who, busy=_refuse):
        pruning = plan(kept, retention, time.time_ns(), target)
        gone = []
        for item in pruning.items:
            try:
                _take(item, kept)
            except StoreError as error:
                tell(f"warning: {item.kind} {item.name} stays: {error}")
            else:
                gone.append(item)
        _forget_starts(kept.catalog, time.time_ns() - retention.summary_days * DAY_NS)
    return pruning, gone


def _refuse(holder: str) -> None:
    raise StallwatchError(f"this home is being pruned: {holder}", hint="try again when that has ended")


def _take(item: Item, kept: Records) -> None:
    try:
        if item.kind is Kind.REPORT:
            (kept.home.reports_dir / item.name).unlink(missing_ok=True)
            return
        if item.kind is Kind.REQUESTS:
            _keep_figures(item.runs, kept)
        # From here on nobody looks for the requests any more: whatever is left of them goes next time.
        _mark(kept.catalog, item.name)
        for run in item.runs:
            _empty(kept.home.run_dir(run["id"]), LASTING if item.kind is Kind.REQUESTS else ())
        if item.kind is Kind.CAMPAIGN:
            _forget(kept.catalog, item)
    except OSError as error:
        raise StoreError(f"{error.filename}: {error.strerror}", hint="whose file is this?") from error


def _keep_figures(its_runs: Sequence[Row], kept: Records) -> None:
    """See that the figures of all Runs that have requests are there: they cannot be made later."""
    for run in its_runs:
        if run["pruned_ns"] is None and run["requests"]:
            folder = kept.home.run_dir(run["id"])
            if folder.exists():
                kept_figures(read_record(folder), kept.home, kept.store)


def _mark(catalog: Catalog, campaign_id: str) -> None:
    unmarked = (runs.c.campaign_id == campaign_id) & runs.c.pruned_ns.is_(None)
    with catalog.writing() as connection:
        connection.execute(runs.update().where(unmarked).values(pruned_ns=time.time_ns()))


def _empty(folder: Path, but: Sequence[str]) -> None:
    """Take away a Run's folder, or all but some files of it."""
    if not but:
        if folder.exists():
            shutil.rmtree(folder)
        return
    for path in folder.iterdir() if folder.exists() else ():
        if path.name in but:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _forget(catalog: Catalog, item: Item) -> None:
    """Take a campaign out of the catalog, once its files are gone."""
    with catalog.writing() as connection:
        names = sa.select(runs.c.id).where(runs.c.campaign_id == item.name)
        connection.execute(shipments.delete().where(shipments.c.run_id.in_(names)))
        connection.execute(runs.delete().where(runs.c.campaign_id == item.name))
        connection.execute(campaigns.delete().where(campaigns.c.id == item.name))


def _forget_starts(catalog: Catalog, before_ns: int) -> None:
    """Take old starts out of the catalog; the last one of each schedule says up to when was looked."""
    last = sa.select(sa.func.max(starts.c.due_ns)).group_by(starts.c.schedule)
    with catalog.writing() as connection:
        connection.execute(starts.delete().where(starts.c.due_ns < before_ns, starts.c.due_ns.not_in(last)))
