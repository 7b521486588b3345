"""stallwatch check."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.cli.show.output import Format, one_line, print_json

if TYPE_CHECKING:
    from orchestrator.preflight import Check


def command(
    config: Annotated[Path | None, typer.Option(help="The config.", show_default="./stallwatch.yaml")] = None,
    home: Annotated[
        Path | None, typer.Option(help="Where what is generated lives.", show_default="./var")
    ] = None,
    output: Annotated[Format, typer.Option("--format", help="How the result is printed.")] = Format.TEXT,
    fix: Annotated[
        bool, typer.Option("--fix", help="Make what is missing and can be made: InfluxDB's bucket.")
    ] = False,
) -> int:
    """Test everything that a campaign needs, one line each: ok, or what to do."""
    from orchestrator.config import find_config
    from orchestrator.home import Home
    from orchestrator.preflight import exit_code, run_checks

    checks = run_checks(find_config(config, os.environ), Home.find(home, os.environ), os.environ, fix=fix)
    code = exit_code(checks)
    if output is Format.JSON:
        print_json({"ok": code == 0, "exit_code": int(code), "checks": [_to_json(check) for check in checks]})
        return code
    width = max(len(check.name) for check in checks)
    for check in checks:
        text = f"{check.text}; {check.hint}" if check.hint else check.text
        print(one_line(f"{check.state:<7}  {check.name:<{width}}  {text}"))
    return code


def _to_json(check: Check) -> dict[str, Any]:
    return {
        "name": check.name,
        "state": check.state.lower(),
        "text": check.text,
        "hint": check.hint,
        **check.figures,
    }
