"""End times made distinct, so that every store holds the same times."""

from __future__ import annotations

from collections import deque

import numpy as np
import numpy.typing as npt

from analysis.requests import NS_PER_S

Int64s = npt.NDArray[np.int64]
REMEMBER_NS = 10 * NS_PER_S


class DistinctEnds:
    """Moves a request whose end an earlier one has to the next free nanosecond.

    Row by row, so that it does not matter how the rows were cut into batches. Which nanoseconds are
    taken in the end does not depend on the order of rows, and is found for all of them at once; of
    rows with one end, the first has the first.

    Parameters
    ----------
    remember_ns
        How far behind the newest end others are remembered: k6 writes a request down when it ends.
        None, for a file that may have been put together in any order: all of them.
    """

    def __init__(self, remember_ns: int | None = REMEMBER_NS) -> None:
        self._remember_ns = remember_ns
        self._taken: deque[Int64s] = deque()  # each sorted
        self._newest = np.iinfo(np.int64).min

    def apply(self, ends: Int64s) -> Int64s:
        """Return ends that no other row has; the array itself where nothing had to move."""
        if not len(ends):
            return ends
        in_order = np.sort(ends, kind="stable")  # quick on what is nearly sorted already, as ends are
        if not (np.diff(in_order) > 0).all() or self._meets(in_order):
            ends = self._moved(ends)
            in_order = np.sort(ends, kind="stable")
        self._remember(in_order)
        return ends

    def _meets(self, ends: Int64s) -> bool:
        """Tell whether an end (sorted) is taken."""
        if ends[0] > self._newest:
            return False
        return any(_overlap(taken, ends) and bool(np.isin(ends, taken).any()) for taken in self._taken)

    def _moved(self, ends: Int64s) -> Int64s:
        taken = self._near(ends)
        order = np.argsort(ends, kind="stable")
        wanted = np.concatenate([taken, ends[order]])
        fresh = np.arange(len(wanted)) >= len(taken)
        by_end = np.argsort(wanted, kind="stable")
        wanted, fresh = wanted[by_end], fresh[by_end]
        # Each takes what it wants, or the place behind the one before it.
        places = np.maximum.accumulate(wanted - np.arange(len(wanted))) + np.arange(len(wanted))
        free = places[~np.isin(places, taken, assume_unique=True)]
        moved = np.empty_like(ends)
        moved[order] = free
        tangled = _tangled(wanted, places, fresh)
        if tangled.any():
            # Rows of several ends between the same neighbours: who comes first takes first.
            self._one_by_one(ends, moved, np.isin(moved, places[tangled]), taken)
        return moved

    def _near(self, ends: Int64s) -> Int64s:
        """Return what is taken from the first of the ends on, sorted."""
        low = ends.min()
        near = [taken[np.searchsorted(taken, low) :] for taken in self._taken if taken[-1] >= low]
        return np.sort(np.concatenate(near), kind="stable") if near else np.empty(0, dtype=np.int64)

    @staticmethod
    def _one_by_one(ends: Int64s, moved: Int64s, which: npt.NDArray[np.bool_], taken: Int64s) -> None:
        after: dict[int, int] = {}  # the next nanosecond that may be free behind a taken one, like links
        near = taken[np.searchsorted(taken, ends[which].min()) : np.searchsorted(taken, moved[which].max())]
        after.update(zip(near.tolist(), (near + 1).tolist(), strict=True))
        for row in np.flatnonzero(which).tolist():
            free = end = int(ends[row])
            passed = []
            while free in after:
                passed.append(free)
                free = after[free]
            after.update(dict.fromkeys((*passed, end, free), free + 1))
            moved[row] = free

    def _remember(self, ends: Int64s) -> None:
        newest = int(ends[-1])
        if self._remember_ns is not None and newest < self._newest - self._remember_ns:
            # The clock was set back: what was taken lies in its future, and would be remembered until then.
            self._taken.clear()
            self._newest = newest
        self._taken.append(ends)
        self._newest = max(self._newest, newest)
        if self._remember_ns is None:
            return
        while self._taken[0][-1] < self._newest - self._remember_ns:
            self._taken.popleft()


def _overlap(one: Int64s, other: Int64s) -> bool:
    return bool(one[0] <= other[-1] and other[0] <= one[-1])


def _tangled(wanted: Int64s, places: Int64s, fresh: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Mark what lies in a run of neighbouring places where rows of different ends had to move."""
    run = np.cumsum(np.append(True, np.diff(places) != 1)) - 1
    first = np.full(run[-1] + 1, np.iinfo(np.int64).max)
    last = np.full(run[-1] + 1, np.iinfo(np.int64).min)
    np.minimum.at(first, run[fresh], wanted[fresh])
    np.maximum.at(last, run[fresh], wanted[fresh])
    moves = np.zeros(run[-1] + 1, dtype=bool)
    moves[run[places != wanted]] = True
    marked: npt.NDArray[np.bool_] = ((first < last) & moves)[run]
    return marked
