"""What failed, by node, error and endpoint."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.findings import NodeResult
from reports.errors import MAX_KINDS, error_kinds
from tests.reports.samples import STARTED_NS, quiet_run, request_table

NODE = NodeResult(name="n", kind="node", analysis=quiet_run())


def failing(kinds: list[tuple[str, int, int, str]]) -> pd.DataFrame:
    """Make a request table in which the first requests fail, one of each given kind."""
    table = request_table()
    rest = len(table) - len(kinds)
    table["error"] = pd.Categorical([kind[0] for kind in kinds] + [""] * rest)
    table["status"] = np.array([kind[1] for kind in kinds] + [200] * rest, dtype=np.int16)
    table["error_code"] = np.array([kind[2] for kind in kinds] + [0] * rest, dtype=np.int16)
    table["endpoint"] = pd.Categorical([kind[3] for kind in kinds] + ["/"] * rest)
    table["failed"] = np.arange(len(table)) < len(kinds)
    return table


def test_errors_are_counted_by_kind() -> None:
    """The same error at one endpoint is one line with its number; the most frequent comes first."""
    table = failing([("", 503, 1503, "/a"), ("reset", 0, 1220, "/a"), ("reset", 0, 1220, "/a")])
    table.loc[[1, 2], "end_ns"] = [STARTED_NS + 61_000_000, STARTED_NS + 110_000_000]
    listed = error_kinds([NODE], {"n": table}).listed
    assert [(view.error, view.endpoint, view.count) for view in listed] == [
        ("reset, k6 error 1220", "/a", "2"),
        ("status 503", "/a", "1"),
    ]
    assert (listed[0].first, listed[0].last) == ("02:00:00.061", "02:00:00.110")


def test_a_request_of_unknown_time_is_an_error() -> None:
    """A request without a time is listed although nothing marks it as failed."""
    table = failing([])
    table.loc[7, "total_ns"] = float("nan")
    assert [(view.error, view.count) for view in error_kinds([NODE], {"n": table}).listed] == [
        ("status 200", "1")
    ]


def test_many_kinds_are_cut_and_counted() -> None:
    """Of a flood of different errors the list stays short and says how many more there are."""
    table = failing([(f"error {k}", 0, 0, "/") for k in range(MAX_KINDS + 3)])
    errors = error_kinds([NODE], {"n": table})
    assert len(errors.listed) == MAX_KINDS
    assert (errors.more, errors.more_requests) == (3, 3)


def test_no_errors() -> None:
    """Nothing failed, nothing is stored, or no table is there: nothing is listed."""
    for frames in ({}, {"n": request_table()}, {"n": request_table().iloc[:0]}):
        assert error_kinds([NODE], frames).listed == ()
