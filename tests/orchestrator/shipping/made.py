"""Runs that are over, in a home of their own, and what sends them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from analysis.findings import Detection, Limits, RunFacts
from orchestrator.campaign import Records, open_records
from orchestrator.home import Home
from orchestrator.model import InfluxSettings, NodeKind, RunState
from orchestrator.runs.record import RunRecord
from orchestrator.shipping.sync import Delivered, Patience, Sync
from orchestrator.stores.influxdb.client import InfluxClient
from tests.orchestrator.stores.batches import T_NS, batch

CAMPAIGN = "20260101-000000-aaaa"
PATIENCE = Patience(idle_s=20.0)


def home_with(folder: Path, *nodes: str, batches: Sequence[pa.RecordBatch] = ()) -> Records:
    """Return a home with one campaign that is over, each of its runs with the rows of ``batches``."""
    kept = open_records(Home(folder / "home"))
    rows = list(batches) or [batch(1_000, seed=7), batch(500, first=1_000, seed=2)]
    kept.catalog.add_campaign(
        id=CAMPAIGN, profile="smoke", state=RunState.DONE, started_ns=T_NS, sentence="", verdict="pass"
    )
    for node in nodes or ("n0",):
        _add_run(kept, f"{CAMPAIGN}.{node}", node, rows)
    return kept


def _add_run(kept: Records, run_id: str, node: str, batches: Sequence[pa.RecordBatch]) -> None:
    writer = kept.store.table_writer(run_id)
    for one in batches:
        writer.append(one)
    rows = writer.close()
    record = RunRecord(
        id=run_id, campaign_id=CAMPAIGN, node=node, kind=NodeKind.NODE, address="127.0.0.1:9",
        url="http://shop.example.test/", profile="smoke", rate_per_s=10, limits=Limits(),
        detection=Detection(), facts=RunFacts(planned_s=60), versions={}, started_ns=T_NS,
        ended_ns=T_NS + rows, state=RunState.DONE, rows=rows,
    )  # fmt: skip
    record.write(kept.home.run_dir(run_id))
    kept.catalog.add_run(
        id=run_id, campaign_id=CAMPAIGN, node=node, kind=NodeKind.NODE, profile="smoke",
        started_ns=T_NS, **record.columns(),
    )  # fmt: skip


@contextmanager
def syncing(
    kept: Records,
    settings: InfluxSettings,
    tell: Callable[[str], None],
    *,
    owner: str = "test",
    patience: Patience = PATIENCE,
    spool_bytes: int = 10_000_000,
) -> Iterator[Sync]:
    """Give what sends to an InfluxDB."""
    with InfluxClient(settings) as client:
        sync = Sync(
            kept.catalog,
            kept.home,
            client,
            owner=owner,
            spool_bytes=spool_bytes,
            tell=tell,
            patience=patience,
        )
        try:
            yield sync
        finally:
            sync.close()


def synced(
    kept: Records, settings: InfluxSettings, patience: Patience = PATIENCE
) -> tuple[list[Delivered], list[str]]:
    """Send the campaign without its verdicts; return how far it came and what was told."""
    said: list[str] = []
    with syncing(kept, settings, said.append, patience=patience) as sync:
        return sync.campaign(CAMPAIGN, kept.catalog.list_runs(CAMPAIGN), None), said


def behind(settings: InfluxSettings, url: str) -> InfluxSettings:
    """Return the same bucket, reached another way."""
    return replace(settings, url=url)
