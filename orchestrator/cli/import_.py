"""stallwatch import."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli.show.output import Format, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analysis.findings import Detection, Limits


def command(  # noqa: PLR0917 # typer fills them by name
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE...", help="CSV or JSON of k6, plain or with gzip; `-`: standard input."),
    ],
    node: Annotated[
        list[str] | None, typer.Option(help="What a file's node is called, file by file. Default: its name.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Also what was imported before.")] = False,
    config: Annotated[
        Path | None, typer.Option(help="Whose limits the verdict goes by.", show_default="none: the defaults")
    ] = None,
    home: Annotated[
        Path | None, typer.Option(help="Where what is generated lives.", show_default="./var")
    ] = None,
    output: Annotated[Format, typer.Option("--format", help="How the result is printed.")] = Format.TEXT,
) -> int:
    """Keep files that `k6 run -o csv=FILE` or `-o json=FILE` wrote: one run a file, compared as one campaign.

    When one of them cannot be read, none is kept.
    """
    from orchestrator.campaign import open_records
    from orchestrator.cli.show.reading import reading
    from orchestrator.cli.show.results import print_campaign
    from orchestrator.files.importing import Import, import_files
    from orchestrator.home import Home
    from orchestrator.plan import new_campaign_id

    limits, detection = _judged_by(config)
    nodes = _nodes(files, node or [])
    campaign_id = new_campaign_id(datetime.now(UTC))
    what = Import(id=campaign_id, files=files, nodes=nodes, limits=limits, detection=detection, again=again)
    kept = open_records(Home.find(home, os.environ))
    say(
        f"campaign {campaign_id}: "
        + ", ".join(f"{file} as {name}" for file, name in zip(files, nodes, strict=True))
    )
    with reading() as on_progress:
        result = import_files(what, kept, on_progress)
    print_campaign(result, output)
    return result.exit_code


def _judged_by(config: Path | None) -> tuple[Limits, Detection]:
    from analysis.findings import Detection, Limits
    from orchestrator.config import load_settings

    if config is None:
        return Limits(), Detection()
    settings = load_settings(config, os.environ)
    return settings.limits_value(), settings.detection()


def _nodes(files: Sequence[str], names: Sequence[str]) -> list[str]:
    from orchestrator.config.values import parse_node_name
    from orchestrator.errors import UsageError
    from orchestrator.files.importing import node_names

    if files.count("-") > 1:
        raise UsageError("standard input can be read once only", hint="give `-` once")
    if not names:
        return node_names(files)
    if len(names) != len(files):
        raise UsageError(
            f"there are {len(names)} values of --node and {len(files)} of FILE",
            hint="give it once for each file, in their order",
        )
    try:
        checked = [parse_node_name(name) for name in names]
    except ValueError as error:
        raise UsageError(f"--node: {error}") from error
    if twice := [name for name in checked if checked.count(name) > 1]:
        raise UsageError(f"--node names {twice[0]!r} twice", hint="give each file its own")
    return checked
