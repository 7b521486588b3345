"""A change point is found where it is; drift, waves and noise are none."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.changes.level import Shift, level_shift
from analysis.changes.series import Series

BINS = 60


def shift_in(level: np.ndarray, seed: int = 0) -> Shift | None:
    """Search a series of ten-second bins with a little noise."""
    rng = np.random.default_rng(seed)
    series = Series(
        middle_s=np.linspace(5, 10 * len(level) - 5, len(level)),
        level=level + rng.normal(0, 0.05, len(level)),
        rate_per_s=np.full(len(level), 10.0),
    )
    return level_shift(series, 0.005, rng)


@pytest.mark.parametrize("place", [20, 30, 46])
@pytest.mark.parametrize("jump", [-0.5, 0.5])
def test_a_step_is_found_with_time_and_factor(place: int, jump: float) -> None:
    """The change point lies at the boundary of the bins, the factor is that of the jump."""
    found = shift_in(np.where(np.arange(BINS) >= place, jump, 0.0))
    assert found is not None
    assert found.at_s == pytest.approx(10.0 * place, abs=10)
    assert found.factor == pytest.approx(np.exp(jump), rel=0.06)
    assert found.p_value <= 0.005


@pytest.mark.parametrize(
    "level",
    [
        pytest.param(np.zeros(BINS), id="flat"),
        pytest.param(np.linspace(0, 2, BINS), id="drift"),
        pytest.param(np.sin(np.arange(BINS) / 5), id="wave"),
        pytest.param(2 * np.exp(-np.arange(BINS) / 3), id="warm-up"),
        pytest.param(np.where(np.arange(BINS) // 15 % 2, 0.8, 0.0), id="stages"),
        pytest.param(np.where(np.arange(BINS) >= 30, 0.1, 0.0), id="a tenth"),
        pytest.param(np.clip((np.arange(BINS) - 26) / 8, 0, 1), id="a slope of eight bins"),
        pytest.param(0.8 / (1 + np.exp(-(np.arange(BINS) - 30) / 2)), id="a smooth rise"),
    ],
)
def test_other_changes_are_no_shift(level: np.ndarray) -> None:
    """What moves steadily, to and fro, at the start only or by little is not called a shift."""
    assert [shift_in(level, seed) for seed in range(5)] == [None] * 5
