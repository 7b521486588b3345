"""Begin and end of a fault from the requests around it."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.extent.edges import Cycle, Edges, begin_of, end_of, pooled
from analysis.extent.shape import Shape, Slow


def cycle(start_s: list[float], added_s: list[float], *, unsure_s: float = 0.0) -> Cycle:
    """A cycle whose last good request before started at 9.8 s and the first after at 14.2 s."""
    n = len(start_s)
    slow = Slow(
        cycle=np.zeros(n, dtype=np.int64),
        start_s=np.array(start_s),
        added_s=np.array(added_s),
        gave_up=np.zeros(n, dtype=bool),
        noise_s=0.01,
    )
    after_s = np.inf if unsure_s else 14.2
    return Cycle(number=0, slow=slow, good_before_s=9.8, good_after_s=after_s, unsure_s=unsure_s)


def test_begin_lies_before_the_first_slow_start() -> None:
    """A fault begins between the last good start and the first slow one."""
    begin_s, variance = begin_of(cycle([10.2, 11.0], [3.8, 3.0]))
    assert begin_s == pytest.approx(10.0)
    assert variance == pytest.approx(0.4**2 / 12)


def test_freeze_ends_where_all_its_requests_do() -> None:
    """The common end of a freeze is known to the noise of latency."""
    end_s, variance = end_of(cycle([10.2, 11.0, 12.5], [3.8, 3.0, 1.5]), Shape.FREEZE, None)
    assert end_s == pytest.approx(14.0)
    assert variance < 0.01**2


def test_slowdown_ends_before_the_next_good_start() -> None:
    """Any other fault ends between the last slow and the next good start; nobody knows when few are hit."""
    assert end_of(cycle([10.2, 13.8], [3.8, 3.0]), Shape.SPREAD, None)[0] == pytest.approx(14.0)
    few = end_of(cycle([10.2, 13.0], [3.8, 3.0], unsure_s=2.0), Shape.SPREAD, None)
    assert few == pytest.approx((15.0, 4.0))


def test_sharper_edge_carries_the_anchor() -> None:
    """Where begins are known to a second and ends to a millisecond, the ends set the distances."""
    rng = np.random.default_rng(1)
    true_s = 30.0 * np.arange(12)
    begins = true_s + rng.uniform(-0.5, 0.5, 12)
    edges = Edges(
        cycle=np.arange(12),
        begin_s=begins,
        begin_var=np.full(12, 1 / 12),
        end_s=np.asarray(true_s + 4.0, dtype=np.float64),
        end_var=np.full(12, 1e-6),
    )
    anchors, variance = pooled(edges)
    assert np.ptp(anchors - true_s) < 0.02
    assert (variance < 1e-3).all()
