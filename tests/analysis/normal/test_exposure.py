"""Where an Episode can be, with stretches taken out."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.normal.exposure import apart, without
from analysis.stalls.comb import Exposure

SPAN_S = 100.0
STRETCHES = st.lists(
    st.tuples(st.floats(0, SPAN_S), st.floats(0.1, 20.0)).map(lambda pair: (pair[0], pair[0] + pair[1])),
    min_size=1,
    max_size=12,
).map(np.array)


def steady() -> Exposure:
    """Exposure that is the same everywhere."""
    return Exposure(
        span_s=SPAN_S,
        edges_s=np.array([0.0, SPAN_S]),
        share=np.array([0.0, 1.0]),
        gaps_s=np.zeros((0, 2)),
    )


@settings(max_examples=100, deadline=None)
@given(stretches=STRETCHES, at=st.floats(-10.0, 130.0))
def test_joined_stretches_cover_the_same_time(stretches: np.ndarray, at: float) -> None:
    """An instant lies in the joined stretches when it lies in one of the given, and they stand apart."""
    joined = apart(stretches)
    assert any(low <= at <= high for low, high in joined) == any(low <= at <= high for low, high in stretches)
    assert (joined[1:, 0] > joined[:-1, 1]).all()


@settings(max_examples=100, deadline=None)
@given(stretches=STRETCHES, low=st.floats(0, SPAN_S), width=st.floats(0.5, 30.0))
def test_stretch_is_seen_as_the_loop_over_gaps_says(stretches: np.ndarray, low: float, width: float) -> None:
    """A window is seen when at least half of it is neither outside the run nor in a gap."""
    exposure = without(steady(), stretches)
    lost = sum(max(min(low + width, end) - max(low, begin), 0.0) for begin, end in exposure.gaps_s)
    inside = min(low + width, SPAN_S) - low - lost
    if abs(inside - width / 2) > 1e-6:
        seen = exposure.observed(np.array([low]), np.array([low + width]))
        assert bool(seen[0]) == (inside > width / 2)


def test_share_moves_to_what_is_left() -> None:
    """What is taken out holds no Episode, and the rest holds all."""
    left = without(steady(), np.array([[20.0, 60.0], [50.0, 70.0]]))
    shares = left.between(np.array([0.0, 25.0, 70.0]), np.array([20.0, 65.0, 100.0]))
    assert np.allclose(shares, [0.4, 0.0, 0.6])
