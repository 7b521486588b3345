"""Contents of files for tests: samples as k6 writes them, and what else people take for them."""

from __future__ import annotations

import json
from random import Random

from tests.orchestrator.runs.fakes import HEADER, METRICS, request_lines

ROWS = 20
FIRST_NS = 1_780_000_000_000_000_000
STEP_NS = 100_000_000


def csv_samples(rows: int = ROWS, *, spread_ms: float = 0.0) -> bytes:
    """Return the CSV of some requests of 5 ms and more, ten a second."""
    rng = Random(1)
    times_ms = [5.0 + spread_ms * rng.random() for _ in range(rows)]
    lines = "".join(request_lines(FIRST_NS + i * STEP_NS, total_ms=times_ms[i]) for i in range(rows))
    return f"{HEADER}\n{lines}".encode()


def json_samples(rows: int = ROWS) -> bytes:
    """Return the JSON of some requests, one each second."""
    tags = {"method": "GET", "name": "/", "scenario": "kept", "status": "200"}
    lines = [
        {
            "metric": metric,
            "type": "Point",
            "data": {
                "time": f"2026-11-25T10:{i // 60:02}:{i % 60:02}.5Z",
                "value": float(value),
                "tags": tags,
            },
        }
        for i in range(rows)
        for metric, value in zip(METRICS.split(","), (1, 5, 0, 0, 0, 0, 5, 0, 0), strict=True)
    ]
    declared = {"type": "Metric", "data": {"name": "http_reqs", "type": "counter"}, "metric": "http_reqs"}
    return "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in (declared, *lines)).encode()


SUMMARY = json.dumps(
    {"metrics": {"http_reqs": {"count": 12, "rate": 1.5}}, "root_group": {}}, indent=4
).encode()
PROMETHEUS = b"# HELP http_reqs total\n# TYPE http_reqs counter\nhttp_reqs 12\n"
HTML = b"<!DOCTYPE html>\n<html><body>no</body></html>\n"
