"""From k6's end to the verdict: one Run of a million requests closed, judged and reported.

Each time in a process of its own that has imported what a campaign has imported when its k6 ends.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from analysis.findings import Detection, Limits, RunFacts
from benchmarks._children import in_a_child
from benchmarks._made import batches
from orchestrator.campaign import Records, open_records
from orchestrator.home import Home
from orchestrator.model import NodeKind, RunState
from orchestrator.runs.record import RunRecord
from orchestrator.stores.parquet import StreamWriter

ROWS = 1_000_000
REPEATS = 3
BAR_S = 1.0 + 5.0 * ROWS / 1e6
RUNS = {"quiet": 0.0, "stalls of 1 s": 1.0}
PARTS = ("table closed", "judged", "report written", "all", "analysis alone")


def measure(stall_s: float) -> dict[str, float]:
    """Return the seconds that each part takes."""
    with tempfile.TemporaryDirectory(prefix="stallwatch-bench-") as folder:
        kept = open_records(Home(Path(folder)))
        record = _record()
        writer = kept.store.writer(record.id)
        for batch in batches(ROWS, stall_s=stall_s):
            writer.append(batch)
        writer.flush()
        return _timed(kept, record, writer)


def _timed(kept: Records, record: RunRecord, writer: StreamWriter) -> dict[str, float]:
    from orchestrator.judging import judge, write_report

    began = time.perf_counter()
    writer.close()
    closed = time.perf_counter()
    judged = judge([record], kept.store)
    judged_at = time.perf_counter()
    write_report(judged, kept.home, record.campaign_id)
    reported = time.perf_counter()
    return {
        "table closed": closed - began,
        "judged": judged_at - closed,
        "report written": reported - judged_at,
        "all": reported - began,
        "analysis alone": _analysis_s(kept, record),
    }


def _analysis_s(kept: Records, record: RunRecord) -> float:
    """Return the seconds of the analysis of a table in memory, everything imported: a part of `judged`."""
    from analysis.run import analyze_run
    from orchestrator.stores.frames import to_frame

    frame = to_frame(kept.store.batches(record.id), rows=ROWS)
    began = time.perf_counter()
    analyze_run(frame, facts=record.facts, limits=record.limits, detection=record.detection)
    return time.perf_counter() - began


def _record() -> RunRecord:
    return RunRecord(
        id="bench.node-1",
        campaign_id="bench",
        node="node-1",
        kind=NodeKind.NODE,
        address="127.0.0.1",
        url="http://shop.test/",
        profile="bench",
        rate_per_s=2_000.0,
        limits=Limits(),
        detection=Detection(),
        facts=RunFacts(),
        versions={},
        started_ns=time.time_ns(),
        state=RunState.DONE,
    )


def main() -> int:
    """Print the medians of each kind of Run; 1 when the bar is missed."""
    missed = False
    for name, stall_s in RUNS.items():
        found = [in_a_child(measure, stall_s) for _ in range(REPEATS)]
        print(
            f"from k6's end to the verdict, {ROWS:,} requests, {name}: medians of {REPEATS}, lowest, highest"
        )
        for part in PARTS:
            values = [one[part] for one in found]
            bar = f"  (bar {BAR_S:g} s)" if part == "all" else ""
            print(f"  {part:<16}{statistics.median(values):6.2f} s{min(values):8.2f}{max(values):7.2f}{bar}")
        missed = missed or statistics.median(one["all"] for one in found) > BAR_S
    return int(missed)
