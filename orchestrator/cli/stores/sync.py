"""stallwatch sync."""

from __future__ import annotations

import os
from functools import partial
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from orchestrator.cli.show.options import Config, HomeFolder, Output
from orchestrator.cli.show.output import Format, print_json, say
from orchestrator.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.campaign import Records
    from orchestrator.catalog import Row
    from orchestrator.judging import Judged
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


def _send(records: Records, shipping: Shipping) -> tuple[list[Delivered], str]:
    """Send campaign after campaign until all is there or nothing gets through any more."""
    from orchestrator.cli.show.sending import sending
    from orchestrator.model import RunState
    from orchestrator.shipping.sync import BY_HAND, Sync, in_words, pending
    from orchestrator.stores.influxdb.client import InfluxClient

    catalog, home = records.catalog, records.home
    waiting = pending(catalog, shipping.influxdb)
    found: list[Delivered] = []
    with (
        InfluxClient(shipping.influxdb) as client,
        sending(sum(run["requests"] or 0 for _, runs in waiting for run in runs)) as on_step,
    ):
        sync = Sync(
            catalog,
            home,
            client,
            owner=f"{os.getpid()}-{token_hex(4)}",
            spool_bytes=shipping.spool_bytes,
            tell=say,
            patience=BY_HAND,
            on_step=on_step,
        )
        try:
            for campaign, runs in waiting:
                if sync.trouble is not None:
                    found += sync.state(runs)
                elif campaign["state"] == RunState.RUNNING:
                    found += sync.going_on(runs)
                else:
                    found += sync.campaign(campaign["id"], runs, partial(_judge, runs, records))
        finally:
            sync.close()
    return found, in_words(found, home) if found else "InfluxDB has all of it"


def _judge(runs: Sequence[Row], records: Records) -> Judged:
    from orchestrator.judging import judge, stored_records

    return judge(stored_records(runs, records.home)[0], records.store)


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
