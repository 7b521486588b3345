"""What a file is, told by how it begins: samples of k6 as CSV or JSON, or something else that has a name."""

from __future__ import annotations

import json
from enum import StrEnum

from orchestrator.errors import K6Error
from orchestrator.k6.samples.blocks import MAX_HEADER_BYTES

BOM = b"\xef\xbb\xbf"


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
    raise K6Error(_looks_like(head[:MAX_HEADER_BYTES]))


def _is_sample(line: bytes) -> bool:
    """Tell whether a line is one that k6 writes; the first of a file may be cut off."""
    if not line.startswith(b"{"):
        return False
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and value.get("type") in ("Metric", "Point") and "metric" in value


def _looks_like(head: bytes) -> str:
    start = head.lstrip()[:200]
    if not start:
        return "the file is empty"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "it is text in UTF-16, as a redirect of PowerShell writes it: let k6 write the file itself"
    if b"\0" in head:
        return "it is binary"
    if start[:1] == b"<":
        return "it is a page of HTML or XML"
    if start.startswith((b"# HELP", b"# TYPE")):
        return "it is metrics in the text format of Prometheus"
    if start[:1] in (b"{", b"["):
        return "it is JSON, but no samples: a summary of k6 holds totals only"
    if b"\n" not in head[:MAX_HEADER_BYTES]:
        return f"it has no first line of column names: it begins with {start[:40]!r}"
    return (
        f"k6 wrote no CSV of samples: its first line is {start.splitlines()[0][:80]!r}, without metric_name"
    )
