"""The part of a request table that stall detection looks at, as plain arrays sorted by start."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.requests import NS_PER_S, start_ns

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

COARSE_NS = 100_000
"""Ends of whole-second tables stand this close behind a whole second: rows of one series may be
moved on by a nanosecond each, to keep them apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """n requests whose time is known, sorted by start; seconds count from ``origin_ns``.

    ``row`` leads back to the table; ``group`` numbers endpoint and scenario together;
    ``resolution_s`` is 1 for whole-second ends, else 0.
    """

    origin_ns: int
    row: Ints
    start_s: Floats
    end_s: Floats
    total_s: Floats
    group: Ints
    scenario: Ints
    scenario_names: tuple[str, ...]
    resolution_s: float

    @property
    def n(self) -> int:
        """Number of requests."""
        return len(self.start_s)

    @property
    def span_s(self) -> float:
        """Seconds from the first start to the last end."""
        return float(self.end_s.max() - self.start_s[0]) if self.n else 0.0

    def select(self, chosen: Bools) -> Samples:
        """Keep the rows where the bool array ``chosen`` of shape (n,) is true."""
        return Samples(
            origin_ns=self.origin_ns,
            row=self.row[chosen],
            start_s=self.start_s[chosen],
            end_s=self.end_s[chosen],
            total_s=self.total_s[chosen],
            group=self.group[chosen],
            scenario=self.scenario[chosen],
            scenario_names=self.scenario_names,
            resolution_s=self.resolution_s,
        )


def codes(column: pd.Series) -> tuple[Ints, list[str]]:
    """Number the values of a text column; a missing value is the empty text."""
    values = column.array if isinstance(column.dtype, pd.CategoricalDtype) else pd.Categorical(column)
    names = [str(name) for name in values.categories]
    numbers = values.codes.astype(np.int64)
    missing = numbers < 0
    if missing.any():
        names = names if "" in names else [*names, ""]
        numbers[missing] = names.index("")
    return numbers, names


def whole_seconds(end_ns: Ints) -> bool:
    """Tell whether ends were written in whole seconds (k6's default for CSV)."""
    return len(end_ns) > 0 and bool((end_ns % NS_PER_S < COARSE_NS).all())


def samples_of(requests: pd.DataFrame) -> Samples:
    """Take from a request table the rows whose total is known, sorted by start.

    Ends in whole seconds were cut off, not rounded: half a second is added, so that they are right on
    average.
    """
    total_ns = requests["total_ns"].to_numpy(dtype=np.float64, na_value=np.nan)
    known = np.isfinite(total_ns) & (total_ns >= 0)
    rows = np.flatnonzero(known)
    starts = start_ns(requests)[rows]
    ends = requests["end_ns"].to_numpy(dtype=np.int64)[rows]
    order = np.lexsort((rows, ends, starts))
    rows, starts, ends = rows[order], starts[order], ends[order]
    origin = int(starts[0]) if len(starts) else 0
    coarse = whole_seconds(ends)
    shift = 0.5 if coarse else 0.0
    scenario, names = codes(requests["scenario"])
    endpoint, _ = codes(requests["endpoint"])
    return Samples(
        origin_ns=origin,
        row=rows.astype(np.int64),
        start_s=(starts - origin) / NS_PER_S + shift,
        end_s=(ends - origin) / NS_PER_S + shift,
        total_s=total_ns[rows] / NS_PER_S,
        group=(endpoint * (len(names) + 1) + scenario)[rows],
        scenario=scenario[rows],
        scenario_names=tuple(names),
        resolution_s=1.0 if coarse else 0.0,
    )
