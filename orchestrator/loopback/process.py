"""Start and end a loopback server."""

from __future__ import annotations

import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from orchestrator import processes
from orchestrator.errors import StallwatchError

START_S = 20.0


@contextmanager
def loopback_server(*, freeze_s: float = 0.0, period_s: float = 60.0, phase_s: float = 0.0) -> Iterator[int]:
    """Serve HTTP on 127.0.0.1 in a process of its own; gives its port.

    Raises
    ------
    StallwatchError
        The server did not come up.
    """
    # Isolated: no folder that the user stands in, and no setting of theirs, reaches it.
    argv = [sys.executable, "-I", str(Path(__file__).with_name("server.py"))]
    argv += ["--freeze-s", repr(freeze_s), "--period-s", repr(period_s), "--phase-s", repr(phase_s)]
    try:
        process, stdout, stderr = processes.start(argv, stdin=subprocess.PIPE)
    except OSError as error:
        raise StallwatchError(f"the loopback server did not start: {error.strerror or error}") from error
    try:
        answered = select.select([stdout], [], [], START_S)[0]
        line = stdout.readline().strip() if answered else b""
        if not line.isdigit():
            process.kill()
            said = stderr.read().decode("utf-8", "replace").strip().splitlines()
            raise StallwatchError(
                f"the loopback server did not start: {said[-1] if said else 'it said nothing'}",
                hint="is 127.0.0.1 up, and are there free ports?",
            )
        yield int(line)
    finally:
        cast("IO[bytes]", process.stdin).close()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        stdout.close()
        stderr.close()
