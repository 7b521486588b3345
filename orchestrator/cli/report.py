"""stallwatch report."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.show.output import say


def command(
    name: Annotated[
        str, typer.Argument(metavar="RUN|CAMPAIGN", help="An id, or `last` for the newest campaign.")
    ],
    home: Annotated[
        Path | None, typer.Option(help="Where what is generated lives.", show_default="./var")
    ] = None,
) -> int:
    """Render the HTML report of a run or a campaign again and print its path."""
    from orchestrator.campaign import EXIT_CODES, open_records
    from orchestrator.home import Home
    from orchestrator.judging import judge, stored_records, write_report

    where = Home.find(home, os.environ)
    kept = open_records(where)
    campaign, runs = kept.catalog.find(name)
    records, gone = stored_records(runs, where)
    for text in gone:
        say(f"warning: {text}")
    judged = judge(records, kept.store)
    stem = campaign["id"] if name == "last" else name
    print(f"report: {write_report(judged, where, stem)}")
    return EXIT_CODES[judged.analysis.verdict]
