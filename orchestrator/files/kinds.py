"""What a file is, told by how it begins: samples of k6 as CSV or JSON, or something else that has a name."""

from __future__ import annotations

import json
import re
from enum import StrEnum

from orchestrator.errors import K6Error
from orchestrator.k6.samples.blocks import MAX_HEADER_BYTES, shown

BOM = b"\xef\xbb\xbf"
_OTHERS = [
    (re.compile(pattern, re.DOTALL), words)
    for pattern, words in (
        (rb"\s*\Z", "the file is empty"),
        (
            rb"\xff\xfe|\xfe\xff",
            "it is text in UTF-16, as PowerShell writes it: let k6 write the file itself",
        ),
        (rb"\x28\xb5\x2f\xfd|\xfd7zXZ|BZh|PK\x03\x04", "it is packed, and not with gzip: unpack it first"),
        (rb".*\0", "it is binary"),
        (rb"\s*<", "it is a page of HTML or XML"),
        (rb"\s*# (HELP|TYPE) ", "it is metrics in the text format of Prometheus"),
        (rb"\s*[{[]", "it is JSON, but no samples: a summary of k6 holds totals only"),
        (rb"[^\n]*\Z", "it has no first line of column names"),
    )
]


class Kind(StrEnum):
    """How k6 wrote the samples."""

    CSV = "CSV"
    JSON = "JSON"


def kind_of(head: bytes) -> Kind:
    """Return what a file is whose content begins so.

    Raises
    ------
    K6Error
        It is no samples of k6, with what it looks like.
    """
    lines = head[:MAX_HEADER_BYTES].removeprefix(BOM).split(b"\n")
    if b"metric_name" in lines[0]:
        return Kind.CSV
    if any(_is_sample(line) for line in lines):
        return Kind.JSON
    begins = head[:MAX_HEADER_BYTES]
    for pattern, words in _OTHERS:
        if pattern.match(begins):
            raise K6Error(words)
    raise K6Error(f"k6 wrote no CSV of samples: its first line is {shown(lines[0])}, without metric_name")


def _is_sample(line: bytes) -> bool:
    """Tell whether a line is one that k6 writes; the first of a file may be cut off."""
    if not line.startswith(b"{"):
        return False
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and value.get("type") in ("Metric", "Point") and "metric" in value
