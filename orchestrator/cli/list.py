"""stallwatch list."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from orchestrator.cli.show.output import Format, print_json, say


class What(StrEnum):
    """What can be listed."""

    RUNS = "runs"
    CAMPAIGNS = "campaigns"


COLUMNS = {
    What.RUNS: ("id", "state", "started", "requests", "verdict"),
    What.CAMPAIGNS: ("id", "state", "started", "profile", "verdict", "sentence"),
}


def command(
    what: Annotated[What, typer.Argument(help="What to list.")],
    home: Annotated[
        Path | None, typer.Option(help="Where what is generated lives.", show_default="./var")
    ] = None,
    output: Annotated[Format, typer.Option("--format", help="How it is printed.")] = Format.TEXT,
) -> int:
    """Show what ran, newest first."""
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


def _cell(row: dict[str, Any], name: str) -> str:
    if name == "started":
        return f"{datetime.fromtimestamp(row['started_ns'] / 1e9, UTC):%Y-%m-%d %H:%M:%S}Z"
    value = row[name]
    return "-" if value is None else f"{value:,}" if isinstance(value, int) else str(value)
