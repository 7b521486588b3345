"""Runs side by side: started within a second of each other, watched until the last has ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from orchestrator.k6.recording import Snapshot
from orchestrator.model import NodeKind
from orchestrator.runs.interrupts import Interrupts
from orchestrator.runs.record import RunRecord
from orchestrator.runs.run import Run

STAGGER_S = 1.0
TICK_S = 0.25

Starter = Callable[[], Run]
Tick = Callable[[Mapping[str, Snapshot]], None]


def _conclude_controls(runs: Sequence[Run]) -> None:
    """End the controls when what they stand beside has ended: a script may be done before its time."""
    measuring = [run for run in runs if run.record.kind is not NodeKind.CONTROL]
    if measuring and all(run.ended() for run in measuring):
        for run in runs:
            if run.record.kind is NodeKind.CONTROL:
                run.conclude()


def run_side_by_side(starters: Sequence[Starter], interrupts: Interrupts, on_tick: Tick) -> list[RunRecord]:
    """Start all, call ``on_tick`` four times a second, and return the closed records in the order given.

    However this is left, no k6 stays behind.
    """
    began = time.monotonic()
    waiting, active, told = list(starters), list[Run](), False
    try:
        while waiting or not all(run.ended() for run in active):
            due = (time.monotonic() - began) / STAGGER_S * len(starters)
            while waiting and len(active) <= due and not interrupts.asked.is_set():
                active.append(waiting.pop(0)())
            if interrupts.asked.is_set() and not told:
                waiting, told = [], True
                for run in active:
                    run.interrupt()
            if not waiting:
                _conclude_controls(active)
            on_tick({run.record.node: run.snapshot() for run in active})
            if told:
                time.sleep(TICK_S / 5)  # the event is set for good, so it no longer paces this loop
            else:
                interrupts.asked.wait(TICK_S / 2 if waiting else TICK_S)
        return [run.finish() for run in active]
    except BaseException:
        for run in active:
            run.kill()
        for run in active:
            run.abort()
        raise
