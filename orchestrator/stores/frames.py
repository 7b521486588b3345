"""Stored requests as the pandas frame that the analysis takes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from orchestrator.stores.contract import REQUEST_SCHEMA

MISSING = -1
"""The code of no text, as pandas has it."""


def to_frame(
    batches: Iterable[pa.RecordBatch], *, rows: int | None = None, columns: Sequence[str] | None = None
) -> pd.DataFrame:
    """Return one frame: numbers as they are, what may be null float64 with NaN, text categorical.

    Parameters
    ----------
    batches
        Of ``REQUEST_SCHEMA``, or of the columns that are asked for.
    rows
        How many rows there are: then no more than one batch is held beside the frame, and what comes
        behind them is left out.
    columns
        Names of those that are wanted, all by default.
    """
    if rows is None:
        batches = list(batches)
        rows = sum(batch.num_rows for batch in batches)
    filling = {name: _filling(REQUEST_SCHEMA.field(name), rows) for name in columns or REQUEST_SCHEMA.names}
    filled = 0
    for batch in batches:
        wanted = batch.slice(0, rows - filled)
        for name, column in filling.items():
            column.put(filled, wanted.column(name))
        filled += wanted.num_rows
    arrays = {name: column.whole(filled) for name, column in filling.items()}
    return pd.DataFrame(arrays, index=pd.RangeIndex(filled), copy=False)


class _Numbers:
    """A column of numbers that is filled batch by batch."""

    def __init__(self, dtype: npt.DTypeLike, rows: int) -> None:
        self._values = np.empty(rows, dtype)

    def put(self, at: int, column: pa.Array) -> None:
        """Set the rows from ``at`` on."""
        self._values[at : at + len(column)] = column.to_numpy(zero_copy_only=False)

    def whole(self, rows: int) -> npt.NDArray[np.generic]:
        """Return what was filled."""
        return self._values[:rows]


class _Texts:
    """A column of text as codes of one list of words, however the batches number theirs."""

    def __init__(self, rows: int) -> None:
        self._codes = np.empty(rows, np.int32)
        self._words: dict[str, int] = {}

    def put(self, at: int, column: pa.DictionaryArray) -> None:
        """Set the rows from ``at`` on."""
        codes = [self._words.setdefault(word, len(self._words)) for word in column.dictionary.to_pylist()]
        lookup = np.array([*codes, MISSING], np.int32)  # where MISSING, as an index, finds itself
        self._codes[at : at + len(column)] = lookup[column.indices.fill_null(MISSING).to_numpy()]

    def whole(self, rows: int) -> pd.Categorical:
        """Return what was filled."""
        words = pd.CategoricalDtype(list(self._words))
        return pd.Categorical.from_codes(self._codes[:rows], dtype=words)


def _filling(field: pa.Field, rows: int) -> _Numbers | _Texts:
    if pa.types.is_dictionary(field.type):
        return _Texts(rows)
    return _Numbers(np.float64 if field.nullable else field.type.to_pandas_dtype(), rows)
