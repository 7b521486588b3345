"""Folding times on a period, for reports."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from analysis.requests import NS_PER_S


def fold(starts_ns: npt.ArrayLike, period_s: float, first_stall_ns: int) -> npt.NDArray[np.float64]:
    """Phase of each start: seconds since the last expected stall, in [0, period_s).

    Parameters
    ----------
    starts_ns
        Request starts, int64 nanoseconds UTC, shape (n,).
    period_s
        Period in seconds, above 0.
    first_stall_ns
        An instant at which a stall is expected to begin.

    Raises
    ------
    ValueError
        When ``period_s`` is not a positive number.
    """
    if not (np.isfinite(period_s) and period_s > 0):
        raise ValueError(f"period_s is {period_s!r}: expected a positive number of seconds")
    since_s = (np.asarray(starts_ns, dtype=np.int64) - np.int64(first_stall_ns)) / NS_PER_S
    phase = np.mod(since_s, period_s)
    return np.where(phase >= period_s, 0.0, phase)
