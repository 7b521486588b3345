"""Runs that are over, brought to a real InfluxDB through whatever can go wrong."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pyarrow as pa
import pytest

from orchestrator.campaign import Records
from orchestrator.catalog import LEASE_S
from orchestrator.model import InfluxSettings
from orchestrator.shipping import shipment
from orchestrator.shipping.counts import counts
from orchestrator.shipping.pending import pending
from orchestrator.shipping.shipper import target_name
from orchestrator.shipping.sync import Delivered, Patience, in_words
from orchestrator.stores.influxdb.client import InfluxClient
from tests.orchestrator.shipping.made import CAMPAIGN, behind, home_with, synced, syncing
from tests.orchestrator.stores.batches import HOSTILE, batch
from tests.servers.influxdb import InfluxServer
from tests.servers.proxy import Answer, Cut, Delay, Fault, Proxy

RUN = f"{CAMPAIGN}.n0"
BRIEF = Patience(idle_s=0.0)


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have 1,500 rows take several requests."""
    monkeypatch.setattr(shipment, "MAX_ROWS", 400)


def in_influxdb(settings: InfluxSettings) -> dict[str, int]:
    """Count what a bucket has."""
    with InfluxClient(settings) as client:
        return counts(client, CAMPAIGN)


def port_of(settings: InfluxSettings) -> int:
    """Return the port of a server."""
    return urlsplit(settings.url).port or 0


def whole(rows: int = 1_500, refused: int = 0) -> Delivered:
    """Return what is said of a run that is there."""
    return Delivered(run=RUN, rows=rows, sent=rows, refused=refused, counted=rows - refused)


def test_all_is_there_once(tmp_path: Path, influx_bucket: InfluxSettings) -> None:
    """Every row is sent and counted, in words too; a second time nothing is sent, and nothing is pending."""
    kept = home_with(tmp_path, "n0", "n1")
    found, said = synced(kept, influx_bucket)
    assert [(one.rows, one.there, one.complete) for one in found] == [(1_500, 1_500, True)] * 2
    assert in_words(found, kept.home) == "InfluxDB 3,000 of 3,000"
    assert said == []
    with Proxy(port_of(influx_bucket), lambda *_: None).running() as proxy:
        kept.catalog.lease(RUN, target_name(behind(influx_bucket, proxy.url)), "test", time.time_ns())
        again, _ = synced(kept, influx_bucket)
        assert proxy.writes == 0
    assert again == found


def test_sending_again_changes_nothing(tmp_path: Path, influx_bucket: InfluxSettings) -> None:
    """A catalog that forgot how far it came sends all again, and InfluxDB has as much as before."""
    kept = home_with(tmp_path, batches=[batch(700, seed=3, texts=HOSTILE)])
    synced(kept, influx_bucket)
    kept.catalog.note(RUN, target_name(influx_bucket), rows=0, refused=0, counted=None)
    found, _ = synced(kept, influx_bucket)
    assert found == [whole(700)]
    assert in_influxdb(influx_bucket) == {RUN: 700}


FAULTS: dict[str, dict[int, Fault]] = {
    "cut in the middle of a batch": {2: Cut.IN_THE_REQUEST},
    "cut before the answer": {1: Cut.BEFORE_THE_ANSWER, 3: Cut.BEFORE_THE_ANSWER},
    "full disk": {2: Answer(status=503, body='{"code":"unavailable","message":"no space left on device"}')},
    "a proxy's error page": {1: Answer(status=502, body="<html>Bad Gateway</html>")},
    "a page that says all is well": {2: Answer(status=200, body="<html>Please log in</html>")},
    "too many requests": {1: Answer(status=429, headers={"Retry-After": "0"})},
    "too large": {n: Answer(status=413) for n in (1, 2, 4)},
    "slow": {1: Delay(seconds=1.5), 2: Delay(seconds=1.5)},
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults_that_pass_lose_nothing(tmp_path: Path, influx_bucket: InfluxSettings, name: str) -> None:
    """Whatever meets a batch on its way: one line says so, one that it is over, and the counts are equal."""
    kept, faults = home_with(tmp_path), FAULTS[name]
    with Proxy(port_of(influx_bucket), lambda _, number: faults.get(number)).running() as proxy:
        found, said = synced(kept, behind(influx_bucket, proxy.url))
    assert proxy.met == len(faults)
    assert found == [whole()]
    assert in_influxdb(influx_bucket) == {RUN: 1_500}
    outages = 0 if name in {"slow", "too large"} else len(faults)
    assert len([line for line in said if line.startswith("warning: ")]) == outages, said
    assert len([line for line in said if "takes points again" in line]) == outages, said


def test_a_server_is_left_alone_for_as_long_as_it_asks(tmp_path: Path, influx_bucket: InfluxSettings) -> None:
    """Nothing is sent before Retry-After is over."""
    busy = Answer(status=503, headers={"Retry-After": "2"})
    with Proxy(port_of(influx_bucket), lambda _, n: busy if n == 1 else None).running() as proxy:
        synced(home_with(tmp_path), behind(influx_bucket, proxy.url))
    assert proxy.seen_at[1] - proxy.seen_at[0] >= 2


def test_a_server_that_is_killed_and_comes_back(tmp_path: Path, own_influxdb: InfluxServer) -> None:
    """Its death in the middle of a run costs a wait; what it had confirmed it still has."""
    kept, said = home_with(tmp_path), list[str]()

    def fault(_: str, number: int) -> Fault:
        if number == 2:
            own_influxdb.kill()
        return None

    def tell(text: str) -> None:
        said.append(text)
        if len(said) == 1:
            own_influxdb.start()

    with Proxy(own_influxdb.port, fault).running() as proxy:
        settings = behind(own_influxdb.settings, proxy.url)
        with syncing(kept, settings, tell) as sync:
            found = sync.campaign(CAMPAIGN, kept.catalog.list_runs(CAMPAIGN), None)
    assert found == [whole()]
    assert said[0].startswith("warning: ")
    assert "takes points again" in said[-1]


@pytest.mark.parametrize(
    ("wrong", "status"),
    [({"token": "hunter2hunter2"}, 401), ({"bucket": "none"}, 404), ({"org": "nobody"}, 404)],
)
def test_what_only_a_person_mends_is_told_once(
    tmp_path: Path, influx_bucket: InfluxSettings, wrong: dict[str, str], status: int
) -> None:
    """A wrong token, bucket or org: one line with status and hint, no waiting; mended, all is sent."""
    kept = home_with(tmp_path)
    found, said = synced(kept, replace(influx_bucket, **wrong))
    assert [(one.sent, one.left) for one in found] == [(0, 1_500)]
    [line] = said
    assert f"answered {status}" in line
    assert "hunter2" not in line
    assert "stays on disk" in line
    assert in_words(found, kept.home) == (
        "InfluxDB 0 of 1,500: 1,500 are on disk only, and `stallwatch sync` sends them"
    )
    assert synced(kept, influx_bucket)[0] == [whole()]


def test_points_beyond_retention_are_set_aside(tmp_path: Path, influx_bucket: InfluxSettings) -> None:
    """Rows too old for the bucket are counted as refused, and kept with the reason; young ones are there."""
    settings = replace(influx_bucket, bucket=f"{influx_bucket.bucket}-short")
    with InfluxClient(settings) as client:
        client.create_bucket(retention_s=3_600)
    kept = home_with(tmp_path, batches=[batch(900, seed=1), now(150)])
    found, said = synced(kept, settings)
    assert found == [whole(1_050, refused=900)]
    assert said == []
    words = in_words(found, kept.home)
    assert words.startswith("InfluxDB 150 of 1,050: 900 refused and set aside in ")
    assert "retention" in words
    files = sorted((kept.home.spool_dir / "refused" / RUN).iterdir())
    kept_lines = [line for path in files for line in path.read_bytes().split(b"\nrequest,")]
    assert len(kept_lines) == 900 + len(files), "each with its reason before it"
    assert all(b"retention" in path.read_bytes().splitlines()[0] for path in files)
    assert pending(kept.catalog, settings)[0][0]["id"] == CAMPAIGN, "its verdict is not there"


def now(rows: int, ahead_s: float = 0.0) -> pa.RecordBatch:
    """Return rows that ended just now."""
    young = batch(rows, seed=2).to_pydict()
    first = time.time_ns() + int(ahead_s * 1e9)
    young["end_ns"] = list(range(first, first + rows))
    return pa.record_batch(young, schema=batch(1).schema)


def test_a_clock_that_is_ahead(tmp_path: Path, influx_bucket: InfluxSettings) -> None:
    """Rows from an hour in the future are there, and counted."""
    kept = home_with(tmp_path, batches=[now(300, ahead_s=3_600)])
    assert synced(kept, influx_bucket)[0] == [whole(300)]


def test_a_point_that_the_bucket_cannot_take(tmp_path: Path, influx_bucket: InfluxSettings) -> None:
    """Where somebody else wrote a field as another type, the rows are refused, told and kept."""
    with InfluxClient(influx_bucket) as client:
        client.write(b'request,run=other waiting_ms="text" 1780000000000000000\n')
    kept = home_with(tmp_path)
    found, _ = synced(kept, influx_bucket)
    assert [(one.left, one.refused) for one in found] == [(0, 1_500)]
    assert "conflict" in in_words(found, kept.home)


def test_refused_copies_are_bounded(tmp_path: Path, influx_bucket: InfluxSettings) -> None:
    """Beyond limits.spool_bytes refused rows are counted without a copy; the run itself keeps them."""
    with InfluxClient(influx_bucket) as client:
        client.write(b'request,run=other waiting_ms="text" 1780000000000000000\n')
    kept = home_with(tmp_path)
    with syncing(kept, influx_bucket, lambda _: None, spool_bytes=250_000) as sync:
        [one] = sync.campaign(CAMPAIGN, kept.catalog.list_runs(CAMPAIGN), None)
    assert one.refused == 1_500
    size = sum(path.stat().st_size for path in (kept.home.spool_dir / "refused" / RUN).iterdir())
    assert 0 < size <= 250_000
    assert kept.store.count(RUN) == 1_500


def test_a_bucket_that_was_emptied_gets_all_again(tmp_path: Path, influx_bucket: InfluxSettings) -> None:
    """What InfluxDB had confirmed and lost before it was counted is noticed, said, and sent again."""
    kept = home_with(tmp_path)
    with Proxy(port_of(influx_bucket), lambda *_: None).running() as proxy:
        emptied = False

        def fault(path: str, _: int) -> Fault:
            nonlocal emptied
            if path.startswith("/query") and not emptied:
                emptied = True
                with InfluxClient(influx_bucket) as client:
                    client.delete('_measurement="request"')
            return None

        proxy.fault = fault
        found, said = synced(kept, behind(influx_bucket, proxy.url))
    assert found == [whole()]
    assert said == [f"{CAMPAIGN}: InfluxDB lacks 1,500 requests that it had taken: sent again"]


def test_another_shipper_keeps_its_run(tmp_path: Path, influx_bucket: InfluxSettings) -> None:
    """What somebody else sends is left alone as long as the lease lasts; then the rest is sent."""
    kept = home_with(tmp_path)
    target = target_name(influx_bucket)
    kept.catalog.lease(RUN, target, "other", time.time_ns())
    found, _ = synced(kept, influx_bucket, BRIEF)
    assert [(one.sent, one.elsewhere) for one in found] == [(0, True)]
    kept.catalog.advance(RUN, target, "other", time.time_ns() - int(LEASE_S * 1e9), rows=1_100)
    found, _ = synced(kept, influx_bucket)
    assert in_influxdb(influx_bucket) == {RUN: 1_500}, "what the other had said was there is sent again"
    assert found == [whole()]


def test_verdicts_follow_the_requests(tmp_path: Path, influx_bucket: InfluxSettings) -> None:
    """A run's verdict and its counts by the second are there, once, and then nothing is pending."""
    from orchestrator.judging import judge, stored_records

    kept = home_with(tmp_path, "n0", "n1", batches=[now(300)])

    def send(kept: Records) -> None:
        runs = kept.catalog.list_runs(CAMPAIGN)
        with syncing(kept, influx_bucket, lambda _: None) as sync:
            sync.campaign(CAMPAIGN, runs, lambda: judge(stored_records(runs, kept.home)[0], kept.store))

    send(kept)
    assert pending(kept.catalog, influx_bucket) == []
    with InfluxClient(influx_bucket) as client, client.query('SELECT "verdict" FROM "run"') as pieces:
        assert b"".join(pieces).count(b"\nrun,") == 2
    with (
        InfluxClient(influx_bucket) as client,
        client.query('SELECT sum("requests") FROM "evidence"') as pieces,
    ):
        assert b"".join(pieces).strip().endswith(b",600")
