"""Request tables for tests, built from plain arrays."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.requests import NS_PER_S, PHASE_COLUMNS, TEXT_COLUMNS

EPOCH_NS = 1_700_000_000 * NS_PER_S


def table(
    start_s: npt.ArrayLike,
    total_s: npt.ArrayLike,
    *,
    scenario: npt.ArrayLike = "default",
    endpoint: npt.ArrayLike = "/",
    failed: npt.ArrayLike = False,
    **phases_s: npt.ArrayLike,
) -> pd.DataFrame:
    """Build a request table from starts and totals in seconds; NaN totals stay unknown.

    Phases not given are 0, but ``waiting`` takes what the others leave of the total.
    """
    start, total = np.atleast_1d(np.asarray(start_s, float)), np.atleast_1d(np.asarray(total_s, float))
    n = len(start)
    known = np.nan_to_num(total)
    parts = {f"{name}_ns": np.broadcast_to(np.asarray(value, float), n) for name, value in phases_s.items()}
    spent = sum(
        (parts.get(f"{name}_ns", np.zeros(n)) for name in ("blocked", "sending", "receiving")), np.zeros(n)
    )
    parts.setdefault("waiting_ns", np.maximum(known - spent, 0))
    columns: dict[str, object] = {"end_ns": EPOCH_NS + np.round((start + known) * NS_PER_S).astype(np.int64)}
    for column in PHASE_COLUMNS:
        columns[column] = np.round(parts.get(column, np.zeros(n)) * NS_PER_S).astype(np.int64)
    columns["total_ns"] = np.round(total * NS_PER_S)
    columns["status"] = np.where(np.broadcast_to(failed, n), 0, 200).astype(np.int16)
    columns["error_code"] = np.where(np.broadcast_to(failed, n), 1050, 0).astype(np.int16)
    columns["failed"] = np.broadcast_to(np.asarray(failed, bool), n).copy()
    columns["received_bytes"] = np.nan
    texts = {"scenario": scenario, "endpoint": endpoint}
    for column in TEXT_COLUMNS:
        value = np.broadcast_to(np.asarray(texts.get(column, ""), dtype=object), n)
        columns[column] = pd.Categorical(value)
    return pd.DataFrame(columns)
