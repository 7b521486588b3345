"""The last half minute of a Run, by when it came."""

from __future__ import annotations

from collections import Counter
from functools import cache

import numpy as np
import pyarrow as pa

from orchestrator.k6.recent import Recent, errors_of
from tests.orchestrator.k6.made import T_NS, decode, request, timeless

REFUSED = "dial: connection refused"


@cache
def batch(good: int, refused: int = 0, unavailable: int = 0) -> pa.RecordBatch:
    """Return requests that went well, were refused, and were answered with 503."""
    lines = [request(T_NS + n) for n in range(good)]
    lines += [timeless(T_NS + n, serial="") for n in range(refused)]
    lines += [request(T_NS + n, failed=True, status="503", error_code="1503") for n in range(unavailable)]
    return decode(*lines).requests


def test_failures_are_counted_by_error_or_status() -> None:
    """What went well is no error; a status counts where there is no error."""
    assert errors_of(batch(3, refused=2, unavailable=4)) == {REFUSED: 2, "status 503": 4}
    assert errors_of(batch(3)) == Counter()


def test_only_what_came_lately_is_counted() -> None:
    """A tally covers the seconds that it is asked for, and nothing is kept for more than 30."""
    recent = Recent()
    recent.add(batch(1, refused=1), 0.0)
    recent.add(batch(2, unavailable=1), 25.0)
    whole = recent.tally(29.0, 30.0)
    assert (whole.requests, whole.failed) == (5, 2)
    assert recent.errors(29.0, 30.0) == {REFUSED: 1, "status 503": 1}
    assert recent.errors(29.0, 10.0) == {"status 503": 1}
    last = recent.tally(29.0, 10.0)
    assert (last.requests, last.failed) == (3, 1)
    recent.add(batch(1), 31.0)
    assert recent.tally(31.0, 1000.0).requests == 4
    assert recent.tally(99.0, 30.0).requests == 0


def test_totals_are_nan_where_no_time_is_known() -> None:
    """What progress takes quantiles of: a total of each request, in ns."""
    recent = Recent()
    assert len(recent.totals_ns(0.0, 10.0)) == 0
    recent.add(batch(2, refused=1), 1.0)
    totals = recent.totals_ns(2.0, 10.0)
    assert np.isnan(totals).sum() == 1
    assert np.nanmax(totals) == 4_250_000
