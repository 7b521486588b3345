"""Stored rows as the frame that the analysis takes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

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


def test_only_the_columns_asked_for() -> None:
    """A frame of some columns has those, in the order asked for, with the values that all have."""
    whole = to_frame([batch(9), batch(5, first=9, seed=1)])
    some = to_frame([batch(9), batch(5, first=9, seed=1)], columns=["total_ns", "error", "end_ns"])
    pd.testing.assert_frame_equal(some, whole[["total_ns", "error", "end_ns"]])


@pytest.mark.parametrize("rows", [0, 3, 9, 12, 14, 20])
def test_a_number_of_rows_bounds_the_frame(rows: int) -> None:
    """A frame of so many rows has the first ones: a table that still grows, or is shorter, does no harm."""
    batches = [batch(9), batch(5, first=9, seed=1)]
    bounded = to_frame(iter(batches), rows=rows)
    whole = to_frame(batches).iloc[:rows]
    assert bounded["end_ns"].tolist() == whole["end_ns"].tolist()
    assert bounded["method"].tolist() == whole["method"].tolist()


def test_missing_text_is_missing() -> None:
    """Text that is null is no text of its own, whatever else the column holds."""
    one = batch(3, texts=["a", "b"])
    codes = pa.array([1, None, 0], pa.int32())
    column = pa.DictionaryArray.from_arrays(codes, pa.array(["a", "b"]))
    columns = [column if name == "ip" else one.column(name) for name in one.schema.names]
    fields = [field.with_nullable(True) for field in one.schema]
    frame = to_frame([pa.record_batch(columns, schema=pa.schema(fields))])
    assert frame["ip"].isna().tolist() == [False, True, False]
    assert frame["ip"].tolist()[::2] == ["b", "a"]
