"""One batch on its way: halved when it is too large or refused, until what is refused stands alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from orchestrator.stores.influxdb.failures import InfluxError

MAX_BYTES = 8 << 20
"""What is sent at once, before gzip: 5,000 ordinary lines are 2 MB."""
TOO_LARGE = 413
REFUSING = frozenset({400, 422})


class Part(Protocol):
    """Some rows that follow each other."""

    @property
    def first_row(self) -> int:
        """The number of its first row."""

    @property
    def rows(self) -> int:
        """How many rows there are."""

    def lines(self) -> bytes:
        """Return them as line protocol."""

    def halves(self) -> tuple[Part, Part]:
        """Return the first half and the rest of at least two rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Rows that a server will never take, and what it said."""

    first_row: int
    rows: int
    lines: bytes
    reason: str


def deliver(part: Part, write: Callable[[bytes], None]) -> Iterator[Refusal]:
    """Write rows and yield those that the server refuses; when this ends, all others are there.

    Raises
    ------
    InfluxError
        For whatever is not about these rows: some may be there already, and writing all again is right.
    """
    lines = part.lines()
    if len(lines) > MAX_BYTES and part.rows > 1:
        yield from _halved(part, write)
        return
    try:
        write(lines)
    except InfluxError as error:
        if not is_about_points(error):
            raise
        if part.rows > 1 and dropped_by(error) != part.rows:
            yield from _halved(part, write)
        else:
            yield Refusal(
                first_row=part.first_row, rows=part.rows, lines=lines, reason=error.said or error.message
            )


def _halved(part: Part, write: Callable[[bytes], None]) -> Iterator[Refusal]:
    for half in part.halves():
        yield from deliver(half, write)


def is_about_points(error: InfluxError) -> bool:
    """Tell whether it is the points that a server did not take.

    A 400 without InfluxDB's own words comes from something else, such as a TLS port asked in plain HTTP.
    """
    if error.status == TOO_LARGE:
        return True
    return error.status in REFUSING and bool(error.code or re.search(r"partial write|parse", error.said))


def dropped_by(error: InfluxError) -> int | None:
    """Return how many points a server says that it dropped, having written the others of the request."""
    found = re.search(r"dropped[= ](\d+)", error.said)
    return int(found[1]) if found else None
