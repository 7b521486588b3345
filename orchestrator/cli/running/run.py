"""stallwatch run, and what run-smoke and run-load share with it."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

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
from orchestrator.cli.show.output import Format, print_json, say
from orchestrator.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.campaign import CampaignResult
    from orchestrator.cli.show.junit import JunitFile
    from orchestrator.config import Settings
    from orchestrator.home import Home
    from orchestrator.k6.binary import K6Binary
    from orchestrator.model import Shipping
    from orchestrator.plan import Plan


def command(  # noqa: PLR0917 # typer fills them by name
    profile: Annotated[
        str,
        typer.Argument(metavar="PROFILE", help="smoke, load, soak, download, or a profile of the config."),
    ],
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
    """Run a profile against the nodes now, and say what it found.

    All but a smoke ask before they send anything: --yes answers, --dry-run only says what it would be.
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
    return run_profile(profile, wanted, config=config, home=home, output=output)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What was asked for beside the profile."""

    node: Sequence[str]
    duration: str | None
    rate: float | None
    confirm: bool
    dry_run: bool
    yes: bool = False
    no_wait: bool = False
    junit: Path | None = None


def run_profile(name: str, wanted: Wanted, *, config: Path | None, home: Path | None, output: Format) -> int:
    """Plan a campaign, ask where it must be asked, run it, print what it came to."""
    from orchestrator.cli.show.junit import JunitFile
    from orchestrator.config import find_config, load_settings
    from orchestrator.home import Home

    junit = JunitFile(None if wanted.dry_run else wanted.junit)
    settings = load_settings(find_config(config, os.environ), os.environ)
    plan = _plan(settings, name, wanted)
    with junit.telling(plan):
        return _do(settings, plan, wanted, Home.find(home, os.environ), output, junit)


def _do(  # noqa: PLR0917 # what run_profile has made of its arguments
    settings: Settings, plan: Plan, wanted: Wanted, where: Home, output: Format, junit: JunitFile
) -> int:
    from orchestrator.k6.binary import find_k6
    from orchestrator.k6.inspect import inspected_plan
    from orchestrator.model import ProfileKind
    from orchestrator.plan import confirming, new_campaign_id

    shipping = settings.shipping()
    # A dry run starts nothing, but for a user's script, which only k6 can read.
    if wanted.dry_run and plan.profile.kind is not ProfileKind.SCRIPT:
        _show(plan, output)
        return ExitCode.PASS
    binary = find_k6(settings.k6_binary, os.environ)
    if binary.warning:
        say(f"warning: {binary.warning}")
    plan = inspected_plan(plan, binary, os.environ)
    if wanted.dry_run:
        _show(plan, output)
        return ExitCode.PASS
    if not (wanted.yes or _agreed(plan)):
        say("nothing was sent")
        return ExitCode.USAGE
    run = partial(_run, home=where, binary=binary, output=output, shipping=shipping, wait=not wanted.no_wait)
    result = run(plan)
    junit.ended(plan, result)
    if wanted.confirm and result.exit_code is ExitCode.INCONCLUSIVE:
        say("inconclusive: running once more, as --confirm asks")
        again = confirming(plan, result.judged.analysis, new_campaign_id(datetime.now(UTC)))
        with junit.telling(again):
            result = run(again)
            junit.ended(again, result)
    return result.exit_code


def _plan(settings: Settings, name: str, wanted: Wanted) -> Plan:
    from orchestrator.config import parse_duration_s
    from orchestrator.errors import UsageError
    from orchestrator.plan import new_campaign_id

    try:
        duration_s = None if wanted.duration is None else parse_duration_s(wanted.duration)
    except ValueError as error:
        raise UsageError(f"--duration {wanted.duration!r}: {error}") from error
    return settings.plan(
        new_campaign_id(datetime.now(UTC)),
        profile=name,
        nodes=wanted.node,
        rate_per_s=wanted.rate,
        duration_s=duration_s,
    )


def _agreed(plan: Plan) -> bool:
    """Tell whether the load may be sent: a smoke may; for all else somebody at a terminal is asked.

    Raises
    ------
    UsageError
        Nobody is there to be asked.
    """
    from orchestrator.cli.show.preview import preview_lines
    from orchestrator.errors import UsageError
    from orchestrator.model import ProfileKind

    if plan.profile.kind is ProfileKind.SMOKE:
        return True
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        nodes = ", ".join(node.name for node in plan.nodes)
        raise UsageError(
            f"profile {plan.profile.name} sends {plan.in_words()}, to {nodes}",
            hint="add --yes to send that, or --dry-run to see more",
        )
    for line in preview_lines(plan):
        say(line)
    return typer.confirm("send this?", err=True)


def _show(plan: Plan, output: Format) -> None:
    from orchestrator.cli.show.preview import preview_lines
    from orchestrator.preview import preview

    if output is Format.JSON:
        print_json(preview(plan))
        return
    for line in preview_lines(plan):
        print(line)


def _run(
    plan: Plan, home: Home, binary: K6Binary, output: Format, *, shipping: Shipping | None, wait: bool
) -> CampaignResult:
    """Run one campaign and print what it came to; InfluxDB gets it meanwhile, and the rest after that."""
    from orchestrator.campaign import run_campaign
    from orchestrator.cli.show.progress import progress
    from orchestrator.cli.show.results import print_campaign
    from orchestrator.shipping.beside import beside

    say(f"campaign {plan.id}: {', '.join(n.name for n in plan.nodes)}")
    say(f"{plan.in_words()}; k6 {binary.version_text}")
    with beside(shipping, home, plan.id, say) as finish:
        with progress(plan.profile.name, plan.profile.duration_s or 0.0) as tick:
            result = run_campaign(plan, home, binary, tick, say, wait=wait)
        print_campaign(result, output)
        finish(result.judged)
    return result
