"""A process of its own for each job: when it crashes, or takes much memory, the daemon goes on as it was."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, cast

from orchestrator import processes
from orchestrator.daemon.work import Job
from orchestrator.web.site import Site

READ_BYTES = 1 << 16
MAX_LINE = 1 << 16
_OURS = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")
_ROOT = Path(__file__).resolve().parents[2]


class Child:
    """A job under way; start it from the thread that lives as long as the daemon (`processes.start`).

    ``command`` is the hidden one that does it, ``descriptors`` what it inherits open.
    ``error`` is the last thing that it complained of, ``began_s`` when it was started (monotonic).
    """

    def __init__(
        self,
        job: Job | Site,
        environ: Mapping[str, str],
        *,
        command: str = "job",
        descriptors: Sequence[int] = (),
    ) -> None:
        # This very code, wherever the daemon stands, and nothing that lies in its folder.
        path = os.pathsep.join(filter(None, (str(_ROOT), environ.get("PYTHONPATH", ""))))
        env = {name: value for name, value in environ.items() if name not in _OURS} | {"PYTHONPATH": path}
        argv = [sys.executable, "-P", "-m", "orchestrator.cli.app", command]
        self._process, *self._streams = processes.start(
            argv, env=env, stdin=subprocess.PIPE, descriptors=descriptors
        )
        self.began_s = time.monotonic()
        self.error = ""
        self._rest = b""
        with suppress(BrokenPipeError), cast("IO[bytes]", self._process.stdin) as stdin:
            pickle.dump(job, stdin)
        for stream in self._streams:
            os.set_blocking(stream.fileno(), False)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def fileno(self) -> int:
        """Return where its messages come from."""
        return self._streams[1].fileno()

    def messages(self) -> list[str]:
        """Return the whole lines that it has said since; what comes on standard output is dropped."""
        gone = self.ended()  # asked first: what it said last is read then
        out, err = self._streams
        while _read(out):
            pass
        while new := _read(err):
            self._rest += new
        *lines, self._rest = self._rest.split(b"\n")
        if len(self._rest) > MAX_LINE or gone:
            lines, self._rest = [*lines, self._rest], b""
        said = [text for line in lines if (text := line.decode("utf-8", "replace").strip())]
        errors = [text.removeprefix("error: ") for text in said if text.startswith("error: ")]
        self.error = errors[-1] if errors else self.error
        return said

    def ended(self) -> bool:
        """Tell whether it is gone."""
        return self._process.poll() is not None

    @property
    def code(self) -> int:
        """Its exit code once it is gone, negative for a signal."""
        return self._process.wait()

    def stop(self) -> None:
        """Ask it to end: what was measured is kept, judged and reported."""
        self._process.terminate()

    def kill(self) -> None:
        """End it at once; what it had measured is stored, and closed by whoever tidies up."""
        self._process.kill()

    def close(self) -> None:
        """Let go of it, once it has ended and its last message was taken."""
        for stream in self._streams:
            stream.close()


def _read(stream: IO[bytes]) -> bytes:
    """Return what is there now."""
    try:
        return os.read(stream.fileno(), READ_BYTES)
    except BlockingIOError:
        return b""


def code_in_words(code: int) -> str:
    """Say how a process ended that said nothing itself."""
    return f"its process was ended by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
