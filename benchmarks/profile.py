"""Where the time of a Run goes: a saturated campaign under py-spy, its samples by station of the main line.

py-spy looks from outside, 200 times a second, at the threads that do something; k6 is not looked at. It is
no dependency: `pip install py-spy` into this environment, and on macOS run this as root.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tempfile
from collections import Counter
from pathlib import Path

from benchmarks._servers import nginx, program
from benchmarks.generator import stallwatch
from orchestrator.k6.binary import find_k6

RATE_HZ = 200
SECONDS = 20
ROOT = Path(__file__).resolve().parents[1]
WAITING = ("select (", "wait (", "_wait_for_tstate_lock (", "_try_wait (", "sleep (")
# The first that stands in a stack, from the innermost frame outward, is where its time goes.
STATIONS = {
    "_find_and_load (<frozen": "imports",
    "orchestrator/k6/samples/blocks.py": "samples: cut into blocks",
    "orchestrator/k6/samples/": "samples: decode and join",
    "read_csv (pyarrow": "samples: decode and join",
    "orchestrator/stores/frames.py": "store: frames of what is stored",
    "orchestrator/stores/parquet.py": "store: stream and table",
    "orchestrator/k6/process.py": "k6: read its output",
    "orchestrator/k6/recording.py": "k6: live figures",
    "analysis/stalls/": "analysis: search for stalls",
    "analysis/": "analysis: all else",
    "reports/": "report",
    "orchestrator/judging.py": "analysis: all else",
    "orchestrator/runs/": "campaign: waves and progress",
    "orchestrator/": "campaign: all else",
}


def campaign(port: int) -> None:
    """Run the campaign that is looked at."""
    with tempfile.TemporaryDirectory(prefix="stallwatch-bench-") as folder:
        rate = stallwatch(find_k6(program("k6-2.2"), os.environ), port, Path(folder), SECONDS)
    print(f"{rate:.0f}")


def stacks(py_spy: Path) -> tuple[Counter[str], float]:
    """Return how often each stack was seen, and the requests a second meanwhile."""
    with nginx() as port, tempfile.TemporaryDirectory(prefix="stallwatch-bench-") as folder:
        raw = Path(folder) / "stacks.txt"
        code = f"from benchmarks.profile import campaign; campaign({port})"
        argv = [py_spy, "record", "--format", "raw", "--full-filenames", "--rate", str(RATE_HZ)]
        argv += ["--output", raw, "--", sys.executable, "-c", code]
        done = subprocess.run(
            [str(word) for word in argv], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
        )
        if not raw.exists():
            raise RuntimeError(f"py-spy wrote nothing: {done.stderr.strip()[-500:]}")
        counts: Counter[str] = Counter()
        for line in raw.read_text(encoding="utf-8").splitlines():
            stack, _, count = line.rpartition(" ")
            counts[stack] += int(count)
    numbers = [line for line in done.stdout.splitlines() if line.isdigit()]
    return counts, float(numbers[-1]) if numbers else float("nan")


def station(stack: str) -> str | None:
    """Return the station that a stack belongs to; None for a thread that waits, which py-spy may not see."""
    if any(mark in stack.rpartition(";")[2] for mark in WAITING):
        return None
    for frame in reversed(stack.split(";")):
        found = next((name for mark, name in STATIONS.items() if mark in frame), None)
        if found:
            return found
    return "Python itself"


def main() -> int:
    """Print the table; there is no bar to miss."""
    py_spy = Path(sysconfig.get_path("scripts")) / "py-spy"
    if not py_spy.exists():
        print(f"profile: there is no {py_spy}; get it: {sys.executable} -m pip install py-spy")
        return 0
    counts, rate = stacks(py_spy)
    by_station: Counter[str] = Counter()
    for stack, count in counts.items():
        if name := station(stack):
            by_station[name] += count
    total = sum(by_station.values())
    requests = rate * SECONDS
    print(f"where the time of a Run goes: {requests:,.0f} requests in {SECONDS} s, {total:,} samples")
    print(f"  {'':<34}{'share':>7}{'time':>9}{'a request':>12}")
    for name, count in by_station.most_common():
        spent_s = count / RATE_HZ
        print(f"  {name:<34}{count / total:>6.1%}{spent_s:>7.2f} s{spent_s / requests * 1e6:>9.2f} us")
    return 0
