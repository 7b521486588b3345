"""stallwatch sync."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.cli.show.options import Config, HomeFolder, Output
from orchestrator.cli.show.output import Format, print_json, say
from orchestrator.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.model import Shipping
    from orchestrator.shipping.sync import Delivered

NOTHING = "nothing is left to send; --recount asks whether InfluxDB still has all of it"


def command(
    config: Config = None,
    home: HomeFolder = None,
    recount: Annotated[
        bool,
        typer.Option("--recount", help="Count again what was counted: the bucket may have lost it."),
    ] = False,
    output: Output = Format.TEXT,
) -> int:
    """Send to InfluxDB what it does not have yet, and compare the counts.

    0 when all is there, or is being sent by another stallwatch; 4 when something is left.
    """
    from orchestrator.campaign import open_records
    from orchestrator.cli.show.sending import sending
    from orchestrator.config import find_config, load_settings
    from orchestrator.errors import UsageError
    from orchestrator.home import Home
    from orchestrator.shipping.pending import pending, send_pending
    from orchestrator.shipping.sync import in_words

    settings = load_settings(find_config(config, os.environ), os.environ)
    shipping = settings.shipping()
    if shipping is None:
        raise UsageError(
            f"{settings.path} names no InfluxDB",
            hint='add influxdb: {url: "http://...:8086", org: ..., bucket: ..., token: {env: INFLUX_TOKEN}}',
        )
    kept = open_records(Home.find(home, os.environ))
    waiting = pending(kept.catalog, shipping.influxdb, recount=recount)
    with sending(sum(run["requests"] or 0 for _, runs in waiting for run in runs)) as on_step:
        found = send_pending(kept, shipping, waiting, say, on_step=on_step)
    if output is Format.JSON:
        print_json(_to_json(found, shipping))
    else:
        print(in_words(found, kept.home) if found else NOTHING)
    return ExitCode.INFRASTRUCTURE if any(not (one.complete or one.elsewhere) for one in found) else 0


def _to_json(found: Sequence[Delivered], shipping: Shipping) -> dict[str, Any]:
    """Return the totals, and each run that was not there as a whole."""
    return {
        "url": shipping.influxdb.url,
        "bucket": shipping.influxdb.bucket,
        "requests": sum(one.rows for one in found),
        "in_influxdb": sum(one.there for one in found),
        "refused": sum(one.refused for one in found),
        "left": sum(one.left for one in found),
        "runs": [
            {
                "run": one.run,
                "requests": one.rows,
                "in_influxdb": one.there,
                "counted": one.counted is not None,
                "refused": one.refused,
                "left": one.left,
            }
            for one in found
        ],
    }
