"""How much waits on disk for InfluxDB, and when that is more than it should be."""

from __future__ import annotations

import time
from pathlib import Path

from orchestrator.catalog import Catalog
from orchestrator.home import Home
from orchestrator.shipping.refused import size_of

LOOK_EVERY_S = 60.0
MB = 1_000_000


def backlog_bytes(catalog: Catalog, home: Home, target: str) -> int:
    """Return about how many bytes of stored requests a target does not have yet."""
    sent, waiting = catalog.list_shipments(target), 0
    for run in catalog.list_runs():
        there = sent[run["id"]]["rows"] if run["id"] in sent else 0
        if run["requests"] is not None and there >= run["requests"]:
            continue
        left = 1.0 if not run["requests"] else 1.0 - there / run["requests"]
        waiting += int(_size(home.run_dir(run["id"])) * left)
    return waiting + size_of(home.spool_dir)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("requests.*") if path.exists())


class BacklogWatch:
    """Says once that more waits than ``limits.spool_bytes``; looks once a minute."""

    def __init__(self, catalog: Catalog, home: Home, target: str, max_bytes: int) -> None:
        self._catalog, self._home, self._target, self._max_bytes = catalog, home, target, max_bytes
        self._looked_at = float("-inf")
        self._said = False

    def look(self) -> str:
        """Return a warning, the first time that there is one to give."""
        if self._said or time.monotonic() - self._looked_at < LOOK_EVERY_S:
            return ""
        self._looked_at = time.monotonic()
        waiting = backlog_bytes(self._catalog, self._home, self._target)
        if waiting <= self._max_bytes:
            return ""
        self._said = True
        return (
            f"warning: {waiting / MB:,.1f} MB wait on disk for InfluxDB, more than limits.spool_bytes"
            f" ({self._max_bytes / MB:,.1f} MB): nothing is lost and measuring goes on, but look after"
            " InfluxDB, or the disk fills up"
        )
