"""Inject and recover, condition by condition: what is found, and whether 95 % intervals hold the period.

Two cores need a few minutes. Seeds are ``HELD_OUT``, the condition's number and the run's.
"""

from __future__ import annotations

import os
import sys

from benchmarks._scoring import in_parallel, share
from tests.analysis.recover import CONDITIONS, Recovered, recovered

HELD_OUT = 20_261_202
RUNS = int(os.environ.get("STALLWATCH_RUNS", "60"))
MOST_ROWS = 30_000


def work(seed: tuple[int, ...]) -> list[Recovered]:
    """Inject, analyze and compare one Run."""
    return recovered(CONDITIONS[seed[1]], seed, MOST_ROWS)


def main() -> int:
    """Print the table; 1 when the coverage of all is not within 90 to 99 %."""
    print(f"one stall injected, {RUNS} runs a condition (seeds {HELD_OUT}): found; of these, period held")
    every: list[Recovered] = []
    for number, condition in enumerate(CONDITIONS):
        runs = in_parallel(work, [(HELD_OUT, number, run) for run in range(RUNS)])
        ones = [one for run in runs for one in run]
        every += ones
        held = share(one.held for one in ones if one.found)
        print(f"  {condition:24} {share(one.found for one in ones):32}  {held}")
        sys.stdout.flush()
    holds = [one.held for one in every if one.found]
    print(f"  {'all':24} {share(one.found for one in every):32}  {share(holds)}")
    return int(not 0.9 <= sum(holds) / len(holds) <= 0.99)
