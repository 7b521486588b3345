"""Frozen values that the orchestrator passes along the main line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

OVERTIME_S = 60.0
"""A k6 that has not ended so long after it should have is killed."""


class NodeKind(StrEnum):
    """What a Node's address is."""

    NODE = "node"
    VIP = "vip"
    CONTROL = "control"


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """Where traffic is sent: ``host`` is an IP literal (no brackets), ``port`` None for the URL's own."""

    name: str
    host: str
    port: int | None = None
    kind: NodeKind = NodeKind.NODE

    @property
    def address(self) -> str:
        """The address as k6's ``hosts`` takes it: ``ip``, ``ip:port`` or ``[ip6]:port``."""
        if self.port is None:
            return self.host
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One thing asked of the service: ``weight`` is its share of the requests, among the others' weights.

    ``headers`` holds resolved values, the service's own among them, as ``body`` does (they may be secret
    and never leave the environment of k6).
    """

    name: str
    url: str
    weight: float = 1.0
    method: str = "GET"
    body: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    expect_status: int = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCertificate:
    """What the client proves itself with: PEM files."""

    cert_file: Path
    key_file: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What is asked for through each Node; Host and SNI stay this URL's.

    ``headers`` holds resolved values (they may be secret and never leave the environment of k6).
    ``endpoints`` is what our own scripts ask for; empty means the URL itself, by GET.
    """

    url: str
    expect_status: int = 200
    ca_file: Path | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    endpoints: tuple[Endpoint, ...] = ()
    insecure_tls: bool = False
    client_certificate: ClientCertificate | None = None

    @property
    def asked(self) -> tuple[Endpoint, ...]:
        """What our own scripts ask for: the endpoints, or the URL itself under the name of its path."""
        itself = Endpoint(
            name=urlsplit(self.url).path or "/",
            url=self.url,
            headers=self.headers,
            expect_status=self.expect_status,
        )
        return self.endpoints or (itself,)


class ProfileKind(StrEnum):
    """What a Profile's script is: one of ours, or the user's own."""

    SMOKE = "smoke"
    LOAD = "load"
    SOAK = "soak"
    DOWNLOAD = "download"
    SCRIPT = "script"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A k6 script with its load.

    Parameters
    ----------
    rate_per_s
        The total of a Node: held (``smoke``, ``soak``) or reached (``load``). None where the script sets its
        own pace: ``download``, and a user's own script.
    duration_s
        Of all of it, ramps included. None for a user's own script, until k6 has been asked.
    timeout_s
        When the client gives a request up.
    ramp_s
        How long ``load`` takes from nothing to its rate, and again from its rate to nothing.
    vus
        Downloads side by side; for a user's script what k6 says that it may need; else None.
    environ
        Resolved variables of a user's own script (they may be secret).
    addresses
        What a user's own script may reach beside the Nodes: IP literals, without ports.
    max_rate_per_s
        What a script that sets its own pace may not exceed.
    """

    name: str
    script: Path
    rate_per_s: float | None
    duration_s: float | None
    timeout_s: float = 60.0
    kind: ProfileKind = ProfileKind.SMOKE
    ramp_s: float = 0.0
    vus: int | None = None
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    addresses: tuple[str, ...] = ()
    max_rate_per_s: float = 200.0


@dataclass(frozen=True, slots=True, kw_only=True)
class InfluxSettings:
    """An InfluxDB 2 and what of it is ours; ``url`` ends without a slash."""

    url: str
    org: str
    bucket: str
    token: str = field(repr=False)

    @property
    def target(self) -> str:
        """The name under which the catalog keeps what it has."""
        return f"{self.url} {self.org}/{self.bucket}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long what is generated is kept, in days; ``max_bytes`` is what runs and reports may take in all."""

    raw_days: int
    summary_days: int
    reports_days: int
    max_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipping:
    """Where Campaigns are sent to, and how much may wait on disk before a warning."""

    influxdb: InfluxSettings
    spool_bytes: int


class Event(StrEnum):
    """What somebody may want to know of a Schedule; ``good``, a pass, is for those who miss silence."""

    FAIL = "fail"
    RECOVERY = "recovery"
    INCONCLUSIVE = "inconclusive"
    NOT_RUN = "not_run"
    GOOD = "good"
    TEST = "test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """Whom to tell of which Schedules' events: ``url`` is secret; no ``schedules`` means all of them.

    ``inconclusive_after`` is how many inconclusive Campaigns in a row are worth a message.
    """

    name: str
    kind: str
    url: str = field(repr=False)
    events: tuple[Event, ...]
    schedules: tuple[str, ...] = ()
    inconclusive_after: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a Profile runs by itself: at the times of ``cron`` in a time zone, or every ``every_s``.

    Parameters
    ----------
    jitter_s
        A start is put off by up to this, by chance, so that many machines do not start together.
    nodes
        Names of Nodes; none means all.
    duration_s
        Instead of the Profile's own.
    catch_up_s
        A start that was missed is made up for so long.
    """

    name: str
    profile: str
    cron: str | None = None
    timezone: str = "UTC"
    every_s: float | None = None
    jitter_s: float = 0.0
    nodes: tuple[str, ...] = ()
    duration_s: float | None = None
    enabled: bool = True
    catch_up_s: float = 7200.0


class RunState(StrEnum):
    """How far a Run or a Campaign came: interrupted by a person, stopped by stallwatch, failed by itself."""

    RUNNING = "running"
    DONE = "done"
    INTERRUPTED = "interrupted"
    STOPPED = "stopped"
    FAILED = "failed"
