"""How far the runs that go on have come: what their records planned, and the rows that are on disk."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.errors import StallwatchError
from orchestrator.home import Home
from orchestrator.runs.record import read_record

if TYPE_CHECKING:
    from orchestrator.catalog import Row
    from orchestrator.stores.following import Follower

TAKE_ROWS = 65_536
MAX_TAKES = 8
"""A look reads no more than this of what is new, so that a page costs a fast run next to nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a run has come; ``rows`` is None before there are any, ``behind`` says that there are more."""

    elapsed_s: float
    planned_s: float | None
    rows: int | None
    behind: bool

    @property
    def share(self) -> float | None:
        """The share of the planned time that is over; None when nobody knows."""
        return min(1.0, self.elapsed_s / self.planned_s) if self.planned_s else None


class _Counted:
    def __init__(self, follower: Follower, planned_s: float | None) -> None:
        self.follower, self.planned_s, self.rows = follower, planned_s, 0

    def look(self) -> bool:
        """Count what is new; return whether there may be more."""
        for _ in range(MAX_TAKES):
            batch = self.follower.take(TAKE_ROWS)
            self.rows += batch.num_rows if batch is not None else 0
            if batch is None or batch.num_rows < TAKE_ROWS:
                return False
        return True


class Watching:
    """Follows the runs that go on: each look at one reads only what has come since the last."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._counted: dict[str, _Counted] = {}
        self._lock = threading.Lock()

    def look(self, running: Iterable[Row], now_ns: int) -> dict[str, Progress]:
        """Return how far these runs have come, and let go of all others."""
        by_id = {row["id"]: row for row in running}
        with self._lock:
            for gone in self._counted.keys() - by_id.keys():
                self._counted.pop(gone).follower.close()
            return {run_id: self._one(row, now_ns) for run_id, row in by_id.items()}

    def _one(self, row: Row, now_ns: int) -> Progress:
        planned_s, rows, behind = None, None, False
        with suppress(StallwatchError, OSError, ValueError):  # its files are not there yet, or no longer
            counted = self._counted.get(row["id"]) or self._follow(row["id"])
            planned_s = counted.planned_s
            behind = counted.look()
            rows = counted.rows
        elapsed_s = max(0.0, (now_ns - row["started_ns"]) / 1e9)
        return Progress(elapsed_s=elapsed_s, planned_s=planned_s, rows=rows, behind=behind)

    def _follow(self, run_id: str) -> _Counted:
        from orchestrator.stores.following import Follower

        folder = self._home.run_dir(run_id)
        planned_s = read_record(folder).facts.planned_s
        return self._counted.setdefault(run_id, _Counted(Follower(folder), planned_s))
