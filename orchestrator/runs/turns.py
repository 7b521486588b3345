"""One Campaign at a time on a Node: two that load it at once disturb what each other measures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from orchestrator.errors import StallwatchError
from orchestrator.locks import held
from orchestrator.model import Node, Service
from orchestrator.runs.waves import Tell

_PORTS = {"http": 80, "https": 443}


def sockets_of(nodes: Sequence[Node], service: Service) -> dict[str, str]:
    """Return where each Node's requests go, by its name: ``ip port``, whichever way it was written."""
    url = urlsplit(service.url)
    port = url.port or _PORTS.get(url.scheme, 0)
    return {node.name: f"{ip_address(node.host).compressed} {node.port or port}" for node in nodes}


@contextmanager
def taking_turns(
    sockets: Mapping[str, str], folder: Path, campaign_id: str, *, wait: bool, tell: Tell
) -> Iterator[None]:
    """Hold the lock of each socket while entered; whoever holds one is waited for, and ``tell`` says so.

    They are taken in one order by all, so that no two wait for each other. Other homes have other locks.

    Raises
    ------
    StallwatchError
        One is held, and ``wait`` is false.
    """
    names: dict[str, list[str]] = {}
    for name, socket in sockets.items():
        names.setdefault(socket, []).append(name)
    with ExitStack() as stack:
        for socket in sorted(names):
            who = f"campaign {campaign_id}, since {datetime.now(UTC):%Y-%m-%d %H:%M:%S}Z"
            busy = partial(_busy, " and ".join(names[socket]), wait=wait, tell=tell)
            stack.enter_context(held(folder / socket.replace(" ", "_"), who, busy=busy))
        yield


def _busy(node: str, holder: str, *, wait: bool, tell: Tell) -> None:
    said = f"{node} is busy with {holder or 'another campaign'}"
    if not wait:
        raise StallwatchError(said, hint="leave --no-wait out to wait until that has ended")
    tell(f"waiting: {said}, and two at once would disturb each other (--no-wait ends instead)")
