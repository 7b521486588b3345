"""All that an InfluxDB does not have yet, Campaign after Campaign, oldest first."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from secrets import token_hex
from typing import TYPE_CHECKING

from orchestrator.catalog import Catalog, Row
from orchestrator.model import InfluxSettings, RunState, Shipping
from orchestrator.shipping.shipper import Tell, target_name
from orchestrator.shipping.sync import Delivered, Patience, Sync
from orchestrator.stores.influxdb.client import InfluxClient

if TYPE_CHECKING:
    from orchestrator.campaign import Records
    from orchestrator.judging import Judged

BY_HAND = Patience(idle_s=20.0)
"""Longer than the lease of a shipper that was killed."""


def pending(
    catalog: Catalog, settings: InfluxSettings, *, recount: bool = False
) -> list[tuple[Row, list[Row]]]:
    """Return the Campaigns, oldest first, that an InfluxDB lacks some of, each with its Runs.

    The catalog says so; with ``recount`` all that are still here are to be counted once more.
    """
    sent = catalog.list_shipments(target_name(settings))
    found = []
    for campaign in reversed(catalog.list_campaigns()):
        runs = catalog.list_runs(campaign["id"])
        here = recount and any(run["pruned_ns"] is None for run in runs)
        if here or any(lacks(run, sent.get(run["id"])) for run in runs):
            found.append((campaign, runs))
    return found


def send_pending(
    kept: Records,
    shipping: Shipping,
    waiting: Sequence[tuple[Row, list[Row]]],
    tell: Tell,
    *,
    patience: Patience = BY_HAND,
    on_step: Callable[[int], None] = lambda _: None,
) -> list[Delivered]:
    """Send what waits until all is there, or nothing gets through any more; return how far each Run came.

    Parameters
    ----------
    waiting
        As `pending` gave it.
    on_step
        Gets the number of rows that are there, again and again.

    Raises
    ------
    StoreError
        The catalog cannot be used.
    """
    found: list[Delivered] = []
    with InfluxClient(shipping.influxdb) as client:
        sync = Sync(
            kept.catalog,
            kept.home,
            client,
            owner=f"{os.getpid()}-{token_hex(4)}",
            spool_bytes=shipping.spool_bytes,
            tell=tell,
            patience=patience,
            on_step=on_step,
        )
        try:
            for campaign, runs in waiting:
                if sync.trouble is not None:
                    found += sync.state(runs)
                elif campaign["state"] == RunState.RUNNING:
                    found += sync.going_on(runs)
                else:
                    found += sync.campaign(campaign["id"], runs, partial(_judge, runs, kept))
        finally:
            sync.close()
    return found


def lacks(run: Row, shipment: Row | None) -> bool:
    """Tell whether an InfluxDB lacks some of a Run that is still here, its verdict among it."""
    return run["pruned_ns"] is None and not _is_there(run, shipment)


def _is_there(run: Row, shipment: Row | None) -> bool:
    if run["state"] == RunState.RUNNING or shipment is None:
        return False
    if shipment["counted"] is None or not shipment["judged"]:
        return False
    rows = run["requests"] or 0
    return bool(shipment["rows"] >= rows <= shipment["counted"] + shipment["refused"])


def _judge(runs: Sequence[Row], kept: Records) -> Judged:
    from orchestrator.judging import judge, stored_records

    return judge(stored_records(runs, kept.home)[0], kept.store)
