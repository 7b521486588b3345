"""stallwatch history."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli.show.output import Format, print_json, say
from orchestrator.errors import ExitCode

if TYPE_CHECKING:
    from analysis.history.series import Sensitivity

BEFORE_S = 90 * 86400.0
"""What is normal is learned from so much before the time that is shown."""


def command(  # noqa: PLR0917 # typer fills them by name
    node: Annotated[
        list[str] | None, typer.Option(help="Only this node; may be given again.", show_default="all")
    ] = None,
    since: Annotated[str, typer.Option(help="Changes since so long ago: 90d, 12h.")] = "90d",
    profile: Annotated[
        str | None, typer.Option(help="Whose campaigns.", show_default="the newest campaign's")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="Whose `history` settings.", show_default="none: the defaults")
    ] = None,
    home: Annotated[
        Path | None, typer.Option(help="Where what is generated lives.", show_default="./var")
    ] = None,
    output: Annotated[Format, typer.Option("--format", help="How it is printed.")] = Format.TEXT,
) -> int:
    """Show each node's figures over campaigns: the last, the normal, and since when the level changed.

    Exit code 1: a regression stands; 3: too few campaigns to tell; 0: neither.
    """
    from analysis.history.detect import LEAST_CAMPAIGNS
    from analysis.history.gather import history_of
    from analysis.history.result import past_to_json
    from orchestrator.campaign import open_records
    from orchestrator.cli.show.history import history_lines, standing
    from orchestrator.history.gather import gather
    from orchestrator.home import Home

    sensitivity, since_ns = _sensitivity(config), time.time_ns() - int(_seconds(since) * 1e9)
    kept = open_records(Home.find(home, os.environ))
    oldest_ns = since_ns - int(BEFORE_S * 1e9)
    gathered = gather(kept, nodes=node or (), profile=profile, since_ns=oldest_ns)
    pasts = history_of(gathered.nights, sensitivity)
    if output is Format.JSON:
        for past in pasts:
            print_json({"profile": gathered.profile, **past_to_json(past)})
        for text in gathered.left_out:
            say(text)
    else:
        print("\n".join(history_lines(gathered, pasts, sensitivity, since_ns)))
    if standing(pasts, since_ns):
        return ExitCode.FAIL
    longest = max((past.series.n for past in pasts), default=0)
    if longest >= LEAST_CAMPAIGNS:
        return ExitCode.PASS
    say(f"{longest} campaigns are too few: a change can be confirmed from {LEAST_CAMPAIGNS} on")
    return ExitCode.INCONCLUSIVE


def _seconds(text: str) -> float:
    from orchestrator.config.values import parse_duration_s
    from orchestrator.errors import UsageError

    try:
        return parse_duration_s(text)
    except ValueError as error:
        raise UsageError(f"--since: {error}") from error


def _sensitivity(config: Path | None) -> Sensitivity:
    from analysis.history.series import Sensitivity
    from orchestrator.config import load_settings

    return Sensitivity() if config is None else load_settings(config, os.environ).sensitivity()
