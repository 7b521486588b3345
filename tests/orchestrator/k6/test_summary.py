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
