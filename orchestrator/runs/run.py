"""One Run from the command of k6 to its closed record."""

from __future__ import annotations

import math
import os
import signal
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from orchestrator.errors import StallwatchError, StoreError
from orchestrator.k6.process import INTERRUPTED_CODE, K6Process
from orchestrator.k6.recording import Recording, Snapshot
from orchestrator.k6.summary import K6Totals, read_totals
from orchestrator.k6.wrapper import K6Command
from orchestrator.model import OVERTIME_S, NodeKind, RunState
from orchestrator.runs.clocks import Disturbance, Disturbances
from orchestrator.runs.ending import error_of, notes_of, unfit_by
from orchestrator.runs.failing import FailureWatch
from orchestrator.runs.record import RunRecord
from orchestrator.stores.contract import RunWriter


class Run:
    """A Run that goes on: start it from the thread that outlives it (see ``processes.start``).

    Its record is written already, and its table open. k6 is killed when it has not ended ``overtime_s``
    after the planned duration (if there is one) and the last request's timeout, or after it was asked to
    end. ``bytes_received`` keeps what each request received, where each iteration makes one.
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
        self._stopped = ""
        self._disturbances = Disturbances()
        self._writer = writer
        self._recording = Recording(writer, bytes_received=bytes_received)
        self.record = record
        self._overtime_s = overtime_s
        self._failing = FailureWatch(self._recording.recent)
        self._began_s = time.monotonic()
        self._deadline_s = self._began_s + _longest_s(record) + overtime_s
        self._process = K6Process(command, self._recording.take)

    def snapshot(self) -> Snapshot:
        """Return the figures of the last 10 s."""
        return self._recording.snapshot()

    def ended(self) -> bool:
        """Tell whether k6 is gone."""
        return self._process.ended()

    def look(self, now_s: float) -> str:
        """Kill a k6 that does not end in time, stop one that only fails; return what is to be said of it.

        The control is not stopped: it asks a server of ours, and shows what ails the generator.
        """
        if now_s > self._deadline_s:
            self._overdue = True
            self._process.kill()
        if self._stopped or self.record.kind is NodeKind.CONTROL or not (why := self._failing.look(now_s)):
            return ""
        self._stopped = f"stopped after {now_s - self._began_s:.0f} s: {why}"
        self._end()
        return self._stopped

    def disturb(self, disturbance: Disturbance) -> None:
        """Take note of what happened to the time."""
        self._disturbances.add(disturbance)

    def interrupt(self) -> None:
        """Let k6 end cleanly, before its time."""
        self._interrupted = True
        self._end()

    def conclude(self) -> None:
        """End what went on only beside others that have ended: it is whole, not cut short."""
        if not self._concluded:
            self._concluded = True
            self._end()

    def _end(self) -> None:
        self._deadline_s = min(self._deadline_s, time.monotonic() + self._overtime_s)
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
            with suppress(Exception):
                self._recording.finish()

    def finish(self) -> RunRecord:
        """Wait for k6, close the table and the record; what fails in that is the record's ``error``."""
        code = self._process.wait()
        concluded = self._concluded and code in (INTERRUPTED_CODE, -signal.SIGTERM)
        ended_by_us = self._interrupted or bool(self._stopped) or concluded
        interrupted = self._interrupted or (code == INTERRUPTED_CODE and not ended_by_us)
        rows, broken = self._close_table()
        totals = read_totals(self._command.summary)
        counters = self._recording.counters
        started = int(counters["stallwatch_started"])
        error = _said(broken) if broken else self._error(code, rows, totals, ended_by_us or interrupted)
        self.record = self.record.closed(
            state=self._state(error, interrupted),
            ended_ns=time.time_ns(),
            rows=rows,
            facts=replace(
                self.record.facts,
                interrupted=interrupted and not self._stopped,
                # What a broken table lacks was not in flight, and is told as an error.
                censored=0 if broken else max(0, started - rows),
                expected_requests=totals.http_reqs,
                dropped_iterations=totals.dropped_iterations or int(counters["dropped_iterations"]),
                unfit="; ".join(self._unfit(code, totals, error)),
            ),
            notes=self._notes(code, totals),
            error=error,
        )
        try:
            self.record.write(self._folder)
        except StoreError as unwritten:
            self.record = self.record.closed(state=RunState.FAILED, error=error or str(unwritten))
        return self.record

    def _state(self, error: str, interrupted: bool) -> RunState:
        if error:
            return RunState.FAILED
        if self._stopped:
            return RunState.STOPPED
        return RunState.INTERRUPTED if interrupted else RunState.DONE

    def _close_table(self) -> tuple[int, Exception | None]:
        """Return the number of rows, and what went wrong: other Runs must not suffer from it."""
        self._closed = True
        broken = self._process.broken
        try:
            self._recording.finish()
        except Exception as error:  # noqa: BLE001 # also a bug or no memory: it is this Run's alone
            broken = broken or error
        try:
            return self._writer.close(), broken
        except Exception as error:  # noqa: BLE001 # the same
            # The stream stays where it is, readable up to what was flushed.
            return self._writer.readable(), broken or error

    def _error(self, code: int, rows: int, totals: K6Totals, ended_by_us: bool) -> str:
        if self._overdue:
            return f"k6 did not end {self._overtime_s:g} s after it should have, and was killed"
        return "" if ended_by_us else error_of(code, rows, totals, self._process.log)

    def _unfit(self, code: int, totals: K6Totals, error: str) -> list[str]:
        reasons = [self._stopped, *self._disturbances.told(spoiling=True), unfit_by(code, self._process.log)]
        if totals.http_reqs is None and not error:
            why = self._process.message()
            why = f" ({why})" if "end-of-test summary" in why else ""
            reasons.append(f"k6 wrote no totals{why}: whether each of its requests is stored is not known")
        return [reason for reason in reasons if reason]

    def _notes(self, code: int, totals: K6Totals) -> tuple[str, ...]:
        notes = [*notes_of(code, totals, self._process.log), *self._disturbances.told(spoiling=False)]
        if self._recording.endpoints_folded:
            notes.append("more than 50 endpoints: those beyond are folded into 'other'")
        if self._recording.malformed:
            notes.append(f"{self._recording.malformed} lines of k6 could not be read")
        return tuple(notes)


def _said(broken: Exception) -> str:
    """Say in one line what broke the reading or keeping of k6's output: the same of all that it broke."""
    cause = broken.__cause__ if isinstance(broken, StoreError) else broken
    if isinstance(cause, OSError):
        why = os.strerror(cause.errno) if cause.errno else cause
        return f"the requests could not be kept: {why}; is the disk full?"
    if isinstance(broken, StallwatchError):
        return str(broken)
    if isinstance(broken, MemoryError):
        return "there was no memory left to take what k6 wrote"
    return f"taking what k6 wrote failed: {broken!r}"


def _longest_s(record: RunRecord) -> float:
    """How long k6 may take by itself; for ever when nobody knows."""
    planned_s = record.facts.planned_s
    return math.inf if planned_s is None else planned_s + record.facts.timeout_s
