"""What only the store in InfluxDB has to see to: answers that end too early."""

from __future__ import annotations

import json

import pytest

from orchestrator.errors import StoreError
from orchestrator.stores.influxdb.client import InfluxClient
from orchestrator.stores.influxdb.points import RunTags
from orchestrator.stores.influxdb.store import InfluxStore
from tests.orchestrator.stores.influxdb.answers import answering, head


def tags_of(run: str) -> RunTags:
    """Give tags."""
    return RunTags(run=run, node="n", profile="smoke")


def counted(rows: int) -> str:
    """Return the answer to a count."""
    series = [{"name": "request", "columns": ["time", "count"], "values": [[0, rows]]}]
    return json.dumps({"results": [{"statement_id": 0, "series": series}]})


def test_an_answer_that_ends_too_early_is_an_error() -> None:
    """InfluxDB ends an answer that it cannot go on with, as if that were all: the count says it is not."""
    rows = "name,tags,time,row\nrequest,,1,0\nrequest,,2,1\n"
    bodies = [counted(3), json.dumps({"results": [{"statement_id": 0}]}), rows]
    with (
        answering(*(head("200 OK", body=body) for body in bodies)) as settings,
        InfluxClient(settings) as client,
    ):
        batches = InfluxStore(client, tags_of).batches("r", ["end_ns"])
        with pytest.raises(
            StoreError, match="broke off after 2 of 3 requests of run r in the bucket b of ht"
        ):
            list(batches)
