"""How commands speak: data on standard output, everything for people on standard error."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


class Format(StrEnum):
    """How data is printed."""

    TEXT = "text"
    JSON = "json"


def one_line(text: str) -> str:
    """Return text as one line that cannot steer a terminal: whatever is not printable is escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def say(text: str) -> None:
    """Tell a person something: one line on standard error."""
    if sys.stderr is not None:  # closed by whoever started us; print would take standard output instead
        print(one_line(text), file=sys.stderr, flush=True)


def json_line(value: Any) -> str:
    """Return one JSON object as one line.

    Raises
    ------
    ValueError
        For NaN and infinities: JSON has none, so the caller decides what stands for them (null).
    """
    return json.dumps(value, ensure_ascii=False, allow_nan=False, default=str)


def print_json(value: Any) -> None:
    """Print one JSON object on one line of standard output; see `json_line`."""
    print(json_line(value), flush=True)


def console() -> Console:
    """Return a console on standard error for progress; markup in names stays text."""
    from rich.console import Console

    return Console(stderr=True, markup=False, highlight=False, emoji=False)
