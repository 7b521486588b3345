"""`stallwatch sync`: what it prints, and how it ends."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.cli.sync import NOTHING
from orchestrator.model import InfluxSettings
from orchestrator.stores.influxdb.client import InfluxClient
from tests.orchestrator.cli.run import stallwatch
from tests.orchestrator.shipping.made import CAMPAIGN, home_with
from tests.orchestrator.stores.batches import batch

SERVICE = 'service: {url: "http://shop.example.test/"}\nnodes: [{name: n0, address: 127.0.0.1}]\n'


def sync(folder: Path, influxdb: InfluxSettings | None, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command on the home of a folder."""
    section = ""
    if influxdb is not None:
        target = f'url: "{influxdb.url}", org: {influxdb.org}, bucket: {influxdb.bucket}'
        section = f"influxdb: {{{target}, token: {{env: INFLUX_TOKEN}}}}\n"
    (folder / "stallwatch.yaml").write_text(SERVICE + section)
    token = influxdb.token if influxdb else ""
    return stallwatch("sync", "--home", str(folder / "home"), *arguments, folder=folder, INFLUX_TOKEN=token)


def test_all_is_sent_and_counted(tmp_path: Path, influx_bucket: InfluxSettings) -> None:
    """One line on standard output, exit code 0; in JSON totals and each run; then there is nothing to do."""
    home_with(tmp_path, "n0", "n1")
    done = sync(tmp_path, influx_bucket, "--format", "json")
    assert done.returncode == 0
    assert "warning" not in done.stderr
    found = json.loads(done.stdout)
    assert {name: found[name] for name in ("requests", "in_influxdb", "refused", "left")} == {
        "requests": 3_000, "in_influxdb": 3_000, "refused": 0, "left": 0,
    }  # fmt: skip
    assert {run["run"]: run["in_influxdb"] for run in found["runs"]} == {
        f"{CAMPAIGN}.n0": 1_500, f"{CAMPAIGN}.n1": 1_500,
    }  # fmt: skip
    done = sync(tmp_path, influx_bucket)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{NOTHING}\n", "")


def test_what_a_bucket_has_lost_is_sent_again(tmp_path: Path, influx_bucket: InfluxSettings) -> None:
    """`--recount` asks InfluxDB itself; what it lacks of runs that were counted before is sent once more."""
    home_with(tmp_path, "n0")
    sync(tmp_path, influx_bucket)
    with InfluxClient(influx_bucket) as client:
        client.delete('_measurement="request"')
    assert sync(tmp_path, influx_bucket).stdout == f"{NOTHING}\n"
    done = sync(tmp_path, influx_bucket, "--recount")
    assert (done.returncode, done.stdout) == (0, "InfluxDB 1,500 of 1,500\n")
    assert f"{CAMPAIGN}: InfluxDB lacks 1,500 requests that it had taken: sent again" in done.stderr
    again = sync(tmp_path, influx_bucket, "--recount")
    assert (again.returncode, again.stdout, again.stderr) == (0, "InfluxDB 1,500 of 1,500\n", "")


def test_points_that_are_refused_are_shown(tmp_path: Path, influx_bucket: InfluxSettings) -> None:
    """Rows beyond retention are no failure of the command: their number, place and reason are in its line."""
    short = replace(influx_bucket, bucket=f"{influx_bucket.bucket}-short")
    with InfluxClient(short) as client:
        client.create_bucket(retention_s=3_600)
    home_with(tmp_path, batches=[batch(10)])
    done = sync(tmp_path, short)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("InfluxDB 0 of 10: 10 refused and set aside in ")
    assert "retention" in done.stdout


@pytest.mark.parametrize("wrong", [{"token": "hunter2hunter2"}, {"bucket": "none"}])
def test_what_cannot_be_sent_is_exit_code_4(
    tmp_path: Path, influx_bucket: InfluxSettings, wrong: dict[str, str]
) -> None:
    """One warning with what to do, how much is left, and 4."""
    home_with(tmp_path)
    done = sync(tmp_path, replace(influx_bucket, **wrong))
    assert done.returncode == 4
    [line] = done.stderr.splitlines()
    assert line.startswith("warning: ")
    assert "hunter2" not in done.stdout + done.stderr
    assert done.stdout.startswith("InfluxDB 0 of 1,500: 1,500 are on disk only")


def test_a_config_without_influxdb_says_how(tmp_path: Path) -> None:
    """It is a usage error that shows what to add."""
    done = sync(tmp_path, None)
    assert done.returncode == 2
    assert "names no InfluxDB; add influxdb: {url:" in done.stderr


def test_a_run_whose_table_is_gone_keeps_none_of_the_others(
    tmp_path: Path, influx_bucket: InfluxSettings
) -> None:
    """What was taken away by hand is said in one line; all else is sent."""
    kept = home_with(tmp_path, "n0", "n1")
    (kept.home.run_dir(f"{CAMPAIGN}.n0") / "requests.parquet").unlink()
    done = sync(tmp_path, influx_bucket)
    assert done.returncode == 4
    assert done.stdout.startswith("InfluxDB 1,500 of 3,000: 1,500 are on disk only")
