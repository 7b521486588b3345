"""False claims of quiet Campaigns: ten Nodes without a periodic stall, side by side, 2,000 times.

A claim is a periodic stall that survives the correction over Nodes, whatever its size (those below the
limit are notes), or slow Episodes called coincident.
The Runs of a Campaign are drawn from a pool of analyzed quiet Runs of all kinds and of its length, each
Run at most once a Campaign; no Node's Episodes know of another's.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import binomtest

from analysis.findings import RunAnalysis
from tests.analysis.fleet.quiet import claims, quiet_run

CAMPAIGNS, NODES = 2000, 10
LENGTHS_S = (180.0, 300.0, 600.0, 1200.0)
POOL = 1000
SEED = 51_273
BAR = 0.01


def main(pools: dict[float, list[RunAnalysis]] | None = None) -> int:
    """Print the shares with their intervals; 1 when more than the bar is claimed falsely."""
    pools = pools or {length: [quiet_run(length, seed, SEED) for seed in range(POOL)] for length in LENGTHS_S}
    rng = np.random.default_rng(SEED)
    found = []
    for number in range(CAMPAIGNS):
        pool = pools[LENGTHS_S[number % len(LENGTHS_S)]]
        found.append(claims([pool[i] for i in rng.choice(len(pool), NODES, replace=False)]))
    print(
        f"{CAMPAIGNS:,} quiet campaigns of {NODES} nodes, from {sum(map(len, pools.values())):,} quiet runs:"
    )
    periodic, failing, shared = (sum(column) for column in zip(*found, strict=True))
    either = sum(fails or coincides for _, fails, coincides in found)
    for what, count in (
        ("any periodic stall", periodic),
        ("one above the limit", failing),
        ("a coincidence", shared),
        ("one of the last two", either),
    ):
        low, high = binomtest(count, CAMPAIGNS).proportion_ci()
        print(f"  claimed {what:20} {count / CAMPAIGNS:6.2%} (95 % interval {low:.2%} to {high:.2%})")
    return int(max(periodic, either) > BAR * CAMPAIGNS)
