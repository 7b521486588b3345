"""Marks that crowd together are found where they are; marks by chance are not."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.changes.clusters import clusters, run_lengths


def test_a_planted_cluster_is_found_where_it_is() -> None:
    """Twelve marks in a row among twenty by chance: first, last and count are theirs."""
    marks = np.zeros(5000, dtype=bool)
    marks[np.arange(100, 5000, 245)] = True
    marks[3000:3012] = True
    (found,) = clusters(marks, 0.001, 5)
    assert (found.first, found.last, found.marked, found.requests) == (3000, 3011, 12, 12)
    assert found.p_value < 1e-12


def test_two_clusters_are_told_apart() -> None:
    """What is found is taken out and the rest searched again."""
    marks = np.zeros(5000, dtype=bool)
    marks[1000:1010] = marks[4000:4020] = True
    assert [(one.first, one.last) for one in clusters(marks, 0.001, 5)] == [(1000, 1009), (4000, 4019)]


def test_marks_by_chance_make_no_cluster() -> None:
    """Of 400 sets of independent marks at most 2 % hold a cluster at the level of 1 %."""
    rng = np.random.default_rng(3)
    false = 0
    for _ in range(400):
        marks = rng.random(int(rng.integers(200, 3000))) < rng.uniform(0.002, 0.2)
        false += bool(clusters(marks, 0.01, 3))
    assert false <= 8


@pytest.mark.parametrize("marks", [np.zeros(0, bool), np.zeros(50, bool), np.ones(50, bool)])
def test_nothing_and_everything_are_no_cluster(marks: np.ndarray) -> None:
    """Where no request is marked, or each one, none crowd together."""
    assert clusters(marks, 0.01, 3) == []


def test_lengths_tried_are_few() -> None:
    """Powers of two from the fewest on, and all marks together."""
    assert run_lengths(100, 3).tolist() == [3, 6, 12, 24, 48, 96, 100]
    assert run_lengths(2, 3).tolist() == []
