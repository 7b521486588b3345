"""k6's own totals, as our handleSummary wrote them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class K6Totals:
    """What k6 counted; None for what it did not say."""

    http_reqs: int | None = None
    dropped_iterations: int = 0
    started: int | None = None


def read_totals(path: Path) -> K6Totals:
    """Return the totals of a summary file; empty ones where k6 wrote none (it was killed)."""
    try:
        metrics = dict(json.loads(path.read_text(encoding="utf-8")))
        # A metric without a sample is absent: no requests is zero, not unknown.
        return K6Totals(
            http_reqs=_count(metrics, "http_reqs") or 0,
            dropped_iterations=_count(metrics, "dropped_iterations") or 0,
            started=_count(metrics, "stallwatch_started"),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return K6Totals()


def _count(metrics: dict[str, Any], name: str) -> int | None:
    return int(metrics[name]["values"]["count"]) if name in metrics else None
