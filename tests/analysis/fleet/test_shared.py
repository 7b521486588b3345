"""Slow Episodes without a period that strike several Nodes."""

from __future__ import annotations

import numpy as np

from tests.analysis.fleet.nodes import campaign, measured
from tests.analysis.fleet.quiet import claims, quiet_run


def test_episodes_at_the_same_times_have_one_cause() -> None:
    """Four stalls at odd times that two of three Nodes share are said to coincide, with their count."""
    times = (40.0, 95.0, 171.0, 262.0)
    found = campaign(measured("a", *times), measured("b", *times), measured("c", 61.0, 130.0, 228.0))
    (note,) = (note for note in found.notes if "coincide" in note)
    assert note.startswith("slow episodes of a and b coincide (4 of 4, p = ")
    assert note.endswith("one cause for both")


def test_episodes_with_the_control_are_the_generators() -> None:
    """What the control shows at the same times is the generator's."""
    times = (40.0, 95.0, 171.0, 262.0)
    found = campaign(measured("a", *times), control=measured("control", *times, kind="control"))
    assert any("the generator stalls" in note for note in found.notes)


def test_a_slow_start_is_no_coincidence() -> None:
    """What is slow at the start of every Run, and one burst that both have, are not called one cause."""
    found = campaign(measured("a", 1.0, 4.0, 60.0), measured("b", 1.0, 4.0, 200.0))
    assert not any("coincide" in note for note in found.notes)


def test_quiet_campaigns_claim_nothing() -> None:
    """Of 100 quiet Campaigns of ten Nodes, from 39 quiet Runs of all kinds, at most 3 claim anything."""
    pool = [quiet_run(180.0, seed) for seed in range(39)]
    rng = np.random.default_rng(1)
    found = [claims([pool[i] for i in rng.choice(39, 10, replace=False)]) for _ in range(100)]
    assert sum(any(claimed) for claimed in found) <= 3
