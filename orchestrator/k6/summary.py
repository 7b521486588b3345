"""k6's own totals, as our handleSummary wrote them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OWN = "handleSummary()"
"""Beside the metrics: what the script's own handleSummary did."""
OTHERS = {
    "grpc_req_duration": "gRPC calls",
    "grpc_streams": "gRPC streams",
    "ws_sessions": "WebSocket sessions",
    "browser_http_req_duration": "requests of a browser",
}
_AGGREGATION = re.compile(r"\s*(p\([\d.]+\)|[a-z]+)")
_UNITS = {"time": " ms", "data": " bytes"}


@dataclass(frozen=True, slots=True, kw_only=True)
class K6Totals:
    """What k6 counted; None for what it did not say.

    ``thresholds`` are the failed ones in words, ``checks`` how many failed of how many, ``others``
    what was measured beside HTTP requests; ``files`` and ``summary_error`` are of the script's own
    ``handleSummary``.
    """

    http_reqs: int | None = None
    dropped_iterations: int = 0
    started: int | None = None
    iterations: int = 0
    thresholds: tuple[str, ...] = ()
    checks: tuple[int, int] = (0, 0)
    others: tuple[tuple[int, str], ...] = ()
    files: tuple[str, ...] = ()
    summary_error: str = ""


def read_totals(path: Path) -> K6Totals:
    """Return the totals of a summary file; empty ones where k6 wrote none (it was killed)."""
    try:
        metrics = dict(json.loads(path.read_text(encoding="utf-8")))
        own = metrics.pop(OWN, {})
        checks = metrics.get("checks", {}).get("values", {})
        failed, passed = int(checks.get("fails", 0)), int(checks.get("passes", 0))
        others = ((_count(metrics, name) or 0, words) for name, words in OTHERS.items())
        return K6Totals(
            # A metric without a sample is absent: no requests is zero, not unknown.
            http_reqs=_count(metrics, "http_reqs") or 0,
            dropped_iterations=_count(metrics, "dropped_iterations") or 0,
            started=_count(metrics, "stallwatch_started"),
            iterations=_count(metrics, "iterations") or 0,
            thresholds=tuple(_failed_thresholds(metrics)),
            checks=(failed, failed + passed),
            others=tuple(other for other in others if other[0]),
            files=tuple(own.get("files", ())),
            summary_error=str(own.get("error", "")),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return K6Totals()


def _count(metrics: dict[str, Any], name: str) -> int | None:
    return int(metrics[name]["values"]["count"]) if name in metrics else None


def _failed_thresholds(metrics: dict[str, Any]) -> list[str]:
    return [
        f"{expression} of {name}{_measured(expression, metric)}"
        for name, metric in sorted(metrics.items())
        for expression, state in metric.get("thresholds", {}).items()
        if not state["ok"]
    ]


def _measured(expression: str, metric: dict[str, Any]) -> str:
    """What was measured where a threshold failed, and of how many."""
    values = metric["values"]
    found = _AGGREGATION.match(expression)
    value = values.get(found[1]) if found else None
    if value is None:
        return ""
    n = values["passes"] + values["fails"] if "passes" in values else values.get("count")
    of = f" (n = {n:,})" if n is not None and metric["type"] != "counter" else ""
    shown = f"{value:,.0f}" if value >= 1000 or value == int(value) else f"{value:.4g}"
    return f" is {shown}{_UNITS.get(metric.get('contains', ''), '')}{of}"
