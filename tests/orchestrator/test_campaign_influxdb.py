"""Whole campaigns with real k6 beside a real InfluxDB: sent while they run, whatever becomes of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.model import InfluxSettings
from orchestrator.shipping.counts import counts
from orchestrator.stores.influxdb.client import InfluxClient
from orchestrator.stores.influxdb.failures import InfluxError
from tests.orchestrator.runs.stage import POLL_S, Answering, Stage, answering, finished
from tests.servers.influxdb import InfluxServer

DISK_ONLY = "are on disk only, and `stallwatch sync` sends them"


@pytest.fixture
def server(tmp_path: Path) -> Answering:
    """Name what is asked."""
    return Answering()


Configure = Callable[..., Stage]


@pytest.fixture
def configure(tmp_path: Path, server: Answering, monkeypatch: pytest.MonkeyPatch) -> Configure:
    """Give what sets a stage of one node whose campaigns go to an InfluxDB."""

    def stage(k6: Path, influxdb: InfluxSettings, *, seconds: int = 6, spool_bytes: int = 10**9) -> Stage:
        stage = Stage(tmp_path / "stage", k6)
        monkeypatch.setenv("INFLUX_TOKEN", influxdb.token)
        target = f'url: "{influxdb.url}", org: {influxdb.org}, bucket: {influxdb.bucket}'
        stage.configure(
            {"n0": f"127.0.0.1:{server.port}"},
            duration=f"{seconds}s",
            more=[
                f"influxdb: {{{target}, token: {{env: INFLUX_TOKEN}}}}",
                f"limits: {{spool_bytes: {spool_bytes}}}",
            ],
        )
        return stage

    return stage


def await_points(
    influxdb: InfluxSettings, stage: Stage, process: subprocess.Popen[str], more_than: int
) -> int:
    """Return how many points a campaign has in InfluxDB as soon as they are more, while it still runs."""
    with InfluxClient(influxdb) as client:
        while process.poll() is None:
            for campaign in stage.listed("campaigns") if (stage.home / "catalog.db").exists() else []:
                try:
                    there = sum(counts(client, campaign["id"]).values())
                except InfluxError:
                    continue
                if there > more_than:
                    return there
            time.sleep(POLL_S * 10)
    raise AssertionError(f"it ended before more than {more_than} were there: {finished(process)}")


def shipper_of(process: subprocess.Popen[str]) -> int:
    """Return the process that sends beside a campaign, as soon as it is there."""
    while process.poll() is None:
        for children in Path(f"/proc/{process.pid}/task").glob("*/children"):
            for child in _read(children).decode().split():
                if b"orchestrator.shipping.child" in _read(Path(f"/proc/{child}/cmdline")):
                    return int(child)
        time.sleep(POLL_S)
    raise AssertionError(f"nothing sends: {finished(process)}")


def undisturbed(stage: Stage, server: Answering) -> int:
    """Check that every answered request is stored and that the run is done; return all rows."""
    runs = {run["node"]: run for run in stage.listed("runs")}
    assert {run["state"] for run in runs.values()} == {"done"}
    assert runs["n0"]["requests"] == len(server.answered_ns)
    return sum(run["requests"] for run in runs.values())


def test_points_come_while_it_runs_and_the_token_goes_nowhere(
    k6_binary: Path, influx_bucket: InfluxSettings, server: Answering, configure: Configure
) -> None:
    """Requests are there before the run ends, all at its end; no output, file or argument has the token."""
    arguments: list[bytes] = []
    with answering(server):
        stage = configure(k6_binary, influx_bucket)
        with stage.start("run-smoke") as process:
            environ = _read(Path(f"/proc/{shipper_of(process)}/environ"))
            await_points(influx_bucket, stage, process, 0)
            arguments += [_read(folder / "cmdline") for folder in Path("/proc").glob("[0-9]*")]
            code, out, err = finished(process)
    assert code == 3
    rows = undisturbed(stage, server)
    assert f"InfluxDB {rows:,} of {rows:,}" in err.splitlines()
    said = [out, err, *(str(stage.run(*words)[1:]) for words in (("sync",), ("check",), ("list", "runs")))]
    token = influx_bucket.token.encode()
    assert token not in "".join(said).encode() + b"".join(arguments) + environ
    files = [path for path in [*stage.home.rglob("*"), *stage.folder.glob("*")] if path.is_file()]
    assert {"catalog.db", "run.json", "requests.parquet"} <= {path.name for path in files}
    assert [path for path in files if token in path.read_bytes()] == []


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_a_server_that_is_down_costs_a_sync(
    k6_1: Path, own_influxdb: InfluxServer, server: Answering, configure: Configure
) -> None:
    """The run is what it would have been, a line says what happened; `sync` sends all when it is back."""
    own_influxdb.stop()
    with answering(server):
        stage = configure(k6_1, own_influxdb.settings, seconds=3, spool_bytes=1_000)
        code, out, err = stage.run("run-smoke")
    rows = undisturbed(stage, server)
    assert (code, out.partition(":")[0]) == (3, "inconclusive")
    told = [line for line in err.splitlines() if "InfluxDB" in line or "warning" in line]
    refused, words = (line for line in told if "spool_bytes" not in line)
    [spool] = [line for line in told if "spool_bytes" in line]
    assert refused.startswith("warning: ")
    assert "Connection refused" in refused
    assert words == f"InfluxDB 0 of {rows:,}: {rows:,} {DISK_ONLY}"
    assert "more than limits.spool_bytes (0.0 MB): nothing is lost" in spool
    code, out, err = stage.run("sync")
    assert (code, out) == (4, f"InfluxDB 0 of {rows:,}: {rows:,} {DISK_ONLY}\n"), err
    own_influxdb.start()
    code, out, err = stage.run("sync")
    assert (code, out) == (0, f"InfluxDB {rows:,} of {rows:,}\n"), err
    code, out, _ = stage.run("sync", "--format", "json")
    assert (code, json.loads(out)["runs"]) == (0, [])


def test_a_server_that_is_killed_in_the_middle(
    k6_1: Path, own_influxdb: InfluxServer, server: Answering, configure: Configure
) -> None:
    """It is killed while points come and started again: the run goes on, the counts are equal at its end."""
    with answering(server):
        stage = configure(k6_1, own_influxdb.settings, seconds=10)
        with stage.start("run-smoke") as process:
            before = await_points(own_influxdb.settings, stage, process, 20)
            own_influxdb.kill()
            own_influxdb.start()
            await_points(own_influxdb.settings, stage, process, before)
            _, _, err = finished(process)
    rows = undisturbed(stage, server)
    assert f"InfluxDB {rows:,} of {rows:,}" == err.splitlines()[-1], err


def test_a_shipper_that_is_killed_is_made_up_for(
    k6_1: Path, influx_bucket: InfluxSettings, server: Answering, configure: Configure
) -> None:
    """Without the process that sends, the run goes on; all is sent after it, and a line says why."""
    with answering(server):
        stage = configure(k6_1, influx_bucket, seconds=10)
        with stage.start("run-smoke") as process:
            shipper = shipper_of(process)
            await_points(influx_bucket, stage, process, 0)
            os.kill(shipper, signal.SIGKILL)
            _, _, err = finished(process)
    rows = undisturbed(stage, server)
    assert "warning: the process that sends to InfluxDB ended early" in err
    assert f"InfluxDB {rows:,} of {rows:,}" == err.splitlines()[-1], err


def test_a_campaign_that_is_killed_is_synced(
    k6_1: Path, influx_bucket: InfluxSettings, server: Answering, configure: Configure
) -> None:
    """Its shipper goes with it; `sync` closes the campaign, waits for the lease, and sends what is stored."""
    with answering(server):
        stage = configure(k6_1, influx_bucket, seconds=60)
        with stage.start("run-smoke") as process:
            shipper = shipper_of(process)
            await_points(influx_bucket, stage, process, 20)
            process.kill()
            finished(process)
        until = time.monotonic() + 3
        while Path(f"/proc/{shipper}/cmdline").exists() and _read(Path(f"/proc/{shipper}/cmdline")):
            assert time.monotonic() < until, "the shipper outlives its campaign"
            time.sleep(POLL_S)
        code, out, err = stage.run("sync")
    rows = sum(run["requests"] for run in stage.listed("runs"))
    assert (code, out) == (0, f"InfluxDB {rows:,} of {rows:,}\n"), err
    assert {run["state"] for run in stage.listed("runs")} == {"interrupted"}


@pytest.mark.parametrize("wrong", [{"token": "hunter2hunter2"}, {"bucket": "none"}, {"org": "nobody"}])
def test_what_only_a_person_mends_disturbs_nothing(
    k6_1: Path, influx_bucket: InfluxSettings, server: Answering, configure: Configure, wrong: dict[str, str]
) -> None:
    """A wrong token, bucket or org: the run is done, a line says what is wrong, and mended all is sent."""
    with answering(server):
        stage = configure(k6_1, replace(influx_bucket, **wrong), seconds=3)
        _, _, err = stage.run("run-smoke")
        rows = undisturbed(stage, server)
        configure(k6_1, influx_bucket)
    assert f"{rows:,} {DISK_ONLY}" in err
    assert "hunter2" not in err
    assert any("answered 40" in line for line in err.splitlines() if line.startswith("warning: "))
    code, out, err = stage.run("sync")
    assert (code, out) == (0, f"InfluxDB {rows:,} of {rows:,}\n"), err
