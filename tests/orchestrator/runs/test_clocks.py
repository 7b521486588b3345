"""Clocks that step and hosts that sleep, with readings made by hand: no test may set the machine's clock."""

from __future__ import annotations

import pytest

from analysis.requests import NS_PER_MS, NS_PER_S
from orchestrator.runs.clocks import ClockWatch, Disturbances, Kind, Reading, read_clocks

UTC_NS = 1_780_000_000 * NS_PER_S


def at(awake_s: float, *, slept_s: float = 0.0, stepped_s: float = 0.0) -> Reading:
    """Return what the clocks say after some time awake, asleep, and some stepping."""
    awake_ns, slept_ns, stepped_ns = (round(s * NS_PER_S) for s in (awake_s, slept_s, stepped_s))
    boot_ns = awake_ns + slept_ns
    return Reading(utc_ns=UTC_NS + boot_ns + stepped_ns, boot_ns=boot_ns, awake_ns=awake_ns)


def test_nothing_happens_on_a_quiet_machine() -> None:
    """The real clocks of this machine: whatever they do within a moment is no step and no sleep."""
    watch = ClockWatch(read_clocks())
    kinds = {one.kind for _ in range(1000) for one in watch.look(read_clocks())}
    assert kinds <= {Kind.LATE}, "the machine may be busy, but its clock stands on the ground"


def test_a_step_is_told_once_with_size_and_time() -> None:
    """Forward and back, each by how much and to which time."""
    watch = ClockWatch(at(0))
    assert watch.look(at(0.25)) == []
    [step] = watch.look(at(0.5, stepped_s=3600))
    assert str(step) == "the clock was set forward by 3,600.00 s, to 21:26:40 UTC"
    assert step.spoils
    assert watch.look(at(0.75, stepped_s=3600)) == []
    [back] = watch.look(at(1.0, stepped_s=3599.5))
    assert str(back) == "the clock was set back by 0.50 s, to 21:26:40 UTC"


def test_small_steps_add_up() -> None:
    """A clock that is pushed 50 ms each second is told at every quarter second."""
    watch = ClockWatch(at(0))
    told = [one for n in range(1, 11) for one in watch.look(at(n / 4, stepped_s=0.05 * n))]
    assert [one.size_ns / NS_PER_MS for one in told] == [250, 250]


def test_sleep_is_no_step() -> None:
    """A host that slept wakes with the right time: it is told how long, and the clock is not blamed."""
    watch = ClockWatch(at(10))
    [sleep] = watch.look(at(10.25, slept_s=61))
    assert (sleep.kind, sleep.size_ns) == (Kind.SLEEP, 61 * NS_PER_S)
    assert str(sleep).startswith("the host slept for 61.00 s until ")
    assert watch.look(at(10.5, slept_s=61)) == []
    assert [one.kind for one in watch.look(at(10.75, slept_s=65, stepped_s=-3))] == [Kind.STEP, Kind.SLEEP]


def test_a_late_look_is_told_and_spoils_nothing() -> None:
    """When only stallwatch stood still, what k6 measured holds."""
    watch = ClockWatch(at(10))
    [late] = watch.look(at(14))
    assert (late.kind, late.spoils) == (Kind.LATE, False)
    assert str(late).startswith("stallwatch itself stood still for 4.00 s until ")
    assert watch.look(at(14.9)) == []


@pytest.mark.parametrize("count", [0, 1, 3, 10_000])
def test_many_disturbances_stay_a_few_lines(count: int) -> None:
    """Of each kind the three largest are told and the others counted, whatever a bad night brings."""
    watch, some = ClockWatch(at(0)), Disturbances()
    for number in range(1, count + 1):
        for one in watch.look(at(number / 4, stepped_s=sum(range(number + 1)))):
            some.add(one)
    told = some.told(spoiling=True)
    assert some.told(spoiling=False) == ()
    assert len(told) == min(count, 4)
    if count > 3:
        assert told[0].startswith("the clock was set forward by 10,000.00 s")
        assert told[-1] == "the clock was set 9,997 times more"
