"""The process of the web page: uvicorn on the socket that the daemon has bound."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from contextlib import suppress

import uvicorn

from orchestrator.catalog import Catalog
from orchestrator.web.app import Answers
from orchestrator.web.guard import Guard
from orchestrator.web.site import Site

MAX_CONNECTIONS = 64
STOP_S = 2
NICE = 10
"""A page gives way to whatever measures."""


def serve(site: Site, tell: Callable[[str], None]) -> None:
    """Serve until SIGTERM; ``tell`` gets a line about what goes wrong.

    Raises
    ------
    StallwatchError
        The catalog cannot be opened.
    """
    with suppress(OSError):
        os.nice(NICE)
    with socket.socket(fileno=site.listening) as listening:
        server_of(site, tell).run(sockets=[listening])


def server_of(site: Site, tell: Callable[[str], None]) -> uvicorn.Server:
    """Return the server of a site, which serves nothing yet."""
    catalog = Catalog(site.home.catalog_db, site.home.locks_dir)
    return uvicorn.Server(
        uvicorn.Config(
            Guard(Answers(site, catalog, tell).app(), site.hosts, tell),
            loop="asyncio",
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=MAX_CONNECTIONS,
            timeout_graceful_shutdown=STOP_S,
        )
    )
