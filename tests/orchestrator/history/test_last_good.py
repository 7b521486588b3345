"""The last good night: which campaign is it, and when is there none."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import UsageError
from orchestrator.history.last_good import last_good, newest_judged
from orchestrator.model import RunState
from tests.orchestrator.history.nights import Nights

PASS = {"a": "pass", "b": "pass", "control": "pass"}


@pytest.fixture
def nights(tmp_path: Path) -> Nights:
    """Make a home: two good nights, one of another profile, one of one node, then a fails and one is cut."""
    home = Nights(tmp_path, 10)
    home.add(0, PASS)
    home.add(1, PASS)
    home.add(2, PASS, profile="soak")
    home.add(3, {"a": "pass"})
    home.add(4, {"a": "fail", "b": "pass"})
    home.add(5, {"a": "fail", "b": "inconclusive"})
    home.add(6, {"a": None, "b": None}, state=RunState.INTERRUPTED)
    return home


def test_the_newest_that_passed_with_all_nodes(nights: Nights) -> None:
    """Not another profile's, not one that measured fewer nodes, not one of which any node failed."""
    catalog = nights.kept.catalog
    after = newest_judged(catalog)
    assert after["id"] == "c005-smoke"
    found = last_good(catalog, after)
    assert found is not None
    assert found["id"] == "c001-smoke"


def test_of_one_node_its_own_verdict_counts(nights: Nights) -> None:
    """The night on which only the other node failed was good for this one."""
    catalog = nights.kept.catalog
    good = {node: last_good(catalog, newest_judged(catalog, node=node), node) for node in ("a", "b")}
    assert {node: row and row["id"] for node, row in good.items()} == {"a": "c003-smoke", "b": "c004-smoke"}


def test_there_may_be_none(nights: Nights) -> None:
    """Nothing passed before the first night, and a soak is measured by soaks."""
    catalog = nights.kept.catalog
    for name in ("c000-smoke", "c002-soak"):
        assert last_good(catalog, newest_judged(catalog, name)) is None


def test_what_has_no_verdict_is_said(nights: Nights) -> None:
    """A campaign that broke off, or a node that nobody measured, is no night to compare."""
    catalog = nights.kept.catalog
    with pytest.raises(UsageError, match="c006-smoke is none that has a verdict"):
        newest_judged(catalog, "c006-smoke")
    with pytest.raises(UsageError, match="no campaign has a verdict and measured nobody"):
        newest_judged(catalog, node="nobody")
