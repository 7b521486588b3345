"""A million requests from disk to a real InfluxDB on this machine: rows a second, and memory of both."""

from __future__ import annotations

import resource
import tempfile
import time
from pathlib import Path

from benchmarks._children import in_a_child
from benchmarks._influxdb import cpu_of, influxd, rss_mb
from benchmarks._made import batches
from orchestrator.catalog import Catalog
from orchestrator.home import Home
from orchestrator.model import InfluxSettings, RunState
from orchestrator.shipping.sync import Patience, Sync
from orchestrator.stores.influxdb.client import InfluxClient
from orchestrator.stores.parquet import ParquetStore

ROWS = 1_000_000
BAR = 50_000
RUN = "bench.node-1"


def ship(folder: str, settings: InfluxSettings) -> tuple[float, float, int, float]:
    """Send the run of a home; return seconds, those of CPU, points counted, and MB of this process."""
    home = Home(Path(folder))
    catalog = Catalog(home.catalog_db, home.locks_dir)
    began, began_cpu = time.perf_counter(), time.process_time()
    with InfluxClient(settings) as client:
        sync = Sync(
            catalog, home, client, owner="bench", spool_bytes=0, tell=print, patience=Patience(idle_s=60)
        )
        [found] = sync.campaign("bench", catalog.list_runs("bench"), None)
        sync.close()
    seconds, cpu_s = time.perf_counter() - began, time.process_time() - began_cpu
    assert found.complete, found
    return seconds, cpu_s, found.there, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> int:
    """Print rows a second; 1 below the bar."""
    with tempfile.TemporaryDirectory(prefix="stallwatch-bench-") as folder, influxd() as server:
        home = Home(Path(folder) / "home").create()
        writer = ParquetStore(home.run_dir).table_writer(RUN)
        for batch in batches(ROWS):
            writer.append(batch)
        writer.close()
        catalog = Catalog(home.catalog_db, home.locks_dir)
        common = {"profile": "smoke", "state": RunState.DONE, "started_ns": 1}
        catalog.add_campaign(id="bench", **common)
        catalog.add_run(id=RUN, campaign_id="bench", node="node-1", kind="node", requests=ROWS, **common)
        before_s = cpu_of(server.pid)
        seconds, cpu_s, counted, mb = in_a_child(ship, str(home.path), server.settings)
        server_cpu_s = cpu_of(server.pid) - before_s
        print(
            f"{counted:,} of {ROWS:,} rows sent and counted in {seconds:.1f} s: {ROWS / seconds:,.0f} rows/s"
            f" (bar {BAR:,}); shipper {cpu_s:.1f} s of CPU, {mb:,.0f} MB;"
            f" influxd {server_cpu_s:.1f} s, {rss_mb([server.pid]):,.0f} MB"
        )
    return int(ROWS / seconds < BAR)
