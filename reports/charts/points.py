"""The part of a request table that charts draw, as plain arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.requests import NS_PER_MS, start_ns

ANY_SCENARIO = "all"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Points:
    """n requests: start (int64, ns UTC), total (float64, ms, NaN where unknown) and failed (bool)."""

    start_ns: npt.NDArray[np.int64]
    total_ms: npt.NDArray[np.float64]
    failed: npt.NDArray[np.bool_]

    @property
    def timed(self) -> npt.NDArray[np.bool_]:
        """Tell which requests have a known time; bool array of shape (n,)."""
        return np.isfinite(self.total_ms)


def points_of(requests: pd.DataFrame | None, scenario: str = ANY_SCENARIO) -> Points:
    """Take what is drawn from a request table; nothing from a missing or empty one.

    Requests of ``setup()`` and ``teardown()`` (empty scenario) are left out, as the analysis does.
    A request without a known time counts as failed and stands at its end.
    """
    if requests is None or requests.empty:
        none = np.array([], dtype=np.int64)
        return Points(start_ns=none, total_ms=none.astype(np.float64), failed=none.astype(np.bool_))
    drawn = requests[in_scenario(requests, scenario)]
    total_ms = drawn["total_ns"].to_numpy(dtype=np.float64, na_value=np.nan) / NS_PER_MS
    return Points(start_ns=start_ns(drawn), total_ms=total_ms, failed=failed(drawn))


def failed(requests: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Tell which requests failed, those of unknown time among them; bool array of shape (n,)."""
    unknown = requests["total_ns"].isna().to_numpy(dtype=np.bool_)
    return requests["failed"].to_numpy(dtype=np.bool_) | unknown


def in_scenario(requests: pd.DataFrame, scenario: str = ANY_SCENARIO) -> npt.NDArray[np.bool_]:
    """Tell which requests belong to a scenario, or to any: not to setup or teardown; shape (n,)."""
    if scenario != ANY_SCENARIO:
        return np.asarray(requests["scenario"] == scenario, dtype=np.bool_)
    named = np.asarray(requests["scenario"] != "", dtype=np.bool_)
    return named if named.any() else ~named
