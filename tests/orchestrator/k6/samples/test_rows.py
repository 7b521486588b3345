"""Clocks are joined to their requests, order is kept, ends become distinct."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from analysis.requests import NS_PER_S
from orchestrator.k6.samples.decode import BlockDecoder
from orchestrator.k6.samples.rows import HOLD_NS, RowAssembler
from tests.orchestrator.k6.made import HEADER, T_NS, clock, decode, request, timeless


def totals(batches: list[pa.RecordBatch]) -> list[int | None]:
    """Return the totals of batches, in order."""
    return [total for batch in batches for total in batch["total_ns"].to_pylist()]


def ends_of(batches: list[pa.RecordBatch]) -> list[int]:
    """Return the ends of batches, in order."""
    return [end for batch in batches for end in batch["end_ns"].to_pylist()]


def test_clock_of_the_same_block() -> None:
    """A clock in its request's block fills the total at once."""
    assert totals(RowAssembler().push(decode(timeless(serial="a"), clock(2.0, serial="a")))) == [2_000_000]


def test_clock_that_comes_later() -> None:
    """A request waits for its clock, and what came after it waits too: order is kept."""
    rows, decoder = RowAssembler(), BlockDecoder(HEADER.encode())
    assert rows.push(decoder.decode(timeless(serial="a").encode())) == []
    assert rows.push(decoder.decode(request(T_NS + 9).encode())) == []
    ready = rows.push(decoder.decode(clock(3.0, serial="a").encode()))
    assert totals(ready) == [3_000_000, 4_250_000]
    assert ends_of(ready) == [T_NS, T_NS + 9]


def test_clocks_in_another_order() -> None:
    """Each clock finds its own request, however they are mixed."""
    rows = RowAssembler()
    block = decode(*(timeless(T_NS + n, serial=f"f{n}") for n in range(5)))
    assert rows.push(block) == []
    assert rows.push(decode(*(clock(n + 1.0, serial=f"f{n}") for n in (3, 0, 4)))) == []
    ready = rows.push(decode(*(clock(n + 1.0, serial=f"f{n}") for n in (2, 1))))
    assert totals(ready) == [n * 1_000_000 for n in range(1, 6)]


def test_clock_that_never_comes_holds_back_for_5_s_only() -> None:
    """After 5 s of newer requests a row goes on without its time: null, never lost, never 0."""
    rows = RowAssembler()
    assert rows.push(decode(timeless(serial="a"))) == []
    assert rows.push(decode(request(T_NS + HOLD_NS))) == []
    ready = rows.push(decode(request(T_NS + HOLD_NS + 1)))
    assert totals(ready) == [None, 4_250_000, 4_250_000]
    assert rows.finish() == []


def test_a_clock_that_was_set_back_holds_nothing_back() -> None:
    """Requests that end an hour before it let a row go on as well: it would else wait for that hour."""
    rows = RowAssembler()
    assert rows.push(decode(timeless(serial="a"))) == []
    ready = rows.push(decode(request(T_NS - 3600 * NS_PER_S)))
    assert totals(ready) == [None, 4_250_000]


def test_what_is_held_at_the_end_is_given_out() -> None:
    """The end of a Run gives out every row, with the clocks that came and null for the others."""
    rows = RowAssembler()
    rows.push(decode(timeless(T_NS, serial="a"), timeless(T_NS + 1, serial="b"), request(T_NS + 2)))
    rows.push(decode(clock(5.0, serial="b")))
    assert totals(rows.finish()) == [None, 5_000_000, 4_250_000]


def test_users_script_without_clock_waits_for_nothing() -> None:
    """Without serials no clock can come: rows go on at once, their total null."""
    ready = RowAssembler().push(decode(timeless(serial=""), timeless(T_NS + 1, serial=""), request(T_NS + 2)))
    assert totals(ready) == [None, None, 4_250_000]


@given(st.lists(st.tuples(st.sampled_from("rtc"), st.integers(0, 12), st.booleans()), max_size=40))
def test_no_row_is_ever_lost_or_moved(steps: list[tuple[str, int, bool]]) -> None:
    """Whatever comes in whichever blocks, all rows come out in the order of coming."""
    rows, decoder, ready, expected, block = RowAssembler(), BlockDecoder(HEADER.encode()), [], [], ""
    for number, (kind, serial, cut) in enumerate(steps):
        end = T_NS + number * NS_PER_S
        if kind == "c":
            block += clock(1.0, serial=f"s{serial}")
        else:
            expected.append(end)
            block += request(end) if kind == "r" else timeless(end, serial=f"s{serial}")
        if cut:
            ready += rows.push(decoder.decode(block.encode()))
            block = ""
    ready += rows.push(decoder.decode(block.encode())) + rows.finish()
    assert ends_of(ready) == expected
