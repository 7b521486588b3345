"""What a comb costs before it may be claimed."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.stalls.grid import log_price
from analysis.stalls.significance import shares

CLEAR = st.lists(st.tuples(st.floats(0, 5), st.booleans()), min_size=1, max_size=20)


@settings(max_examples=100, deadline=None)
@given(rungs=CLEAR)
def test_weights_of_thresholds_are_shared_out_once(rungs: list[tuple[float, bool]]) -> None:
    """Weights are above zero and sum to one, so that the correction for thresholds holds."""
    clear, by_mass = np.array([rung[0] for rung in rungs]), np.array([rung[1] for rung in rungs], dtype=bool)
    weights = shares(clear, by_mass)
    assert (weights > 0).all()
    assert np.isclose(weights.sum(), 1.0)


def test_clearest_threshold_weighs_most() -> None:
    """A clear threshold weighs more than half, also beside one of summed slowness that differs more."""
    weights = shares(np.array([0.1, 2.0, 0.1, 6.0]), np.array([False, False, False, True]))
    assert weights[1] == max(weights)
    assert weights[1] > 0.5


def test_whole_comb_costs_nothing() -> None:
    """Missed cycles and Episodes left out cost, each by its share; a comb without either is free."""
    assert log_price(5, 5, 5) == 0
    assert 0 < log_price(5, 6, 5) < log_price(5, 9, 5)
    assert 0 < log_price(5, 5, 6) < log_price(5, 5, 9)
