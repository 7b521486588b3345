"""What ten million stored requests take on disk, and how soon their numbers stand in a pandas frame.

Beside it the plain way: pyarrow reads the table, and turns it into a frame. Each in a process of its own,
in turns, with the file in the page cache.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks._children import in_a_child
from benchmarks._made import batches
from orchestrator.stores.contract import REQUEST_SCHEMA
from orchestrator.stores.parquet import TABLE, ParquetStore

ROWS = 10_000_000
PAIRS = 5
BAR_BYTES = 20.0
BAR_S = 2.0
NUMBERS = [field.name for field in REQUEST_SCHEMA if not pa.types.is_dictionary(field.type)]


def store(folder: Path) -> tuple[float, float]:
    """Store the rows as a Run does; return bytes a row, and the seconds that closing the table takes."""
    writer = ParquetStore(lambda _: folder).writer("bench")
    for batch in batches(ROWS):
        writer.append(batch)
    began = time.perf_counter()
    rows = writer.close()
    closed_s = time.perf_counter() - began
    assert rows == ROWS, f"{rows} rows of {ROWS}"
    return (folder / TABLE).stat().st_size / ROWS, closed_s


def ours_s(folder: Path) -> float:
    """Return the seconds from the stored table to the frame of its numbers."""
    from orchestrator.stores.frames import to_frame

    kept = ParquetStore(lambda _: folder)
    began = time.perf_counter()
    frame = to_frame(kept.batches("bench", NUMBERS), rows=kept.count("bench"), columns=NUMBERS)
    spent_s = time.perf_counter() - began
    assert frame.shape == (ROWS, len(NUMBERS)), frame.shape
    return spent_s


def plain_s(folder: Path) -> float:
    """Return the seconds of the plain way."""
    import pandas as pd  # noqa: F401 # imported before the clock runs, as for ours

    began = time.perf_counter()
    frame = pq.read_table(folder / TABLE, columns=NUMBERS).to_pandas()
    spent_s = time.perf_counter() - began
    assert frame.shape == (ROWS, len(NUMBERS)), frame.shape
    return spent_s


def main() -> int:
    """Print both; 1 when a bar is missed."""
    with tempfile.TemporaryDirectory(prefix="stallwatch-bench-") as name:
        folder = Path(name)
        row_bytes, closed_s = in_a_child(store, folder)
        pairs = [(in_a_child(ours_s, folder), in_a_child(plain_s, folder)) for _ in range(PAIRS)]
    ours, plain = zip(*pairs, strict=True)
    ratio = statistics.median(one / other for one, other in pairs)
    print(f"{ROWS:,} stored requests")
    print(f"  on disk            {row_bytes:6.2f} bytes each  (bar {BAR_BYTES:g})")
    print(f"  table closed in    {closed_s:6.2f} s")
    print(f"{len(NUMBERS)} columns of numbers into pandas, medians of {PAIRS} pairs, lowest, highest")
    print(f"  to_frame           {_spread(ours)}  (bar {BAR_S:g} s)")
    print(f"  pyarrow, to_pandas {_spread(plain)}")
    print(f"  ratio              {ratio:6.2f}")
    return int(row_bytes > BAR_BYTES or statistics.median(ours) > BAR_S)


def _spread(values: tuple[float, ...]) -> str:
    return f"{statistics.median(values):6.2f} s{min(values):8.2f}{max(values):7.2f}"
