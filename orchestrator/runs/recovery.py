"""Close what a crash left open: its table readable, its state `interrupted`."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from orchestrator.catalog import Catalog
from orchestrator.errors import StoreError
from orchestrator.model import RunState
from orchestrator.runs.record import read_record
from orchestrator.stores.parquet import ParquetStore


def close_abandoned(catalog: Catalog, store: ParquetStore, runs_dir: Path) -> list[str]:
    """Close every campaign whose process is gone; return their ids."""
    closed = []
    for campaign in catalog.abandoned():
        for run in catalog.list_runs(campaign["id"]):
            if run["state"] == RunState.RUNNING:
                _close(catalog, store, runs_dir / run["id"], run["id"])
        catalog.update_campaign(campaign["id"], state=RunState.INTERRUPTED, ended_ns=time.time_ns())
        closed.append(campaign["id"])
    return closed


def _close(catalog: Catalog, store: ParquetStore, folder: Path, run_id: str) -> None:
    rows = store.seal(run_id)
    try:
        record = read_record(folder)
    except StoreError:
        record = None  # the crash came before run.json: there is nothing more to say of this run
    if record is not None and record.state is RunState.RUNNING:
        facts = replace(record.facts, interrupted=True)
        note = (
            "stallwatch ended before this run did: what it had stored is kept, what was in flight is unknown"
        )
        record = record.closed(
            state=RunState.INTERRUPTED, rows=rows, facts=facts, notes=(*record.notes, note)
        )
        record.write(folder)
    catalog.update_run(run_id, state=RunState.INTERRUPTED, requests=rows, ended_ns=time.time_ns())
