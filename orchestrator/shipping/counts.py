"""How many requests of a Campaign InfluxDB has, Run by Run."""

from __future__ import annotations

import re

from orchestrator.stores.influxdb.client import InfluxClient
from orchestrator.stores.influxdb.points import MEASUREMENT


def counts(client: InfluxClient, campaign_id: str) -> dict[str, int]:
    """Return the number of points of each Run of a Campaign that has any.

    Raises
    ------
    InfluxError
        They cannot be counted.
    """
    # An id holds nothing but letters, digits and . _ - (see Home.run_dir).
    pattern = re.escape(campaign_id).replace("/", r"\/")
    query = f'SELECT count("row") FROM "{MEASUREMENT}" WHERE "run" =~ /^{pattern}\\./ GROUP BY "run"'  # noqa: S608
    return {row["run"]: int(row["count"]) for row in client.ask(query)}
