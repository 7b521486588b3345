"""The dashboards: their files are what the code makes, and every query of theirs finds real data."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from analysis.findings import Detection, Limits, NodeResult, Verdict
from grafana.__main__ import DASHBOARDS, FOLDER
from grafana.parts import SOURCE, VERDICT_COLOURS, to_text
from orchestrator.campaign import CampaignResult, run_campaign
from orchestrator.home import Home
from orchestrator.k6.binary import find_k6
from orchestrator.loopback.process import loopback_server
from orchestrator.model import InfluxSettings, Node, Profile, Service
from orchestrator.plan import Plan
from orchestrator.resources import k6_script
from orchestrator.runs.record import record_of
from orchestrator.stores.frames import to_frame
from orchestrator.stores.influxdb.client import InfluxClient
from orchestrator.stores.influxdb.points import RunTags, request_lines
from orchestrator.stores.influxdb.results import SEVERITY, evidence_lines, result_lines
from orchestrator.stores.parquet import ParquetStore
from tests.servers.influxdb import with_new_bucket

NODE = "node-1"
PERIOD_S, FREEZE_S, DURATION_S = 4.0, 0.6, 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A campaign that InfluxDB has, and the time range that holds it."""

    settings: InfluxSettings
    campaign: CampaignResult
    from_ms: int
    to_ms: int

    @property
    def node(self) -> NodeResult:
        """The node's result."""
        return self.campaign.judged.analysis.nodes[0]

    def ask(self, query: str, *, interval: str = "1s") -> list[dict[str, Any]]:
        """Ask InfluxDB as Grafana does, with its variables filled in; return the series of the answer."""
        values = {
            "timeFilter": f"time >= {self.from_ms}ms and time <= {self.to_ms}ms",
            "__interval": interval,
            "node": regex_escaped(NODE),
            "profile": f"({regex_escaped('smoke')}|{regex_escaped('another.one')})",
        }
        text = re.sub(r"\$(timeFilter|__interval|node|profile)\b", lambda match: values[match[1]], query)
        answer = httpx.post(
            f"{self.settings.url}/query",
            params={"db": self.settings.bucket, "epoch": "ms"},
            data={"q": text},
            headers={"Authorization": f"Token {self.settings.token}"},
            trust_env=False,
            timeout=30,
        )
        [result] = answer.raise_for_status().json()["results"]
        assert "error" not in result, f"{text}: {result['error']}"
        series: list[dict[str, Any]] = result.get("series", [])
        return series


def regex_escaped(text: str) -> str:
    """Escape a variable's value as Grafana does between slashes."""
    return re.sub(r"[\\^$*+?.()|[\]{}/]", r"\\\g<0>", text)


def lacking(series: list[dict[str, Any]]) -> list[str]:
    """Return the columns of an answer in which nothing is; all of it when it has no series."""
    if not series:
        return ["everything"]
    filled: dict[str, bool] = {}
    for one in series:
        for at, column in enumerate(one["columns"]):
            filled[column] = filled.get(column, False) or any(row[at] is not None for row in one["values"])
    return [column for column, any_value in filled.items() if not any_value]


def queries() -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each query in the dashboards' files."""
    for name in DASHBOARDS:
        stored = json.loads((FOLDER / name).read_text(encoding="utf-8"))
        for panel in stored["panels"]:
            for target in panel["targets"]:
                yield f"{name}: {panel['title']}: {target['refId']}", target["query"]
        for annotation in stored.get("annotations", {}).get("list", []):
            yield f"{name}: {annotation['name']}", annotation["target"]["query"]
        for variable in stored["templating"]["list"]:
            yield f"{name}: variable {variable['name']}", variable["query"]["query"]


ALL_QUERIES = dict(queries())


@pytest.fixture(scope="module")
def shown(influxdb: InfluxSettings, k6_2: Path, tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """Measure a node that freezes every four seconds, and write all of it to InfluxDB, twice."""
    home = Home(tmp_path_factory.mktemp("shown") / "home")
    with loopback_server(freeze_s=FREEZE_S, period_s=PERIOD_S, phase_s=0.5) as port:
        plan = Plan(
            id="night-1",
            profile=Profile(
                name="smoke", script=k6_script("smoke.js"), rate_per_s=20, duration_s=DURATION_S, timeout_s=5
            ),
            service=Service(url="http://shop.example.test/healthz"),
            nodes=[Node(name=NODE, host="127.0.0.1", port=port)],
            limits=Limits(),
            detection=Detection(stall_s=FREEZE_S, period_s=PERIOD_S),
        )
        campaign = run_campaign(plan, home, find_k6(k6_2, os.environ))
    assert campaign.failures == ()
    settings = with_new_bucket(influxdb)
    store = ParquetStore(home.run_dir)
    with InfluxClient(settings) as client:
        for _ in range(2):
            for points in everything(campaign, store):
                client.write(points)
    records = campaign.judged.records
    return Shown(
        settings=settings,
        campaign=campaign,
        from_ms=min(record.started_ns for record in records) // 10**6 - 1000,
        to_ms=max(record.ended_ns or 0 for record in records) // 10**6 + 1000,
    )


def everything(campaign: CampaignResult, store: ParquetStore) -> Iterator[bytes]:
    """Yield all points of a campaign."""
    results = {result.name: result.analysis for result in campaign.judged.results()}
    for record in campaign.judged.records:
        tags = RunTags(run=record.id, node=record.node, profile=record.profile)
        row = 0
        for batch in store.batches(record.id):
            yield request_lines(batch, tags, row).to_pybytes()
            row += batch.num_rows
        lines = result_lines(record, results[record.node])
        lines += evidence_lines(record, to_frame(store.batches(record.id)))
        yield "\n".join(lines).encode()


@pytest.mark.parametrize("name", DASHBOARDS)
def test_the_files_are_what_the_code_makes(name: str) -> None:
    """Nobody edited a dashboard by hand, or forgot `make dashboards`."""
    assert (FOLDER / name).read_text(encoding="utf-8") == to_text(DASHBOARDS[name]())
    assert {path.name for path in FOLDER.iterdir()} == set(DASHBOARDS)


@pytest.mark.parametrize("name", ALL_QUERIES)
def test_every_query_finds_real_data(shown: Shown, name: str) -> None:
    """No panel, annotation or variable asks for something that is not there: no column is empty."""
    assert lacking(shown.ask(ALL_QUERIES[name])) == []


@pytest.mark.parametrize(
    ("query", "missing"),
    [
        ('SELECT "verdict" FROM "runs" WHERE $timeFilter', ["everything"]),
        ('SELECT "verdict", "nothing" FROM "run" WHERE $timeFilter', ["nothing"]),
        ('SELECT "verdict" FROM "run" WHERE $timeFilter AND "node" =~ /^$node.$/', ["everything"]),
    ],
)
def test_a_query_that_finds_nothing_is_seen(shown: Shown, query: str, missing: list[str]) -> None:
    """A wrong measurement, field or node is found by the test above."""
    assert lacking(shown.ask(query)) == missing


def test_a_query_with_an_error_is_seen(shown: Shown) -> None:
    """InfluxDB's own error fails the test above."""
    with pytest.raises((AssertionError, httpx.HTTPStatusError)):
        shown.ask("SELECT nothing(1) FROM run")


def test_the_planted_stall_is_shown(shown: Shown) -> None:
    """The verdict of the night, the stall, and each Episode from its start to its end, as analyzed."""
    analysis = shown.node.analysis
    assert analysis.verdict is Verdict.FAIL
    [verdict] = shown.ask(ALL_QUERIES["overview.json: Verdict by node and night: A"])
    assert (verdict["tags"], [row[1] for row in verdict["values"]]) == ({"node": NODE}, [2])
    [stalls] = shown.ask(ALL_QUERIES["overview.json: Periodic stalls: A"])
    periods = [dict(zip(stalls["columns"], row, strict=True))["period_s"] for row in stalls["values"]]
    assert periods == [stall.period_s for stall in analysis.periodic_stalls]
    assert any(abs(period / PERIOD_S - 1) < 0.05 for period in periods)
    [episodes] = shown.ask(ALL_QUERIES["node.json: Slow episodes"])
    assert episodes["columns"] == ["time", "timeEnd", "kind", "words"]
    expected = [(e.start_ns // 10**6, e.end_ns // 10**6) for e in analysis.episodes]
    assert [(row[0], int(row[1])) for row in episodes["values"]] == expected
    assert len(expected) >= 5


def test_nodes_are_offered_and_controls_are_not(shown: Shown) -> None:
    """Both are in InfluxDB; what the variable offers is the node alone."""
    [offered] = shown.ask(ALL_QUERIES["node.json: variable node"])
    [stored] = shown.ask('SHOW TAG VALUES FROM "request" WITH KEY = "node"')
    assert [value for _, value in offered["values"]] == [NODE]
    assert [value for _, value in stored["values"]] == ["control", NODE]


def test_delivery_counts_what_came(shown: Shown) -> None:
    """Written twice, InfluxDB has each request once: as many as k6 counted and the disk has."""
    records = {record.id: record for record in shown.campaign.judged.records}
    [told] = shown.ask(ALL_QUERIES["node.json: InfluxDB delivery: A"])
    [counted] = shown.ask(ALL_QUERIES["node.json: InfluxDB delivery: B"])
    assert told["tags"] == counted["tags"] == {"run": f"night-1.{NODE}"}
    [[_, k6, on_disk]], [[_, in_influxdb]] = told["values"], counted["values"]
    assert k6 == on_disk == in_influxdb == records[f"night-1.{NODE}"].rows > 200


def test_results_are_written_once(shown: Shown) -> None:
    """The points of `run` and `finding` are as many as there are runs and findings, although sent twice."""
    results = [result.analysis for result in shown.campaign.judged.results()]
    [runs] = shown.ask('SELECT count("verdict") FROM "run" WHERE $timeFilter')
    [findings] = shown.ask('SELECT count("words") FROM "finding" WHERE $timeFilter')
    claims = sum(len((*r.periodic_stalls, *r.findings, *r.episodes)) for r in results)
    assert (runs["values"][0][1], findings["values"][0][1]) == (len(results), claims)


def test_another_machine_reads_the_records(shown: Shown) -> None:
    """The record of each run comes back from InfluxDB as it is on disk."""
    [stored] = shown.ask('SELECT "record" FROM "run" WHERE $timeFilter')
    found = {record.id: record for record in (record_of(row[1]) for row in stored["values"])}
    assert found == {record.id: record for record in shown.campaign.judged.records}


def test_annotations_name_columns_as_grafana_does() -> None:
    """Grafana names a column of an annotation by measurement and field, and drops a row that lacks one."""
    stored = json.loads((FOLDER / "node.json").read_text(encoding="utf-8"))
    for annotation in stored["annotations"]["list"]:
        target = annotation["target"]
        [measurement] = re.findall(r'FROM "(\w+)"', target["query"])
        columns = re.findall(r'AS "(\w+)"|, "(\w+)"', target["query"].partition(" FROM ")[0])
        named = {target["timeEndColumn"], target["titleColumn"], target["textColumn"]}
        assert named == {f"{measurement}.{one or other}" for one, other in columns}


def test_dashboards_agree_with_the_rest() -> None:
    """The colours follow the severity of verdicts; each panel asks the data source that is provisioned."""
    assert [Verdict(word) for word in VERDICT_COLOURS] == sorted(SEVERITY, key=lambda one: SEVERITY[one])
    provisioned = (FOLDER.parent / "provisioning/datasources/influxdb.yaml").read_text(encoding="utf-8")
    assert f"uid: {SOURCE.uid}\n" in provisioned
    texts = [(FOLDER / name).read_text(encoding="utf-8") for name in DASHBOARDS]
    uids = set(re.findall(r'"type": "influxdb",\s*"uid": "(.*?)"', "".join(texts)))
    assert uids == {SOURCE.uid}
