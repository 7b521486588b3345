"""A daemon on a stage: started as users start it, with its log read as it comes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any

from orchestrator import processes
from tests.orchestrator.runs.stage import POLL_S, Stage

WAIT_S = 120.0
Line = dict[str, Any]


class Served:
    """A daemon that runs, and what it has logged so far."""

    def __init__(self, process: subprocess.Popen[bytes], stderr: IO[bytes]) -> None:
        self.process, self._stderr = process, stderr
        self.lines: list[Line] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        for line in self._stderr:
            self.lines.append(json.loads(line) if line.startswith(b"{") else {"event": "", "text": str(line)})

    def events(self, event: str) -> list[Line]:
        """Return the lines of one kind."""
        return [line for line in self.lines if line["event"] == event]

    def wait_for(
        self, event: str, count: int = 1, *, where: Callable[[Line], bool] = lambda _: True
    ) -> list[Line]:
        """Wait for so many lines of one kind."""
        until = time.monotonic() + WAIT_S
        while len(found := [line for line in self.events(event) if where(line)]) < count:
            assert self.process.poll() is None, self.lines
            assert time.monotonic() < until, self.lines
            time.sleep(POLL_S)
        return found

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the daemon alone."""
        os.kill(self.process.pid, number)

    def ended(self) -> int:
        """Wait for its end, and return its exit code; never a traceback."""
        code = self.process.wait(WAIT_S)
        self._reader.join(WAIT_S)
        assert not any("Traceback" in str(line) or "bug in stallwatch" in str(line) for line in self.lines), (
            self.lines
        )
        return code


@contextmanager
def serving(stage: Stage, *arguments: str) -> Iterator[Served]:
    """Run a daemon while entered; it ends with this thread, should the tests be killed."""
    web = () if "--listen" in arguments else ("--no-web",)  # one port, and many daemons of tests
    command = stage.command("serve", "--log-format", "json", *web, *arguments)
    process, stdout, stderr = processes.start(command, env=stage.environ(), cwd=stage.folder)
    with process, stdout, stderr:
        served = Served(process, stderr)
        try:
            yield served
        finally:
            if process.poll() is None:
                process.kill()
            served.ended()


def schedules(*entries: str) -> Sequence[str]:
    """Return the lines of a config with schedules."""
    return ["schedules:", *(f"  - {{{entry}}}" for entry in entries)]
