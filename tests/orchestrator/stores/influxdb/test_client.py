"""What is asked of a real InfluxDB, and what is said when it does not do it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from orchestrator.model import InfluxSettings
from orchestrator.stores.influxdb.client import InfluxClient
from orchestrator.stores.influxdb.failures import InfluxError, InfluxUnreachableError
from tests.orchestrator.stores.influxdb.answers import TOKEN, answering, head
from tests.servers.influxdb import free_port


@pytest.fixture
def client(influx_bucket: InfluxSettings) -> Iterator[InfluxClient]:
    """Give a client of an empty bucket."""
    with InfluxClient(influx_bucket) as one:
        yield one


def test_the_server_says_what_it_is(client: InfluxClient) -> None:
    """State, version and clock of a server are known before anything else is asked."""
    health = client.health()
    assert health.status == "pass"
    assert health.version.startswith("2.")
    assert health.clock_ahead_s is not None
    assert abs(health.clock_ahead_s) < 60


def test_buckets_are_found_and_made(client: InfluxClient, influx_bucket: InfluxSettings) -> None:
    """A bucket that is there is found with its retention, another is not, until it is made."""
    found = client.find_bucket()
    assert found is not None
    assert (found.name, found.retention_s) == (influx_bucket.bucket, 0)
    with InfluxClient(replace(influx_bucket, bucket=f"{influx_bucket.bucket}-kept")) as other:
        assert other.find_bucket() is None
        made = other.create_bucket(retention_s=7 * 86400)
        assert other.find_bucket() == made
        assert made.retention_s == 7 * 86400


def test_what_is_written_is_read_and_deleted(client: InfluxClient) -> None:
    """A point is there at once, by its tags, to the nanosecond, and gone when it is deleted."""
    now_ns = time.time_ns()
    client.write(f"m,a=x v=1i {now_ns}\nm,a=y v=2i {now_ns}\n".encode())
    found = client.ask('SELECT "v" FROM "m" GROUP BY "a"')
    assert found == [{"a": "x", "time": now_ns, "v": 1}, {"a": "y", "time": now_ns, "v": 2}]
    with client.query('SELECT "v" FROM "m" WHERE "a" = \'y\'') as pieces:
        assert b"".join(pieces) == f"name,tags,time,v\nm,,{now_ns},2\n".encode()
    client.delete('_measurement="m" AND a="x"')
    assert [row["a"] for row in client.ask('SELECT "v" FROM "m" GROUP BY "a"')] == ["y"]


def test_a_bucket_may_be_called_anything(influx_bucket: InfluxSettings) -> None:
    """Spaces, apostrophes, a slash and letters of any kind reach the bucket of that name, and no other."""
    with InfluxClient(replace(influx_bucket, bucket=f"{influx_bucket.bucket}/b 'ü' & c")) as odd:
        odd.create_bucket()
        assert odd.find_bucket() is not None
        write(odd)
        assert [row["v"] for row in odd.ask('SELECT "v" FROM "m"')] == [1]
    with InfluxClient(influx_bucket) as plain:
        assert plain.ask('SELECT "v" FROM "m"') == []


Action = Callable[[InfluxClient], object]


def write(client: InfluxClient) -> object:
    """Write one point."""
    client.write(f"m v=1i {time.time_ns()}".encode())
    return None


def refused(settings: InfluxSettings, action: Action) -> InfluxError:
    """Return the error of something that must fail."""
    with InfluxClient(settings) as client, pytest.raises(InfluxError) as caught:
        action(client)
    return caught.value


@pytest.mark.parametrize(
    ("changes", "action", "status", "said"),
    [
        ({"token": TOKEN}, write, 401, "/api/v2/write answered 401 (unauthorized access)"),
        ({"token": TOKEN}, InfluxClient.find_bucket, 401, "is influxdb.token the right one"),
        ({"bucket": "nobody's"}, write, 404, "`stallwatch check --fix` makes the bucket"),
        ({"org": "nobody"}, write, 404, "not found); is influxdb.org right, and may the token see it?"),
        ({"org": "nobody"}, InfluxClient.org_id, 404, 'organization name "nobody" not found'),
        ({}, lambda c: c.write(b"no point at all"), 400, "answered 400 (unable to parse"),
        ({}, lambda c: c.ask("SELECT nothing"), 400, "/query answered 400 (failed to parse query"),
        ({"bucket": "nobody's"}, lambda c: c.ask('SELECT "v" FROM "m"'), 200, "not found"),
    ],
)
def test_a_refusal_is_one_clear_line(
    influx_bucket: InfluxSettings, changes: dict[str, str], action: Action, status: int, said: str
) -> None:
    """URL, status, the server's own words and what to do; never the token."""
    error = refused(replace(influx_bucket, **changes), action)
    assert error.status == status
    assert said in str(error)
    assert influx_bucket.url in str(error)
    assert "\n" not in str(error)
    assert influx_bucket.token not in str(error)


def test_points_beyond_the_retention_are_told(influx_bucket: InfluxSettings) -> None:
    """What is older than the bucket keeps is refused, and the hint speaks of clocks and retention."""
    short = replace(influx_bucket, bucket=f"{influx_bucket.bucket}-short")
    with InfluxClient(short) as client:
        client.create_bucket(retention_s=3600)
        old_ns = time.time_ns() - 7200 * 10**9
        with pytest.raises(InfluxError, match="older than the bucket's retention") as caught:
            client.write(f"m v=1i {old_ns}\nm v=1i {time.time_ns()}".encode())
        assert caught.value.status == 422
        assert len(client.ask('SELECT "v" FROM "m"')) == 1


def test_nobody_there(influx_bucket: InfluxSettings) -> None:
    """Without a server the line names the URL, and asks whether it runs."""
    away = replace(influx_bucket, url=f"http://127.0.0.1:{free_port()}")
    error = refused(away, write)
    assert isinstance(error, InfluxUnreachableError)
    assert str(error).startswith(f"{away.url}/api/v2/write: ")
    assert "Connection refused; is InfluxDB running" in str(error)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("7", 7.0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0), ("soon", None), ("", None), ("-1", None)],
)
def test_how_long_a_server_wants_to_be_left_alone(value: str, seconds: float | None) -> None:
    """Retry-After may be seconds or a date; what is neither says nothing."""
    with answering(head("503 Service Unavailable", f"Retry-After: {value}")) as settings:
        error = refused(settings, write)
    assert (error.status, error.retry_after_s) == (503, seconds)
    assert "its disk is full" in str(error)


def test_a_proxy_that_repeats_the_token_is_not_repeated() -> None:
    """Whatever an answer holds, the line has no token, no second line and no more than it needs."""
    body = f"<html>\r\n\x1b[31mAuthorization: Token {TOKEN}\r\n" + "x" * 5000
    with answering(head("502 Bad Gateway", body=body)) as settings:
        text = str(refused(settings, write))
    assert "answered 502 (<html> ?[31mAuthorization: Token *** xxx" in text
    assert TOKEN not in text
    assert text.isprintable()
    assert len(text) < 500


def test_a_redirect_is_not_followed() -> None:
    """The token goes to the URL of the config, and nowhere else."""
    with answering(head("302 Found", "Location: http://192.0.2.1/")) as settings:
        error = refused(settings, write)
    assert error.status == 302
    assert "is influxdb.url that of InfluxDB 2 itself?" in str(error)


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200", head("200 OK", body="<html>")])
def test_half_an_answer_or_a_strange_one(answer: bytes) -> None:
    """A connection that is cut, and a server that speaks no JSON, are one line each."""
    with answering(answer) as settings:
        error = refused(settings, InfluxClient.find_bucket)
    assert error.status in {None, 200}
    assert str(error).startswith(f"{settings.url}/api/v2/buckets")


def test_an_answer_that_breaks_off(influx_bucket: InfluxSettings) -> None:
    """A query whose answer ends in the middle is an error, not a short answer."""
    cut = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nname,\r\n"
    with (
        answering(cut) as settings,
        InfluxClient(settings) as client,
        pytest.raises(InfluxUnreachableError),
        client.query("SELECT 1") as pieces,
    ):
        list(pieces)


def test_influxdb_3_is_told_by_its_header() -> None:
    """A server that answers no JSON names its version in a header."""
    with (
        answering(head("200 OK", "X-Influxdb-Version: 3.4.1", body="OK")) as settings,
        InfluxClient(settings) as client,
    ):
        assert client.health().version == "3.4.1"


def test_the_token_is_not_shown(influx_bucket: InfluxSettings) -> None:
    """Neither the settings nor the client have it in what they say of themselves."""
    with InfluxClient(influx_bucket) as client:
        assert influx_bucket.token not in f"{influx_bucket!r} {client!r} {client.settings}"
