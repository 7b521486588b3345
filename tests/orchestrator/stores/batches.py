"""Batches of the request table for tests of stores."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from orchestrator.stores.contract import REQUEST_SCHEMA

T_NS = 1_780_000_000_123_456_789
HOSTILE = [
    "",
    "a\nb\r\n",
    'tab\t"quote" \\',
    "日本 \u202e é",
    "\x00nul",
    "<script>alert(1)</script>",
    "x" * 10_000,
    "trailing\\",
    " ",
]


def batch(rows: int, *, first: int = 0, seed: int = 0, texts: list[str] | None = None) -> pa.RecordBatch:
    """Return rows whose end_ns counts up from T_NS + first; every third value that may be null is."""
    rng = np.random.default_rng(seed)
    columns: list[Any] = []
    for field in REQUEST_SCHEMA:
        if field.name == "end_ns":
            columns.append(pa.array(T_NS + first + np.arange(rows)))
        elif field.nullable:
            totals = rng.integers(0, 2**62, rows)
            columns.append(pa.array(totals, mask=np.arange(rows) % 3 == 2))
        elif pa.types.is_dictionary(field.type):
            words = texts or [f"{field.name}-{n}" for n in range(seed % 4 + 1)]
            codes = rng.integers(0, len(words), rows).astype(np.int32)
            columns.append(pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(words, pa.string())))
        elif pa.types.is_boolean(field.type):
            columns.append(pa.array(rng.integers(0, 2, rows).astype(bool)))
        else:
            info = np.iinfo(field.type.to_pandas_dtype())
            columns.append(pa.array(rng.integers(info.min, info.max, rows, dtype=info.dtype)))
    return pa.record_batch(columns, schema=REQUEST_SCHEMA)


def rows_of(batches: Any) -> list[dict[str, Any]]:
    """Return batches as plain rows."""
    return [row for one in batches for row in one.to_pylist()]


def replaced(batch: pa.RecordBatch, **values: Any) -> pa.RecordBatch:
    """Return a batch with other columns: arrays, or one value for all rows."""
    for name, value in values.items():
        field = batch.schema.field(name)
        column = value if np.ndim(value) else np.repeat(value, batch.num_rows)
        batch = batch.set_column(batch.schema.names.index(name), field, pa.array(column, field.type))
    return batch
