"""Requests as line protocol: one line each, exact, and the same however the batches are cut."""

from __future__ import annotations

import itertools

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.stores.influxdb.points import EXACT_NS, RunTags, request_lines
from tests.orchestrator.stores.batches import HOSTILE, T_NS, batch

TAGS = RunTags(run="smoke-1.node-1", node="node 1", profile="smoke")


@given(st.integers(-EXACT_NS, EXACT_NS))
def test_milliseconds_are_exact(ns: int) -> None:
    """A duration of up to 26 days comes back from milliseconds to the nanosecond."""
    assert np.rint(np.float64(ns) / 1e6 * 1e6) == ns


def test_a_line_holds_the_whole_request() -> None:
    """Tags in the order that InfluxDB sorts them in, the fields of the design, the end as the time."""
    rows = batch(1, texts=["é"])
    known = {"total_ns": 1_500_000, "connecting_ns": 0, "tls_ns": 1, "status": 200, "error_code": 0}
    for name, value in known.items():
        field = rows.schema.field(name)
        rows = rows.set_column(rows.schema.names.index(name), field, pa.array([value], field.type))
    line = bytes(request_lines(rows, TAGS, 7)).decode()
    start = r"request,endpoint=é,node=node\ 1,profile=smoke,run=smoke-1.node-1,scenario=é,status=200 "
    assert line.startswith(start + "row=7i,total_ms=1.5,")
    assert ",connecting_ms=0,tls_ms=0.000001,sending_ms=" in line
    assert ',method="é",proto="é",ip="é",error="é" ' in line
    assert line.endswith(f" {T_NS}\n")
    assert "\n" not in line[:-1]


def test_what_is_unknown_or_empty_is_left_out() -> None:
    """A null and an empty text leave no field: InfluxDB has neither."""
    line = bytes(request_lines(batch(3, texts=[""]).slice(2), TAGS, 0)).decode()
    for name in ("total_ms", "total_ns", "received_bytes", "method", "error"):
        assert f",{name}=" not in line
    assert ",error_code=" in line


def test_batches_may_be_cut_anywhere() -> None:
    """Sent again in other pieces, a request makes the same point: it overwrites itself."""
    rows = batch(200, texts=HOSTILE)
    whole = bytes(request_lines(rows, TAGS, 0))
    cuts = [0, 1, 2, 50, 199, 200]
    pieces = [request_lines(rows.slice(a, b - a), TAGS, a) for a, b in itertools.pairwise(cuts)]
    assert b"".join(map(bytes, pieces)) == whole


def test_no_rows_no_lines() -> None:
    """An empty batch is nothing to send."""
    assert bytes(request_lines(batch(0), TAGS, 0)) == b""
