"""Injected stalls are recovered under every condition, and intervals hold what they promise."""

from __future__ import annotations

from tests.analysis.recover import CONDITIONS, recovered

RUNS, MOST_ROWS = 5, 5000


def test_injected_stalls_are_recovered() -> None:
    """Of 45 Runs under nine conditions nearly all are found, and 95 % intervals hold at least 85 %."""
    found = {
        condition: [one for seed in range(RUNS) for one in recovered(condition, (4, number, seed), MOST_ROWS)]
        for number, condition in enumerate(CONDITIONS)
    }
    assert all(sum(one.found for one in ones) >= 0.5 * len(ones) for ones in found.values()), found
    every = [one for ones in found.values() for one in ones if one.found]
    assert len(every) >= 0.85 * sum(map(len, found.values()))
    assert sum(one.held for one in every) >= 0.85 * len(every)
