"""What systemd is told of a service of Type=notify: sd_notify(3), without its library."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from contextlib import suppress


def notify(state: str, environ: Mapping[str, str]) -> None:
    """Tell systemd, when it is there and asked for it; it never matters to what runs."""
    address = environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
        out.sendto(state.encode(), f"\0{address[1:]}" if address.startswith("@") else address)


def watchdog_s(environ: Mapping[str, str]) -> float | None:
    """Return how often systemd wants to hear from this process; None when it does not."""
    wanted, pid = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", str(os.getpid()))
    return int(wanted) / 1e6 / 2 if wanted.isdigit() and pid == str(os.getpid()) else None
