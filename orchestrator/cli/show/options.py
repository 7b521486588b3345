"""The options that the commands which run a campaign share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.show.output import Format

Nodes = Annotated[list[str] | None, typer.Option(help="A node of the config; repeatable. Default: all.")]
Duration = Annotated[
    str | None, typer.Option(help="Such as 90s or 5m, ramps included, instead of the profile's.")
]
Rate = Annotated[float | None, typer.Option(help="Requests a second and node, instead of the profile's.")]
Config = Annotated[Path | None, typer.Option(help="The config.", show_default="./stallwatch.yaml")]
HomeFolder = Annotated[Path | None, typer.Option(help="Where what is generated lives.", show_default="./var")]
Output = Annotated[Format, typer.Option("--format", help="How the result is printed.")]
Confirm = Annotated[
    bool, typer.Option("--confirm", help="When it is inconclusive, run once more at once, long enough.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Send the load without asking; a smoke never asks.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be sent where, and send nothing.")]
Junit = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write the result as JUnit XML too, for CI systems.")
]
NoWait = Annotated[
    bool, typer.Option("--no-wait", help="End with exit code 4 when another campaign loads a node.")
]
