"""Runs analyzed from InfluxDB say what they say from files, on the machine that made them and elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.campaign import open_records
from orchestrator.cli.analyze import Source, command
from orchestrator.cli.show.output import Format
from orchestrator.errors import UsageError
from orchestrator.home import Home
from orchestrator.inputs.influxdb import UNKNOWN
from orchestrator.judging import judge, stored_records
from orchestrator.loopback.process import loopback_server
from orchestrator.model import InfluxSettings
from orchestrator.stores.influxdb.client import InfluxClient
from orchestrator.stores.influxdb.points import RunTags
from orchestrator.stores.influxdb.results import result_lines
from orchestrator.stores.influxdb.store import InfluxStore
from tests.orchestrator.runs.fakes import HEADER, request_lines
from tests.orchestrator.runs.stage import Stage
from tests.servers.influxdb import drop_bucket, with_new_bucket

INFLUXDB = Source.INFLUXDB
CONFIG = 'influxdb: {{url: "{url}", org: "{org}", bucket: "{bucket}", token: {{file: token}}}}'


class Sent:
    """A campaign of a real k6 against a server that stalls, and the bucket that all of it was sent to."""

    def __init__(self, folder: Path, k6: Path, influxdb: InfluxSettings) -> None:
        self.bucket = with_new_bucket(influxdb)
        self.stage = stage = Stage(folder / "made", k6)
        with loopback_server(freeze_s=0.4, period_s=2) as port:
            # Without InfluxDB: here, requests are sent when the campaign is over.
            stage.configure({"node-1": f"127.0.0.1:{port}"}, duration="8s")
            code, _, said = stage.run("run-smoke")
            assert code in {0, 1, 3}, said
        self.campaign = stage.listed("campaigns")[0]["id"]
        self.runs = {row["node"]: row["id"] for row in stage.listed("runs")}
        write_stalls(stage.folder / "stalls.csv")
        assert stage.run("import", "stalls.csv")[0] == 1
        (self.stalls,) = {row["id"] for row in stage.listed("runs")} - set(self.runs.values())
        configure(stage, self.bucket)
        self.elsewhere = Stage(folder / "elsewhere", k6)
        configure(self.elsewhere, self.bucket)

    def send(self, name: str, bucket: InfluxSettings, *, results: bool) -> None:
        """Send the requests of the runs that a name means, and what they came to."""
        kept = open_records(Home(self.stage.home))
        records, _ = stored_records(kept.catalog.find(name)[1], kept.home)
        judged = judge(records, kept.store)
        analyses = {result.name: result.analysis for result in judged.results()}
        with InfluxClient(bucket) as client:
            store = InfluxStore(client, lambda run: RunTags(run=run, node=nodes[run], profile="smoke"))
            nodes = {record.id: record.node for record in records}
            for record in records:
                writer = store.writer(record.id)
                for batch in kept.store.batches(record.id):
                    writer.append(batch)
                assert writer.close() == kept.store.count(record.id)
                if results:
                    client.write("\n".join(result_lines(record, analyses[record.node])).encode())


def write_stalls(path: Path) -> None:
    """Write 400 s of 20 requests a second; for one second of each 20, all wait for its end."""
    lines = []
    for number in range(8000):
        at_s = number / 20
        total_ms = 1000 * (1 - at_s % 1) + 5 if at_s % 20 < 1 else 5 + number % 3
        lines.append(request_lines(10**18 + round((at_s + total_ms / 1e3) * 1e9), total_ms=total_ms))
    path.write_text(f"{HEADER}\n{''.join(lines)}", encoding="utf-8")


def configure(stage: Stage, bucket: InfluxSettings) -> None:
    """Write a config with a bucket."""
    more = [CONFIG.format(url=bucket.url, org=bucket.org, bucket=bucket.bucket)]
    stage.configure({"node-1": "127.0.0.1:9"}, more=more)
    (stage.folder / "token").write_text(bucket.token)


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory, k6_2: Path, influxdb: InfluxSettings) -> Iterator[Sent]:
    """Make a campaign and send it, with its results."""
    made = Sent(tmp_path_factory.mktemp("sent"), k6_2, influxdb)
    for name in (made.campaign, made.stalls):
        made.send(name, made.bucket, results=True)
    yield made
    drop_bucket(made.bucket)


class Analyze:
    """The command analyze, called without a process of its own."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(
        self, stage: Stage, *names: str, **options: Any
    ) -> tuple[int, list[dict[str, Any]], list[str]]:
        """Return the exit code, the objects that are printed, and what is said on standard error."""
        config = stage.folder / "stallwatch.yaml"
        code = command([*names], config=config, home=stage.home, output=Format.JSON, **options)
        out, said = self._capsys.readouterr()
        return code, [json.loads(line) for line in out.splitlines()], said.splitlines()


@pytest.fixture
def analyze(capsys: pytest.CaptureFixture[str]) -> Analyze:
    """Give the command."""
    return Analyze(capsys)


def test_a_campaign_is_the_same_from_either_store(sent: Sent, analyze: Analyze) -> None:
    """Every number, finding and note of every run, the control's too, and the verdict of all."""
    from_files = analyze(sent.stage, sent.campaign)
    assert [found["requests"] > 100 for found in from_files[1]] == [True, True]
    assert analyze(sent.stage, sent.campaign, source=INFLUXDB) == from_files


@pytest.mark.parametrize("node", ["node-1", "control"])
def test_another_machine_finds_the_same(sent: Sent, node: str, analyze: Analyze) -> None:
    """With nothing but the config, a run is judged under its own limits and facts, which were sent too."""
    run = sent.runs[node]
    assert analyze(sent.elsewhere, run=[run], source=INFLUXDB) == analyze(sent.stage, run)


def test_findings_are_the_same(sent: Sent, analyze: Analyze) -> None:
    """A run with stalls that are there for certain: claims, episodes and p-values are the very same."""
    from_files = analyze(sent.stage, sent.stalls)
    assert from_files[1][0]["periodic_stalls"]
    assert analyze(sent.stage, sent.stalls, source=INFLUXDB) == from_files
    assert analyze(sent.elsewhere, run=[sent.stalls], source=INFLUXDB) == from_files


def test_all_runs_of_a_node(sent: Sent, analyze: Analyze) -> None:
    """A node and a time are all its runs since then, and no other's."""
    found = analyze(sent.elsewhere, node=["node-1"], since="1h", source=INFLUXDB)
    assert found == analyze(sent.stage, sent.runs["node-1"])


def test_without_its_record_a_run_says_what_is_unknown(
    sent: Sent, tmp_path: Path, influx_bucket: InfluxSettings, analyze: Analyze
) -> None:
    """Where only requests were sent, they are analyzed all the same, and what is not known is said."""
    sent.send(sent.campaign, influx_bucket, results=False)
    stage = Stage(tmp_path, sent.stage.k6)
    configure(stage, influx_bucket)
    _, (found,), _ = analyze(stage, run=[sent.runs["node-1"]], source=INFLUXDB)
    _, (known,), _ = analyze(sent.stage, sent.runs["node-1"])
    assert UNKNOWN in found["notes"]
    for name in ("requests", "latency_ms", "error_rate"):
        assert found[name] == known[name]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"node": ["node-2"]}, r"no requests of node 'node-2' in this time; did you mean 'node-1'\?; nodes"),
        ({"node": ["node-1"], "since": "soon"}, "--since: 'soon' is not a duration; write 5m, 90s"),
        ({}, "nothing to analyze; name runs with --run, or a node with --node"),
    ],
)
def test_what_cannot_be_meant_is_told(
    sent: Sent, options: dict[str, Any], said: str, analyze: Analyze
) -> None:
    """An unknown node, a bad time, and nothing at all: what, and what to write instead."""
    with pytest.raises(UsageError, match=said):
        analyze(sent.elsewhere, source=INFLUXDB, **options)


def test_an_unknown_run_costs_no_other(sent: Sent, analyze: Analyze) -> None:
    """A run that InfluxDB does not have is told by its id, and those behind it are analyzed."""
    code, found, said = analyze(sent.elsewhere, run=["nobody", sent.runs["node-1"]], source=INFLUXDB)
    assert (code, len(found), len(said)) == (4, 1, 1)
    assert "has no run 'nobody' in the bucket" in said[0]


def test_a_config_without_influxdb(sent: Sent, tmp_path: Path, analyze: Analyze) -> None:
    """Without the section the line says what to write."""
    stage = Stage(tmp_path, sent.stage.k6)
    stage.configure({"node-1": "127.0.0.1:9"})
    with pytest.raises(UsageError, match=r"has no influxdb section; write influxdb: \{url: ..."):
        analyze(stage, run=["r"], source=INFLUXDB)


def test_a_wrong_token_is_one_line_without_it(sent: Sent, tmp_path: Path) -> None:
    """The URL, the status and what to check are said, and the token is not."""
    stage = Stage(tmp_path, sent.stage.k6)
    configure(stage, sent.bucket)
    (tmp_path / "token").write_text("geheim-2026")
    code, out, err = stage.run("analyze", "--from", "influxdb", "--run", "r")
    assert code == 4
    assert f"{sent.bucket.url}/query answered 401" in err
    assert "is influxdb.token the right one" in err
    assert "geheim" not in out + err
    assert err.count("\n") == 1


def test_only_influxdb_knows_nodes(sent: Sent, analyze: Analyze) -> None:
    """From files, --node is refused and says what it needs."""
    with pytest.raises(UsageError, match="--node needs --from influxdb"):
        analyze(sent.stage, node=["node-1"])
