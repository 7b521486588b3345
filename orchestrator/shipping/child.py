"""The process beside a Campaign: sends its Runs while they grow, until its standard input ends."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import Any

import pyarrow as pa

from orchestrator.catalog import Catalog
from orchestrator.errors import StallwatchError
from orchestrator.home import Home
from orchestrator.model import InfluxSettings
from orchestrator.shipping.backlog import BacklogWatch
from orchestrator.shipping.shipment import Step
from orchestrator.shipping.shipper import Shipper, target_name
from orchestrator.stores.influxdb.client import InfluxClient

EVERY_S = 1.0
NICENESS = 5
"""Of two processes that want one core, this gets a quarter: k6 and the decoder come first, but points that
are seconds late on a busy machine are of no use to those who watch."""
MOST_ROWS_PER_S = 4_000
"""InfluxDB on the same machine takes 20 us of CPU a row, and this process 6: together a tenth of a core. What
a Run makes beyond that is sent when it is over."""


def main(order: dict[str, Any]) -> None:
    """Do what the first line of standard input asks for; lines for a person go to standard output."""
    os.nice(NICENESS)
    pa.set_memory_pool(pa.system_memory_pool())
    stop = threading.Event()
    threading.Thread(target=_await_end, args=(stop,), daemon=True).start()
    home = Home(Path(order["home"]))
    try:
        home.create()
        catalog = Catalog(home.catalog_db, home.locks_dir)
        with InfluxClient(InfluxSettings(**order["influxdb"])) as client:
            follow(order["campaign"], catalog, home, client, order, stop)
    except StallwatchError as error:
        tell(f"warning: {error}")


def follow(  # noqa: PLR0917 # what a process has
    campaign: str,
    catalog: Catalog,
    home: Home,
    client: InfluxClient,
    order: dict[str, Any],
    stop: threading.Event,
) -> None:
    """Send whatever the Runs of a Campaign have, as it comes."""
    shipper = Shipper(
        catalog, home, client, owner=order["owner"], spool_bytes=order["spool_bytes"], tell=tell
    )
    backlog = BacklogWatch(catalog, home, target_name(client.settings), order["spool_bytes"])
    try:
        while not stop.is_set():
            before = shipper.rows
            steps = shipper.turn(catalog.list_runs(campaign))
            if shipper.trouble and (warning := backlog.look()):
                tell(warning)
            idle_s = 0.0 if Step.FULL in steps.values() else EVERY_S
            stop.wait(max(idle_s, shipper.delay_s, (shipper.rows - before) / MOST_ROWS_PER_S))
    finally:
        shipper.close()


def _await_end(stop: threading.Event) -> None:
    sys.stdin.read()
    stop.set()


def tell(text: str) -> None:
    """Say one line to whoever started this."""
    sys.stdout.write(" ".join(text.splitlines()) + "\n")
    sys.stdout.flush()
