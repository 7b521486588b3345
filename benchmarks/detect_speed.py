"""What finding stalls costs: CPU and memory of the analysis alone, by the length of the request table."""

from __future__ import annotations

import multiprocessing
import resource
import time

import numpy as np
import pandas as pd

from analysis.findings import Detection, Limits, RunFacts
from analysis.requests import NS_PER_S, PHASE_COLUMNS, TEXT_COLUMNS
from analysis.run import analyze_run

BARS_S = {10_000: 1.5, 100_000: 1.5, 1_000_000: 5.0, 10_000_000: 40.0}
RATE_PER_S = 500.0
MOST_GIB = 4.0


def requests_of(rows: int) -> pd.DataFrame:
    """Make a table like a kept one: two scenarios, three endpoints, a heavy tail, 1 s lost every 60 s."""
    rng = np.random.default_rng(rows)
    start = np.arange(rows) / RATE_PER_S
    total = 0.02 * rng.lognormal(0.0, 0.3, rows)
    tail = rng.random(rows) < 1e-3
    total[tail] *= 1 + rng.pareto(1.5, int(tail.sum()))
    stall = np.maximum(7.0 + 1.0 - start % 60.0, 0.0) * (start % 60.0 >= 7.0)
    total = np.maximum(total, stall)
    columns: dict[str, object] = {"end_ns": ((start + total) * NS_PER_S).astype(np.int64)}
    columns |= {name: np.zeros(rows, dtype=np.int64) for name in PHASE_COLUMNS}
    columns["waiting_ns"] = (total * NS_PER_S).astype(np.int64)
    columns["total_ns"] = np.round(total * NS_PER_S)
    columns |= {"status": np.full(rows, 200, np.int16), "error_code": np.zeros(rows, np.int16)}
    columns |= {"failed": np.zeros(rows, dtype=bool), "received_bytes": np.full(rows, np.nan)}
    names = {"scenario": ["kept", "fresh"], "endpoint": ["/a", "/b", "/c"]}
    for name in TEXT_COLUMNS:
        known = names.get(name, [""])
        columns[name] = pd.Categorical.from_codes(
            np.arange(rows) % len(known), dtype=pd.CategoricalDtype(known)
        )
    return pd.DataFrame(columns)


def measure(rows: int) -> tuple[float, float, float]:
    """CPU seconds of one analysis, and GiB of memory at most before and in it."""
    requests = requests_of(rows)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    analysis = analyze_run(requests, facts=RunFacts(), limits=Limits(), detection=Detection())
    spent_s = time.process_time() - began
    assert rows < 100_000 or analysis.periodic_stalls, "the planted stall was not found"
    return spent_s, before / 2**20, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def main() -> int:
    """Print CPU and memory by number of requests, each in a process of its own; 1 when a bar is missed."""
    print("requests      CPU s   (bar)   GiB at most, of which the table")
    missed = False
    for rows, bar_s in BARS_S.items():
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            spent_s, table_gib, gib = pool.apply(measure, (rows,))
        print(f"{rows:10,d}  {spent_s:7.2f}  ({bar_s:4g})  {gib:5.2f}  {table_gib:5.2f}")
        missed |= spent_s > bar_s or gib > MOST_GIB
    return int(missed)
