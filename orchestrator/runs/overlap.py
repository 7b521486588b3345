"""Two campaigns that load one node at once: each disturbs what the other measures."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from ipaddress import ip_address
from urllib.parse import urlsplit

from orchestrator.catalog import Catalog, Row
from orchestrator.model import Node, RunState, Service

_PORTS = {"http": 80, "https": 443}


def sockets_of(nodes: Sequence[Node], service: Service) -> dict[str, str]:
    """Return where each Node's requests go, by its name: ``ip port``, whichever way it was written."""
    url = urlsplit(service.url)
    port = url.port or _PORTS.get(url.scheme, 0)
    return {node.name: f"{ip_address(node.host).compressed} {node.port or port}" for node in nodes}


def overlaps(catalog: Catalog, campaign_id: str, sockets: Mapping[str, str]) -> list[str]:
    """Say which other running campaigns load, or are going to load, one of these; one line each."""
    lines = []
    for other in catalog.running():
        theirs = set(json.loads(other["sockets"] or "{}").items())
        runs = {run["node"]: run for run in catalog.list_runs(other["id"])}
        done = {name for name, run in runs.items() if run["state"] != RunState.RUNNING}
        busy = {socket: name for name, socket in theirs if name not in done}
        shared = [name for name, socket in sockets.items() if socket in busy]
        if shared and other["id"] != campaign_id:
            lines.append(_said(other, shared, [runs.get(busy[sockets[name]]) for name in shared]))
    return lines


def _said(other: Row, shared: Sequence[str], runs: Sequence[Row | None]) -> str:
    started_ns = min((run["started_ns"] for run in runs if run), default=None)
    since = datetime.fromtimestamp((started_ns or other["started_ns"]) / 1e9, UTC)
    does = "loads" if started_ns else "is going to load"
    return (
        f"campaign {other['id']}, since {since:%Y-%m-%d %H:%M:%S}Z, {does} {' and '.join(shared)} too: "
        "each disturbs what the other measures"
    )
