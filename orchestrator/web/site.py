"""What the daemon tells the process of its web page, and the address that it listens on."""

from __future__ import annotations

import ipaddress
import os
import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass

from orchestrator.config.values import shown
from orchestrator.errors import StallwatchError, UsageError
from orchestrator.home import Home
from orchestrator.model import Schedule

_LISTEN = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<four>[0-9.]+)):(?P<port>[0-9]{1,5})")
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9_])?|\[[0-9A-Fa-f:.]{2,45}\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What a page is made of: ``listening`` is the number of the socket, which the daemon has bound.

    ``hosts`` are names that it answers to beside those of loopback and its own address; ``influxdb`` is
    the target that the catalog knows an InfluxDB by, None without one. Nothing here is secret.
    """

    home: Home
    listening: int
    hosts: tuple[str, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    influxdb: str | None = None


def listen(text: str) -> socket.socket:
    """Return a socket that listens on ``127.0.0.1:8790`` or ``[::1]:8790``; port 0 is any free one.

    Raises
    ------
    UsageError
        It is no address with a port.
    StallwatchError
        Something else listens there, or this machine does not have that address.
    """
    host, port = _parse_listen(text)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    both = host == "::" and socket.has_dualstack_ipv6()
    try:
        return socket.create_server((host, port), family=family, dualstack_ipv6=both, backlog=128)
    except OSError as error:
        raise StallwatchError(
            f"the web page cannot listen on {text}: {os.strerror(error.errno or 0)}",
            hint="name another address with --listen HOST:PORT, or go without the page with --no-web",
        ) from error


def _parse_listen(text: str) -> tuple[str, int]:
    expected = f"--listen {shown(text)} is not an IP address with a port; write 127.0.0.1:8790 or [::1]:8790"
    match = _LISTEN.fullmatch(text.strip())
    if match is None or int(match["port"]) > 65535:
        raise UsageError(expected)
    host = match["six"] or match["four"]
    try:
        known = ipaddress.ip_address(host)
    except ValueError:
        raise UsageError(expected) from None
    return str(known), int(match["port"])


def is_local(listening: socket.socket) -> bool:
    """Tell whether a socket can be reached from this machine only."""
    return ipaddress.ip_address(listening.getsockname()[0]).is_loopback


def url_of(listening: socket.socket) -> str:
    """Return the address of the page."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def host_names(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names of ``--allowed-host`` as they are compared.

    Raises
    ------
    UsageError
        One of them is no host name or address.
    """
    for name in names:
        if not _HOST.fullmatch(name):
            raise UsageError(
                f"--allowed-host {shown(name)} is not a host name; write stall.example.com, without a port"
            )
    return tuple(name.lower() for name in names)
