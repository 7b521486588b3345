"""Folding on a period."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.folding import fold


def test_phase_counts_from_the_stall() -> None:
    """Starts before, at and after the stall get their seconds since the last expected one."""
    starts = np.array([-1, 0, 3, 12, 25]) * 1_000_000_000 + 1_700_000_000_000_000_000
    assert fold(starts, 12.0, 1_700_000_000_000_000_000).tolist() == [11.0, 0.0, 3.0, 0.0, 1.0]


@pytest.mark.parametrize("period_s", [0.0, -1.0, float("nan"), float("inf")])
def test_period_must_be_positive(period_s: float) -> None:
    """A period that is no positive number is refused with what was expected."""
    with pytest.raises(ValueError, match="expected a positive number"):
        fold(np.array([0]), period_s, 0)
