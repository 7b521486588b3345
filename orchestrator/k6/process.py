"""One k6 process and the threads that keep its pipes empty."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from typing import IO

from orchestrator import processes
from orchestrator.errors import K6Error
from orchestrator.k6.log import K6Log, lines
from orchestrator.k6.wrapper import K6Command

READ_BYTES = 1 << 18
IDLE_S = 0.25


def started(command: K6Command) -> tuple[subprocess.Popen[bytes], IO[bytes], IO[bytes]]:
    """Start a command; return the process with its standard output and error.

    Raises
    ------
    OSError
        It cannot be started.
    """
    with open(command.wrapper or os.devnull, "rb") as stdin:  # noqa: PTH123 # devnull is no Path
        return processes.start(command.argv, env=command.env, stdin=stdin, cwd=command.cwd)


class K6Process:
    """k6 while it runs: its output goes to ``on_output`` (b"" each quarter second of silence)."""

    def __init__(self, command: K6Command, on_output: Callable[[bytes], None]) -> None:
        try:
            self._process, self._stdout, self._stderr = started(command)
        except OSError as error:
            raise K6Error(f"k6 cannot be started: {command.argv[0]}: {error.strerror or error}") from error
        self.log = K6Log(command.secrets, command.allowed)
        self._on_output = on_output
        self.broken: Exception | None = None
        self._threads = [
            threading.Thread(target=self._read_output, daemon=True),
            threading.Thread(target=self._read_errors, daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        """The process id of k6."""
        return self._process.pid

    def ended(self) -> bool:
        """Tell whether k6 is gone and all its output taken."""
        return self._process.poll() is not None and not any(thread.is_alive() for thread in self._threads)

    def wait(self) -> int:
        """Wait for k6 and its output, and return the exit code."""
        for thread in self._threads:
            thread.join()
        return self._process.wait()

    def interrupt(self) -> None:
        """Ask k6 to end cleanly: it drops what is in flight and writes its totals."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End k6 at once."""
        self._signal(signal.SIGKILL)

    def message(self) -> str:
        """Return what k6 last said in earnest on stderr, in one line; empty if nothing."""
        return self.log.message()

    def _signal(self, number: signal.Signals) -> None:
        if self._process.poll() is None:
            self._process.send_signal(number)

    def _read_output(self) -> None:
        try:
            for data in _chunks(self._stdout):
                self._on_output(data)
        except Exception as error:  # noqa: BLE001 # whatever it was, k6 must not go on unheard; Run says it
            self.broken = error
            self.kill()
        finally:
            self._stdout.close()

    def _read_errors(self) -> None:
        with self._stderr as stream:
            for line in lines(stream):
                self.log.take(line)


def _chunks(stream: IO[bytes]) -> Iterator[bytes]:
    with selectors.DefaultSelector() as selector:  # unlike select(), for any number of open files
        selector.register(stream, selectors.EVENT_READ)
        while True:
            if not selector.select(IDLE_S):
                yield b""
                continue
            data = os.read(stream.fileno(), READ_BYTES)
            if not data:
                return
            yield data


def exit_meaning(code: int) -> str:
    """Say what an exit code of k6 means, for the codes that are no success."""
    if code < 0:
        return f"was ended by signal {signal.Signals(-code).name}"
    known = {
        100: "setup() took too long",
        101: "teardown() took too long",
        104: "its options are invalid",
        105: "was interrupted",
        107: "the script threw an exception",
        108: "test.abort() was called",
        109: "k6 itself crashed",
    }
    return f"exit code {code}" + (f": {known[code]}" if code in known else "")


SUCCESS_CODES = (0, 99, 110)
"""Also those of a result: a threshold failed, or the script marked its test as failed."""
INTERRUPTED_CODE = 105
ABORTED_CODE = 108
AFTERMATH_CODES = (101, 107)
"""What `teardown` may end with, after all that was measured; the second also what stops a script at once."""
