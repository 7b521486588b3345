"""The memory that an input is going to take, told by its size."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.home import Home
from orchestrator.inputs.memory import PROCESS_MB, need_mb


def sized(path: Path, size: int) -> str:
    """Make a file of a size that takes no room."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.truncate(size)
    return str(path)


def test_what_holds_more_requests_a_byte_takes_more(tmp_path: Path) -> None:
    """Of one size, a table takes more than a gzip, and that more than plain samples."""
    home = Home(tmp_path / "var")
    table, packed, plain = (
        need_mb(sized(tmp_path / name, 100_000_000), home) for name in ("a.parquet", "a.csv.gz", "a.csv")
    )
    assert table > packed > plain > PROCESS_MB


def test_a_campaign_takes_what_its_runs_take(tmp_path: Path) -> None:
    """A run is told by its table, a campaign by all of them; what is nowhere takes a process."""
    home = Home(tmp_path)
    for node in ("n0", "n1"):
        sized(home.runs_dir / f"20261125-1.{node}" / "requests.parquet", 140_000_000)
    run, campaign = need_mb("20261125-1.n0", home), need_mb("20261125-1", home)
    assert run > PROCESS_MB
    assert campaign - PROCESS_MB == pytest.approx(2 * (run - PROCESS_MB))
    assert need_mb("last", home) == need_mb("-", home) == PROCESS_MB
