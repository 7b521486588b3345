"""How fast a file of ten million points is imported, beside pyarrow reading the same CSV and keeping nothing.

Two files, as k6 writes them with its default system tags: stamps in whole seconds (k6's own default) and in
nanoseconds. Each reading in a process of its own, in turns, with the file in the page cache. pyarrow reads it
twice: as a stream of blocks, in memory that stays bounded as an import's must, and at once on all cores.
"""

from __future__ import annotations

import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.csv

from benchmarks._children import in_a_child

POINTS = 10_000_000
METRICS = ("duration", "blocked", "connecting", "tls_handshaking", "sending", "waiting", "receiving")
LINES = len(METRICS) + 2  # http_reqs before them, http_req_failed behind
REQUESTS = POINTS // LINES
ROUNDS = 5
BAR = 0.7
BAR_MB = 1024.0
CHUNK = 50_000
HEADER = (
    "metric_name,timestamp,metric_value,check,error,error_code,expected_response,group,method,name,proto,"
    "scenario,service,status,subproto,tls_version,url,extra_tags,metadata"
)
URL = "https://shop.example.com/healthz"
TAGS = f",,,,true,,GET,{URL},HTTP/1.1,default,,200,,tls1.3,{URL},,"
Reading = tuple[int, float, float]
"""Rows, seconds, peak memory in MB."""


def write(path: Path, ns_a_stamp: int) -> None:
    """Write the file: the same requests each time, 2,000 a second, in the order of their ends."""
    rng = np.random.default_rng(1)
    with path.open("w", encoding="ascii") as file:
        file.write(f"{HEADER}\n")
        for first in range(0, REQUESTS, CHUNK):
            n = min(CHUNK, REQUESTS - first)
            waiting, blocked = rng.lognormal(0, 0.4, n), rng.uniform(0.002, 0.01, n)
            sending, receiving = rng.uniform(0.01, 0.05, n), rng.uniform(0.02, 0.1, n)
            starts_ns = 1_780_000_000_000_000_000 + np.arange(first, first + n) * 500_000
            stamps = np.sort(starts_ns + (1e6 * waiting).astype(np.int64)) // ns_a_stamp
            none = np.zeros(n)
            values = [sending + waiting + receiving, blocked, none, none, sending, waiting, receiving]
            for stamp, *row in zip(stamps.tolist(), *(v.tolist() for v in values), strict=True):
                file.write(_request(stamp, row))


def _request(stamp: int, values: list[float]) -> str:
    names = [f"http_req_{name}" for name in METRICS]
    lines = zip(("http_reqs", *names, "http_req_failed"), (1.0, *values, 0.0), strict=True)
    return "".join(f"{name},{stamp},{value:.6f}{TAGS}\n" for name, value in lines)


def imported(path: Path) -> Reading:
    """Read and keep the file as `import` does, its hash included."""
    from orchestrator.files.samples import SampleFile
    from orchestrator.stores.parquet import ParquetStore

    with tempfile.TemporaryDirectory(prefix="stallwatch-bench-", dir=path.parent) as folder:
        table = ParquetStore(lambda _: Path(folder)).table_writer("bench")
        began = time.perf_counter()
        for batch in SampleFile(str(path)).batches():
            table.append(batch)
        rows = table.close()
        return rows, time.perf_counter() - began, _peak_mb()


def streamed(path: Path) -> Reading:
    """Let pyarrow read the file block after block."""
    began = time.perf_counter()
    rows = sum(batch.num_rows for batch in pyarrow.csv.open_csv(path))
    return rows // LINES, time.perf_counter() - began, _peak_mb()


def at_once(path: Path) -> Reading:
    """Let pyarrow read the file into one table."""
    began = time.perf_counter()
    rows = pyarrow.csv.read_csv(path).num_rows
    return rows // LINES, time.perf_counter() - began, _peak_mb()


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


WAYS: dict[str, Callable[[Path], Reading]] = {
    "import: read, hash, keep": imported,
    "pyarrow, block after block": streamed,
    "pyarrow, at once, all cores": at_once,
}


def measure(path: Path) -> bool:
    """Print the table of one file; tell whether a bar was missed."""
    found: dict[str, list[Reading]] = {name: [] for name in WAYS}
    for number in range(ROUNDS):
        for name in list(WAYS) if number % 2 == 0 else list(reversed(list(WAYS))):
            found[name].append(in_a_child(WAYS[name], path))
            assert found[name][-1][0] == REQUESTS, f"{name}: {found[name][-1][0]} requests"
    ours = [reading[1] for reading in found["import: read, hash, keep"]]
    peak = max(reading[2] for reading in found["import: read, hash, keep"])
    print(f"  {'':30}{'s':>7}{'min':>7}{'max':>7}{'MB':>8}  speed of import to it")
    ratios = {}
    for name, readings in found.items():
        spent = [reading[1] for reading in readings]
        ratios[name] = statistics.median(theirs / mine for theirs, mine in zip(spent, ours, strict=True))
        middle, memory = statistics.median(spent), max(reading[2] for reading in readings)
        print(f"  {name:30}{middle:7.2f}{min(spent):7.2f}{max(spent):7.2f}{memory:8.0f}  {ratios[name]:.2f}")
    return ratios["pyarrow, block after block"] < BAR or peak > BAR_MB


def main() -> int:
    """Print a table for each kind of stamps; 1 when a bar is missed."""
    print(
        f"{POINTS:,} points, {REQUESTS:,} requests, medians of {ROUNDS} rounds"
        f" (bars: {BAR:g} of pyarrow block after block, {BAR_MB:g} MB)"
    )
    missed = False
    with tempfile.TemporaryDirectory(prefix="stallwatch-bench-") as folder:
        for name, ns_a_stamp in {"whole seconds": 1_000_000_000, "nanoseconds": 1}.items():
            path = Path(folder) / "samples.csv"
            write(path, ns_a_stamp)
            print(f" stamps in {name}, {path.stat().st_size / 1e9:.2f} GB")
            missed |= measure(path)
    return int(missed)
