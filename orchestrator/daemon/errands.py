"""What the daemon does beside campaigns, now and then: sending, pruning, notifying; each in a child."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from orchestrator.config import Settings
from orchestrator.daemon.child import Child, code_in_words
from orchestrator.daemon.log import Level, Log
from orchestrator.daemon.work import Job
from orchestrator.errors import ExitCode, StallwatchError
from orchestrator.home import Home

SEND_EVERY_S = 600.0
"""Each campaign is sent while it runs; this is for what was left when InfluxDB was down."""
PRUNE_EVERY_S = 86_400.0
NOTIFY_EVERY_S = 300.0
"""Whatever happens is told at once; this is for what could not be delivered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What is done so often (monotonic), in a child that may take so long; None when there is nothing."""

    what: str
    job: Callable[[Home, Settings], Job | None]
    every_s: float
    longest_s: float


ERRANDS = (
    Errand(
        what="sending to InfluxDB",
        job=lambda home, settings: (
            Job(home=home, shipping=shipping) if (shipping := settings.shipping()) else None
        ),
        every_s=SEND_EVERY_S,
        longest_s=86_400.0,
    ),
    Errand(
        what="pruning",
        job=lambda home, settings: (
            Job(home=home, retention=retention, shipping=settings.shipping())
            if (retention := settings.retention_value())
            else None
        ),
        every_s=PRUNE_EVERY_S,
        longest_s=PRUNE_EVERY_S,
    ),
)
NOTIFYING = Errand(
    what="notifying",
    job=lambda home, settings: (
        Job(home=home, channels=channels) if (channels := settings.channels()) else None
    ),
    every_s=NOTIFY_EVERY_S,
    longest_s=300.0,
)


class Errands:
    """All of them, side by side."""

    def __init__(self, home: Home, log: Log, environ: Mapping[str, str]) -> None:
        self._notifying = _Going(NOTIFYING, home, log, environ)
        self._all = (*(_Going(errand, home, log, environ) for errand in ERRANDS), self._notifying)
        self._noted = 0

    def look(self, settings: Settings, noted: int) -> None:
        """Start what is due, and note what has ended; ``noted`` grows when there may be something to tell."""
        if noted != self._noted:
            self._notifying.next_s, self._noted = 0.0, noted
        for going in self._all:
            going.look(settings)

    def children(self) -> list[Child]:
        """Return the children that are at work."""
        return [going.child for going in self._all if going.child is not None]

    def kill(self) -> None:
        """End them at once: what they have done is known, the rest is done again."""
        for going in self._all:
            going.kill()


class _Going:
    """One errand: at most one child does it."""

    def __init__(self, errand: Errand, home: Home, log: Log, environ: Mapping[str, str]) -> None:
        self._errand, self._home, self._log, self._environ = errand, home, log, environ
        self.next_s = 0.0
        self.child: Child | None = None

    def look(self, settings: Settings) -> None:
        """Start it when it is due, and note that it has ended."""
        now_s = time.monotonic()
        if self.child is None and now_s >= self.next_s:
            self.next_s = now_s + self._errand.every_s
            try:
                if job := self._errand.job(self._home, settings):
                    self.child = Child(job, self._environ)
            except (StallwatchError, OSError) as error:
                self._tell(str(error))
        if (child := self.child) is None:
            return
        if now_s - child.began_s > self._errand.longest_s:
            child.kill()
        gone = child.ended()
        for text in child.messages():
            level = Level.WARNING if text.startswith("warning: ") else Level.INFO
            self._log.write("note", level=level, text=text.removeprefix("warning: "))
        if gone:
            self._let_go()
            if child.code not in (ExitCode.PASS, ExitCode.INFRASTRUCTURE):  # the second: said already
                self._tell(child.error or code_in_words(child.code))

    def kill(self) -> None:
        """End its child, if it has one."""
        if self.child is not None:
            self.child.kill()
            self._let_go()

    def _let_go(self) -> None:
        if self.child is not None:
            self.child.close()
        self.child = None

    def _tell(self, reason: str) -> None:
        self._log.write(f"{self._errand.what} failed", level=Level.ERROR, reason=reason)
