"""The stored reports, and nothing else that the disk holds."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from io import FileIO
from pathlib import Path

READ_BYTES = 1 << 16
MAX_REPORT_BYTES = 64_000_000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}\.html")


def open_report(folder: Path, name: str) -> tuple[FileIO, int] | None:
    """Open a report, and return it with its size; None when there is no such plain file in the folder.

    The name is one step from the folder itself, and no link: there is no way out to follow.
    """
    if not _NAME.fullmatch(name):
        return None
    with suppress(OSError):
        within = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            # Nonblocking: opening a pipe would wait for its writer.
            number = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=within)
        finally:
            os.close(within)
        file = FileIO(number, "rb")
        known = os.fstat(number)
        if stat.S_ISREG(known.st_mode) and known.st_size <= MAX_REPORT_BYTES:
            return file, known.st_size
        file.close()
    return None


def has_report(folder: Path, name: str) -> bool:
    """Tell whether there is such a report."""
    if (found := open_report(folder, name)) is None:
        return False
    found[0].close()
    return True


def pieces(file: FileIO, size: int) -> Iterator[bytes]:
    """Yield the ``size`` bytes of a file, piece by piece, and close it; a file that shrank ends early."""
    with file:
        while size and (piece := file.read(min(size, READ_BYTES))):
            size -= len(piece)
            yield piece
