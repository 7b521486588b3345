"""Stored requests as the pandas frame that the analysis takes."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd
import pyarrow as pa

from orchestrator.stores.contract import REQUEST_SCHEMA


def to_frame(batches: Iterable[pa.RecordBatch]) -> pd.DataFrame:
    """Return one frame: numbers as they are, what may be null float64 with NaN, text categorical."""
    table = pa.Table.from_batches(list(batches), schema=REQUEST_SCHEMA).unify_dictionaries()
    for at, field in enumerate(REQUEST_SCHEMA):
        if field.nullable:
            table = table.set_column(at, field.name, table.column(at).cast(pa.float64(), safe=False))
    frame: pd.DataFrame = table.to_pandas(split_blocks=True)
    return frame
