"""stallwatch prune."""

from __future__ import annotations

import os
import time
from typing import Annotated

import typer

from orchestrator.cli.show.options import Config, HomeFolder, Output
from orchestrator.cli.show.output import Format, one_line, print_json, say
from orchestrator.errors import ExitCode


def command(
    config: Config = None,
    home: HomeFolder = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would go, and take nothing away.")
    ] = False,
    output: Output = Format.TEXT,
) -> int:
    """Take away what is older than `retention` of the config keeps it, the oldest first.

    What goes on, the last good nights, and what the config's InfluxDB does not have yet stay.
    0 when all went that should; 4 when something could not be taken away.
    """
    from orchestrator.campaign import open_records
    from orchestrator.config import find_config, load_settings
    from orchestrator.errors import UsageError
    from orchestrator.home import Home
    from orchestrator.retention.plan import plan
    from orchestrator.retention.prune import prune
    from orchestrator.retention.words import in_words, to_json

    settings = load_settings(find_config(config, os.environ), os.environ)
    retention = settings.retention_value()
    if retention is None:
        raise UsageError(
            f"{settings.path} has no retention: everything is kept",
            hint="add retention: {raw_days: 30, summary_days: 730, reports_days: 365}",
        )
    target = settings.influxdb_name()
    kept = open_records(Home.find(home, os.environ))
    if dry_run:
        pruning = plan(kept, retention, time.time_ns(), target)
        gone = list(pruning.items)
    else:
        pruning, gone = prune(kept, retention, target, say)
    if output is Format.JSON:
        print_json(to_json(pruning, gone, dry_run=dry_run))
    else:
        for line in in_words(pruning, gone, dry_run=dry_run):
            print(one_line(line))
    return ExitCode.PASS if len(gone) == len(pruning.items) else ExitCode.INFRASTRUCTURE
