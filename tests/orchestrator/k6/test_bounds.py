"""What a user's script may not pass: the refused networks leave exactly the allowed addresses."""

from __future__ import annotations

import ipaddress
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.k6.bounds import all_but, bounds
from orchestrator.model import Node, Profile, ProfileKind

ADDRESSES = st.lists(st.ip_addresses().map(str), max_size=6)


def refused(address: str, networks: list[str]) -> bool:
    """Tell whether one of the networks holds an address."""
    return any(ipaddress.ip_address(address) in ipaddress.ip_network(network) for network in networks)


@given(ADDRESSES, st.ip_addresses().map(str))
def test_all_but_leaves_exactly_the_given(allowed: list[str], other: str) -> None:
    """What is given is in no network; its neighbours and everything else are."""
    networks = all_but(allowed)
    assert not any(refused(address, networks) for address in allowed)
    near = [ipaddress.ip_address(address) + 1 for address in allowed if not address.endswith(("255", "ffff"))]
    for address in {other, *map(str, near)} - {str(ipaddress.ip_address(a)) for a in allowed}:
        assert refused(address, networks)


def test_no_address_refuses_both_worlds() -> None:
    """Without any address nothing is allowed, in IPv4 and in IPv6."""
    assert all_but([]) == ["0.0.0.0/0", "::/0"]


def test_a_zone_is_no_part_of_an_address() -> None:
    """A link-local node is allowed by its address."""
    assert not refused("fe80::1", all_but(["fe80::1%eth0"]))


@pytest.mark.parametrize("kind", [kind for kind in ProfileKind if kind is not ProfileKind.SCRIPT])
def test_own_scripts_are_not_bound(kind: ProfileKind) -> None:
    """Our own scripts ask for the node only, and keep the rate of their profile."""
    profile = Profile(
        name="p", script=Path("s.js"), kind=kind, rate_per_s=1.0, duration_s=1.0, max_rate_per_s=5.0
    )
    assert bounds(profile, Node(name="n", host="192.0.2.1")) == {}


def test_a_users_script_is_bound() -> None:
    """To the node, to its profile's addresses, and to the k6 that was found."""
    profile = Profile(
        name="p", script=Path("s.js"), kind=ProfileKind.SCRIPT, rate_per_s=None, duration_s=None,
        addresses=("192.0.2.9",),
    )  # fmt: skip
    told = bounds(profile, Node(name="n", host="2001:db8::1", port=443))
    networks = json.loads(told["STALLWATCH_REFUSED"])
    assert [refused(a, networks) for a in ("2001:db8::1", "192.0.2.9", "192.0.2.1")] == [False, False, True]
    assert told["K6_AUTO_EXTENSION_RESOLUTION"] == "false"
