"""What a user's script may not pass: addresses that nobody configured, and the highest rate."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable

from orchestrator.model import Node, Profile, ProfileKind

_EVERYTHING = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0"))


def bounds(profile: Profile, node: Node) -> dict[str, str]:
    """Return what the wrapper is told through the environment: nothing for our own scripts.

    k6 holds an address against the refused ones after it has looked it up, in ``hosts`` too, for HTTP,
    gRPC and WebSocket alike; the rate bounds HTTP alone.
    """
    if profile.kind is not ProfileKind.SCRIPT:
        return {}
    return {
        "STALLWATCH_REFUSED": json.dumps(all_but((node.host, *profile.addresses))),
        # By itself k6 2.x fetches another k6, and runs it, for a script that imports an extension.
        "K6_AUTO_EXTENSION_RESOLUTION": "false",
    }


def all_but(addresses: Iterable[str]) -> list[str]:
    """Return the networks that hold every IPv4 and IPv6 address but the given ones (IP literals)."""
    left = list(_EVERYTHING)
    for address in addresses:
        one = ipaddress.ip_network(address.partition("%")[0])  # without the zone of a link-local address
        left = [part for network in left for part in _without(network, one)]
    return [str(network) for network in left]


def _without(
    network: ipaddress.IPv4Network | ipaddress.IPv6Network, one: ipaddress.IPv4Network | ipaddress.IPv6Network
) -> Iterable[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    if isinstance(network, ipaddress.IPv4Network) and isinstance(one, ipaddress.IPv4Network):
        return network.address_exclude(one) if one.subnet_of(network) else (network,)
    if isinstance(network, ipaddress.IPv6Network) and isinstance(one, ipaddress.IPv6Network):
        return network.address_exclude(one) if one.subnet_of(network) else (network,)
    return (network,)
