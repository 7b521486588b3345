"""End times become distinct by the smallest moves, as fast as stamps of whole seconds need it."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.requests import NS_PER_S
from orchestrator.k6.samples.distinct import REMEMBER_NS, DistinctEnds
from tests.orchestrator.k6.made import T_NS


def moved(batches: list[list[int]], remember_ns: int | None = REMEMBER_NS) -> list[int]:
    """Return the ends of batches, one after the other, made distinct."""
    distinct = DistinctEnds(remember_ns)
    return [end for ends in batches for end in distinct.apply(np.array(ends, dtype=np.int64)).tolist()]


def by_the_book(ends: list[int]) -> list[int]:
    """Give each row in turn the first free nanosecond from its own end on: slow and obvious."""
    taken: set[int] = set()
    found = []
    for end in ends:
        free = end
        while free in taken:
            free += 1
        taken.add(free)
        found.append(free)
    return found


crowded = st.lists(st.lists(st.integers(0, 30), max_size=15), max_size=6)
spread = st.lists(st.lists(st.integers(0, 400).map(lambda n: n * 7), max_size=40), max_size=6)
seconds = st.lists(st.lists(st.integers(0, 3).map(lambda n: n * NS_PER_S), max_size=40), max_size=6)


@given(st.one_of(crowded, spread, seconds, crowded.map(lambda batches: [sorted(ends) for ends in batches])))
def test_ends_become_distinct_by_the_smallest_moves(batches: list[list[int]]) -> None:
    """Across batches each row gets the first free nanosecond, as the slow way does."""
    there = [[T_NS + end for end in ends] for ends in batches]
    assert moved(there) == by_the_book([end for ends in there for end in ends])


def test_many_rows_as_by_the_book() -> None:
    """Thousands of rows of three kinds of stamps, out of order and in batches of every size."""
    rng = np.random.default_rng(7)
    for unit_ns in (NS_PER_S, 1_000, 1):
        ends = T_NS // unit_ns * unit_ns + rng.integers(0, 2_000, 6_000) * unit_ns
        batches = [part.tolist() for part in np.split(ends, [1, 2, 500, 501, 4_000])]
        assert moved(batches, None) == by_the_book(ends.tolist())


def test_equal_ends_keep_their_order() -> None:
    """Of rows with the same end the first keeps it, and each later one is later."""
    assert moved([[7, 7, 3, 7]]) == [7, 8, 3, 9]


def test_who_comes_first_takes_first() -> None:
    """Where rows of different ends compete, the order of coming decides, not the order of ends."""
    assert moved([[5, 5, 6, 7]]) == [5, 6, 7, 8]
    assert moved([[6, 5, 5, 7]]) == [6, 5, 7, 8]
    assert moved([[5], [6, 5]]) == [5, 6, 7]


def test_whole_seconds_of_a_busy_run_stay_distinct() -> None:
    """30,000 requests in one second of a CSV with stamps in whole seconds all get their own end."""
    assert moved([[T_NS] * 10_000] * 3) == list(range(T_NS, T_NS + 30_000))


@pytest.mark.parametrize(("remember_ns", "again"), [(REMEMBER_NS, 5), (None, 6)])
def test_how_far_back_is_remembered(remember_ns: int | None, again: int) -> None:
    """A live run remembers 10 s, a file that may be in any order is remembered in full."""
    later = 5 + REMEMBER_NS + 1
    assert moved([[5], [later], [later + 1], [5]], remember_ns)[-1] == again


def test_distinct_ends_are_left_alone() -> None:
    """A batch whose ends nobody has is handed on as it is, also when it is out of order."""
    distinct = DistinctEnds()
    for ends in ([10, 30, 20], [25, 15], [31], []):
        batch = np.array(ends, dtype=np.int64)
        assert distinct.apply(batch) is batch


def test_a_clock_that_was_set_back_makes_no_memory_grow() -> None:
    """What is remembered lasts 10 s, also when an hour is to pass until the old times come again."""
    distinct = DistinctEnds()
    sizes = []
    for second in range(600):
        set_back_s = 3600 if second >= 100 else 0
        ends = T_NS + (second - set_back_s) * NS_PER_S + np.repeat(np.arange(50) * 1_000_000, 2)
        assert len(set(distinct.apply(ends).tolist())) == 100
        sizes.append(len(pickle.dumps(distinct)))
    assert max(sizes[110:]) <= max(sizes[:100])
