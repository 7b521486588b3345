"""stallwatch list."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from orchestrator.cli.show.output import Format, one_line, print_json, say


class What(StrEnum):
    """What can be listed."""

    RUNS = "runs"
    CAMPAIGNS = "campaigns"
    SCHEDULES = "schedules"


COLUMNS = {
    What.RUNS: ("id", "state", "started", "requests", "verdict"),
    What.CAMPAIGNS: ("id", "state", "started", "profile", "verdict", "sentence"),
}


def command(
    what: Annotated[What, typer.Argument(help="What to list.")],
    home: Annotated[
        Path | None, typer.Option(help="Where what is generated lives.", show_default="./var")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="The config, for schedules.", show_default="./stallwatch.yaml")
    ] = None,
    output: Annotated[Format, typer.Option("--format", help="How it is printed.")] = Format.TEXT,
) -> int:
    """Show what ran, newest first, or what is going to run by itself."""
    if what is What.SCHEDULES:
        return _schedules(config, home, output)
    from orchestrator.campaign import open_records
    from orchestrator.cli.show.results import table
    from orchestrator.home import Home

    catalog = open_records(Home.find(home, os.environ)).catalog
    rows = catalog.list_runs() if what is What.RUNS else catalog.list_campaigns()
    if output is Format.JSON:
        for row in rows:
            print_json(row)
        return 0
    if not rows:
        say(f"no {what} yet; `stallwatch run-smoke` makes one")
        return 0
    for line in table(COLUMNS[what], [[_cell(row, name) for name in COLUMNS[what]] for row in rows]):
        print(line)
    return 0


def _schedules(config: Path | None, home: Path | None, output: Format) -> int:
    from orchestrator.catalog import Catalog
    from orchestrator.config import find_config, load_settings
    from orchestrator.daemon.listing import listed, listed_lines
    from orchestrator.daemon.starts import Starts
    from orchestrator.home import Home

    settings = load_settings(find_config(config, os.environ), os.environ)
    where = Home.find(home, os.environ).create()
    starts = Starts(Catalog(where.catalog_db, where.locks_dir))
    now = datetime.now(UTC)
    if not settings.schedules():
        say(f"no schedules in {settings.path}; `stallwatch init` writes an example with some")
    for schedule in settings.schedules():
        last = starts.last(schedule.name)
        if output is Format.JSON:
            print_json(listed(schedule, last, now))
            continue
        for line in listed_lines(schedule, last, now):
            print(one_line(line))
    return 0


def _cell(row: dict[str, Any], name: str) -> str:
    if name == "started":
        return f"{datetime.fromtimestamp(row['started_ns'] / 1e9, UTC):%Y-%m-%d %H:%M:%S}Z"
    value = row[name]
    return "-" if value is None else f"{value:,}" if isinstance(value, int) else str(value)
