"""A terminal of 80 columns for a command, and what was drawn on it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from collections.abc import Callable
from pathlib import Path

COLUMNS = 80
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def on_terminal(
    command: list[str],
    *,
    folder: Path,
    environ: dict[str, str],
    on_output: Callable[[str, Callable[[bytes], object]], object] = lambda _seen, _type: None,
) -> tuple[int, str]:
    """Run a command with a terminal of its own as its three streams; return exit code and plain text.

    ``on_output`` sees all that was drawn so far and may type.
    """
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, COLUMNS, 0, 0))
    process = subprocess.Popen(
        ["setsid", "--ctty", *command],
        cwd=folder,
        env=environ | {"TERM": "xterm"},
        stdin=slave,
        stdout=slave,
        stderr=slave,
    )
    os.close(slave)
    seen = b""
    with contextlib.suppress(OSError):  # EIO: the last one at the other end has gone
        while data := os.read(master, 65536):
            seen += data
            on_output(seen.decode(errors="replace"), lambda keys: os.write(master, keys))
    os.close(master)
    return process.wait(60), CONTROL.sub("", seen.decode()).replace("\r", "\n")
