"""Marked requests that crowd together: a scan over runs of neighbours, with an exact tail."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import bdtrc

from analysis.normal.samples import Bools, Ints

MOST_CLUSTERS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Requests ``first`` to ``last`` (places in the order of starts), ``marked`` of them marked."""

    first: int
    last: int
    marked: int
    p_value: float

    @property
    def requests(self) -> int:
        """Requests from the first marked one to the last."""
        return self.last - self.first + 1


def clusters(marks: Bools, alpha: float, fewest: int) -> list[Cluster]:
    """Confirmed clusters of marks, in the order of time.

    Candidates are runs of k successive marks, k in powers of two. Without a change each request between
    the first and the last of them is marked by chance alone, so that its tail is binomial; it is
    corrected for all candidates (Bonferroni). What is confirmed is taken out, and the rest searched again.

    Parameters
    ----------
    marks
        Bool array of shape (n,): requests in the order of their starts.
    alpha
        Level of the whole search.
    fewest
        Least marks of a cluster.
    """
    found: list[Cluster] = []
    left, kept = marks.copy(), np.arange(len(marks))
    while len(found) < MOST_CLUSTERS:
        best = candidate(left[kept], fewest)
        if best is None or best.p_value > alpha:
            break
        whole = grown(left[kept], best)
        found.append(
            Cluster(
                first=int(kept[whole.first]),
                last=int(kept[whole.last]),
                marked=whole.marked,
                p_value=best.p_value,
            )
        )
        kept = np.delete(kept, slice(whole.first, whole.last + 1))
    return sorted(found, key=lambda cluster: cluster.first)


def candidate(marks: Bools, fewest: int) -> Cluster | None:
    """The least likely run of successive marks."""
    at = np.flatnonzero(marks)
    sizes = run_lengths(len(at), fewest)
    if len(sizes) == 0:
        return None
    rate = len(at) / len(marks)
    tried = sum(len(at) - size + 1 for size in sizes)
    best: Cluster | None = None
    for size in sizes:
        spans = at[size - 1 :] - at[: len(at) - size + 1]
        i = int(np.argmin(spans))
        p_value = min(1.0, tried * float(bdtrc(size - 2, max(int(spans[i]), 1), rate)))
        if best is None or p_value < best.p_value:
            best = Cluster(first=int(at[i]), last=int(at[i] + spans[i]), marked=int(size), p_value=p_value)
    return best


def run_lengths(marks: int, fewest: int) -> Ints:
    """Lengths of runs that are tried: powers of two from the fewest on, and all marks."""
    if marks < fewest:
        return np.zeros(0, dtype=np.int64)
    powers = fewest * 2 ** np.arange(int(np.log2(marks / fewest)) + 1)
    return np.unique(np.append(powers, marks)).astype(np.int64)


def grown(marks: Bools, cluster: Cluster) -> Cluster:
    """Take in the marks beside a cluster for as long as they stand about as close as inside it."""
    at = np.flatnonzero(marks)
    apart = 2 * max(cluster.requests / cluster.marked, 1.0)
    low, high = (int(np.searchsorted(at, place)) for place in (cluster.first, cluster.last))
    while low > 0 and at[low] - at[low - 1] <= apart:
        low -= 1
    while high < len(at) - 1 and at[high + 1] - at[high] <= apart:
        high += 1
    return Cluster(first=int(at[low]), last=int(at[high]), marked=high - low + 1, p_value=cluster.p_value)
