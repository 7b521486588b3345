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
    config: Config = None,
    home: HomeFolder = None,
    log_format: Annotated[LogFormat, typer.Option(help="How a line of the log is written.")] = LogFormat.TEXT,
) -> int:
    """Run the schedules of the config, until SIGTERM or Ctrl-C; SIGHUP reads the config again.

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

    load = partial(load_settings, find_config(config, os.environ), os.environ)
    settings = load()
    settings.channels()
    find_k6(settings.k6_binary, os.environ)
    where = Home.find(home, os.environ).create()
    who = f"process {os.getpid()}, since {datetime.now(UTC):%Y-%m-%d %H:%M:%S}Z"
    with held(where.locks_dir / "daemon", who, busy=partial(_refuse, where)), Signals() as signals:
        starts = Starts(Catalog(where.catalog_db, where.locks_dir))
        Daemon(where, settings, load, starts, Log(log_format)).serve(signals)
    return ExitCode.INTERRUPTED if signals.stop is signal.SIGINT else ExitCode.PASS


def _refuse(home: Home, holder: str) -> None:
    from orchestrator.errors import StallwatchError

    raise StallwatchError(
        f"another daemon serves {home.path}: {holder or 'it does not say which'}",
        hint="stop that one, or name another home with --home PATH",
    )
