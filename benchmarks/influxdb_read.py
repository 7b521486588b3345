"""What it takes to write a million requests as points, and to have them back as the analysis takes them.

Against a real InfluxDB in a process of its own: the frame from InfluxQL as CSV, beside the frame from Parquet
and beside what a Flux query with a pivot costs (its answer is only counted, not read).
"""

from __future__ import annotations

import gzip
import os
import tempfile
import time
from pathlib import Path

import httpx
import pandas as pd
import pyarrow as pa

from benchmarks._made import batches
from orchestrator.stores.contract import RunStore
from orchestrator.stores.frames import to_frame
from orchestrator.stores.influxdb.client import GZIP_LEVEL, InfluxClient
from orchestrator.stores.influxdb.points import RunTags, request_lines
from orchestrator.stores.influxdb.store import WRITE_ROWS, InfluxStore
from orchestrator.stores.parquet import ParquetStore
from tests.servers.influxdb import influxd

ROWS = 1_000_000
BAR_READ_S = 8.0
BAR_SERVER_MB = 600.0
BAR_LINES_PER_S = 50_000.0
TAGS = RunTags(run="bench", node="node-1", profile="smoke")
FLUX = """from(bucket: "{bucket}") |> range(start: 0, stop: 2100-01-01T00:00:00Z)
  |> filter(fn: (r) => r._measurement == "request" and r.run == "bench")
  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")"""


def main() -> int:
    """Print all; 1 when a bar is missed."""
    rows = pa.Table.from_batches(batches(ROWS)).unify_dictionaries().to_batches(WRITE_ROWS)
    lines_per_s, bytes_a_row = written_out(rows)
    with tempfile.TemporaryDirectory(prefix="stallwatch-bench-") as name:
        folder = Path(name)
        parquet = ParquetStore(lambda _: folder / "bench")
        _store(parquet, rows)
        with influxd(folder / "influxd") as server, InfluxClient(server.settings) as client:
            influxdb = InfluxStore(client, lambda _: TAGS)
            stored_s = _store(influxdb, rows)
            from_files_s, expected = _frame(parquet)
            _forget_peak(server.pid)
            busy_s = _cpu_s(server.pid)
            from_influxdb_s, found = _frame(influxdb)
            busy_s = _cpu_s(server.pid) - busy_s
            server_mb = _peak_mb(server.pid)
            _forget_peak(server.pid)
            flux_s = _flux_s(client)
            flux_mb = _peak_mb(server.pid)
    _same(expected, found)
    print(f"{ROWS:,} requests")
    print(f"  as gzipped lines     {lines_per_s:9,.0f} rows/s of one core  (bar {BAR_LINES_PER_S:,.0f})")
    print(f"  on the wire          {bytes_a_row:9.1f} bytes a row")
    print(f"  into InfluxDB        {ROWS / stored_s:9,.0f} rows/s, one writer")
    print(f"  frame from Parquet   {from_files_s:9.2f} s")
    print(
        f"  frame from InfluxDB  {from_influxdb_s:9.2f} s  (bar {BAR_READ_S:g} s), {busy_s:.2f} s of its CPU"
    )
    print(f"    server's memory    {server_mb:9.0f} MB  (bar {BAR_SERVER_MB:g} MB)")
    print(f"  Flux with pivot      {flux_s:9.2f} s, ratio {flux_s / from_influxdb_s:.2f}, {flux_mb:.0f} MB")
    missed = from_influxdb_s > BAR_READ_S or server_mb > BAR_SERVER_MB or lines_per_s < BAR_LINES_PER_S
    return int(missed)


def written_out(rows: list[pa.RecordBatch]) -> tuple[float, float]:
    """Return how many rows a second of CPU become gzipped lines, and the bytes of each."""
    began, size, first = time.process_time(), 0, 0
    for batch in rows:
        size += len(gzip.compress(request_lines(batch, TAGS, first), GZIP_LEVEL))
        first += batch.num_rows
    return ROWS / (time.process_time() - began), size / ROWS


def _store(store: RunStore, rows: list[pa.RecordBatch]) -> float:
    began = time.perf_counter()
    writer = store.writer("bench")
    for batch in rows:
        writer.append(batch)
    assert writer.close() == ROWS
    return time.perf_counter() - began


def _frame(store: RunStore) -> tuple[float, pd.DataFrame]:
    began = time.perf_counter()
    frame = to_frame(store.batches("bench"), rows=store.count("bench"))
    return time.perf_counter() - began, frame


def _same(one: pd.DataFrame, other: pd.DataFrame) -> None:
    for name in one.columns:
        pd.testing.assert_series_equal(one[name], other[name], check_categorical=False, check_exact=True)


def _flux_s(client: InfluxClient) -> float:
    """Return the seconds of the plain way; a server that gives up at it has an answer that is too short."""
    began = time.perf_counter()
    settings, lines = client.settings, 0
    with httpx.stream(
        "POST",
        f"{settings.url}/api/v2/query",
        params={"org": settings.org},
        headers={"Authorization": f"Token {settings.token}", "Accept-Encoding": "identity"},
        json={"query": FLUX.format(bucket=settings.bucket), "type": "flux"},
        timeout=300,
        trust_env=False,
    ) as answer:
        for piece in answer.iter_raw():
            lines += piece.count(b"\n")
    assert lines >= ROWS, lines
    return time.perf_counter() - began


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _forget_peak(pid: int) -> None:
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def _peak_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(float(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))
