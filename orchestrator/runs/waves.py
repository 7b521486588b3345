"""Runs side by side: started within a second of each other, watched until the last has ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from orchestrator.k6.recording import Snapshot
from orchestrator.model import NodeKind
from orchestrator.runs.clocks import ClockWatch, Disturbance, Reading, read_clocks
from orchestrator.runs.interrupts import Interrupts
from orchestrator.runs.record import RunRecord
from orchestrator.runs.run import Run

STAGGER_S = 1.0
TICK_S = 0.25
STOPPING = (
    "stopping: what was measured is kept and analyzed; asked once more it ends at once, "
    "and `stallwatch analyze last` shows what was kept"
)

Starter = Callable[[], Run]
Tick = Callable[[Mapping[str, Snapshot]], None]
Tell = Callable[[str], None]


def run_side_by_side(
    starters: Sequence[Starter],
    interrupts: Interrupts,
    on_tick: Tick = lambda _: None,
    *,
    tell: Tell = lambda _: None,
    on_measured: Callable[[], None] = lambda: None,
    clocks: Callable[[], Reading] = read_clocks,
) -> list[RunRecord]:
    """Start all and return the closed records in the order given; however this is left, no k6 stays.

    ``on_tick`` gets each Run's figures four times a second, ``tell`` a line when something happens, and
    ``on_measured`` is called when the last k6 has ended, before the first table is closed.
    """
    began, waiting, active, told = time.monotonic(), list(starters), list[Run](), False
    watch = ClockWatch(clocks())
    try:
        while waiting or not all(run.ended() for run in active):
            due = (time.monotonic() - began) / STAGGER_S * len(starters)
            while waiting and len(active) <= due and not interrupts.asked.is_set():
                active.append(waiting.pop(0)())
            if interrupts.asked.is_set() and not told:
                waiting, told = [], True
                tell(STOPPING)
                for run in active:
                    run.interrupt()
            if not waiting:
                _conclude_controls(active)
            _look_after(active, watch.look(clocks()), tell)
            on_tick({run.record.node: run.snapshot() for run in active})
            if told:
                time.sleep(TICK_S / 5)  # the event is set for good, so it no longer paces this loop
            else:
                interrupts.asked.wait(TICK_S / 2 if waiting else TICK_S)
        on_measured()
        return [run.finish() for run in active]
    except BaseException:
        for run in active:
            run.kill()
        for run in active:
            run.abort()
        raise


def _look_after(runs: Sequence[Run], disturbances: Sequence[Disturbance], tell: Tell) -> None:
    """Hand on what happened to the clocks, end what is overdue, and stop what only fails."""
    going_on = [run for run in runs if not run.ended()]
    for disturbance in disturbances:
        tell(f"warning: {disturbance}")
        for run in going_on:
            run.disturb(disturbance)
    for run in going_on:
        if said := run.look(time.monotonic()):
            tell(f"{run.record.node}: {said}")


def _conclude_controls(runs: Sequence[Run]) -> None:
    """End the controls when what they stand beside has ended: early, when all Nodes were stopped."""
    measuring = [run for run in runs if run.record.kind is not NodeKind.CONTROL]
    if measuring and all(run.ended() for run in measuring):
        for run in runs:
            if run.record.kind is NodeKind.CONTROL:
                run.conclude()
