"""stallwatch sync."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from orchestrator.cli.show.options import Config, HomeFolder, Output
from orchestrator.cli.show.output import Format, print_json, say
from orchestrator.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.shipping.beside import Shipping
    from orchestrator.shipping.sync import Delivered


def command(config: Config = None, home: HomeFolder = None, output: Output = Format.TEXT) -> int:
    """Send to InfluxDB what it does not have yet, and compare the counts.

    0 when all is there, or is being sent by another stallwatch; 4 when something is left.
    """
    from orchestrator.campaign import open_records
    from orchestrator.config import find_config, load_settings
    from orchestrator.errors import UsageError
    from orchestrator.home import Home
    from orchestrator.shipping.beside import shipping_of

    settings = load_settings(find_config(config, os.environ), os.environ)
    shipping = shipping_of(settings)
    if shipping is None:
        raise UsageError(
            f"{settings.path} names no InfluxDB",
            hint='add influxdb: {url: "http://...:8086", org: ..., bucket: ..., token: {env: INFLUX_TOKEN}}',
        )
    records = open_records(Home.find(home, os.environ))
    found, words = _send(records, shipping)
    if output is Format.JSON:
        print_json(_to_json(found, shipping))
    else:
        print(words)
    return ExitCode.INFRASTRUCTURE if any(not (one.complete or one.elsewhere) for one in found) else 0
