"""How much waits for InfluxDB, and the one warning when it is too much."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from orchestrator.campaign import Records
from orchestrator.shipping import backlog
from orchestrator.shipping.backlog import BacklogWatch, backlog_bytes
from tests.orchestrator.shipping.made import CAMPAIGN, home_with


def waiting(kept: Records) -> int:
    """Return what waits."""
    return backlog_bytes(kept.catalog, kept.home, "here")


def test_what_waits_is_what_was_not_sent(tmp_path: Path) -> None:
    """All of a run, half of it when half is there, nothing at the end; copies of refused points count too."""
    kept = home_with(tmp_path, "n0", "n1")
    whole = waiting(kept)
    size = (kept.home.run_dir(f"{CAMPAIGN}.n0") / "requests.parquet").stat().st_size
    assert whole == 2 * size
    for rows, left in ((750, size // 2), (1_500, 0)):
        kept.catalog.lease(f"{CAMPAIGN}.n0", "here", "one", time.time_ns())
        kept.catalog.advance(f"{CAMPAIGN}.n0", "here", "one", time.time_ns(), rows=rows)
        assert waiting(kept) == size + left
    assert backlog_bytes(kept.catalog, kept.home, "elsewhere") == whole
    (kept.home.spool_dir / "refused").mkdir(parents=True)
    (kept.home.spool_dir / "refused" / "x.lp").write_bytes(b"x" * 100)
    assert waiting(kept) == size + 100


def test_a_backlog_that_is_too_large_is_said_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Below the limit nothing is said, above it one line with both figures, and then no more."""
    monkeypatch.setattr(backlog, "LOOK_EVERY_S", 0.0)
    kept = home_with(tmp_path)
    assert not BacklogWatch(kept.catalog, kept.home, "here", waiting(kept)).look()
    watch = BacklogWatch(kept.catalog, kept.home, "here", waiting(kept) - 1)
    said = watch.look()
    assert said.startswith("warning: ")
    assert "limits.spool_bytes" in said
    assert "nothing is lost" in said
    assert not watch.look()
