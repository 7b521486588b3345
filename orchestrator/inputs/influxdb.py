"""Runs that are analyzed from InfluxDB: which there are, and what is known of each beside its requests."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from analysis.findings import Detection, Limits, RunFacts
from orchestrator.campaign import open_records
from orchestrator.config.settings import Settings
from orchestrator.config.values import nearest, shown
from orchestrator.errors import StoreError, UsageError
from orchestrator.home import Home
from orchestrator.judging import stored_records
from orchestrator.model import NodeKind, RunState
from orchestrator.runs.record import RunRecord, record_of
from orchestrator.stores.influxdb.client import InfluxClient
from orchestrator.stores.influxdb.points import MEASUREMENT, RunTags
from orchestrator.stores.influxdb.rows import ROW, tag_literal
from orchestrator.stores.influxdb.store import InfluxStore
from orchestrator.stores.influxdb.tags import from_tag

UNKNOWN = (
    "there is no run.json here and no point `run` in InfluxDB: the limits are the config's; k6's own count,"
    " dropped iterations and the planned duration are not known, so that lost requests would not show"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """One InfluxDB, and the home that may know its Runs too.

    ``limits`` and ``detection`` are for Runs that nobody knows how they were made.
    """

    client: InfluxClient
    home: Home
    limits: Limits
    detection: Detection

    @property
    def store(self) -> InfluxStore:
        """Its requests, to be read."""
        return InfluxStore(self.client, lambda run_id: RunTags(run=run_id, node="", profile=""))

    def runs_of(self, node: str, since_ns: int) -> list[str]:
        """Return the Runs of a Node that have requests since then, oldest first.

        Raises
        ------
        UsageError
            There is none; the nearest of the Nodes that have any is named.
        """
        found = self.client.ask(
            f'SELECT last("{ROW}") FROM "{MEASUREMENT}"'  # noqa: S608 # quoted
            f' WHERE "node" = {tag_literal(node)} AND time >= {since_ns} GROUP BY "run"'
        )
        if not found:
            rows = self.client.ask(f'SHOW TAG VALUES FROM "{MEASUREMENT}" WITH KEY = "node"')
            known = [from_tag(row["value"]) for row in rows]
            hint = f"nodes with requests there: {', '.join(known[:20])}" if known else "nothing was sent yet"
            raise UsageError(
                f"{self.client.settings.url} has no requests of node {shown(node)} in this time"
                + ("" if node in known else nearest(node, known)),
                hint=hint,
            )
        return [from_tag(row["run"]) for row in sorted(found, key=lambda row: row["time"])]

    def records(self, name: str) -> tuple[Sequence[RunRecord], Sequence[str]]:
        """Return the record of a Run, or those of a Campaign of this home, and what is said of them.

        Raises
        ------
        StoreError
            InfluxDB cannot be read, or has no such Run.
        """
        with suppress(UsageError, StoreError):  # made elsewhere, or already gone from here
            _, runs = open_records(self.home).catalog.find(name)
            return stored_records(runs, self.home, elsewhere=True)
        return [self._sent(name) or self._guessed(name)], []

    def _sent(self, run_id: str) -> RunRecord | None:
        """Return the record that was sent when the Run ended."""
        found = self.client.ask(f'SELECT last("record") FROM "run" WHERE "run" = {tag_literal(run_id)}')  # noqa: S608 # quoted
        if not found:
            return None
        try:
            return record_of(found[0]["last"])
        except (ValueError, KeyError, TypeError) as error:
            raise StoreError(
                f"the record of run {run_id} in {self.client.settings.url} cannot be read: {error}",
                hint="was it sent by another version of stallwatch?",
            ) from error

    def _guessed(self, run_id: str) -> RunRecord:
        found = self.client.ask(
            f'SELECT last("{ROW}") FROM "{MEASUREMENT}"'  # noqa: S608 # quoted
            f' WHERE "run" = {tag_literal(run_id)} GROUP BY "node", "profile"'
        )
        if not found:
            settings = self.client.settings
            raise StoreError(
                f"{settings.url} has no run {shown(run_id)} in the bucket {shown(settings.bucket)}",
                hint="`stallwatch analyze --from influxdb --node NAME --since 7d` finds those of a node",
            )
        return RunRecord(
            id=run_id,
            campaign_id="",
            node=from_tag(found[0]["node"]),
            kind=NodeKind.NODE,
            address="",
            url="",
            profile=from_tag(found[0]["profile"]),
            rate_per_s=None,
            limits=self.limits,
            detection=self.detection,
            facts=RunFacts(),
            versions={},
            state=RunState.DONE,
            notes=(UNKNOWN,),
        )


def open_remote(settings: Settings, home: Home) -> Remote:
    """Return the InfluxDB of a config.

    Raises
    ------
    StallwatchError
        The config has none, or its token cannot be read.
    """
    influxdb = settings.influxdb_value()
    if influxdb is None:
        raise UsageError(
            f"{settings.path} has no influxdb section",
            hint="write influxdb: {url: ..., org: ..., bucket: ..., token: {env: INFLUX_TOKEN}}",
        )
    return Remote(
        client=InfluxClient(influxdb),
        home=home,
        limits=settings.limits_value(),
        detection=settings.detection(),
    )
