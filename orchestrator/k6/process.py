"""One k6 process and the threads that keep its pipes empty."""

from __future__ import annotations

import os
import re
import selectors
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import IO

from orchestrator import processes
from orchestrator.errors import K6Error
from orchestrator.k6.wrapper import K6Command

TAIL_LINES = 200
LINE_CHARS = 2_000
READ_BYTES = 1 << 18
IDLE_S = 0.25


class K6Process:
    """k6 while it runs: its output goes to ``on_output`` (b"" each quarter second of silence)."""

    def __init__(self, command: K6Command, on_output: Callable[[bytes], None]) -> None:
        try:
            self._process, self._stdout, self._stderr = processes.start(command.argv, env=command.env)
        except OSError as error:
            raise K6Error(f"k6 cannot be started: {command.argv[0]}: {error.strerror or error}") from error
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)
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
        lines = [line for line in self._tail if "level=error" in line or "level=fatal" in line]
        line = (lines or [*self._tail] or [""])[-1]
        said = re.findall(r'\b(?:msg|error)=("(?:[^"\\]|\\.)*"|[^"\s]\S*)', line)
        return " ".join(": ".join(map(_unquoted, said or [line])).split())[:500]

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
            while line := stream.readline(LINE_CHARS):
                self._tail.append(line.decode("utf-8", "replace").rstrip())


def _unquoted(text: str) -> str:
    """Undo Go's quoting, which escapes as Python does."""
    if not text.startswith('"'):
        return text
    return text[1:-1].encode("latin-1", "backslashreplace").decode("unicode_escape", "replace")


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
        104: "its options are invalid",
        105: "was interrupted",
        107: "the script threw an exception",
        108: "test.abort() was called",
    }
    return f"exit code {code}" + (f": {known[code]}" if code in known else "")


SUCCESS_CODES = (0, 99)
INTERRUPTED_CODE = 105
