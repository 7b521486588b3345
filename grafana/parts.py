"""What the dashboards are made of: queries in InfluxQL, variables, colours of verdicts.

InfluxQL, as InfluxDB 2 answers it from its index and blocks, where Flux with a pivot costs five times the
time and a gigabyte of its memory (a million requests). The database is the bucket's name; no mapping is
needed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from grafana_foundation_sdk.builders import common
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.common import (
    DataSourceRef,
    LegendDisplayMode,
    LegendPlacement,
    TooltipDisplayMode,
)
from grafana_foundation_sdk.models.dashboard import (
    Dashboard,
    DataTransformerConfig,
    DynamicConfigValue,
    ValueMap,
    ValueMapping,
    ValueMappingResult,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

SOURCE = DataSourceRef(type_val="influxdb", uid="stallwatch")
"""As grafana/provisioning/datasources/influxdb.yaml names it."""
NIGHT = "time(1d, 12h)"
"""From noon to noon in UTC: so the nights of Europe, Asia and most of America stay whole."""
OF_PROFILE = '"profile" =~ /^$profile$/'
OF_NODE = f'"node" =~ /^$node$/ AND {OF_PROFILE}'
VERDICT_COLOURS = {"pass": "green", "inconclusive": "yellow", "fail": "red"}
"""In the order of `orchestrator.stores.influxdb.results.SEVERITY`."""


@dataclass(kw_only=True)
class InfluxQL(Dataquery):
    """A query as Grafana's InfluxDB data source keeps it; ``more`` are the columns of an annotation."""

    ref: str
    text: str
    format: str
    alias: str = ""
    more: dict[str, str | bool] = field(default_factory=dict)

    def to_json(self) -> dict[str, object]:
        """Return the values that Grafana knows."""
        named = {"alias": self.alias} if self.alias else {}
        return {
            "refId": self.ref,
            "datasource": SOURCE,
            "query": self.text,
            "rawQuery": True,
            "resultFormat": self.format,
            **named,
            **self.more,
        }


@dataclass(kw_only=True)
class Query(Builder[InfluxQL]):
    """Builds a query, as the builders of panels want it."""

    built: InfluxQL

    def build(self) -> InfluxQL:
        """Return the query."""
        return self.built


def series(text: str, *, alias: str) -> Query:
    """Return a query for lines; ``alias`` names each, with ``$tag_node`` or ``$col``."""
    return Query(built=InfluxQL(ref="A", text=text, format="time_series", alias=alias))


def rows(text: str, *, ref: str = "A") -> Query:
    """Return a query for a table."""
    return Query(built=InfluxQL(ref=ref, text=text, format="table"))


def stretches(
    name: str, colour: str, text: str, *, measurement: str, title: str, words: str
) -> build.AnnotationQuery:
    """Return an annotation from the time of each point to its column ``timeEnd``, which is in ms.

    Parameters
    ----------
    measurement
        What is asked: Grafana names an annotation's columns with it.
    title, words
        The columns that are shown.
    """
    columns: dict[str, str | bool] = {
        "fromAnnotations": True,
        "queryType": "tags",
        "name": name,
        "titleColumn": f"{measurement}.{title}",
        "textColumn": f"{measurement}.{words}",
        "timeEndColumn": f"{measurement}.timeEnd",
        "tagsColumn": "",
    }
    query = Query(built=InfluxQL(ref="Anno", text=text, format="time_series", more=columns))
    return build.AnnotationQuery().name(name).datasource(SOURCE).enable(True).icon_color(colour).target(query)


def choice(name: str, *, measurement: str, several: bool, where: str = "") -> build.QueryVariable:
    """Return a variable with the values of a tag."""
    text = f'SHOW TAG VALUES FROM "{measurement}" WITH KEY = "{name}"{where}'
    variable = (
        build.QueryVariable(name)
        .label(name)
        .datasource(SOURCE)
        .query({"refId": name, "query": text})
        .definition(text)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
        .multi(several)
        .include_all(several)
    )
    return variable.current(VariableOption(text="All", value="$__all")) if several else variable


def verdicts(*, numbers: bool) -> list[ValueMapping]:
    """Return colours of verdicts, and their words where they come as numbers."""
    return [
        ValueMap(
            options={
                str(number) if numbers else word: ValueMappingResult(text=word, color=colour, index=number)
                for number, (word, colour) in enumerate(VERDICT_COLOURS.items())
            }
        )
    ]


def legend() -> common.VizLegendOptions:
    """Return a legend below the lines."""
    return (
        common.VizLegendOptions()
        .show_legend(True)
        .display_mode(LegendDisplayMode.LIST)
        .placement(LegendPlacement.BOTTOM)
        .calcs([])
    )


def all_values() -> common.VizTooltipOptions:
    """Return a tooltip with the values of all lines."""
    return common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI)


def unit(name: str) -> list[DynamicConfigValue]:
    """Return what gives a column a unit of Grafana's."""
    return [DynamicConfigValue(id_val="unit", value=name)]


def joined_by(column: str, *, hidden: tuple[str, ...]) -> list[DataTransformerConfig]:
    """Return what makes one table of several by a column that all have."""
    return [
        DataTransformerConfig(id_val="joinByField", options={"byField": column, "mode": "outer"}),
        DataTransformerConfig(
            id_val="organize",
            options={"excludeByName": dict.fromkeys(hidden, True), "indexByName": {}, "renameByName": {}},
        ),
    ]


def to_text(built: Dashboard) -> str:
    """Return a dashboard as text that changes only where it does."""
    return json.dumps(built, cls=JSONEncoder, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
