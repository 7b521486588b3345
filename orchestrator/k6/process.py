"""One k6 process and the threads that keep its pipes empty."""

from __future__ import annotations

import fcntl
import os
import selectors
import signal
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO

from orchestrator import processes
from orchestrator.errors import K6Error
from orchestrator.k6.console import FILE, Console
from orchestrator.k6.log import K6Log, lines
from orchestrator.k6.wrapper import K6Command

READ_BYTES = 1 << 18
IDLE_S = 0.25
GATHER_S = 0.01
"""k6 writes 4 kB at a time: to wake for each would cost as much as to decode it. The pipe holds far more."""
UNHEARD_S = 5.0


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
    """k6 while it runs: its output goes to ``on_output`` (b"" each quarter second of silence).

    ``broken`` is what went wrong with the output; k6 is ended then, as it is when it closes its output
    and goes on: nobody would hear of what it sends. What k6 itself started must not hold its pipes open
    for longer than a moment after it, and ends with it.
    """

    def __init__(self, command: K6Command, on_output: Callable[[bytes], None]) -> None:
        try:
            self._process, self._stdout, self._stderr = started(command)
        except OSError as error:
            raise K6Error(f"k6 cannot be started: {command.argv[0]}: {error.strerror or error}") from error
        self.log = K6Log(command.secrets, command.allowed, Console(command.summary.with_name(FILE)))
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
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End k6, and whatever it has started, at once."""
        if self._process.poll() is None:
            self._kill_all()

    def message(self) -> str:
        """Return what k6 last said in earnest on stderr, in one line; empty if nothing."""
        return self.log.message()

    def _read_output(self) -> None:
        with self._stdout as stream, self._breaking():
            for data in self._chunks(stream):
                self._on_output(data)
                if 0 < len(data) < READ_BYTES:
                    time.sleep(GATHER_S)
            self._process.wait(UNHEARD_S)

    def _read_errors(self) -> None:
        with self._stderr as stream, self._breaking():
            try:
                for line in lines(self._chunks(stream)):
                    self.log.take(line)
            finally:
                self.log.close()

    @contextmanager
    def _breaking(self) -> Iterator[None]:
        """End k6 on whatever goes wrong: it must not go on unheard. Run says what it was."""
        try:
            yield
        except subprocess.TimeoutExpired:
            error: Exception = K6Error(
                f"k6 closed its output and went on for {UNHEARD_S:g} s, so it was ended"
            )
        except Exception as other:  # noqa: BLE001 # also a bug of ours or no memory
            error = other
        else:
            return
        self.broken = self.broken or error
        self.kill()

    def _chunks(self, stream: IO[bytes]) -> Iterator[bytes]:
        """Yield what comes, b"" for a quarter second of silence, up to what k6 itself wrote last."""
        left: int | None = None  # in the pipe when k6 was found gone: whatever comes behind is not k6's
        with selectors.DefaultSelector() as selector:  # unlike select(), for any number of open files
            selector.register(stream, selectors.EVENT_READ)
            while True:
                ready = selector.select(IDLE_S)
                if left is None and self._process.poll() is not None:
                    left = _bytes_in(stream)
                elif left is not None and left <= 0 and not ready:
                    break
                if not ready:
                    yield b""
                    continue
                data = os.read(stream.fileno(), READ_BYTES)
                if not data:
                    return
                if left is not None and left <= 0:
                    break
                left = None if left is None else left - len(data)
                yield data
        # Somebody else holds the pipe. A process group outlives its leader, and keeps its number.
        self._kill_all()

    def _kill_all(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)


def _bytes_in(pipe: IO[bytes]) -> int:
    return int.from_bytes(fcntl.ioctl(pipe.fileno(), termios.FIONREAD, bytes(4)), sys.byteorder)


def exit_meaning(code: int) -> str:
    """Say what an exit code of k6 means, for the codes that are no success."""
    if code < 0:
        return f"was ended by signal {signal.Signals(-code).name}"
    known = {
        2: "k6 itself crashed",
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
