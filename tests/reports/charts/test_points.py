"""What charts take from a request table."""

from __future__ import annotations

import numpy as np

from reports.charts.points import points_of
from tests.reports.samples import request_table


def test_an_unknown_time_is_never_zero() -> None:
    """A request whose total is null has no latency to draw, counts as failed, and stands at its end."""
    table = request_table(errors=5)
    points = points_of(table)
    unknown = table["total_ns"].isna().to_numpy()
    assert unknown.sum() == 5
    assert np.array_equal(points.timed, ~unknown)
    assert not (points.total_ms[points.timed] == 0).any()
    assert points.failed[unknown].all()
    assert np.array_equal(points.start_ns[unknown], table["end_ns"].to_numpy()[unknown])


def test_setup_and_teardown_are_left_out() -> None:
    """Requests without a scenario are not drawn beside those that have one, but alone they are."""
    table = request_table()
    table["scenario"] = table["scenario"].cat.add_categories("")
    table.loc[:9, "scenario"] = ""
    assert len(points_of(table).start_ns) == 1490
    table["scenario"] = ""
    assert len(points_of(table).start_ns) == 1500


def test_one_scenario() -> None:
    """Asked for one scenario, only its requests are taken."""
    assert len(points_of(request_table(), "kept").start_ns) == 750


def test_nothing() -> None:
    """A missing and an empty table have no points."""
    assert len(points_of(None).start_ns) == 0
    assert len(points_of(request_table().iloc[:0]).start_ns) == 0
