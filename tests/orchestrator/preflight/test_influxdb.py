"""What `check` says of InfluxDB: a real one, and others as their manuals describe them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from orchestrator.model import InfluxSettings
from orchestrator.preflight.check import Check, State
from orchestrator.preflight.influxdb import Fix, check_influxdb
from orchestrator.stores.influxdb.client import InfluxClient
from tests.orchestrator.preflight.nodes import closed_port
from tests.servers.proxy import Answer, Proxy

LOOK = Fix(wanted=False, retention_days=30)
MEND = Fix(wanted=True, retention_days=30)


def states(checks: list[Check]) -> dict[str, str]:
    """Return how each test went."""
    return {check.name: check.state.value for check in checks}


def test_a_server_that_is_well(influx_bucket: InfluxSettings) -> None:
    """Reached, version, bucket, a point there and back, the clock; and the point is gone afterwards."""
    checks = check_influxdb(influx_bucket, LOOK)
    names = ["influxdb", "influxdb bucket", "influxdb point", "influxdb clock"]
    assert states(checks) == dict.fromkeys(names, "ok"), checks
    assert checks[0].text.startswith(f"{influx_bucket.url} is InfluxDB 2.")
    assert checks[1].text.endswith("keeps points for ever")
    with InfluxClient(influx_bucket) as client, client.query("SELECT * FROM stallwatch_check") as pieces:
        assert b"".join(pieces) == b""


def test_a_bucket_that_is_missing_is_made_when_asked(influx_bucket: InfluxSettings) -> None:
    """Without --fix it is a failure that says what to do; with it the bucket is made, with retention."""
    settings = replace(influx_bucket, bucket=f"{influx_bucket.bucket}-new")
    _, bucket, _ = check_influxdb(settings, LOOK)
    assert (bucket.name, bucket.state) == ("influxdb bucket", State.FAILED)
    assert "`stallwatch check --fix` makes it, to keep points for 30 days" in bucket.hint
    made = check_influxdb(settings, MEND)
    assert set(states(made).values()) == {"ok"}
    assert made[1].text == f"ops/{settings.bucket} was made and keeps points for 30 days"
    with InfluxClient(settings) as client:
        found = client.find_bucket()
    assert found is not None
    assert found.retention_s == 30 * 86_400
    assert "was made" not in check_influxdb(settings, MEND)[1].text


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"token": "hunter2hunter2"}, "answered 401"), ({"org": "nobody"}, "nobody")],
)
def test_what_is_wrong_is_named_once(influx_bucket: InfluxSettings, wrong: dict[str, str], said: str) -> None:
    """A wrong token or org is one failure, which never shows the token, and nothing is made."""
    checks = check_influxdb(replace(influx_bucket, **wrong), MEND)
    [failed] = [check for check in checks if check.state is State.FAILED]
    assert said in failed.text
    assert failed.hint
    assert "hunter2" not in repr(checks)


def test_nobody_there(influx_bucket: InfluxSettings) -> None:
    """A closed port is one line."""
    with closed_port() as port:
        [check] = check_influxdb(replace(influx_bucket, url=f"http://127.0.0.1:{port}"), LOOK)
    assert (check.state, "refused" in check.text) == (State.FAILED, True)


@pytest.mark.parametrize(("date", "said"), [("2001", "behind ours"), ("2101", "ahead of ours")])
def test_clocks_that_differ(influx_bucket: InfluxSettings, date: str, said: str) -> None:
    """A server in another time is a warning, in words and in seconds."""
    health = Answer(
        status=200,
        body='{"status": "pass", "version": "v2.7.12"}',
        headers={"Date": f"Mon, 01 Jan {date} 00:00:00 GMT"},
    )
    port = urlsplit(influx_bucket.url).port or 0
    with Proxy(port, lambda path, _: health if path == "/health" else None).running() as proxy:
        *_, clock = check_influxdb(replace(influx_bucket, url=proxy.url), LOOK)
    assert (clock.name, clock.state) == ("influxdb clock", State.WARNING)
    assert said in clock.text
    assert "NTP" in clock.hint


class OtherInfluxDB(BaseHTTPRequestHandler):
    """An InfluxDB 1.8 or 3 as its manual has it: a health of its own kind, no buckets, no deleting."""

    version = ""
    points: list[str]

    def do_GET(self) -> None:
        """Answer what it knows."""
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        path = urlsplit(self.path).path
        if path == "/health":
            values = {"name": "influxdb", "status": "pass", "version": self.version}
            self._answer(200, "OK" if self.version.startswith("3") else json.dumps(values))
        elif path == "/api/v2/write":
            import gzip

            self.points.append(gzip.decompress(body).decode())
            self._answer(204, "")
        elif path == "/query":
            mark = parse_qs(body.decode())["q"][0].split("'")[1]
            found = [p.split() for p in self.points if f"check={mark}" in p]
            rows = [[int(at), int(fields.split("=")[1][:-1])] for _, fields, at in found]
            series = [{"name": "stallwatch_check", "columns": ["time", "at_ns"], "values": rows}]
            self._answer(200, json.dumps({"results": [{"statement_id": 0, "series": series}]}))
        else:
            self._answer(404, "404 page not found\n")

    do_POST = do_GET  # noqa: N815 # as http.server calls it

    def _answer(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("X-Influxdb-Version", self.version)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: Any) -> None:
        """Keep the test's output clean."""


@contextmanager
def other(version: str) -> Iterator[InfluxSettings]:
    """Serve another InfluxDB."""
    kind = type("Kind", (OtherInfluxDB,), {"version": version, "points": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        yield InfluxSettings(url=url, org="ops", bucket="db", token="user:word")
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("version", "works", "not_"),
    [("1.8.10", "the token is user:password", "making buckets"), ("3.4.1", "reading", "Flux in dashboards")],
)
def test_other_versions_are_told_what_works(version: str, works: str, not_: str) -> None:
    """InfluxDB 1.8 and 3 are a warning that says what works and what does not; the point is really tried."""
    with other(version) as settings:
        checks = check_influxdb(settings, MEND)
    assert states(checks) == {"influxdb": "warning", "influxdb point": "ok", "influxdb clock": "ok"}
    assert f"is InfluxDB {version}" in checks[0].text
    before, _, after = checks[0].hint.partition("does not: ")
    assert works in before
    assert not_ in after
    assert checks[1].text == "one was written and read back"


def test_something_that_is_no_influxdb(influx_bucket: InfluxSettings) -> None:
    """A web page in its place is a failure that asks whether the URL is right."""
    page = Answer(status=200, body="<html>It works!</html>")
    with Proxy(1, lambda *_: page).running() as proxy:
        checks = check_influxdb(replace(influx_bucket, url=proxy.url), LOOK)
    assert State.FAILED in {check.state for check in checks}
    assert any("an unknown version" in check.text for check in checks)
