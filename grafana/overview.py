"""The overview: which node had which verdict in which night, and the figures beside it."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.builders import statushistory, table, timeseries
from grafana_foundation_sdk.models.common import GraphDrawStyle, VisibilityMode
from grafana_foundation_sdk.models.dashboard import Dashboard, DynamicConfigValue

from grafana.parts import NIGHT, OF_PROFILE, SOURCE, all_values, choice, legend, rows, series, unit, verdicts

OF_NODES = f"$timeFilter AND \"node_kind\" != 'control' AND {OF_PROFILE}"
TO_NODE = "/d/stallwatch-node?var-node=${__data.fields.node}&${__url_time_range}"


def dashboard() -> Dashboard:
    """Return the dashboard."""
    return (
        build.Dashboard("stallwatch: overview")
        .uid("stallwatch-overview")
        .description("Verdicts and figures of all nodes, by night (noon to noon UTC).")
        .tags(["stallwatch"])
        .readonly()
        .time("now-30d", "now")
        .refresh("5m")
        .with_variable(choice("profile", measurement="run", several=True))
        .with_panel(_verdicts())
        .with_panel(
            _nightly(
                "Stalls at or above the limit",
                "Periodic stalls that were claimed in a night and reach limits.stall_ms.",
                'sum("stalls_over_limit")',
            ).decimals(0)
        )
        .with_panel(
            _nightly("Slowest request", "The slowest request of a night.", 'max("max_ms")').unit("ms")
        )
        .with_panel(
            _nightly(
                "Error rate",
                "Failed requests of all requests of a night.",
                'sum("errors") / sum("requests")',
            ).unit("percentunit")
        )
        .with_panel(_runs())
        .with_panel(_stalls())
        .build()
    )


def _verdicts() -> statushistory.Panel:
    return (
        statushistory.Panel()
        .title("Verdict by node and night")
        .description("The worst verdict of a night's runs.")
        .datasource(SOURCE)
        .height(8)
        .span(12)
        .with_target(series(_by_night('max("severity")'), alias="$tag_node"))
        .mappings(verdicts(numbers=True))
        .show_value(VisibilityMode.NEVER)
    )


def _nightly(title: str, description: str, figure: str) -> timeseries.Panel:
    """Return a panel with a line a node, a point a night."""
    return (
        timeseries.Panel()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .height(8)
        .span(12)
        .min(0)
        .draw_style(GraphDrawStyle.LINE)
        .legend(legend())
        .tooltip(all_values())
        .show_points(VisibilityMode.ALWAYS)
        .with_target(series(_by_night(figure), alias="$tag_node"))
    )


def _by_night(figure: str) -> str:
    return f'SELECT {figure} FROM "run" WHERE {OF_NODES} GROUP BY {NIGHT}, "node" fill(none)'


def _runs() -> table.Panel:
    columns = (
        '"node"::tag, "profile"::tag, "verdict", "requests", "max_ms", "error_rate", "sentence", "run"::tag'
    )
    return (
        table.Panel()
        .title("Runs")
        .description("The last 500 runs, newest first; a node's name leads to its own dashboard.")
        .datasource(SOURCE)
        .height(10)
        .span(24)
        .with_target(rows(f'SELECT {columns} FROM "run" WHERE {OF_NODES} ORDER BY time DESC LIMIT 500'))
        .override_by_name("node", [_link()])
        .override_by_name(
            "verdict",
            [
                DynamicConfigValue(id_val="mappings", value=verdicts(numbers=False)),
                DynamicConfigValue(id_val="custom.cellOptions", value={"type": "color-text"}),
            ],
        )
        .override_by_name("max_ms", unit("ms"))
        .override_by_name("error_rate", unit("percentunit"))
    )


def _stalls() -> table.Panel:
    columns = (
        '"node"::tag, "words", "period_s", "length_s", "peak_ms", "cycles_hit", "cycles_expected", "p_value",'
        ' "dominant_phase", "scenario", "over_limit", "run"::tag'
    )
    where = f"{OF_NODES} AND \"kind\" = 'periodic stall'"
    return (
        table.Panel()
        .title("Periodic stalls")
        .description("The last 500 claims, newest first, from the first stall of each.")
        .datasource(SOURCE)
        .height(8)
        .span(24)
        .with_target(rows(f'SELECT {columns} FROM "finding" WHERE {where} ORDER BY time DESC LIMIT 500'))
        .override_by_name("node", [_link()])
        .override_by_name("period_s", unit("s"))
        .override_by_name("length_s", unit("s"))
        .override_by_name("peak_ms", unit("ms"))
        .override_by_name("p_value", unit("sci"))
    )


def _link() -> DynamicConfigValue:
    return DynamicConfigValue(id_val="links", value=[{"title": "this node", "url": TO_NODE}])
