"""How often a stall's shape is named right, kind by kind: the whole analysis on generated Runs.

The seeds are none that the naming was built on.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
from scipy.stats import binomtest

from analysis.findings import Detection, Limits, RunFacts
from analysis.run import analyze_run
from tests.analysis.faults import TRUTH, faulty

REPEATS = 60
SEED = 90_417
BAR = 0.9


def named(kind: str, seed: int) -> str:
    """The shape of the first claim in one Run of a kind; "not found" without any."""
    requests, _ = faulty(np.random.default_rng([SEED, seed, *map(ord, kind)]), kind)
    analysis = analyze_run(requests, facts=RunFacts(), limits=Limits(), detection=Detection())
    return analysis.periodic_stalls[0].shape if analysis.periodic_stalls else "not found"


def main() -> int:
    """Print the share named right, wrong and unclear of each kind; 1 when one is below the bar."""
    print(f"stalls of 1.5 to 6 s each 20 to 60 s, {REPEATS} Runs a kind: named right (95 % interval)")
    worst = 1.0
    for kind, truth in TRUTH.items():
        names = Counter(named(kind, seed) for seed in range(REPEATS))
        right = sum(names[name] for name in truth)
        low, high = binomtest(right, REPEATS).proportion_ci()
        unsure = names["unclear"] + names["not found"]
        worst = min(worst, right / REPEATS)
        print(
            f"  {kind:12} {right / REPEATS:6.1%} ({low:.1%} to {high:.1%}), unclear {unsure}, "
            f"wrong {REPEATS - right - unsure}: {dict(names)}"
        )
    return int(worst < BAR)
