"""stallwatch run-load."""

from __future__ import annotations

from orchestrator.cli.running.run import Wanted, run_profile
from orchestrator.cli.show.options import (
    Config,
    Confirm,
    DryRun,
    Duration,
    HomeFolder,
    Junit,
    Nodes,
    NoWait,
    Output,
    Rate,
    Yes,
)
from orchestrator.cli.show.output import Format


def command(  # noqa: PLR0917 # typer fills them by name
    node: Nodes = None,
    duration: Duration = None,
    rate: Rate = None,
    config: Config = None,
    home: HomeFolder = None,
    output: Output = Format.TEXT,
    confirm: Confirm = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    no_wait: NoWait = False,
    junit: Junit = None,
) -> int:
    """Run the load profile now: ramp up to the rate, hold it, ramp down, and say what it found.

    It asks before it sends anything: --yes answers, --dry-run only says what it would be.
    """
    wanted = Wanted(
        node=node or (),
        duration=duration,
        rate=rate,
        confirm=confirm,
        yes=yes,
        dry_run=dry_run,
        no_wait=no_wait,
        junit=junit,
    )
    return run_profile("load", wanted, config=config, home=home, output=output)
