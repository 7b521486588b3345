"""How much memory the analysis of an input takes: told by its size, before anything of it is read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestrator.home import Home

MB = 1_000_000
PROCESS_MB = 250.0
"""Of one process that has read and analyzed a small input."""
ROW_BYTES = 600.0
"""Of one request in memory, with all that is made of it (477 in benchmarks/analyze_many.py)."""
PACKED, PLAIN, TABLE = 28.0, 700.0, 14.0
"""Least bytes that a request takes in a gzip, in a file as k6 writes it, in a Parquet table."""


def need_mb(name: str, home: Home) -> float:
    """Return the memory that the analysis of a file, or of a stored Run or Campaign, takes at most."""
    path = Path(name)
    if path.is_file():
        a_row = TABLE if path.suffix == ".parquet" else PACKED if path.suffix == ".gz" else PLAIN
        return PROCESS_MB + path.stat().st_size / a_row * ROW_BYTES / MB
    stored = sum(table.stat().st_size for table in home.runs_dir.glob(f"{name}*/requests.parquet"))
    return PROCESS_MB + stored / TABLE * ROW_BYTES / MB
