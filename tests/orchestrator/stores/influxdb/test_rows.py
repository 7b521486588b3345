"""InfluxDB's answers become the rows as they were written, or an error."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import StoreError
from orchestrator.stores.influxdb import rows
from orchestrator.stores.influxdb.rows import read_rows

COLUMNS = ["end_ns", "total_ns", "error"]
HEADER = b"name,tags,time,row,total_ms,error\n"


def answer(numbers: list[int]) -> bytes:
    """Return the CSV of rows in the order of time, which says nothing of their numbers."""
    return HEADER + b"".join(
        b"request,,%d,%d,%d.5,e%d\n" % (time, number, number, number)
        for time, number in enumerate(numbers, start=100)
    )


def read(content: bytes, piece: int = 7) -> list[tuple[int | None, str]]:
    """Return total and error of each row, from an answer that comes in small pieces."""
    pieces = (content[at : at + piece] for at in range(0, len(content), piece))
    return [
        (row["total_ns"], row["error"]) for batch in read_rows(pieces, COLUMNS) for row in batch.to_pylist()
    ]


@given(
    st.integers(1, 60).flatmap(lambda n: st.permutations(range(n))),
    st.sets(st.integers(0, 60)),
    st.integers(1, 40),
)
def test_rows_are_in_their_order(order: list[int], lost: set[int], enough: int) -> None:
    """However time has mixed the rows, and whichever are missing, the others come in their order, once."""
    there = [number for number in order if number not in lost]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows, "SORT_ROWS", enough)
        patch.setattr(rows, "BLOCK_BYTES", 200)
        found = read(answer(there)) if there else []
    assert found == [(number * 1_000_000 + 500_000, f"e{number}") for number in sorted(there)]


def test_much_that_is_mixed() -> None:
    """A long answer, in blocks, is sorted as well."""
    numbers = list(range(100_000))
    random.Random(1).shuffle(numbers)
    assert [error for _, error in read(answer(numbers), 1 << 16)] == [f"e{n}" for n in range(100_000)]


def test_what_is_missing_is_null_and_what_is_empty_is_empty() -> None:
    """A duration that was not known is null; a text that was empty is an empty text."""
    assert read(HEADER + b"request,,1,0,,\n") == [(None, "")]


def test_an_empty_answer_has_no_rows() -> None:
    """Nothing is no error: whoever asked knows how many rows there should be."""
    assert read(b"") == []


@pytest.mark.parametrize("content", [b"error\nquery timed out\n", b"<html>\n<p>\n", HEADER + b"a,b\n"])
def test_a_strange_answer_is_one_line(content: bytes) -> None:
    """What is no table of requests is told as such."""
    with pytest.raises(StoreError, match="what InfluxDB answers cannot be read: "):
        read(content)
