"""Episodes, and the ladder of thresholds they are looked for at."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.normal.samples import samples_of
from analysis.stalls import reference
from analysis.stalls.episodes import MANY, join, place_of, steps
from tests.analysis.tables import table

GAP_S = 2.0
REQUESTS = st.lists(
    st.tuples(st.floats(0, 300), st.floats(0.01, 6), st.floats(2.1, 40)), min_size=1, max_size=60
).map(np.array)


@settings(max_examples=100, deadline=None)
@given(requests=REQUESTS)
def test_steps_count_what_joining_finds(requests: np.ndarray) -> None:
    """At each threshold of a step there are as many Episodes as joining finds, and as a loop counts."""
    samples = samples_of(table(requests[:, 0], requests[:, 1]))
    residual = requests[samples.row, 2]
    order = np.argsort(-residual, kind="stable")
    starts, reach = samples.start_s[order], np.maximum(samples.end_s[order], samples.start_s[order] + GAP_S)
    for count, threshold, clear in steps(residual[order], starts, reach):
        above = residual[order] > threshold
        if len(np.unique(residual[order])) == len(order):
            assert join(samples, residual, threshold, GAP_S).n == count
            assert reference.stretches(list(starts[above]), list(reach[above])) == count
        assert clear >= 0


def test_clear_threshold_is_told() -> None:
    """Five slow requests far above all others make the clearest step."""
    values = np.concatenate([np.full(5, 60.0), np.linspace(4.0, 2.5, 30)])
    starts = np.concatenate([10 + 60.0 * np.arange(5), 17.0 + 10.0 * np.arange(30)])
    found = steps(values, starts, starts + GAP_S)
    assert max(found, key=lambda step: step[2])[0] == 5


def test_ladder_grows_with_the_logarithm() -> None:
    """Up to a thousand Episodes there are at most twenty places."""
    assert len({place_of(count) for count in range(3, 1000)}) <= 20
    assert [place_of(count) for count in (3, 4, 5)] == [3, 4, 5]
    assert place_of(MANY) != place_of(MANY - 1)
