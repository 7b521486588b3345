"""Who shows a stall, who does not, and who at the same times."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analysis.findings import Verdict
from analysis.fleet.sightings import hits_at
from tests.analysis.fleet.nodes import campaign, each, measured
from tests.analysis.test_verdict import STALL


def test_one_node_alone_with_n_and_power_of_the_others() -> None:
    """The others are called free of the stall, with their n and the power they had to show it."""
    found = campaign(measured("node-1"), measured("node-2", *each(20)), measured("node-3"))
    (sighting,) = found.sightings
    assert sighting.nodes == ("node-2",)
    assert [(other.name, other.free, other.hit, other.cycles) for other in sighting.beside] == [
        ("node-1", True, 0, 15),
        ("node-3", True, 0, 15),
    ]
    assert all(other.power > 0.95 for other in sighting.beside)
    assert sighting.words.startswith(
        "node-2 alone stalls every 20.0 s; node-1 (n = 2,400) and node-3 (n = 2,400) had 0 of 30 such cycles"
    )
    assert "would have shown it with a power of 1.00 and 1.00" in sighting.words
    assert sighting.words in found.notes


def test_three_cycles_prove_nothing_of_the_others() -> None:
    """Three of three against none of three is chance one time in twenty: the other Node stays unsure."""
    found = campaign(measured("a", *each(100)), measured("b"))
    (sighting,) = found.sightings
    assert not sighting.beside[0].free
    assert sighting.beside[0].p_value == pytest.approx(0.05)
    assert "whether b (n = 2,400) has it too is not sure" in sighting.words
    assert "alone" not in sighting.words


def test_three_nodes_at_the_same_times_have_one_cause() -> None:
    """Phases of three Nodes that lie together are hardly chance."""
    found = campaign(*(measured(name, *each(20)) for name in "abc"))
    (sighting,) = found.sightings
    assert sorted(sighting.nodes) == ["a", "b", "c"]
    assert sighting.p_value < 0.01
    assert "at the same times" in sighting.words
    assert "one cause, p =" in sighting.words


def test_one_period_at_different_times_is_a_timer_each() -> None:
    """Two Nodes with one period, half of it apart, share no stall."""
    found = campaign(measured("a", *each(20)), measured("b", *each(20, first_s=17.0)), measured("c"))
    assert [sighting.nodes for sighting in found.sightings] in ([("a",), ("b",)], [("b",), ("a",)])
    assert any("at different times: one mechanism, a timer each" in note for note in found.notes)


def test_a_vip_that_stalls_with_one_node_leads_there() -> None:
    """The VIP's stalls coincide with node-2's and no other Node's."""
    found = campaign(
        measured("node-1"), measured("node-2", *each(20)), measured("vip", *each(20), kind="vip")
    )
    assert "vip stalls with node-2 and no other node: its traffic goes there" in found.sightings[0].words


def test_a_vip_alone_points_at_what_announces_it() -> None:
    """Every Node's own address is fine."""
    found = campaign(measured("node-1"), measured("node-2"), measured("vip", *each(20), kind="vip"))
    assert "no node's own address shows it: look at what announces vip" in found.sightings[0].words


def test_the_control_takes_part() -> None:
    """A control without the stall is one of those beside; with it the stall is the generator's own."""
    nodes = (measured("a", *each(20)), measured("b"))
    free = campaign(*nodes, control=measured("control", kind="control"))
    assert [other.name for other in free.sightings[0].beside] == ["b", "control"]
    assert "; b (n = 2,400) had 0 of 15 such cycles" in free.sightings[0].words
    assert "; the control (n = 2,400) had 0 of 15 such cycles" in free.sightings[0].words
    own = campaign(*nodes, control=measured("control", *each(20), kind="control"))
    assert own.verdict is Verdict.INCONCLUSIVE
    assert "the generator's own" in own.sightings[0].words


def test_stalls_below_the_limit_say_nothing_of_others() -> None:
    """Episodes that small are not listed, so no Node is called free of them."""
    node = measured("a", *each(20))
    small = tuple(replace(stall, added_ms=150.0) for stall in node.analysis.periodic_stalls)
    weak = replace(node, analysis=replace(node.analysis, periodic_stalls=small))
    assert campaign(weak, measured("b")).sightings == ()


def test_cycles_are_those_of_the_other_run() -> None:
    """Only expected times within the other Run count, and only Episodes of a comparable size hit."""
    run = measured("a", 7.0, 67.0).analysis
    at = replace(STALL, period_s=20.0, first_stall_ns=run.first_start_ns + 7 * 10**9)
    assert hits_at(at, run) == (2, 15)
    assert hits_at(replace(at, added_ms=60_000.0), run) == (0, 15)
    assert hits_at(at, replace(run, duration_s=5.0)) == (0, 0)
