"""What pruning took away, or would take, in words and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from orchestrator.retention.plan import Item, Kind, Pruning
from reports.formats import size

MAX_KEPT = 20


def in_words(pruning: Pruning, items: Sequence[Item], *, dry_run: bool) -> list[str]:
    """Return one line for each thing that went, and how much is left."""
    lines = [f"{item.kind} of {item.name}: {size(item.size)}, {item.why}" for item in items]
    lines = [line.replace(f"{Kind.REPORT} of ", f"{Kind.REPORT} ") for line in lines]
    stays = list(pruning.kept.items())
    lines += [f"kept: {name}: {why}" for name, why in stays[:MAX_KEPT]]
    if len(stays) > MAX_KEPT:
        lines.append(f"kept: and {len(stays) - MAX_KEPT:,} more campaigns")
    return [*lines, summary(pruning, items, dry_run=dry_run)]


def summary(pruning: Pruning, items: Sequence[Item], *, dry_run: bool = False) -> str:
    """Return how much went and how much is left, in one line."""
    freed = sum(item.size for item in items)
    would = "would be pruned" if dry_run else "pruned"
    if not items:
        return f"nothing to prune: {size(pruning.size)} of runs and reports"
    return f"{size(freed)} {would}, {size(pruning.size - freed)} of runs and reports left"


def to_json(pruning: Pruning, items: Sequence[Item], *, dry_run: bool) -> dict[str, Any]:
    """Return the same as one object."""
    freed = sum(item.size for item in items)
    return {
        "dry_run": dry_run,
        "freed_bytes": freed,
        "left_bytes": pruning.size - freed,
        "pruned": [
            {
                "kind": item.kind,
                "name": item.name,
                "at": datetime.fromtimestamp(item.at_ns / 1e9, UTC).isoformat(),
                "bytes": item.size,
                "why": item.why,
            }
            for item in items
        ],
        "kept": [{"campaign": name, "why": why} for name, why in pruning.kept.items()],
    }
