"""A rhythm of the load itself is told from stalls."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.normal.load import follows_load
from analysis.normal.samples import samples_of
from tests.analysis.generate import Load, arrivals
from tests.analysis.tables import table

RUN_S = 600.0
NO_GAPS = np.zeros((0, 2))


def follows(load: Load, phase: float, period_s: float) -> bool:
    """Ask for Episodes at one phase of a period under a load of an open model."""
    starts = arrivals(np.random.default_rng(1), load)
    at = np.arange(phase * period_s, RUN_S, period_s)
    return follows_load(samples_of(table(starts, np.full(len(starts), 0.01))), at, period_s, NO_GAPS)


@pytest.mark.parametrize("phase", [0.8, 0.9, 0.97])
def test_top_of_a_sawtooth_is_its_own_rhythm(phase: float) -> None:
    """Episodes near the top of each tooth come from the load."""
    assert follows(Load(run_s=RUN_S, rate=5.0, shape="sawtooth", teeth=6), phase, 100.0)


@pytest.mark.parametrize("phase", [0.05, 0.3])
def test_foot_of_a_sawtooth_is_not(phase: float) -> None:
    """Episodes where the load is low do not come from it."""
    assert not follows(Load(run_s=RUN_S, rate=5.0, shape="sawtooth", teeth=6), phase, 100.0)


@pytest.mark.parametrize("shape", ["flat", "ramp", "stages"])
@pytest.mark.parametrize("period_s", [40.0, 75.0, 140.0])
def test_steps_and_ramps_have_no_period(shape: str, period_s: float) -> None:
    """A load without a rhythm of its own explains no Episodes, whatever their period."""
    assert not any(
        follows(Load(run_s=RUN_S, rate=5.0, shape=shape), phase, period_s) for phase in (0.1, 0.4, 0.7)
    )


def test_silence_of_a_closed_model_in_its_stalls_is_no_rhythm() -> None:
    """A load that stops in each stall has the stalls' period, but does not cause them."""
    starts = np.arange(0.0, RUN_S, 0.2)
    starts = starts[starts % 60.0 > 8.0]
    samples = samples_of(table(starts, np.full(len(starts), 0.01)))
    assert not follows_load(samples, np.arange(0.0, RUN_S, 60.0), 60.0, NO_GAPS)


def test_half_of_a_tooth_is_the_rhythm_too() -> None:
    """Episodes at the tops of some teeth, on a comb of half the tooth, come from the load."""
    load = Load(run_s=RUN_S, rate=5.0, shape="sawtooth", teeth=6)
    starts = arrivals(np.random.default_rng(1), load)
    samples = samples_of(table(starts, np.full(len(starts), 0.01)))
    assert follows_load(samples, np.array([98.0, 198.0, 298.0, 548.0, 598.0]), 50.0, NO_GAPS)
