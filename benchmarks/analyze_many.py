"""`analyze FILE...` on one core and on all, side by side, and what one file costs alone.

The files are made up, unless ``STALLWATCH_CASES`` names a folder with others. Then: the memory that one
request takes, by which several inputs share what there is.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks._children import in_a_child
from benchmarks._made import batches
from tests.orchestrator.runs.fakes import HEADER, request_lines

ROOT = Path(__file__).resolve().parents[1]
FILES, SECONDS, RATE, REPEATS = 16, 900, 10, 3
ROWS = 1_000_000


def made(folder: Path) -> list[str]:
    """Write files of quarter of an hour, each with a stall of 1 s a minute."""
    for number in range(FILES):
        lines = []
        for i in range(SECONDS * RATE):
            at_s = i / RATE + number
            total_ms = 1e3 * max(1 - at_s % 60, 0) + 5 + i % 3
            lines.append(request_lines(10**18 + round((at_s + total_ms / 1e3) * 1e9), total_ms=total_ms))
        (folder / f"{number:02d}.csv").write_text(f"{HEADER}\n{''.join(lines)}", encoding="utf-8")
    return sorted(map(str, folder.glob("*.csv")))


def cpu_s() -> float:
    """CPU seconds of all children so far."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def analyze_s(files: list[str], cores: set[int]) -> tuple[tuple[float, float], bytes]:
    """Seconds of one call on these cores, from start to end, those of CPU, and what it printed."""
    began, spent_s = time.perf_counter(), cpu_s()
    done = subprocess.run(
        [sys.executable, "-m", "orchestrator.cli.app", "analyze", "--format", "json", *files],
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        check=False,
    )
    return (time.perf_counter() - began, cpu_s() - spent_s), done.stdout


def row_bytes(rows: int) -> float:
    """Memory at most of the analysis of a Parquet table, above that of one with next to no rows, a row."""
    from orchestrator.files.analysis import analyze_file
    from orchestrator.stores.parquet import ParquetStore

    def peak() -> int:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

    with tempfile.TemporaryDirectory(prefix="stallwatch-bench-") as folder:
        store = ParquetStore(lambda run: Path(folder) / run)
        for name, n in (("few", 2_000), ("many", rows)):
            table = store.table_writer(name)
            for batch in batches(n):
                table.append(batch)
            table.close()
        analyze_file(str(next(Path(folder, "few").glob("*.parquet"))))
        before = peak()
        analyze_file(str(next(Path(folder, "many").glob("*.parquet"))))
        return (peak() - before) / rows


def main() -> int:
    """Print seconds and ratio, both ways in turn; 1 when the answers differ."""
    cores = os.sched_getaffinity(0)
    one = {min(cores)}
    with tempfile.TemporaryDirectory(prefix="stallwatch-bench-") as folder:
        named = os.environ.get("STALLWATCH_CASES")
        files = sorted(map(str, Path(named).glob("*.csv*"))) if named else made(Path(folder))
        alone, serial, parallel = [], [], []
        same = True
        for _ in range(REPEATS):
            alone.append(analyze_s(files[:1], cores)[0])
            took_s, expected = analyze_s(files, one)
            serial.append(took_s)
            took_s, found = analyze_s(files, cores)
            parallel.append(took_s)
            same &= found == expected
    print(f"analyze of {len(files)} files: medians of {REPEATS}, in turn (lowest, highest)")
    for what, values in (("1 file", alone), ("1 core", serial), (f"{len(cores)} cores", parallel)):
        took, spent = zip(*values, strict=True)
        print(
            f"  {what:8} {statistics.median(took):7.2f} s  ({min(took):.2f}, {max(took):.2f}), "
            f"CPU {statistics.median(spent):.2f} s"
        )
    ratios = [a / b for (a, _), (b, _) in zip(serial, parallel, strict=True)]
    print(f"  ratio    {statistics.median(ratios):7.2f}    ({min(ratios):.2f}, {max(ratios):.2f})")
    print(f"  the same lines in the same order: {'yes' if same else 'NO'}")
    print(f"memory a request, of {ROWS:,}: {in_a_child(row_bytes, ROWS):.0f} bytes")
    return int(not same)
