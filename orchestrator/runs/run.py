"""One Run from the command of k6 to its closed record."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from orchestrator.errors import StallwatchError
from orchestrator.k6.process import INTERRUPTED_CODE, SUCCESS_CODES, K6Process, exit_meaning
from orchestrator.k6.recording import Recording, Snapshot
from orchestrator.k6.summary import read_totals
from orchestrator.k6.wrapper import K6Command
from orchestrator.model import RunState
from orchestrator.runs.record import RunRecord
from orchestrator.stores.contract import RunStore

OVERTIME_S = 60.0


class Run:
    """A Run that goes on: start it from the thread that outlives it (see ``processes.start``)."""

    def __init__(self, record: RunRecord, command: K6Command, store: RunStore, folder: Path) -> None:
        self._command = command
        self._folder = folder
        self._interrupted = False
        record.write(folder)
        self._writer = store.writer(record.id)
        self._recording = Recording(self._writer)
        self.record = record
        facts = record.facts
        self._deadline = time.monotonic() + (facts.planned_s or 0.0) + facts.timeout_s + OVERTIME_S
        self._process = K6Process(command, self._recording.take)

    def snapshot(self) -> Snapshot:
        """Return the figures of the last 10 s."""
        return self._recording.snapshot()

    def ended(self) -> bool:
        """Tell whether k6 is gone; one that does not end in time is killed."""
        if time.monotonic() > self._deadline:
            self._process.kill()
        return self._process.ended()

    def interrupt(self) -> None:
        """Let k6 end cleanly, before its time."""
        self._interrupted = True
        self._process.interrupt()

    def abort(self) -> None:
        """End k6 at once and keep what came; the record stays open for the next command to close."""
        self._process.kill()
        self._process.wait()
        self._writer.flush()

    def finish(self) -> RunRecord:
        """Wait for k6, close the table and the record."""
        code = self._process.wait()
        if self._process.broken is None:
            self._recording.finish()
        rows = self._writer.close()
        totals = read_totals(self._command.summary)
        counters = self._recording.counters
        interrupted = self._interrupted or code == INTERRUPTED_CODE
        started = int(counters["stallwatch_started"])
        self.record = self.record.closed(
            ended_ns=time.time_ns(),
            rows=rows,
            facts=replace(
                self.record.facts,
                interrupted=interrupted,
                censored=max(0, started - rows),
                expected_requests=totals.http_reqs,
                dropped_iterations=totals.dropped_iterations or int(counters["dropped_iterations"]),
            ),
            notes=self._notes(),
            error=self._error(code, rows, interrupted),
        )
        failed = bool(self.record.error)
        state = RunState.FAILED if failed else RunState.INTERRUPTED if interrupted else RunState.DONE
        self.record = self.record.closed(state=state)
        self.record.write(self._folder)
        return self.record

    def _error(self, code: int, rows: int, interrupted: bool) -> str:
        if self._process.broken is not None:
            broken = self._process.broken
            return str(broken) if isinstance(broken, StallwatchError) else f"decoding failed: {broken!r}"
        if code not in SUCCESS_CODES and not interrupted:
            return f"k6 {exit_meaning(code)}: {self._process.message() or 'it said nothing'}"
        if rows == 0 and not interrupted:
            return f"k6 made no request at all: {self._process.message() or 'it said nothing'}"
        return ""

    def _notes(self) -> tuple[str, ...]:
        notes = []
        if self._recording.endpoints_folded:
            notes.append("more than 50 endpoints: those beyond are folded into 'other'")
        if self._recording.malformed:
            notes.append(f"{self._recording.malformed} lines of k6 could not be read")
        return tuple(notes)
