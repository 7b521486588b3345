"""What Prometheus asks for, from the catalog and the figures that were kept: nothing is computed anew."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from analysis.findings import Verdict
from orchestrator.catalog import Catalog, Row, campaigns, runs, shipments
from orchestrator.daemon.times import next_starts
from orchestrator.history.summary import FILE
from orchestrator.home import Home
from orchestrator.model import NodeKind, RunState
from orchestrator.web.health import overdue
from orchestrator.web.site import Site
from orchestrator.web.stored import Stored

KEPT_S, REST = 5.0, 20
"""A text serves for so many seconds, and for so many times as long as it took to make: however many ask, and
however large the catalog is, reading it takes at most a twentieth of the time."""
MAX_SERIES = 1000
_MEASURED = sa.and_(runs.c.kind != NodeKind.CONTROL, runs.c.verdict.is_not(None))


class Metrics:
    """The metrics of one site, as text."""

    def __init__(self, site: Site, catalog: Catalog) -> None:
        # Told nothing beforehand: a catalog that cannot be read does not keep the page from starting.
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(_Collected(site, catalog))
        self._lock = threading.Lock()
        self._text, self._until_s = b"", 0.0

    def text(self) -> bytes:
        """Return all metrics in the text format of Prometheus.

        Raises
        ------
        StallwatchError
            The catalog cannot be read.
        """
        with self._lock:
            if (began_s := time.monotonic()) >= self._until_s:
                self._text = generate_latest(self._registry)
                now_s = time.monotonic()
                self._until_s = now_s + max(KEPT_S, REST * (now_s - began_s))
            return self._text


class _Collected(Collector):
    def __init__(self, site: Site, catalog: Catalog) -> None:
        self._site, self._catalog = site, catalog

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield every metric."""
        yield _verdicts(self._catalog)
        yield from _newest_runs(self._catalog, self._site.home)
        yield _running(self._catalog)
        yield from _newest_campaigns(self._catalog)
        yield from _schedules(self._catalog, self._site, datetime.now(UTC))
        if self._site.influxdb is not None:
            yield _backlog(self._catalog, self._site.influxdb)


def _gauge(name: str, text: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"stallwatch_{name}", text, labels=labels)


def _newest(catalog: Catalog, table: sa.Table, *keys: str, where: sa.ColumnElement[bool]) -> list[Row]:
    """Return the newest row for each value of some columns."""
    by = [table.c[key] for key in keys]
    newest = (
        sa.select(*by, sa.func.max(table.c.started_ns).label("at_ns")).where(where).group_by(*by).subquery()
    )
    same = [table.c[key] == newest.c[key] for key in keys]
    query = sa.select(table).join(newest, sa.and_(table.c.started_ns == newest.c.at_ns, *same)).where(where)
    # Two of one moment, and Prometheus takes neither: a series is one row.
    found = {tuple(row[key] for key in keys): row for row in catalog.rows(query.limit(MAX_SERIES))}
    return list(found.values())


def _verdicts(catalog: Catalog) -> GaugeMetricFamily:
    family = _gauge(
        "runs", "Judged runs that the catalog holds, without controls.", "node", "profile", "verdict"
    )
    keys = (runs.c.node, runs.c.profile, runs.c.verdict)
    query: sa.Select[Any] = sa.select(*keys, sa.func.count().label("n")).where(_MEASURED).group_by(*keys)
    for row in catalog.rows(query.limit(MAX_SERIES)):
        family.add_metric([row["node"], row["profile"], row["verdict"]], row["n"])
    return family


def _newest_runs(catalog: Catalog, home: Home) -> Iterator[GaugeMetricFamily]:
    """Yield the verdict and the stalls of the newest judged run of each node and profile."""
    verdict = _gauge(
        "last_run_verdict", "1 at the verdict of the newest judged run.", "node", "profile", "verdict"
    )
    stalls = _gauge("last_run_stalls", "Its slow episodes that reached limits.stall_ms.", "node", "profile")
    stalled = _gauge("last_run_stalled_seconds", "How long they took together.", "node", "profile")
    for row in _newest(catalog, runs, "node", "profile", where=_MEASURED):
        labels = [row["node"], row["profile"]]
        for one in Verdict:
            verdict.add_metric([*labels, one], float(one == row["verdict"]))
        # There are none of a run that was judged before figures were kept.
        with suppress(OSError, ValueError, KeyError, TypeError):
            kept = json.loads((home.run_dir(row["id"]) / FILE).read_bytes())
            count, length_s = float(kept["stalls"]), float(kept["stalled_s"])
            stalls.add_metric(labels, count)
            stalled.add_metric(labels, length_s)
    yield from (verdict, stalls, stalled)


def _running(catalog: Catalog) -> GaugeMetricFamily:
    family = _gauge("campaigns_running", "Campaigns that go on.")
    query = sa.select(sa.func.count().label("n")).where(campaigns.c.state == RunState.RUNNING)
    family.add_metric([], catalog.rows(query)[0]["n"])
    return family


def _newest_campaigns(catalog: Catalog) -> Iterator[GaugeMetricFamily]:
    """Yield when the newest campaign of each profile ended, the newest that passed, and how long it took."""
    ended = _gauge("last_campaign_end_timestamp_seconds", "When the newest judged campaign ended.", "profile")
    took = _gauge("last_campaign_duration_seconds", "How long it took.", "profile")
    good = _gauge(
        "last_good_campaign_timestamp_seconds", "When the newest campaign that passed ended.", "profile"
    )
    over = campaigns.c.ended_ns.is_not(None)
    for row in _newest(catalog, campaigns, "profile", where=over & campaigns.c.verdict.is_not(None)):
        ended.add_metric([row["profile"]], row["ended_ns"] / 1e9)
        took.add_metric([row["profile"]], (row["ended_ns"] - row["started_ns"]) / 1e9)
    for row in _newest(catalog, campaigns, "profile", where=over & (campaigns.c.verdict == Verdict.PASS)):
        good.add_metric([row["profile"]], row["ended_ns"] / 1e9)
    yield from (ended, took, good)


def _schedules(catalog: Catalog, site: Site, now: datetime) -> Iterator[GaugeMetricFamily]:
    late = _gauge("schedule_overdue", "1 when a start that was due has not been taken up.", "schedule")
    coming = _gauge("schedule_next_start_timestamp_seconds", "When it starts next.", "schedule")
    names = {one.schedule for one in overdue(site.schedules, Stored(catalog).seen(), now)}
    for schedule in site.schedules:
        late.add_metric([schedule.name], float(schedule.name in names))
        for start in next_starts(schedule, now, 1):
            coming.add_metric([schedule.name], start.due.timestamp())
    yield from (late, coming)


def _backlog(catalog: Catalog, target: str) -> GaugeMetricFamily:
    """Count the rows of runs that have ended which an InfluxDB does not have yet."""
    family = _gauge("influxdb_backlog_rows", "Rows of ended runs that InfluxDB does not have yet.")
    there = sa.func.coalesce(shipments.c.rows, 0)
    its = (shipments.c.run_id == runs.c.id) & (shipments.c.target == target)
    query = (
        sa.select(sa.func.coalesce(sa.func.sum(runs.c.requests - there), 0).label("n"))
        .join(shipments, its, isouter=True)
        .where(runs.c.requests > there)
    )
    family.add_metric([], float(catalog.rows(query)[0]["n"]))
    return family
