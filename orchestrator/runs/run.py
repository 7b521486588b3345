"""One Run from the command of k6 to its closed record."""

from __future__ import annotations

import signal
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from orchestrator.errors import StallwatchError
from orchestrator.k6.process import INTERRUPTED_CODE, K6Process
from orchestrator.k6.recording import Recording, Snapshot
from orchestrator.k6.summary import K6Totals, read_totals
from orchestrator.k6.wrapper import K6Command
from orchestrator.model import RunState
from orchestrator.runs.ending import error_of, notes_of, unfit_by
from orchestrator.runs.record import RunRecord
from orchestrator.stores.contract import RunWriter

OVERTIME_S = 60.0


class Run:
    """A Run that goes on: start it from the thread that outlives it (see ``processes.start``).

    Its record is written already, and its table open. k6 is killed when it has not ended ``overtime_s``
    after the planned duration and the last request's timeout, or after it was asked to end.
    ``bytes_received`` keeps what each request received, where each iteration makes one.
    """

    def __init__(
        self,
        record: RunRecord,
        command: K6Command,
        writer: RunWriter,
        folder: Path,
        *,
        overtime_s: float = OVERTIME_S,
        bytes_received: bool = False,
    ) -> None:
        self._command = command
        self._folder = folder
        self._interrupted = self._concluded = self._overdue = self._closed = False
        self._writer = writer
        self._recording = Recording(writer, bytes_received=bytes_received)
        self.record = record
        self._overtime_s = overtime_s
        facts = record.facts
        self._deadline = time.monotonic() + (facts.planned_s or 0.0) + facts.timeout_s + overtime_s
        self._process = K6Process(command, self._recording.take)

    def snapshot(self) -> Snapshot:
        """Return the figures of the last 10 s."""
        return self._recording.snapshot()

    def ended(self) -> bool:
        """Tell whether k6 is gone; one that does not end in time is killed."""
        ended = self._process.ended()
        if not ended and time.monotonic() > self._deadline:
            self._overdue = True
            self._process.kill()
        return ended

    def interrupt(self) -> None:
        """Let k6 end cleanly, before its time."""
        self._interrupted = True
        self._deadline = min(self._deadline, time.monotonic() + self._overtime_s)
        self._process.interrupt()

    def conclude(self) -> None:
        """End what went on only beside others that have ended: it is whole, not cut short."""
        if not self._concluded:
            self._concluded = True
            self._process.interrupt()

    def kill(self) -> None:
        """End k6 at once."""
        self._process.kill()

    def abort(self) -> None:
        """End k6 at once and keep what came; the record stays open for the next command to close."""
        self._process.kill()
        self._process.wait()
        # What broke the run is on its way up already; a table that cannot be finished adds nothing to it.
        if not self._closed:
            with suppress(StallwatchError, OSError):
                self._recording.finish()

    def finish(self) -> RunRecord:
        """Wait for k6, close the table and the record."""
        code = self._process.wait()
        concluded = self._concluded and code in (INTERRUPTED_CODE, -signal.SIGTERM)
        rows, broken = self._close_table()
        totals = read_totals(self._command.summary)
        counters = self._recording.counters
        interrupted = self._interrupted or (code == INTERRUPTED_CODE and not concluded)
        ended_by_us = interrupted or concluded
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
                unfit=unfit_by(code, self._process.log),
            ),
            notes=self._notes(code, totals),
            error=_said(broken) if broken is not None else self._error(code, rows, totals, ended_by_us),
        )
        failed = bool(self.record.error)
        state = RunState.FAILED if failed else RunState.INTERRUPTED if interrupted else RunState.DONE
        self.record = self.record.closed(state=state)
        self.record.write(self._folder)
        return self.record

    def _close_table(self) -> tuple[int, Exception | None]:
        """Return the number of rows, and what went wrong: other Runs must not suffer from it."""
        self._closed = True
        broken = self._process.broken
        try:
            if broken is None:
                self._recording.finish()
        except (StallwatchError, OSError) as error:
            broken = error
        try:
            return self._writer.close(), broken
        except (StallwatchError, OSError) as error:
            # The stream stays where it is, readable up to what was flushed.
            return self._recording.rows, broken or error

    def _error(self, code: int, rows: int, totals: K6Totals, ended_by_us: bool) -> str:
        if self._overdue:
            return f"k6 did not end {self._overtime_s:g} s after it should have, and was killed"
        return "" if ended_by_us else error_of(code, rows, totals, self._process.log)

    def _notes(self, code: int, totals: K6Totals) -> tuple[str, ...]:
        notes = notes_of(code, totals, self._process.log)
        if self._recording.endpoints_folded:
            notes.append("more than 50 endpoints: those beyond are folded into 'other'")
        if self._recording.malformed:
            notes.append(f"{self._recording.malformed} lines of k6 could not be read")
        return tuple(notes)


def _said(broken: Exception) -> str:
    """Say in one line what broke the reading or keeping of k6's output."""
    if isinstance(broken, StallwatchError):
        return str(broken)
    if isinstance(broken, OSError):
        return f"the requests could not be kept: {broken.strerror or broken}; is the disk full?"
    return f"decoding failed: {broken!r}"
