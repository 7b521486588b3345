"""What a Campaign has come to so far."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from orchestrator.errors import StallwatchError
from orchestrator.runs.interrupts import Interrupts
from orchestrator.runs.record import RunRecord


class Outcome:
    """What has ended so far, and what went wrong beside the measuring, each said once."""

    def __init__(self, interrupts: Interrupts) -> None:
        self.interrupts = interrupts
        self.runs: list[RunRecord] = []
        self.troubles: list[str] = []

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Note what cannot be written, and go on."""
        try:
            yield
        except StallwatchError as error:
            self.note(error)

    def note(self, error: StallwatchError) -> None:
        """Note what went wrong."""
        if str(error) not in self.troubles:
            self.troubles.append(str(error))

    def failures(self) -> tuple[str, ...]:
        """Say all of it, and what several Runs have in common once."""
        failed: dict[str, list[str]] = {}
        for run in self.runs:
            if run.error:
                failed.setdefault(run.error, []).append(run.node)
        return (*(f"{', '.join(nodes)}: {error}" for error, nodes in failed.items()), *self.troubles)
