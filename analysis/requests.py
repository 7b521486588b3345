"""The request table: one row a request, the one schema that every room shares.

Arrow types are given by name, so that this room needs no Arrow. In a pandas frame
the columns are int64, those that may be null float64 with NaN (``total_ns`` exact up to 104 days),
``failed`` bool, and the dictionary columns categorical.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:  # pandas is 50 MB of memory that a Run does without while it goes on
    import pandas as pd

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of the request table: its name, its Arrow type by name, whether it may be null."""

    name: str
    arrow_type: str
    nullable: bool = False


PHASES: tuple[str, ...] = ("blocked", "connecting", "tls", "sending", "waiting", "receiving")
"""Phases as k6 measures them; ``blocked`` already contains ``connecting`` and ``tls``."""

PHASE_COLUMNS: tuple[str, ...] = tuple(f"{phase}_ns" for phase in PHASES)
TEXT_COLUMNS: tuple[str, ...] = ("scenario", "endpoint", "method", "proto", "ip", "error")

COLUMNS: tuple[Column, ...] = (
    Column(name="end_ns", arrow_type="int64"),
    *(Column(name=name, arrow_type="int64") for name in PHASE_COLUMNS),
    Column(name="total_ns", arrow_type="int64", nullable=True),
    Column(name="status", arrow_type="int16"),
    Column(name="error_code", arrow_type="int16"),
    Column(name="failed", arrow_type="bool"),
    Column(name="received_bytes", arrow_type="int64", nullable=True),
    *(Column(name=name, arrow_type="dictionary") for name in TEXT_COLUMNS),
)


def start_ns(requests: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Start of each request: end - total; the end itself where the total is unknown.

    Parameters
    ----------
    requests
        A request table of n rows.

    Returns
    -------
    int64 array of shape (n,), nanoseconds UTC.
    """
    total = requests["total_ns"].to_numpy(dtype=np.float64, na_value=0.0)
    ends = requests["end_ns"].to_numpy(dtype=np.int64)
    return np.asarray(ends - np.nan_to_num(total).astype(np.int64))


def is_fresh(requests: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Tell which requests opened a new connection (``connecting_ns > 0``); bool array of shape (n,)."""
    return np.asarray(requests["connecting_ns"].to_numpy() > 0)
