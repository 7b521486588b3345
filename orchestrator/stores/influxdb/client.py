"""The part of InfluxDB 2's HTTP API that stallwatch uses."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

import httpx

from orchestrator.stores.influxdb.failures import HINTS, InfluxError, printable, refused, unreachable

if TYPE_CHECKING:
    import pyarrow as pa

    from orchestrator.model import InfluxSettings

CONFIRMED = 204
CONNECT_S = 5.0
ANSWER_S = 30.0
QUERY_S = 120.0
"""How long a query may prepare its next rows."""
GZIP_LEVEL = 1
CHUNK_ROWS = 10_000
EARLIEST, LATEST = "1677-09-21T00:12:43.145224194Z", "2262-04-11T23:47:16.854775806Z"
"""All of the time that InfluxDB has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What a server says of itself; ``clock_ahead_s`` is its clock less ours, to the second."""

    status: str
    version: str
    clock_ahead_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """A bucket; ``retention_s`` 0 keeps everything."""

    id: str
    name: str
    retention_s: int


class InfluxClient:
    """Speaks with one InfluxDB; may be used by several threads.

    The token travels in the header Authorization alone. No proxy and no other setting of the environment
    is obeyed, and no redirect followed.

    Raises
    ------
    InfluxUnreachableError
        From every method: there was no answer.
    InfluxError
        From every method: the answer was no success.
    """

    def __init__(self, settings: InfluxSettings, *, answer_s: float = ANSWER_S) -> None:
        self.settings = settings
        self._http = httpx.Client(
            base_url=settings.url,
            headers={"Authorization": f"Token {settings.token}"},
            timeout=httpx.Timeout(answer_s, connect=CONNECT_S),
            trust_env=False,
            follow_redirects=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def health(self) -> Health:
        """Ask for state and version, which needs no token.

        InfluxDB 1.8 and 2 answer alike; InfluxDB 3 answers plain text, and names its version in a header.
        """
        asked = datetime.now(UTC)
        answer = self._ask("GET", "/health")
        try:
            values = answer.json()
        except ValueError:
            values = {}
        said = values if isinstance(values, dict) else {}
        version = str(said.get("version") or answer.headers.get("X-Influxdb-Version", ""))
        return Health(
            status=str(said.get("status", "")),
            version=version.removeprefix("v"),
            clock_ahead_s=_clock_ahead_s(answer.headers.get("Date", ""), asked),
        )

    def org_id(self) -> str:
        """Return the id of the org; an InfluxError of status 404 when the token sees none of that name."""
        found = self._json("GET", "/api/v2/orgs", params={"org": self.settings.org}).get("orgs") or []
        if not found:
            raise InfluxError(
                f"{self.settings.url}/api/v2/orgs: there is no org {self.settings.org!r}",
                hint="is influxdb.org right, and may the token see it?",
                status=404,
                code="not found",
            )
        return str(found[0]["id"])

    def find_bucket(self) -> Bucket | None:
        """Return the bucket, None when the org has none of that name, or the token may not see it."""
        params = {"org": self.settings.org, "name": self.settings.bucket}
        try:
            found = self._json("GET", "/api/v2/buckets", params=params).get("buckets") or []
        except InfluxError as error:
            if error.status != 404 or "bucket" not in error.said:
                raise
            return None
        return _bucket(found[0]) if found else None

    def create_bucket(self, *, retention_s: int = 0) -> Bucket:
        """Make the bucket; 0 keeps everything."""
        rules = [{"type": "expire", "everySeconds": retention_s}] if retention_s else []
        body = {"orgID": self.org_id(), "name": self.settings.bucket, "retentionRules": rules}
        return _bucket(self._json("POST", "/api/v2/buckets", json=body))

    def write(self, lines: bytes | pa.Buffer) -> None:
        """Write points in line protocol, with times in nanoseconds.

        Only 204 says that they are there: a proxy's page may well answer 200.
        """
        path = "/api/v2/write"
        answer = self._ask(
            "POST",
            path,
            params={"org": self.settings.org, "bucket": self.settings.bucket, "precision": "ns"},
            headers={"Content-Type": "text/plain; charset=utf-8", "Content-Encoding": "gzip"},
            content=gzip.compress(lines, GZIP_LEVEL, mtime=0),
        )
        if answer.status_code != CONFIRMED:
            raise refused(self.settings, path, answer)

    def ask(self, influxql: str) -> list[dict[str, Any]]:
        """Return the rows that answer a small InfluxQL query, times in ns, each with its group's tags."""
        path, form = "/query", self._database() | {"q": influxql, "epoch": "ns"}
        answer = self._json(
            "POST",
            path,
            data=form,
            headers={"Accept": "application/json"},
            timeout=httpx.Timeout(QUERY_S, connect=CONNECT_S),
        )
        (result,) = answer.get("results") or [answer]
        if error := result.get("error"):
            raise InfluxError(
                f"{self.settings.url}{path}: {printable(str(error), self.settings)}",
                hint=HINTS[404],
                status=200,
                said=printable(str(error), self.settings),
            )
        return [
            series.get("tags", {}) | dict(zip(series["columns"], row, strict=True))
            for series in result.get("series", [])
            for row in series.get("values", [])
        ]

    @contextmanager
    def query(self, influxql: str) -> Iterator[Iterator[bytes]]:
        """Give the answer to an InfluxQL query as pieces of CSV, times in nanoseconds.

        What goes wrong once the answer has begun, CSV does not say: who needs all rows counts them.
        """
        path = "/query"
        form = self._database() | {"q": influxql, "epoch": "ns"}
        form |= {"chunked": "true", "chunk_size": str(CHUNK_ROWS)}
        try:
            with self._http.stream(
                "POST",
                path,
                data=form,
                headers={"Accept": "application/csv", "Accept-Encoding": "identity"},
                timeout=httpx.Timeout(QUERY_S, connect=CONNECT_S),
            ) as answer:
                if not answer.is_success:
                    answer.read()
                    raise refused(self.settings, path, answer)
                yield self._pieces(answer, path)
        except httpx.HTTPError as error:
            raise unreachable(self.settings, path, error) from None

    def _pieces(self, answer: httpx.Response, path: str) -> Iterator[bytes]:
        try:
            yield from answer.iter_bytes()
        except httpx.HTTPError as error:
            raise unreachable(self.settings, path, error) from None

    def delete(self, predicate: str, *, start: str = EARLIEST, stop: str = LATEST) -> None:
        """Delete the points that a predicate names, such as ``_measurement="request" AND run="r"``."""
        self._ask(
            "POST",
            "/api/v2/delete",
            params={"org": self.settings.org, "bucket": self.settings.bucket},
            json={"start": start, "stop": stop, "predicate": predicate},
            timeout=httpx.Timeout(QUERY_S, connect=CONNECT_S),
        )

    def _database(self) -> dict[str, str]:
        """Return the bucket as InfluxQL names it: each has a database of its own, unless somebody maps it."""
        database, _, policy = self.settings.bucket.partition("/")
        return {"db": database, "rp": policy or "autogen"}

    def _json(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        answer = self._ask(method, path, **options)
        try:
            values = answer.json()
        except ValueError:
            values = None
        if not isinstance(values, dict):
            raise InfluxError(
                f"{self.settings.url}{path} answered {answer.status_code} without JSON",
                hint="is influxdb.url that of InfluxDB 2 itself?",
                status=answer.status_code,
            )
        return values

    def _ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            answer = self._http.request(method, path, **options)
        except httpx.HTTPError as error:
            # Without its chain: a traceback could show the request, and with it the token.
            raise unreachable(self.settings, path, error) from None
        if not answer.is_success:
            raise refused(self.settings, path, answer)
        return answer


def _bucket(values: dict[str, Any]) -> Bucket:
    rules = values.get("retentionRules") or []
    kept = next((rule.get("everySeconds", 0) for rule in rules if rule.get("type") == "expire"), 0)
    return Bucket(id=str(values["id"]), name=str(values["name"]), retention_s=int(kept))


def _clock_ahead_s(date: str, asked: datetime) -> float | None:
    """Return how far the clock of a server is ahead of ours, by its header Date (whole seconds)."""
    from email.utils import parsedate_to_datetime

    try:
        return (parsedate_to_datetime(date) - asked.replace(microsecond=0)).total_seconds()
    except (TypeError, ValueError):
        return None
