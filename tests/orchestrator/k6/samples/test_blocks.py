"""Blocks end where requests end, wherever the bytes were cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import K6Error
from orchestrator.k6.samples import blocks
from orchestrator.k6.samples.blocks import BlockCutter, LineCutter
from tests.orchestrator.k6.made import HEADER, T_NS, clock, line, request, rows_of, timeless

HOSTILE = 'a "quoted"\nhttp_reqs,1,2,3\n,and\r\n more'
OUTPUT = "".join(
    [
        HEADER + "\n",
        line("stallwatch_started", T_NS, 1, scenario="kept"),
        request(T_NS, metadata="k0"),
        request(T_NS, metadata="k1", name=HOSTILE),
        line("vus", T_NS, 5),
        timeless(T_NS + 5, serial="f0"),
        request(T_NS + 1, metadata="k2", error='he said "no"'),
        clock(12.5, serial="f0"),
        timeless(T_NS + 2, serial="f1", error=HOSTILE),
        timeless(T_NS + 2, serial="f2"),
        request(T_NS, extra_tags="endpoint=http_reqs"),
        clock(7.0, serial="f2"),
        clock(8.0, serial="f1"),
        line("data_sent", T_NS, 99, metadata=HOSTILE),
    ]
).encode()


def split(data: bytes, cuts: list[int]) -> list[bytes]:
    """Cut bytes at the given places."""
    places = [0, *sorted(cuts), len(data)]
    return [data[a:b] for a, b in pairwise(places)]


@given(st.lists(st.integers(0, len(OUTPUT)), max_size=40))
def test_splitting_the_stream_never_changes_rows(cuts: list[int]) -> None:
    """Whichever way k6's output arrives, the rows are the same, in the same order."""
    rows = rows_of([OUTPUT])
    assert len(rows) == 7
    assert [row["total_ns"] for row in rows if row["status"] == 0] == [12_500_000, 8_000_000, 7_000_000]
    assert rows_of(split(OUTPUT, cuts)) == rows


def test_byte_by_byte() -> None:
    """Output that arrives one byte at a time makes the same rows."""
    assert rows_of(split(OUTPUT, list(range(len(OUTPUT))))) == rows_of([OUTPUT])


@given(st.lists(st.integers(0, len(OUTPUT)), max_size=10))
def test_blocks_are_the_bytes_that_came(cuts: list[int]) -> None:
    """No byte behind the header is lost, doubled or moved, and each block begins a line."""
    cutter, taken = BlockCutter(), []
    for chunk in split(OUTPUT, cuts):
        cutter.push(chunk)
        taken.append(cutter.cut())
    taken += cutter.finish()
    assert cutter.header == HEADER.encode()
    assert b"".join(taken) == OUTPUT[len(HEADER) + 1 :]
    assert all(block.endswith(b"\n") for block in taken[:-1] if block)


def test_request_inside_quotes_is_no_boundary() -> None:
    """A tag that holds a newline followed by http_reqs, does not part its request."""
    cutter = BlockCutter()
    cutter.push((HEADER + "\n" + request(name=HOSTILE)).encode())
    assert cutter.cut() == b""
    cutter.push(request().encode())
    assert cutter.cut() == request(name=HOSTILE).encode()


def test_broken_last_line_is_told_apart() -> None:
    """What a killed k6 left half written is not decoded, and not silently dropped."""
    cutter = BlockCutter()
    cutter.push((HEADER + "\n" + request() + 'http_reqs,17,1.0,"half').encode())
    assert cutter.finish() == (request().encode(), b'http_reqs,17,1.0,"half')


def test_quote_without_end_costs_its_own_line_only() -> None:
    """A line that opens a quote and never closes it is dropped and counted; what stands behind it is not."""
    for data in (request() + 'a "quote\n' + request(), request() + 'a "quote\n' + request() * 20_000):
        cutter = BlockCutter()
        cutter.push((HEADER + "\n" + data).encode())
        block = cutter.cut() + cutter.cut() + cutter.finish()[0]
        assert block.decode() == data.replace('a "quote\n', "")
        assert cutter.dropped == 1


@pytest.mark.parametrize("cutter", [LineCutter, BlockCutter])
def test_line_without_end_fills_no_memory(cutter: type[LineCutter]) -> None:
    """A line of hundreds of MB is thrown away as it comes, counted once; its request stays whole."""
    header = b"" if cutter is LineCutter else HEADER.encode() + b"\n"
    lines = request().splitlines(keepends=True)
    cut = cutter()
    cut.push(header + "".join(lines[:4]).encode())
    for _ in range(50):
        cut.push(b"x" * (1 << 20))
        assert cut.cut() == b""
        assert len(cut) <= blocks.MAX_REST_BYTES + (1 << 20)
    cut.push(b"\n" + "".join(lines[4:]).encode())
    assert cut.finish() == (request().encode(), b"")
    assert cut.dropped == 1


def test_header_without_end_is_refused() -> None:
    """A first line of more than 64 KiB is no header, before it fills any memory."""
    for data in (b"x" * 100_000, b"x" * 100_000 + b"\n"):
        with pytest.raises(K6Error, match="longer than 65,536 bytes"):
            BlockCutter().push(data)


def test_header_alone_and_nothing_at_all() -> None:
    """Output that ends in its first line, or before it, holds no block."""
    for data in (b"", b"metric_na", HEADER.encode() + b"\r\n"):
        cutter = BlockCutter()
        cutter.push(data)
        assert cutter.cut() == b""
        assert cutter.finish()[0] == b""
    assert cutter.header == HEADER.encode()


def test_script_without_requests_fills_no_memory() -> None:
    """Samples of other metrics without end are handed on once they are many."""
    cutter = BlockCutter()
    sample = line("ws_msgs_sent", T_NS, 1, name=HOSTILE).encode()
    count = blocks.MAX_REST_BYTES // len(sample) + 1
    cutter.push(HEADER.encode() + b"\n" + request().encode() + sample * count + b"ws_ms")
    block = cutter.cut()
    assert block == request().encode() + sample * count
    assert len(cutter) == len(b"ws_ms")
