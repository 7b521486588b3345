"""k6's own totals are read where they are, and unknown where they are not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrator.k6.summary import K6Totals, read_totals


def test_totals(tmp_path: Path) -> None:
    """Counts are taken from the metrics that handleSummary was given."""
    path = tmp_path / "summary.json"
    counts = {"http_reqs": 12, "dropped_iterations": 3, "stallwatch_started": 14}
    path.write_text(json.dumps({name: {"values": {"count": count}} for name, count in counts.items()}))
    assert read_totals(path) == K6Totals(http_reqs=12, dropped_iterations=3, started=14)


def test_no_requests_is_zero_and_not_unknown(tmp_path: Path) -> None:
    """A summary without http_reqs means that k6 made none."""
    path = tmp_path / "summary.json"
    path.write_text("{}")
    assert read_totals(path) == K6Totals(http_reqs=0, dropped_iterations=0, started=None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]1",
        "[7]",
        "null",
        "7",
        '"http_reqs"',
        '{"http_reqs": null}',
        '{"http_reqs": {"values": 3}}',
        '{"http_reqs": {"values": {}}}',
        '{"http_reqs": {"values": {"count": "many"}}}',
        '{"http_reqs": {"values": {"count": null}}}',
        "\udcff",
    ],
)
def test_broken_summary_is_unknown(tmp_path: Path, text: str) -> None:
    """A summary that is cut off or something else says nothing, and never raises."""
    path = tmp_path / "summary.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert read_totals(path).http_reqs is None


def test_no_summary_is_unknown(tmp_path: Path) -> None:
    """A k6 that was killed wrote none."""
    assert read_totals(tmp_path / "summary.json") == K6Totals()


def test_failed_thresholds_say_by_how_much(tmp_path: Path) -> None:
    """Metric, expression, value with its unit and n; those that hold are not told."""
    path = tmp_path / "summary.json"
    metrics = {
        "http_req_duration{name:a}": {
            "type": "trend", "contains": "time", "values": {"p(99.9)": 1234.5678, "count": 3000},
            "thresholds": {"p(99.9) < 5": {"ok": False}, "p(99.9)<9000": {"ok": True}},
        },
        "checks": {
            "type": "rate", "contains": "default", "values": {"passes": 9, "fails": 1, "rate": 0.9},
            "thresholds": {"rate>0.95": {"ok": False}},
        },
        "data_received": {
            "type": "counter", "contains": "data", "values": {"count": 1_000_000, "rate": 12.5},
            "thresholds": {"count<5": {"ok": False}},
        },
        "vus": {
            "type": "gauge", "contains": "default", "values": {"value": 1},
            "thresholds": {"value>4": {"ok": False}, "odd>4": {"ok": False}},
        },
    }  # fmt: skip
    path.write_text(json.dumps(metrics))
    totals = read_totals(path)
    assert totals.thresholds == (
        "rate>0.95 of checks is 0.9 (n = 10)",
        "count<5 of data_received is 1,000,000 bytes",
        "p(99.9) < 5 of http_req_duration{name:a} is 1,235 ms (n = 3,000)",
        "value>4 of vus is 1",
        "odd>4 of vus",
    )
    assert totals.checks == (1, 10)
