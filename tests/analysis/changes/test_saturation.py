"""Latency that rises with the load, told from latency that rises with time."""

from __future__ import annotations

import numpy as np

from analysis.changes.saturation import Rise, rise_with_load
from analysis.changes.series import Series


def rise_in(load: np.ndarray, level: np.ndarray) -> Rise | None:
    """Search a series with a little noise."""
    rng = np.random.default_rng(1)
    noisy = level + rng.normal(0, 0.05, len(level))
    series = Series(middle_s=np.linspace(5, 10 * len(load) - 5, len(load)), level=noisy, rate_per_s=load)
    return rise_with_load(series, 0.005, rng)


def test_latency_that_follows_the_load_is_found() -> None:
    """Up and down with the load, with the loads and the factor between them."""
    load = 10 + 8 * np.sin(np.arange(60) / 9)
    found = rise_in(load, 0.05 * load)
    assert found is not None
    assert found.high_per_s > 1.5 * found.low_per_s
    assert found.factor > 1.3


def test_a_steady_load_tells_nothing() -> None:
    """Without different loads no rise can be seen."""
    assert rise_in(np.full(60, 10.0), np.linspace(0, 1, 60)) is None


def test_a_ramp_and_a_drift_are_not_called_cause_and_effect() -> None:
    """Both grow with time, and no more than that is known."""
    assert rise_in(np.linspace(2, 20, 60), np.linspace(0, 1, 60)) is None


def test_latency_that_falls_with_load_is_no_saturation() -> None:
    """A closed model sends less where latency is high."""
    load = 10 + 8 * np.sin(np.arange(60) / 9)
    assert rise_in(load, -0.05 * load) is None
