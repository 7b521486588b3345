"""Campaigns that meet at a node take turns, whatever the node is called and however it is written."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from orchestrator.errors import StallwatchError
from orchestrator.model import Node, Service
from orchestrator.runs.turns import sockets_of, taking_turns

SERVICE = Service(url="https://shop.example.test/healthz")
NODES = [Node(name="a", host="203.0.113.11"), Node(name="b", host="2001:db8::12", port=8443)]


def met(folder: Path, *nodes: Node, service: Service = SERVICE) -> str:
    """Return what is said to a campaign that will not wait, and nothing when it has its turn."""
    try:
        with taking_turns(sockets_of(nodes, service), folder, "mine", wait=False, tell=lambda _: None):
            return ""
    except StallwatchError as error:
        return error.message


def test_a_node_is_its_address_and_port(tmp_path: Path) -> None:
    """The default port, a long IPv6 address and another name are the same node."""
    with taking_turns(sockets_of(NODES, SERVICE), tmp_path, "other", wait=True, tell=lambda _: None):
        said = met(tmp_path, Node(name="x", host="203.0.113.11", port=443))
        assert said.startswith("x is busy with campaign other, since 20")
        long = "2001:0db8:0000:0000:0000:0000:0000:0012"
        assert met(tmp_path, Node(name="y", host=long, port=8443)).startswith("y is busy")
    assert met(tmp_path, *NODES) == "", "its turn is over"


def test_what_does_not_meet_goes_on(tmp_path: Path) -> None:
    """Another port, another address, another home."""
    with taking_turns(sockets_of(NODES, SERVICE), tmp_path / "one", "other", wait=True, tell=lambda _: None):
        assert met(tmp_path / "one", NODES[0], service=Service(url="http://shop.example.test/")) == ""
        assert met(tmp_path / "one", Node(name="a", host="203.0.113.12")) == ""
        assert met(tmp_path / "two", *NODES) == ""


def test_two_names_of_one_node_do_not_wait_for_each_other(tmp_path: Path) -> None:
    """A VIP may have the address of a node."""
    assert met(tmp_path, NODES[0], Node(name="vip", host="203.0.113.11", port=443)) == ""


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_whoever_waits_is_told_whom_for_and_gets_its_turn(tmp_path: Path, order: tuple[int, int]) -> None:
    """Whichever way round the nodes are named: nobody waits for one who waits for them."""
    told, turns, waits = list[str](), list[str](), threading.Event()

    def tell(text: str) -> None:
        told.append(text)
        waits.set()

    def second() -> None:
        nodes = [NODES[number] for number in order]
        with taking_turns(sockets_of(nodes, SERVICE), tmp_path, "second", wait=True, tell=tell):
            turns.append("second")

    thread = threading.Thread(target=second)
    with taking_turns(sockets_of(NODES, SERVICE), tmp_path, "first", wait=True, tell=tell):
        thread.start()
        assert waits.wait(20)
        turns.append("first")
    thread.join(20)
    assert turns == ["first", "second"]
    [line] = told
    assert line.startswith("waiting: b is busy with campaign first, since 20")
