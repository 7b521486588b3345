"""Weekdays and hours: believed when they are sure, and only then."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.history.season import offsets_of, slots_of
from tests.analysis.history.nights import DAY_NS, MONDAY_NS


@pytest.mark.parametrize(("every_ns", "count"), [(DAY_NS, 7), (DAY_NS // 24, 24), (7 * DAY_NS, 7)])
def test_nights_have_weekdays_and_frequent_campaigns_hours(every_ns: int, count: int) -> None:
    """Each slot of the season comes up, and the same slot a season later."""
    slots, number = slots_of(MONDAY_NS + np.arange(100) * every_ns)
    assert number == count
    assert (slots[: 100 - count] == slots[count:]).all()


def test_a_pattern_is_recovered() -> None:
    """Each weekday's offset from the level, after eight weeks."""
    rng, slots = np.random.default_rng(1), np.arange(56) % 7
    true = np.array([0.0, 0, 0, 0, 0, 0.5, 0.4])
    found = offsets_of(true[slots] + 0.05 * rng.standard_normal(56), slots, 7)
    assert found == pytest.approx(true, abs=0.1)


def test_chance_is_no_pattern() -> None:
    """Of 100 histories without one, at most five seem to have one (the level is one in a hundred)."""
    slots = np.arange(56) % 7
    made = (np.random.default_rng(seed).standard_normal(56) for seed in range(100))
    assert sum(offsets_of(values, slots, 7).any() for values in made) <= 5


def test_two_weeks_are_too_few() -> None:
    """However clear: two weekends could be two odd weekends."""
    slots = np.arange(14) % 7
    assert not offsets_of(np.where(slots >= 5, 1.0, 0.0) + 0.01 * np.arange(14), slots, 7).any()
