"""What InfluxDB does not have yet is sent now and then, in a child beside the campaigns."""

from __future__ import annotations

import time
from collections.abc import Mapping

from orchestrator.config import Settings
from orchestrator.daemon.child import Child, code_in_words
from orchestrator.daemon.log import Level, Log
from orchestrator.daemon.work import Job
from orchestrator.errors import ExitCode, StallwatchError
from orchestrator.home import Home

EVERY_S = 600.0
"""Each campaign is sent while it runs; this is for what was left when InfluxDB was down."""


class Sending:
    """At most one child that sends; a config without an InfluxDB starts none."""

    def __init__(self, home: Home, log: Log, environ: Mapping[str, str]) -> None:
        self._home, self._log, self._environ = home, log, environ
        self._next_s = 0.0
        self.child: Child | None = None

    def look(self, settings: Settings) -> None:
        """Start what is due, and note what has ended (monotonic time counts)."""
        now_s = time.monotonic()
        if self.child is None and now_s >= self._next_s:
            self._next_s = now_s + EVERY_S
            try:
                if shipping := settings.shipping():
                    self.child = Child(Job(home=self._home, shipping=shipping), self._environ)
            except (StallwatchError, OSError) as error:
                self._tell(str(error))
        if (child := self.child) is None:
            return
        gone = child.ended()
        for text in child.messages():
            self._log.write("note", text=text)
        if gone:
            self._let_go()
            if child.code not in (ExitCode.PASS, ExitCode.INFRASTRUCTURE):  # the second: said already
                self._tell(child.error or code_in_words(child.code))

    def kill(self) -> None:
        """End it at once: what it had sent is known, the rest is sent again."""
        if self.child is not None:
            self.child.kill()
            self._let_go()

    def _let_go(self) -> None:
        if self.child is not None:
            self.child.close()
        self.child = None

    def _tell(self, reason: str) -> None:
        self._log.write("sending to InfluxDB failed", level=Level.ERROR, reason=reason)
