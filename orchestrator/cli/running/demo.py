"""stallwatch demo."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.show.output import say
from orchestrator.errors import ExitCode


def command(
    seed: Annotated[int | None, typer.Option(help="Choose the frozen node and its phase again.")] = None,
    keep: Annotated[bool, typer.Option(help="Keep what was measured, as of any campaign.")] = False,
    short: Annotated[bool, typer.Option(help="30 s with shorter stalls instead of 75 s.")] = False,
    home: Annotated[
        Path | None, typer.Option(help="Where what is generated lives.", show_default="./var")
    ] = None,
) -> int:
    """See it work: three demo nodes on loopback, one with a planted stall the analysis is not told of."""
    from orchestrator import demo
    from orchestrator.campaign import run_campaign
    from orchestrator.cli.show.progress import progress
    from orchestrator.cli.show.results import campaign_lines
    from orchestrator.home import Home
    from orchestrator.k6.binary import find_k6
    from orchestrator.plan import new_campaign_id

    binary = find_k6(None, os.environ)
    seed = secrets.randbelow(1_000_000) if seed is None else seed
    scale = demo.SHORT if short else demo.FULL
    planted = demo.plant(seed, scale)
    final = Home.find(home, os.environ).create()
    campaign_id = new_campaign_id(datetime.now(UTC))
    say(f"demo with k6 {binary.version_text}: three nodes on loopback, one of them freezes; seed {seed}")
    with tempfile.TemporaryDirectory(prefix="stallwatch-demo-") as scratch:
        with (
            demo.demo_plan(campaign_id, planted, scale) as plan,
            progress("demo", scale.duration_s) as tick,
        ):
            result = run_campaign(plan, final if keep else Home(Path(scratch)), binary, tick, say)
        report = result.report
        if report and not keep:
            report = shutil.copyfile(report, final.reports_dir / report.name)
    for line in campaign_lines(result.judged.analysis):
        print(line)
    if report:
        print(f"report: {report}")
    if not keep:
        say("only the report was kept; with --keep, `stallwatch analyze last` and `report last` work on it")
    if result.interrupted:
        return ExitCode.INTERRUPTED
    wrong = [*result.failures, *demo.differences(result.judged.analysis, planted)]
    for difference in wrong:
        say(f"not as planted: {difference}")
    if wrong:
        return ExitCode.INFRASTRUCTURE
    print(f"as planted: {planted.node} froze for {planted.freeze_s:g} s every {planted.period_s:g} s")
    return ExitCode.PASS
