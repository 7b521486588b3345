"""stallwatch serve."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli.show.options import Config, HomeFolder
from orchestrator.daemon.log import Log, LogFormat

if TYPE_CHECKING:
    from orchestrator.home import Home


def command(
    *,
    config: Config = None,
    home: HomeFolder = None,
    log_format: Annotated[LogFormat, typer.Option(help="How a line of the log is written.")] = LogFormat.TEXT,
    listen: Annotated[
        str, typer.Option("--listen", metavar="HOST:PORT", help="Where the web page is; it has no login.")
    ] = "127.0.0.1:8790",
    allowed_host: Annotated[
        list[str] | None, typer.Option(help="A name that the web page is asked for by; repeatable.")
    ] = None,
    no_web: Annotated[bool, typer.Option("--no-web", help="Serve no web page.")] = False,
) -> int:
    """Run the schedules of the config, until SIGTERM or Ctrl-C; SIGHUP reads the config again.

    A read-only web page shows what is stored, on this machine alone unless told otherwise.
    It logs to standard error: a line when a campaign starts, and one when it ends with its verdict.
    """
    import signal

    from orchestrator.catalog import Catalog
    from orchestrator.config import find_config, load_settings
    from orchestrator.daemon.daemon import Daemon
    from orchestrator.daemon.signals import Signals
    from orchestrator.daemon.starts import Starts
    from orchestrator.errors import ExitCode
    from orchestrator.home import Home
    from orchestrator.k6.binary import find_k6
    from orchestrator.locks import held
    from orchestrator.web.beside import WebPage
    from orchestrator.web.site import host_names
    from orchestrator.web.site import listen as open_listening

    load = partial(load_settings, find_config(config, os.environ), os.environ)
    settings = load()
    settings.channels()
    find_k6(settings.k6_binary, os.environ)
    where = Home.find(home, os.environ).create()
    who = f"process {os.getpid()}, since {datetime.now(UTC):%Y-%m-%d %H:%M:%S}Z"
    hosts, log = host_names(allowed_host or ()), Log(log_format)
    with held(where.locks_dir / "daemon", who, busy=partial(_refuse, where)), Signals() as signals:
        starts = Starts(Catalog(where.catalog_db, where.locks_dir))
        page = None if no_web else WebPage(where, open_listening(listen), hosts, log)
        Daemon(where, settings, load, starts, log, page=page).serve(signals)
    return ExitCode.INTERRUPTED if signals.stop is signal.SIGINT else ExitCode.PASS


def _refuse(home: Home, holder: str) -> None:
    from orchestrator.errors import StallwatchError

    raise StallwatchError(
        f"another daemon serves {home.path}: {holder or 'it does not say which'}",
        hint="stop that one, or name another home with --home PATH",
    )
