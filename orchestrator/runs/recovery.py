"""Close what a crash left open: its table readable, its state `interrupted`; half an import is taken away."""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pyarrow.compute as pc

from orchestrator.catalog import Catalog, Row
from orchestrator.errors import StoreError
from orchestrator.home import Home
from orchestrator.model import RunState
from orchestrator.runs.record import RunRecord, read_record
from orchestrator.stores.parquet import ParquetStore

_IMPORT = "import-"
NOTE = "stallwatch ended before this run did: what it had stored is kept, what was in flight is unknown"


def close_abandoned(catalog: Catalog, store: ParquetStore, runs_dir: Path) -> list[str]:
    """Close every campaign whose process is gone; return their ids."""
    closed = []
    for campaign in catalog.running():
        with catalog.taking_over(campaign["id"]) as abandoned:
            if abandoned:
                close_campaign(catalog, store, runs_dir, campaign["id"], state=RunState.INTERRUPTED)
                closed.append(campaign["id"])
    return closed


def close_campaign(
    catalog: Catalog, store: ParquetStore, runs_dir: Path, campaign_id: str, *, state: RunState, why: str = ""
) -> None:
    """Close a campaign that came to no verdict, and its runs; call it with the campaign's lock held.

    It ended when its last stored request did: when somebody looks again says nothing of that.
    """
    ends = [
        _close_run(catalog, store, runs_dir / run["id"], run)
        for run in catalog.list_runs(campaign_id)
        if run["state"] == RunState.RUNNING
    ]
    last_ns = max((end for end in ends if end is not None), default=None)
    catalog.update_campaign(campaign_id, state=state, ended_ns=last_ns, sentence=why or None)


def import_lock(campaign_id: str) -> str:
    """Return the lock that is held while files become a campaign; left behind, it says that they did not."""
    return f"{_IMPORT}{campaign_id}"


def remove_broken_imports(catalog: Catalog, home: Home) -> None:
    """Remove what is left of imports whose process is gone, and that came to no campaign."""
    for lock in catalog.left_locks(_IMPORT):
        campaign_id = lock.removeprefix(_IMPORT)
        if not any(row["id"] == campaign_id for row in catalog.list_campaigns()):
            remove_import(home, campaign_id)


def remove_import(home: Home, campaign_id: str) -> None:
    """Remove the files of an import that the catalog does not name; call it with its lock held."""
    for folder in home.runs_dir.iterdir():
        if campaign_id and folder.name.partition(".")[0] == campaign_id:
            shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):
        (home.reports_dir / f"{campaign_id}.html").unlink(missing_ok=True)


def _close_run(catalog: Catalog, store: ParquetStore, folder: Path, run: Row) -> int | None:
    """Close one run; return the end of its last request in ns UTC, None without one."""
    record = _record(folder)
    if record is not None and record.state is not RunState.RUNNING:
        # Only the catalog had not heard of it yet.
        catalog.update_run(record.id, **record.columns())
        return record.ended_ns
    rows = _sealed(store, run["id"])
    ended_ns = _last_end_ns(store, run["id"]) if rows else None
    if record is not None:
        record = record.closed(
            state=RunState.INTERRUPTED,
            rows=rows,
            ended_ns=ended_ns,
            facts=replace(record.facts, interrupted=True),
            notes=(*record.notes, NOTE),
        )
        record.write(folder)
    catalog.update_run(run["id"], state=RunState.INTERRUPTED, requests=rows, ended_ns=ended_ns)
    return ended_ns


def _record(folder: Path) -> RunRecord | None:
    try:
        return read_record(folder)
    except StoreError:
        return None  # taken away by hand: there is nothing more to say of this run


def _sealed(store: ParquetStore, run_id: str) -> int:
    try:
        return store.seal(run_id)
    except OSError:  # a full disk: the stream stays, and is as readable
        return store.count(run_id)


def _last_end_ns(store: ParquetStore, run_id: str) -> int:
    batches = (batch for batch in store.batches(run_id) if batch.num_rows)
    return max(int(pc.max(batch.column("end_ns")).as_py()) for batch in batches)
