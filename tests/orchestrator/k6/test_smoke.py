"""The smoke script through real k6, both versions, against servers that count."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis.requests import NS_PER_S, is_fresh, start_ns
from tests.orchestrator.k6.conftest import SECRET, Calm
from tests.orchestrator.k6.runs import Measured
from tests.orchestrator.k6.servers import Server


def test_each_half_of_the_rate_is_sent_as_planned(calm: Calm) -> None:
    """3 s at 40/s are 60 requests a scenario; k6 may add the one at the very end."""
    assert calm.plain.exit_code == 0
    assert len(calm.plain.of("kept")) == 60
    assert len(calm.plain.of("fresh")) in (60, 61)
    assert calm.plain.totals.dropped_iterations == 0


def test_starts_are_evenly_spaced(calm: Calm) -> None:
    """Both scenarios start a request each 50 ms of the plan, and no delay adds up."""
    for scenario in ("kept", "fresh"):
        starts = np.sort(start_ns(calm.plain.of(scenario)))
        planned = np.arange(len(starts)) * NS_PER_S // 20
        late_s = (starts - starts[0] - planned) / NS_PER_S
        assert np.median(np.abs(late_s - np.median(late_s))) < 0.01, scenario
        assert np.abs(late_s[-5:] - late_s[:5]).max() < 0.25, scenario


def test_kept_stays_on_few_connections(calm: Calm) -> None:
    """All requests of `kept` share at most six connections."""
    connections = {seen.connection for seen in calm.plain_server.seen if not seen.fresh}
    assert len(connections) <= 6


@pytest.mark.parametrize("kind", ["plain", "tls"])
def test_fresh_opens_one_connection_a_request(calm: Calm, kind: str) -> None:
    """No connection of `fresh` carries a second request, on plain TCP as on TLS."""
    server: Server = getattr(calm, f"{kind}_server")
    used = [seen.connection for seen in server.seen if seen.fresh]
    assert len(used) == len(set(used)) == len(getattr(calm, kind).of("fresh"))
    assert not {seen.connection for seen in server.seen if not seen.fresh} & set(used)


@pytest.mark.parametrize("kind", ["plain", "tls"])
def test_fresh_rows_are_the_connections_that_the_server_counted(calm: Calm, kind: str) -> None:
    """is_fresh(), read from the rows, agrees with the server's own count of connections."""
    measured: Measured = getattr(calm, kind)
    server: Server = getattr(calm, f"{kind}_server")
    assert is_fresh(measured.frame).sum() == server.connections
    assert len(measured.frame) == len(server.seen)


def test_phases_add_up_to_the_total(calm: Calm) -> None:
    """A total is blocked + sending + waiting + receiving, and blocked holds connecting and TLS."""
    for frame in (calm.plain.frame, calm.tls.frame):
        parts = frame[["blocked_ns", "sending_ns", "waiting_ns", "receiving_ns"]].sum(axis=1)
        assert (parts == frame["total_ns"]).all()
        assert (frame["blocked_ns"] >= frame["connecting_ns"] + frame["tls_ns"]).all()
    assert (calm.tls.of("fresh")["tls_ns"] > 0).all()


def test_host_header_stays_the_services(calm: Calm) -> None:
    """Requests go to 127.0.0.1 at the Node's port, and still say the service's own name and path."""
    assert {seen.headers["host"] for seen in calm.plain_server.seen} == {"shop.test:8080"}
    assert {seen.line for seen in calm.plain_server.seen} == {"GET /healthz?deep=1 HTTP/1.1"}
    assert calm.plain.frame["ip"].unique().tolist() == ["127.0.0.1"]
    assert calm.plain.frame["endpoint"].unique().tolist() == ["/healthz"]


def test_own_ca_and_sni(calm: Calm) -> None:
    """With the service's own CA every TLS request succeeds, and SNI is the service's name."""
    assert not calm.tls.frame["failed"].any()
    assert {seen.sni for seen in calm.tls_server.seen} == {"shop.test"}


def test_secret_headers_arrive(calm: Calm) -> None:
    """Each request carries the configured header."""
    assert {seen.headers.get("authorization") for seen in calm.plain_server.seen} == {SECRET}


def test_secrets_stand_in_no_argv_and_no_file(calm: Calm) -> None:
    """Neither the arguments of a running k6 nor a file of the Run holds the secret."""
    secret = SECRET.encode()
    files = [path for path in calm.plain.folder.rglob("*") if path.is_file()]
    assert len(files) >= 4
    assert b"config.json" in calm.plain_argvs[0], "these are k6's arguments"
    assert not [argv for argv in calm.plain_argvs if secret in argv]
    assert not [path for path in files if secret in path.read_bytes()]


def test_expected_status_is_no_failure(calm: Calm) -> None:
    """A service whose answer is 418 by design has not failed."""
    assert set(calm.teapot.frame["status"]) == {418}
    assert not calm.teapot.frame["failed"].any()


@pytest.mark.parametrize("kind", ["plain", "tls", "hostile", "teapot"])
def test_rows_are_k6s_own_count(calm: Calm, kind: str) -> None:
    """What is stored is exactly what k6 says it sent, and what the script says it started."""
    measured: Measured = getattr(calm, kind)
    rows = len(measured.frame)
    totals = measured.totals
    assert (totals.http_reqs, totals.dropped_iterations, totals.started) == (rows, 0, rows)
    assert measured.counters["stallwatch_started"] == rows
    assert measured.malformed == 0


def test_ends_are_distinct(calm: Calm) -> None:
    """No two requests of a Run end at the same nanosecond."""
    assert calm.plain.frame["end_ns"].is_unique


def test_hostile_environment_has_no_effect(calm: Calm) -> None:
    """With every proxy and K6_* variable set against it, k6 makes the same rows with the same columns."""
    kept, fresh = calm.hostile.of("kept"), calm.hostile.of("fresh")
    assert len(kept) == 30
    assert len(fresh) in (30, 31)
    assert calm.hostile.exit_code == 0
    assert not calm.hostile.frame["failed"].any()
    texts = ["endpoint", "method", "proto", "ip", "error"]
    expected = ["/healthz", "GET", "HTTP/1.1", "127.0.0.1", ""]
    assert calm.hostile.frame[texts].drop_duplicates().to_numpy().tolist() == [expected]
    assert len(calm.hostile_server.seen) == len(calm.hostile.frame)
    assert {seen.headers["user-agent"].split("/")[0] for seen in calm.hostile_server.seen} == {"Grafana k6"}
    assert is_fresh(calm.hostile.frame).sum() == calm.hostile_server.connections


def test_own_temporary_files_are_private(calm: Calm) -> None:
    """Only the owner may look into the folder of a Run."""
    folder: Path = calm.plain.folder / "k6"
    assert folder.stat().st_mode & 0o077 == 0
