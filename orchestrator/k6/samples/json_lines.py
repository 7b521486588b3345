"""Read blocks of the JSON that ``k6 run -o json=...`` writes: one object a line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json

from orchestrator.k6.samples.lines import TAGS, Lines, codes_of, one_chunk

POINT, METRIC = "Point", "Metric"
_TAG_NAMES = (*(tag for tag in TAGS if tag != "extra_tags"), "url", "endpoint")
_SCHEMA = pa.schema(
    {
        "metric": pa.string(),
        "type": pa.string(),
        "data": pa.struct(
            {
                "time": pa.string(),
                "value": pa.float64(),
                "tags": pa.struct(dict.fromkeys(_TAG_NAMES, pa.string())),
                "metadata": pa.struct({"serial": pa.string()}),
            }
        ),
    }
)


class JsonReader:
    """Reads blocks of samples; declarations of metrics stand between them and are no samples."""

    def read(self, block: bytes) -> Lines:
        """Return what the lines say; a line that is no object of k6 is none."""
        table, unreadable = _quickly(block) or _line_by_line(block)
        points = pc.equal(table["type"], POINT)
        if pc.any(pc.invert(points)).as_py():
            table = table.filter(points)
        data = one_chunk(table["data"])
        tags = {tag: pc.struct_field(data, ["tags", tag]) for tag in _TAG_NAMES}
        name, endpoint = pc.coalesce(tags["name"], tags.pop("url")), tags.pop("endpoint")
        extra = pc.binary_join_element_wise("endpoint", endpoint, "=")
        return Lines(
            codes=codes_of(one_chunk(table["metric"]).dictionary_encode()),
            values=pc.struct_field(data, "value").to_numpy(zero_copy_only=False),
            stamps=pc.struct_field(data, "time"),
            tags=tags | {"name": name, "extra_tags": extra},
            serials=lambda: pc.struct_field(data, ["metadata", "serial"]),
            unreadable=unreadable,
        )


def _quickly(block: bytes) -> tuple[pa.Table, int] | None:
    """Let Arrow read the block; None where it cannot, or would not go by lines."""
    lines = _objects(block)
    if not lines:
        return None
    with suppress(pa.ArrowInvalid, UnicodeDecodeError):
        if not block.isascii():
            block.decode()  # Arrow does not look
        table = pyarrow.json.read_json(
            pa.BufferReader(block),
            read_options=pyarrow.json.ReadOptions(use_threads=False, block_size=len(block) + 1),
            parse_options=pyarrow.json.ParseOptions(
                explicit_schema=_SCHEMA, unexpected_field_behavior="ignore"
            ),
        ).combine_chunks()
        known = pc.is_in(table["type"], pa.array([POINT, METRIC]))
        missing = table["metric"].null_count + table["data"].null_count
        if table.num_rows == lines and not missing and pc.all(known).as_py():
            return table, 0
    return None


def _objects(block: bytes) -> int:
    """Count the lines, each from a brace to a brace; 0 where one is not.

    A `null` of its own would take Arrow down, and an object may not reach over lines.
    """
    letters = np.frombuffer(block, np.uint8)
    if len(letters) < 2 or letters[-1] != ord("\n"):
        return 0
    ends = np.flatnonzero(letters == ord("\n"))
    last = letters[ends - 1]
    last = np.where(last == ord("\r"), letters[ends - 2], last)
    begins = letters[np.append(0, ends[:-1] + 1)]
    return len(ends) if bool((begins == ord("{")).all() and (last == ord("}")).all()) else 0


def _line_by_line(block: bytes) -> tuple[pa.Table, int]:
    """Do the same slowly, where a line that cannot be read costs nothing but itself."""
    kept: list[dict[str, Any]] = []
    unreadable = 0
    for line in block.decode("utf-8", "replace").split("\n"):
        if line.strip():
            sample = _sample(line)
            kept += [sample] if sample else []
            unreadable += not sample
    return pa.Table.from_pylist(kept, schema=_SCHEMA), unreadable


def _sample(line: str) -> dict[str, Any] | None:
    """Return the line's object with what is of the right type; None when it is no sample."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or value.get("type") not in (POINT, METRIC):
        return None
    metric, data = value.get("metric"), value.get("data")
    if not isinstance(metric, str) or not isinstance(data, dict):
        return None
    return {
        "metric": _text(metric),
        "type": value["type"],
        "data": {
            "time": _text(data.get("time")),
            "value": _number(data.get("value")),
            "tags": _texts(data.get("tags"), _TAG_NAMES),
            "metadata": _texts(data.get("metadata"), ("serial",)),
        },
    }


def _texts(values: object, names: Sequence[str]) -> dict[str, str | None]:
    return {name: _text(values.get(name)) if isinstance(values, dict) else None for name in names}


def _text(value: object) -> str | None:
    """Return text that Arrow takes: halves of surrogate pairs, which JSON can hold, become `?`."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else None


def _number(value: object) -> float | None:
    """Return a number as Arrow would; what is too large for it is infinite."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return float("inf")
