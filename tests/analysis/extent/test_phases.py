"""Which phase carries a stall."""

from __future__ import annotations

import numpy as np

from analysis.extent.phases import dominant_phase, own_phases_s
from tests.analysis.tables import table


def phase_of(**phases_s: list[float]) -> str:
    """Dominant phase of rows whose usual phases are all about 0."""
    parts = [phases_s.get(name, [0.0] * 4) for name in ("blocked", "sending", "waiting", "receiving")]
    total = np.sum(parts, axis=0)
    own = own_phases_s(table(np.arange(4.0), total, **phases_s))
    return dominant_phase(own, np.arange(4), np.zeros(6))


def test_queue_does_not_outvote_the_stall() -> None:
    """Three requests that queue behind one stalled connection leave the stall to its phase."""
    assert phase_of(waiting=[4.0, 0.0, 0.0, 0.0], blocked=[0.0, 3.9, 3.8, 3.7]) == "waiting"


def test_connecting_inside_blocked_is_connecting() -> None:
    """Blocked contains connecting: what is spent connecting is called so."""
    assert phase_of(blocked=[3.0] * 4, connecting=[3.0] * 4) == "connecting"


def test_queue_alone_is_blocked() -> None:
    """When nothing else is slow, the queue itself is the phase."""
    assert phase_of(blocked=[3.0] * 4, waiting=[0.01] * 4) == "blocked"


def test_slow_body_is_receiving() -> None:
    """A body that comes slowly is receiving."""
    assert phase_of(receiving=[2.0] * 4, waiting=[0.05] * 4) == "receiving"
