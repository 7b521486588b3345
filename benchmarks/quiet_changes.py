"""False findings beside periodic stalls, on quiet Runs of every kind that is quiet for them."""

from __future__ import annotations

from scipy.stats import binomtest

from tests.analysis.changes.quiet import false_alarms

RUNS_A_KIND = 150
FAMILY = 88_003
BAR = 0.01


def main() -> int:
    """Print the share of each kind of finding with its interval; 1 when one is above the bar."""
    print(f"false findings of quiet runs, {RUNS_A_KIND} of each kind that is quiet for them")
    worst = 0.0
    for kind, (false, runs) in false_alarms(RUNS_A_KIND, FAMILY).items():
        low, high = binomtest(false, runs).proportion_ci()
        worst = max(worst, false / runs)
        print(
            f"  {kind:20} {false:3} of {runs:,}: {false / runs:.2%} (95 % interval {low:.2%} to {high:.2%})"
        )
    return int(worst > BAR)
