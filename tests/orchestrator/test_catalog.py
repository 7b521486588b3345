"""The catalog: ids, locks, and databases that are none."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from orchestrator.catalog import LEASE_S, Catalog
from orchestrator.errors import StoreError, UsageError
from orchestrator.model import RunState

NOW_NS = 1_780_000_000_000_000_000
LEASE_NS = int(LEASE_S * 1e9)


def catalog_with(folder: Path, *campaigns: str) -> Catalog:
    """Return a catalog of running campaigns with two runs each, in the order of their start."""
    catalog = Catalog(folder / "catalog.db", folder / "locks")
    for number, name in enumerate(campaigns):
        catalog.add_campaign(id=name, profile="smoke", state=RunState.RUNNING, started_ns=number)
        for node in ("n0", "n1"):
            catalog.add_run(
                id=f"{name}.{node}", campaign_id=name, node=node, kind="node", profile="smoke",
                state=RunState.RUNNING, started_ns=number,
            )  # fmt: skip
    return catalog


def test_an_id_finds_its_campaign_and_runs(tmp_path: Path) -> None:
    """A campaign's id and `last` mean all its runs, a run's id that run."""
    catalog = catalog_with(tmp_path, "a", "b")
    for name, campaign, runs in (
        ("a", "a", ["a.n0", "a.n1"]),
        ("last", "b", ["b.n0", "b.n1"]),
        ("a.n1", "a", ["a.n1"]),
    ):
        found, rows = catalog.find(name)
        assert (found["id"], [row["id"] for row in rows]) == (campaign, runs)


def test_an_unknown_id_says_what_there_is(tmp_path: Path) -> None:
    """The latest campaign is named; an empty home says that nothing has run."""
    with pytest.raises(UsageError, match="no run or campaign 'c', the latest campaign being b"):
        catalog_with(tmp_path, "a", "b").find("c")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="nothing has run yet"):
        catalog_with(tmp_path / "empty").find("last")


def test_a_lock_is_held_by_one(tmp_path: Path) -> None:
    """A campaign that is held is not taken over; one that is not is, once."""
    catalog = catalog_with(tmp_path, "a")
    with catalog.holding("a"), catalog.taking_over("a") as abandoned:
        assert not abandoned
    with catalog.taking_over("a") as first, catalog.taking_over("a") as second:
        assert (first, second) == (True, False)
    catalog.update_campaign("a", state=RunState.DONE)
    with catalog.taking_over("a") as again:
        assert not again


def test_many_writers_lose_nothing(tmp_path: Path) -> None:
    """Campaigns that start at the same moment, each with a connection of its own, are all there."""

    def add(number: int) -> None:
        catalog = Catalog(tmp_path / "catalog.db", tmp_path / "locks")
        catalog.add_campaign(id=str(number), profile="smoke", state=RunState.DONE, started_ns=number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(40)))
    assert len(catalog_with(tmp_path).list_campaigns()) == 40


@pytest.mark.parametrize("kind", ["folder", "garbage"])
def test_a_catalog_that_is_none_is_named(tmp_path: Path, kind: str) -> None:
    """A folder or another file in its place is one line with the path."""
    path = tmp_path / "catalog.db"
    path.mkdir() if kind == "folder" else path.write_bytes(b"not a database at all " * 99)
    with pytest.raises(StoreError, match=r"catalog\.db cannot be used"):
        Catalog(path, tmp_path / "locks")


OLD_CATALOG = """
CREATE TABLE campaigns (id VARCHAR NOT NULL, profile VARCHAR NOT NULL, state VARCHAR NOT NULL,
  started_ns BIGINT NOT NULL, ended_ns BIGINT, verdict VARCHAR, sentence VARCHAR, PRIMARY KEY (id));
CREATE TABLE runs (id VARCHAR NOT NULL, campaign_id VARCHAR NOT NULL, node VARCHAR NOT NULL,
  kind VARCHAR NOT NULL, profile VARCHAR NOT NULL, state VARCHAR NOT NULL, started_ns BIGINT NOT NULL,
  ended_ns BIGINT, requests BIGINT, verdict VARCHAR, error VARCHAR, PRIMARY KEY (id),
  FOREIGN KEY(campaign_id) REFERENCES campaigns (id));
INSERT INTO campaigns VALUES ('a', 'smoke', 'done', 1, 2, 'pass', 'pass: all is well.');
INSERT INTO runs VALUES ('a.n0', 'a', 'n0', 'node', 'smoke', 'done', 1, 2, 300, 'pass', '');
"""


def test_a_catalog_of_an_older_version_is_completed(tmp_path: Path) -> None:
    """Columns that came later are added, by several commands at once, and every row stays what it was."""
    with sqlite3.connect(tmp_path / "catalog.db") as connection:
        connection.executescript(OLD_CATALOG)
    connection.close()
    with ThreadPoolExecutor(8) as pool:
        catalogs = list(pool.map(lambda _: Catalog(tmp_path / "catalog.db", tmp_path / "locks"), range(8)))
    campaign, [run] = catalogs[0].find("a")
    assert campaign["sentence"] == "pass: all is well."
    assert (run["requests"], run["verdict"], run["unfit"]) == (300, "pass", None)
    catalogs[1].update_run("a.n0", unfit="stopped")
    assert catalogs[2].find("a.n0")[1][0]["unfit"] == "stopped"
    assert catalogs[3].lease("a.n0", "here", "one", NOW_NS), "and a table that came later is there"


def test_a_lease_is_taken_by_one(tmp_path: Path) -> None:
    """Of many shippers one gets a run; the others do when it expires, and the first one is told."""
    catalogs = [catalog_with(tmp_path, *("a",)[:first]) for first in (1, *[0] * 7)]

    def take(number: int) -> bool:
        return catalogs[number].lease("a.n0", "here", f"owner {number}", NOW_NS) is not None

    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(take, range(8)))
    assert sum(taken) == 1
    one, catalog = f"owner {taken.index(True)}", catalogs[0]
    assert catalog.advance("a.n0", "here", one, NOW_NS + LEASE_NS // 2, rows=7)
    assert catalog.lease("a.n0", "here", "other", NOW_NS + LEASE_NS) is None, "it was renewed"
    row = catalog.lease("a.n0", "here", "other", NOW_NS + 2 * LEASE_NS)
    assert row is not None
    assert (row["rows"], row["refused"]) == (7, 0)
    assert not catalog.advance("a.n0", "here", one, NOW_NS + 2 * LEASE_NS, rows=9)
    catalog.release("other")
    assert catalog.lease("a.n0", "here", one, NOW_NS + 2 * LEASE_NS) is not None
    assert catalog.list_shipments("here")["a.n0"]["rows"] == 7


def test_a_lease_is_for_one_run_and_target(tmp_path: Path) -> None:
    """Another run, and the same run on its way to another bucket, have leases and positions of their own."""
    catalog = catalog_with(tmp_path, "a")
    assert catalog.lease("a.n0", "here", "one", NOW_NS)
    catalog.advance("a.n0", "here", "one", NOW_NS, rows=5, refused=1)
    assert catalog.lease("a.n1", "here", "other", NOW_NS)
    there = catalog.lease("a.n0", "there", "other", NOW_NS)
    assert there is not None
    assert there["rows"] == 0
    assert set(catalog.list_shipments("here")) == {"a.n0", "a.n1"}


def test_a_lease_of_a_clock_that_was_wrong_does_not_last(tmp_path: Path) -> None:
    """A clock that is set back by a day keeps nobody from sending for a day."""
    catalog = catalog_with(tmp_path, "a")
    assert catalog.lease("a.n0", "here", "one", NOW_NS + 86_400 * 10**9)
    assert catalog.lease("a.n0", "here", "other", NOW_NS)


def test_a_lock_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """A file where the folder of locks should be is one line with the path."""
    catalog = catalog_with(tmp_path, "a")
    (tmp_path / "locks").touch()
    with pytest.raises(StoreError, match="locks"), catalog.holding("a"):
        pass
