"""stallwatch init."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.show.output import say


def command(
    path: Annotated[Path, typer.Option(help="The file to write.")] = Path("stallwatch.yaml"),
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> int:
    """Write a commented stallwatch.yaml."""
    from orchestrator.config.example import write_example

    write_example(path, force=force)
    say(f"wrote {path}; set service.url and the nodes in it, then run `stallwatch check`")
    return 0
