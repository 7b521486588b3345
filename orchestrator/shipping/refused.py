"""What InfluxDB refused: set aside in spool/refused as it was sent, with the reason, up to a limit."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

from orchestrator.home import Home
from orchestrator.shipping.delivery import Refusal

FOLDER = "refused"
SHORT_CHARS = 160
REQUESTS, VERDICT = "requests", "verdict"
"""What a refused point is of; files are named after it."""


class RefusedPoints:
    """Keeps copies of refused points, at most ``max_bytes`` of them; the rows themselves stay in their Run.

    Each file is named after its rows, so that a refusal that comes again replaces itself.
    """

    def __init__(self, home: Home, max_bytes: int) -> None:
        self.folder = home.spool_dir / FOLDER
        self._max_bytes = max_bytes
        self._bytes: int | None = None

    def keep(self, run_id: str, refusal: Refusal, kind: str = REQUESTS) -> None:
        """Set one aside; what does not fit, or cannot be written, is only counted by whoever calls."""
        content = f"# {' '.join(refusal.reason.split())}\n".encode() + refusal.lines
        if self._bytes is None:
            self._bytes = size_of(self.folder)
        if self._bytes + len(content) > self._max_bytes:
            return
        path = self.folder / run_id / f"{kind}-{refusal.first_row:012}-{refusal.rows}.lp"
        with suppress(OSError):  # a full disk: the rows are where they always were
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.write_bytes(content)
            self._bytes += len(content)


def size_of(folder: Path) -> int:
    """Return the bytes of all files in a folder, 0 where there is none."""
    total = 0
    for where, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):  # gone meanwhile
                total += (Path(where) / name).stat().st_size
    return total


def reasons(folder: Path, run_ids: set[str]) -> dict[str, int]:
    """Return the reasons that are kept for some runs, each with its number of rows, most rows first."""
    found: dict[str, int] = {}
    for path in sorted(path for run_id in run_ids for path in (folder / run_id).glob(f"{REQUESTS}-*.lp")):
        with suppress(OSError, ValueError), path.open(encoding="utf-8", errors="replace") as file:
            reason = file.readline().removeprefix("# ").strip()
            found[reason] = found.get(reason, 0) + int(path.stem.rpartition("-")[2])
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def short(reason: str) -> str:
    """Return what a server's reason begins with, which tells what it is about, without its own count."""
    reason = reason.removeprefix("failure writing points to database: ").partition(" - ")[0]
    reason = re.sub(r" ?dropped[= ]\d+( points)?", "", reason)
    return reason if len(reason) <= SHORT_CHARS else f"{reason[:SHORT_CHARS]}..."
