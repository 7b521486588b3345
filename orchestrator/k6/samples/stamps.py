"""The times that k6 writes: numbers of four units, or RFC 3339; each value is judged alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Int64s = npt.NDArray[np.int64]

IMPOSSIBLE = 0
"""Stands for a stamp that is none, or before September 2001 or after July 2261."""
FIRST_NS, END_NS = 10**18, 9_200_000_000 * 10**9
_UNITS_NS = {10: 1_000_000_000, 13: 1_000_000, 16: 1_000}
"""By the digits that a number of that unit has from 2001 to 2286."""
_UTC = pa.timestamp("ns", "UTC")


def times_ns(stamps: pa.Array) -> Int64s:
    """Return stamps (text, may be null) as ns UTC, ``IMPOSSIBLE`` where there is no such time.

    What kind of stamp it is, is told by the stamp: a file that was put together may mix them.
    """
    for kind in (pa.int64(), _UTC):
        try:
            numbers: Int64s = stamps.cast(kind).cast(pa.int64()).fill_null(IMPOSSIBLE).to_numpy()
        except pa.ArrowInvalid:
            continue
        times = _scaled(numbers) if kind == pa.int64() else numbers
        return np.where((times >= FIRST_NS) & (times < END_NS), times, IMPOSSIBLE)
    if len(stamps) == 1:
        return np.array([IMPOSSIBLE])
    half = len(stamps) // 2  # so that a few that are none cost a few more casts, not one for each stamp
    return np.concatenate([times_ns(stamps.slice(0, half)), times_ns(stamps.slice(half))])


def _scaled(numbers: Int64s) -> Int64s:
    if not len(numbers) or numbers.min() >= FIRST_NS:
        return numbers
    times = numbers.copy()
    for digits, unit_ns in _UNITS_NS.items():
        has = (numbers >= 10 ** (digits - 1)) & (numbers < END_NS // unit_ns)
        times[has] = numbers[has] * unit_ns
    return times
