"""What keeping a request costs: decoding, assembling and storing k6's CSV, beside pyarrow.csv alone.

Both read the same bytes, in turns, in this process; CPU time of all threads, the start excluded. The
CSV is made here by rule: half kept, half fresh, ends in order within a few rows, as k6 writes them.
"""

from __future__ import annotations

import gc
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from analysis.requests import NS_PER_S
from orchestrator.k6.recording import Recording
from orchestrator.k6.samples.decode import BlockDecoder
from orchestrator.k6.samples.lines import TIMINGS
from orchestrator.k6.samples.rows import RowAssembler
from orchestrator.stores.parquet import ParquetStore

REQUESTS = 200_000
PAIRS = 5
READ_BYTES = 1 << 18
BAR_US = 12.0
EPOCH_S = 1_780_000_000
HEADER = (
    "metric_name,timestamp,metric_value,"
    "error,error_code,ip,method,name,proto,scenario,status,extra_tags,metadata"
)


def make_csv(requests: int = REQUESTS, rate_per_s: float = 2_000.0) -> bytes:
    """Return what k6 writes for this many requests, the same bytes each time."""
    rng = np.random.default_rng(1)
    waiting = rng.lognormal(0.0, 0.4, requests)
    fresh = np.arange(requests) % 2 == 1
    connecting = np.where(fresh, rng.uniform(0.05, 0.4, requests), 0.0)
    blocked = connecting + rng.uniform(0.002, 0.01, requests)
    sending, receiving = rng.uniform(0.01, 0.05, requests), rng.uniform(0.02, 0.1, requests)
    starts = np.arange(requests) * (NS_PER_S / rate_per_s) + EPOCH_S * NS_PER_S
    ends = starts.astype(np.int64) + (waiting * 1e6).astype(np.int64)
    values = np.stack(
        [sending + waiting + receiving, blocked, connecting, np.zeros(requests), sending, waiting, receiving]
    )
    return "\n".join([HEADER, *_lines(ends, values, fresh), ""]).encode()


def _lines(
    ends: npt.NDArray[np.int64], values: npt.NDArray[np.float64], fresh: npt.NDArray[np.bool_]
) -> list[str]:
    lines = []
    for row in np.argsort(ends, kind="stable").tolist():
        mark = "f" if fresh[row] else "k"
        scenario = "fresh" if fresh[row] else "kept"
        tags = f",,,203.0.113.11,GET,/healthz,HTTP/1.1,{scenario},200,,serial={mark}{row // 2}"
        end = ends[row]
        lines.append(f"stallwatch_started,{end - 1_000_000},1.000000,,,,,,,{scenario},,,")
        lines.append(f"http_reqs,{end},1.000000{tags}")
        lines += [
            f"http_req_{name},{end},{value:.6f}{tags}"
            for name, value in zip(TIMINGS, values[:, row].tolist(), strict=True)
        ]
        lines.append(f"http_req_failed,{end},0.000000{tags}")
        if fresh[row]:
            lines += [
                f"{name},{end + 50_000},85.000000,,,,,,,{scenario},,,serial={mark}{row // 2}"
                for name in ("data_sent", "data_received", "iteration_duration", "iterations")
            ]
    return lines


def keep(data: bytes) -> int:
    """Take the live path: cut, decode, assemble, stream, and the Parquet table at the end."""
    with tempfile.TemporaryDirectory() as folder:
        writer = ParquetStore(lambda _: Path(folder)).writer("bench")
        recording = Recording(writer)
        for at in range(0, len(data), READ_BYTES):
            recording.take(data[at : at + READ_BYTES])
        recording.finish()
        return writer.close()


def read_alone(data: bytes) -> int:
    """Let pyarrow.csv read the same bytes into text and numbers, on one thread."""
    options = pyarrow.csv.ReadOptions(use_threads=False)
    table = pyarrow.csv.read_csv(pa.BufferReader(data), read_options=options)
    return int(pc.sum(pc.equal(table["metric_name"], "http_reqs")).as_py())


def cpu_us_a_request(work: Callable[[bytes], int], data: bytes) -> float:
    """Return the CPU time of one pass over the data, in us a request."""
    gc.collect()
    began = time.process_time()
    rows = work(data)
    spent_s = time.process_time() - began
    assert rows == REQUESTS, f"{rows} rows of {REQUESTS}"
    return spent_s / REQUESTS * 1e6


def cpu_ms_a_small_block(data: bytes) -> float:
    """Return the CPU time that a block costs however little it holds: slow Runs decode four a second."""
    header, _, rest = data.partition(b"\n")
    blocks = [b"http_reqs" + block for block in rest[:300_000].split(b"\nhttp_reqs")[1:-1]]
    decoder, rows = BlockDecoder(header), RowAssembler()
    began = time.process_time()
    for block in blocks:
        rows.push(decoder.decode(block + b"\n"))
    return (time.process_time() - began) / len(blocks) * 1e3


def main() -> int:
    """Print the medians of five alternated pairs; 1 when the bar is missed."""
    data = make_csv()
    for work in (keep, read_alone):
        work(data)  # imports and first allocations
    pairs = [(cpu_us_a_request(keep, data), cpu_us_a_request(read_alone, data)) for _ in range(PAIRS)]
    ours, alone = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(
        f"CPU a request, {REQUESTS:,} requests of {len(data) / REQUESTS:.0f} bytes, medians of {PAIRS} pairs"
    )
    print(f"  cut, decode, assemble, store  {ours:6.2f} us  (bar {BAR_US:g} us)")
    print(f"  pyarrow.csv alone             {alone:6.2f} us")
    print(f"  ratio                         {statistics.median(o / a for o, a in pairs):6.2f}")
    print(f"  a block of one request        {cpu_ms_a_small_block(data):6.2f} ms")
    return int(ours > BAR_US)
