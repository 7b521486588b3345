"""Campaigns that meet at a node: which ones are said, and which are not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrator.catalog import Catalog
from orchestrator.model import Node, RunState, Service
from orchestrator.runs.overlap import overlaps, sockets_of

NS = 1_780_000_000_000_000_000
SERVICE = Service(url="https://shop.example.test/healthz")
NODES = [Node(name="a", host="203.0.113.11"), Node(name="b", host="2001:db8::12", port=8443)]


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    """Give a catalog in which a campaign against both nodes goes on, and only `a` has started."""
    catalog = Catalog(tmp_path / "catalog.db", tmp_path / "locks")
    sockets = json.dumps(sockets_of(NODES, SERVICE))
    catalog.add_campaign(id="other", profile="smoke", state=RunState.RUNNING, started_ns=NS, sockets=sockets)
    catalog.add_run(
        id="other.a", campaign_id="other", node="a", kind="node", profile="smoke",
        state=RunState.RUNNING, started_ns=NS + 10**9,
    )  # fmt: skip
    return catalog


def met(catalog: Catalog, *nodes: Node, service: Service = SERVICE) -> list[str]:
    """Return what is said to a campaign against some nodes."""
    return overlaps(catalog, "mine", sockets_of(nodes, service))


def test_one_line_a_campaign_and_its_nodes(catalog: Catalog) -> None:
    """A node is the same by address and port, whatever it is called and however it is written."""
    [line] = met(catalog, Node(name="x", host="203.0.113.11", port=443))
    assert line.startswith("campaign other, since 2026-05-28 20:26:41Z, loads x too: ")
    long = "2001:0db8:0000:0000:0000:0000:0000:0012"
    [line] = met(catalog, Node(name="x", host="203.0.113.11"), Node(name="y", host=long, port=8443))
    assert "loads x and y too" in line


def test_a_node_whose_turn_comes_later_is_said(catalog: Catalog) -> None:
    """Waves that have not begun are known from the start."""
    [line] = met(catalog, NODES[1])
    assert line.startswith("campaign other, since 2026-05-28 20:26:40Z, is going to load b too: ")


def test_what_does_not_meet_is_not_said(catalog: Catalog) -> None:
    """Another port, another address, a run that has ended, an ended campaign, and the campaign itself."""
    plain = Service(url="http://shop.example.test/")
    assert met(catalog, NODES[0], service=plain) == []
    assert met(catalog, Node(name="a", host="203.0.113.12")) == []
    assert overlaps(catalog, "other", sockets_of(NODES, SERVICE)) == []
    catalog.update_run("other.a", state=RunState.STOPPED)
    assert met(catalog, NODES[0]) == []
    catalog.update_campaign("other", state=RunState.DONE)
    assert met(catalog, *NODES) == []


def test_a_campaign_of_an_older_version_is_passed_over(catalog: Catalog) -> None:
    """It did not write down where its requests go."""
    catalog.update_campaign("other", sockets=None)
    assert met(catalog, *NODES) == []
