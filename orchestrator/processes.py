"""Start processes that never outlive this one, and tell what memory there is for more."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, cast

PIPE_BYTES = 1 << 20

# Runs in the child before it becomes the program: the kernel is asked to end it when the thread that
# started it ends (prctl 1 = PR_SET_PDEATHSIG), and a parent that is already gone is noticed.
_ON_LINUX = """\
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGKILL)
if os.getppid() != int(sys.argv[1]): sys.exit(1)
os.execv(sys.argv[2], sys.argv[2:])
"""


def start(
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    stdin: int | IO[bytes] = subprocess.DEVNULL,
    cwd: Path | None = None,
    descriptors: Sequence[int] = (),
) -> tuple[subprocess.Popen[bytes], IO[bytes], IO[bytes]]:
    """Start a program in a session of its own; return it with its standard output and error.

    A terminal's Ctrl-C does not reach it. Call this from a thread that lives as long as the program
    should: on Linux the program is killed when that thread ends. ``descriptors`` stay open in it.

    Raises
    ------
    OSError
        The program cannot be started.
    """
    if sys.platform == "linux":
        _must_be_executable(argv[0])
        argv = [sys.executable, "-I", "-S", "-c", _ON_LINUX, str(os.getpid()), *argv]
    process = subprocess.Popen(
        argv,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=env,
        cwd=cwd,
        start_new_session=True,
        pass_fds=descriptors,
    )
    stdout, stderr = cast("IO[bytes]", process.stdout), cast("IO[bytes]", process.stderr)
    _widen(stdout)
    return process, stdout, stderr


def _widen(pipe: IO[bytes]) -> None:
    """Let a pipe hold a burst whole: k6 writes 4 kB at a time, and each would wake the reader."""
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with suppress(OSError):  # the user has many wide pipes already, or may have none
            fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, PIPE_BYTES)


def _must_be_executable(program: str) -> None:
    """Raise what Popen itself would: between it and the program stands Python, which always starts."""
    if not os.access(program, os.X_OK):
        number = errno.EACCES if os.path.exists(program) else errno.ENOENT  # noqa: PTH110 # a str, as in argv
        raise OSError(number, os.strerror(number), program)


def available_memory_mb(root: Path = Path("/")) -> float | None:
    """Return the memory that new processes may take: the machine's, or the container's when it is less.

    None where the system does not tell (no /proc).
    """
    sizes = []
    info = _words(root / "proc/meminfo")
    if "MemAvailable:" in info:
        sizes.append(int(info[info.index("MemAvailable:") + 1]) * 1024)
    limit, used = (_words(root / "sys/fs/cgroup" / name) for name in ("memory.max", "memory.current"))
    if limit and used and limit[0].isdigit() and used[0].isdigit():
        sizes.append(max(0, int(limit[0]) - int(used[0])))
    return min(sizes) / 1e6 if sizes else None


def _words(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="ascii").split()
    except OSError:
        return []
