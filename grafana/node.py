"""One node: latency by phase with its stalls marked, what was found, and what of it InfluxDB has."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.builders import statushistory, table, timeseries
from grafana_foundation_sdk.models.common import GraphDrawStyle, VisibilityMode
from grafana_foundation_sdk.models.dashboard import Dashboard, DashboardCursorSync

from grafana.parts import (
    OF_NODE,
    SOURCE,
    all_values,
    choice,
    joined_by,
    legend,
    rows,
    series,
    stretches,
    unit,
    verdicts,
)

PHASES = ("blocked", "connecting", "tls", "sending", "waiting", "receiving")
HERE = f"$timeFilter AND {OF_NODE}"
NO_CONTROL = ' WHERE "node" !~ /^control(-[0-9]+)?$/'
"""The controls are not offered, or one would be shown first; their names can be typed."""
BY_TIME = "GROUP BY time($__interval) fill(null)"


def dashboard() -> Dashboard:
    """Return the dashboard."""
    return (
        build.Dashboard("stallwatch: node")
        .uid("stallwatch-node")
        .description("One node: its latency by phase, its stalls, and whether InfluxDB has all of it.")
        .tags(["stallwatch"])
        .readonly()
        .time("now-6h", "now")
        .refresh("1m")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        # Of requests, which come while a run goes on, where `run` waits for its end.
        .with_variable(choice("node", measurement="request", several=False, where=NO_CONTROL))
        .with_variable(choice("profile", measurement="request", several=True))
        .annotation(
            stretches(
                "Slow episodes",
                "red",
                'SELECT "end_ns" / 1000000 AS "timeEnd", "kind"::tag, "words" FROM "finding"'
                f" WHERE {HERE} AND \"kind\" = 'episode'",
                measurement="finding",
                title="kind",
                words="words",
            )
        )
        .annotation(
            stretches(
                "Runs",
                "blue",
                f'SELECT "ended_ns" / 1000000 AS "timeEnd", "verdict", "sentence" FROM "run" WHERE {HERE}',
                measurement="run",
                title="verdict",
                words="sentence",
            )
        )
        .with_panel(_phases())
        .with_panel(_latency())
        .with_panel(_counts())
        .with_panel(_verdicts())
        .with_panel(_findings())
        .with_panel(_delivery())
        .build()
    )


def _lines(title: str, description: str, query: str) -> timeseries.Panel:
    """Return a panel of lines with gaps where there is nothing."""
    return (
        timeseries.Panel()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .min(0)
        .interval("1s")
        .draw_style(GraphDrawStyle.LINE)
        .legend(legend())
        .tooltip(all_values())
        .show_points(VisibilityMode.AUTO)
        .span_nulls(False)
        .with_target(series(query, alias="$col"))
    )


def _phases() -> timeseries.Panel:
    columns = ", ".join(f'max("{phase}_ms") AS "{phase}"' for phase in PHASES)
    return (
        _lines(
            "Slowest by phase",
            "The longest of each phase. blocked holds connecting and tls, and on a kept connection of"
            " HTTP/1.1 the queue behind a stalled request.",
            f'SELECT {columns} FROM "request" WHERE {HERE} {BY_TIME}',
        )
        .unit("ms")
        .height(10)
        .span(24)
    )


def _latency() -> timeseries.Panel:
    columns = (
        'median("total_ms") AS "median", percentile("total_ms", 95) AS "p95", max("total_ms") AS "slowest"'
    )
    return (
        _lines(
            "Latency",
            "Of the requests whose time is known. A stall shows in the slowest, seldom in p95.",
            f'SELECT {columns} FROM "request" WHERE {HERE} {BY_TIME}',
        )
        .unit("ms")
        .height(8)
        .span(12)
    )


def _counts() -> timeseries.Panel:
    columns = (
        'mean("requests") AS "requests", min("requests") AS "requests in the emptiest second",'
        ' mean("failed") AS "failed", mean("connections") AS "new connections"'
    )
    return (
        _lines(
            "Requests a second",
            "Requests that ended, those that failed, and those that had opened a connection, in each second.",
            f'SELECT {columns} FROM "evidence" WHERE {HERE} AND "source" = \'requests\' {BY_TIME}',
        )
        .height(8)
        .span(12)
    )


def _verdicts() -> statushistory.Panel:
    return (
        statushistory.Panel()
        .title("Verdict of each run")
        .datasource(SOURCE)
        .height(5)
        .span(24)
        .with_target(series(f'SELECT "severity" FROM "run" WHERE {HERE}', alias="verdict"))
        .mappings(verdicts(numbers=True))
        .show_value(VisibilityMode.NEVER)
    )


def _findings() -> table.Panel:
    columns = '"kind"::tag, "words", "length_s", "p_value", "run"::tag'
    where = f"{HERE} AND \"kind\" != 'episode'"
    return (
        table.Panel()
        .title("Findings")
        .description("Periodic stalls and confirmed changes, newest first.")
        .datasource(SOURCE)
        .height(8)
        .span(12)
        .with_target(rows(f'SELECT {columns} FROM "finding" WHERE {where} ORDER BY time DESC LIMIT 500'))
        .override_by_name("length_s", unit("s"))
        .override_by_name("p_value", unit("sci"))
    )


def _delivery() -> table.Panel:
    by_run = f'WHERE {HERE} GROUP BY "run"'
    return (
        table.Panel()
        .title("InfluxDB delivery")
        .description(
            "What k6 counted, what was stored on disk, and what InfluxDB has of it. A run that the time range"
            " cuts has fewer points in it."
        )
        .datasource(SOURCE)
        .height(8)
        .span(12)
        .with_target(rows(f'SELECT "k6_requests" AS "k6", "rows" AS "on disk" FROM "run" {by_run}'))
        .with_target(rows(f'SELECT count("row") AS "in InfluxDB" FROM "request" {by_run}', ref="B"))
        .transformations(joined_by("run", hidden=("Time", "Time 1", "Time 2")))
    )
