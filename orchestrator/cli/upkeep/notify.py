"""stallwatch notify."""

from __future__ import annotations

import json
import os
from typing import Annotated

import typer

from orchestrator.cli.show.options import Config, Output
from orchestrator.cli.show.output import Format, one_line, print_json
from orchestrator.errors import ExitCode, UsageError


def command(
    test: Annotated[
        bool, typer.Option("--test", help="Send a test message through every channel, and say who took it.")
    ] = False,
    channel: Annotated[list[str] | None, typer.Option(help="Only this channel; repeatable.")] = None,
    config: Config = None,
    output: Output = Format.TEXT,
) -> int:
    """Try the channels of `notify` in the config: a message to each, a GET to each ping.

    0 when all took it, 4 when one did not. What happens under `serve` is told by `serve`.
    """
    from orchestrator.config import find_config, load_settings
    from orchestrator.notifying.delivery import Patience
    from orchestrator.notifying.errand import deliver_all
    from orchestrator.notifying.messages import test_message

    settings = load_settings(find_config(config, os.environ), os.environ)
    known = settings.channels()
    if not test:
        raise UsageError("notify needs --test", hint="`stallwatch serve` tells what happens by itself")
    if not known:
        raise UsageError(
            f"{settings.path} has no notify: nobody is told anything",
            hint="add notify: [{name: team, type: slack, url: {env: SLACK_WEBHOOK}}]",
        )
    names = [one.name for one in known]
    for name in channel or ():
        if name not in names:
            raise UsageError(f"no channel {name!r}", hint=f"the channels are {', '.join(names)}")
    chosen = [one for one in known if not channel or one.name in channel]
    waiting = {one.name: [{"body": json.dumps(test_message(one))}] for one in chosen}
    troubles = deliver_all(chosen, waiting, lambda _: None, Patience())
    for one in chosen:
        trouble = troubles.get(one.name)
        if output is Format.JSON:
            print_json({"channel": one.name, "type": one.kind, "delivered": not trouble, "reason": trouble})
        else:
            print(one_line(f"{one.name} ({one.kind}): " + (f"not delivered: {trouble}" if trouble else "ok")))
    return ExitCode.INFRASTRUCTURE if troubles else ExitCode.PASS
