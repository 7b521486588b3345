"""Batches that a server takes whole, in halves, or not at all."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.shipping.delivery import MAX_BYTES, Refusal, deliver
from orchestrator.shipping.verdicts import Points
from orchestrator.stores.influxdb.failures import InfluxError

Write = Callable[[bytes], None]


def error(status: int, said: str = "", code: str = "") -> InfluxError:
    """Return what a client raises."""
    return InfluxError("no", status=status, said=said, code=code)


class Server:
    """Takes lines but for those that say bad, and no more than so many at once."""

    def __init__(self, *, most: int = 1_000_000, counts: bool = False) -> None:
        self.most, self.counts = most, counts
        self.kept: list[str] = []
        self.requests = 0

    def write(self, lines: bytes) -> None:
        """Take lines as InfluxDB does: what can be written is, even when the answer is an error."""
        self.requests += 1
        texts = lines.decode().splitlines()
        if len(texts) > self.most:
            raise error(413)
        good = [text for text in texts if "bad" not in text]
        self.kept += good
        if bad := len(texts) - len(good):
            said = f"partial write: not good dropped={bad}" if self.counts else "unable to parse 'bad'"
            raise error(422 if self.counts else 400, said, "invalid")


def points(*texts: str) -> Points:
    """Return lines as a part that begins at row 100."""
    return Points(texts=texts, first_row=100)


@given(bad=st.sets(st.integers(0, 40)), most=st.integers(1, 50), counts=st.booleans())
def test_only_what_is_refused_is_left_out(bad: set[int], most: int, *, counts: bool) -> None:
    """Whichever lines are bad, however few fit into a request: all others are there, the bad ones named."""
    texts = [f"{'bad' if i in bad else 'good'} {i}" for i in range(41)]
    server = Server(most=most, counts=counts)
    refusals = list(deliver(points(*texts), server.write))
    assert set(server.kept) == {text for i, text in enumerate(texts) if i not in bad}
    rows = [row for one in refusals for row in range(one.first_row - 100, one.first_row - 100 + one.rows)]
    assert rows == sorted(bad)
    assert b"".join(one.lines for one in refusals).decode().splitlines() == [texts[row] for row in rows]


def test_a_batch_of_which_nothing_is_taken_is_asked_once() -> None:
    """Where the server says that it dropped them all, 5,000 points do not cost 10,000 requests."""
    server = Server(counts=True)
    [refusal] = deliver(points(*["bad"] * 5000), server.write)
    assert (refusal.rows, server.requests) == (5000, 1)
    assert refusal.reason == "partial write: not good dropped=5000"


def test_one_point_that_is_too_large_is_refused() -> None:
    """Where even one line is too much, it is refused, as waiting makes it no smaller."""
    server = Server(most=0)
    assert [one.first_row for one in deliver(points("a", "b"), server.write)] == [100, 101]


def test_a_batch_that_we_find_too_large_is_halved_before_it_is_sent() -> None:
    """Long lines go in several requests, each below the limit."""
    server, sizes = Server(), list[int]()

    def write(lines: bytes) -> None:
        sizes.append(len(lines))
        server.write(lines)

    texts = [str(i) + "x" * (MAX_BYTES // 3) for i in range(7)]
    assert list(deliver(points(*texts), write)) == []
    assert server.kept == texts
    assert max(sizes) <= MAX_BYTES


@pytest.mark.parametrize(
    "trouble",
    [
        error(401, "unauthorized access", "unauthorized"),
        error(404, "bucket not found", "not found"),
        error(400, "<h1>The plain HTTP request was sent to HTTPS port</h1>"),
        error(429, "too many", "too many requests"),
        error(503, "", "unavailable"),
        error(200),
    ],
)
def test_what_is_not_about_the_points_refuses_none(trouble: InfluxError) -> None:
    """A token, a bucket, an overloaded server, or something that is no InfluxDB: nothing is set aside."""

    def write(_: bytes) -> None:
        raise trouble

    found: list[Refusal] = []
    with pytest.raises(InfluxError, match=re.escape(str(trouble))):
        found.extend(deliver(points("a", "b"), write))
    assert found == []
