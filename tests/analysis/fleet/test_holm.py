"""Several tests at once."""

from __future__ import annotations

import pytest

from analysis.fleet.holm import levels, listed, sure


def test_the_step_down_stops_at_the_first_failure() -> None:
    """Each test that holds frees some of the level for the next; after one that fails none holds."""
    assert sure([0.004, 0.02, 0.003], 0.01) == [True, False, True]
    assert sure([0.009, 0.0051], 0.01) == [False, False]
    assert sure([], 0.01) == []


def test_levels_are_capped() -> None:
    """A cap holds for the last test too, which would have the whole level."""
    assert levels([0.0001, 0.004], 0.01, most=0.005) == pytest.approx([0.005, 0.005])


@pytest.mark.parametrize(
    ("names", "said"), [(["a"], "a"), (["a", "b"], "a and b"), (list("abc"), "a, b and c")]
)
def test_a_list_in_words(names: list[str], said: str) -> None:
    """One, two and three names."""
    assert listed(names) == said
