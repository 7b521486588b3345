"""stallwatch run-smoke."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli.show.output import Format, say
from orchestrator.errors import ExitCode

if TYPE_CHECKING:
    from orchestrator.campaign import CampaignResult
    from orchestrator.home import Home
    from orchestrator.k6.binary import K6Binary
    from orchestrator.plan import Plan


def command(  # noqa: PLR0917 # typer fills them by name
    node: Annotated[
        list[str] | None, typer.Option(help="A node of the config; repeatable. Default: all.")
    ] = None,
    duration: Annotated[str | None, typer.Option(help="Such as 90s or 5m, instead of the profile's.")] = None,
    rate: Annotated[
        float | None, typer.Option(help="Requests a second and node, instead of the profile's.")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="The config.", show_default="./stallwatch.yaml")] = None,
    home: Annotated[
        Path | None, typer.Option(help="Where what is generated lives.", show_default="./var")
    ] = None,
    output: Annotated[Format, typer.Option("--format", help="How the result is printed.")] = Format.TEXT,
    confirm: Annotated[
        bool, typer.Option("--confirm", help="When it is inconclusive, run once more at once, long enough.")
    ] = False,
) -> int:
    """Run the smoke profile against the nodes now, and say what it found."""
    from orchestrator.config import find_config, load_settings, parse_duration_s, select_nodes
    from orchestrator.errors import UsageError
    from orchestrator.home import Home
    from orchestrator.k6.binary import find_k6
    from orchestrator.plan import Plan, confirming, new_campaign_id

    settings = load_settings(find_config(config, os.environ), os.environ)
    try:
        duration_s = None if duration is None else parse_duration_s(duration)
    except ValueError as error:
        raise UsageError(f"--duration {duration!r}: {error}") from error
    binary = find_k6(settings.k6_binary, os.environ)
    if binary.warning:
        say(f"warning: {binary.warning}")
    plan = Plan(
        id=new_campaign_id(datetime.now(UTC)),
        profile=settings.profile("smoke", rate_per_s=rate, duration_s=duration_s),
        service=settings.service_value(),
        nodes=select_nodes(settings, node or []),
        limits=settings.limits_value(),
        detection=settings.detection(),
        max_parallel=settings.max_parallel,
    )
    where = Home.find(home, os.environ)
    result = _run(plan, where, binary, output)
    if confirm and result.exit_code is ExitCode.INCONCLUSIVE:
        say("inconclusive: running once more, as --confirm asks")
        again = confirming(plan, result.judged.analysis, new_campaign_id(datetime.now(UTC)))
        result = _run(again, where, binary, output)
    return result.exit_code


def _run(plan: Plan, home: Home, binary: K6Binary, output: Format) -> CampaignResult:
    """Run one campaign and print what it came to."""
    from orchestrator.campaign import run_campaign
    from orchestrator.cli.show.progress import progress
    from orchestrator.cli.show.results import print_campaign

    say(f"campaign {plan.id}: {', '.join(n.name for n in plan.nodes)}")
    say(f"{plan.in_words()}; k6 {binary.version_text}")
    with progress(plan.profile.name, plan.profile.duration_s or 0.0) as tick:
        result = run_campaign(plan, home, binary, tick)
    print_campaign(result, output)
    return result
