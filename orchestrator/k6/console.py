"""What a script writes with console.log: kept beside its Run, up to a bound."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import TextIO

FILE = "console.txt"
MAX_CHARS = 1_000_000
_TIME = re.compile(r'time="?([^" ]+)')
_LEVEL = re.compile(r"\blevel=(\w+)")


class Console:
    """A file that is made when a script first writes something; a full disk costs only what it lacks.

    Attributes
    ----------
    lines
        How many a script wrote, kept or not.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: TextIO | None = None
        self._room = MAX_CHARS
        self.lines = self.kept = 0

    def take(self, line: str, said: str) -> None:
        """Keep what k6's line says, in words that hold no secret."""
        self.lines += 1
        time, level = _TIME.search(line), _LEVEL.search(line)
        text = f"{time[1] if time else '-'} {level[1] if level else '-'} {said}\n"
        self._room -= len(text)
        if self._room < 0:
            return
        with suppress(OSError):
            if self._file is None:
                self._file = self._path.open("w", encoding="utf-8", errors="replace", buffering=1)
            self._file.write(text)
            self.kept += 1

    def close(self) -> None:
        """Close the file; say in it how much was left out."""
        if self._file is not None:
            with suppress(OSError), self._file as file:
                if self.kept < self.lines:
                    file.write(f"{self.lines - self.kept:,} more lines were left out\n")
