"""Stored rows as the frame that the analysis takes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

from analysis.requests import COLUMNS, TEXT_COLUMNS
from orchestrator.stores.frames import to_frame
from tests.orchestrator.stores.batches import batch


def test_columns_have_the_types_of_the_request_table() -> None:
    """Numbers stay whole, total_ns is float64 with NaN for null, text is categorical."""
    frame = to_frame([batch(9)])
    assert list(frame.columns) == [column.name for column in COLUMNS]
    assert frame["end_ns"].dtype == np.int64
    assert frame["status"].dtype == np.int16
    assert frame["failed"].dtype == np.bool_
    assert frame["total_ns"].dtype == np.float64
    assert frame["total_ns"].isna().tolist() == [False, False, True] * 3
    assert all(isinstance(frame[name].dtype, pd.CategoricalDtype) for name in TEXT_COLUMNS)


def test_batches_with_other_words_are_one_column() -> None:
    """Batches whose dictionaries differ keep their texts and their order."""
    batches = [batch(5, texts=["a", "b"]), batch(5, first=5, seed=1, texts=["c", "a"])]
    expected = pa.Table.from_batches(batches).column("endpoint").to_pylist()
    assert to_frame(batches)["endpoint"].tolist() == expected


def test_no_batches_are_an_empty_frame() -> None:
    """A Run without rows is a frame with all columns and none of the rows."""
    frame = to_frame([])
    assert list(frame.columns) == [column.name for column in COLUMNS]
    assert len(frame) == 0
