"""What stallwatch.yaml may hold, as pydantic models: strict types, unknown keys forbidden."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    model_validator,
)

from orchestrator.config.cron import parse_cron
from orchestrator.config.secret import Secret, parse_header_value, parse_secret, parse_text_or_place
from orchestrator.config.values import (
    parse_address,
    parse_duration_s,
    parse_name,
    parse_node_name,
    parse_path,
    parse_url,
    shown,
)

MAX_DURATION_S = 7 * 86400.0


def _long_enough(seconds: float) -> float:
    if not 1 <= seconds <= MAX_DURATION_S:
        raise ValueError(f"{seconds:g} s is not from 1 s to 7 days; write 5m, 90s or 1h30m")
    return seconds


def _timeout(seconds: float) -> float:
    if not 0.1 <= seconds <= 600:
        raise ValueError(f"{seconds:g} s is not from 0.1 s to 10 minutes; write 60s")
    return seconds


def _within_a_day(seconds: float) -> float:
    if seconds > 86400:
        raise ValueError(f"{seconds:g} s is more than a day; write 30s, 5m or 2h")
    return seconds


def _existing_file(text: str, info: ValidationInfo) -> str:
    """Check that a file can be opened; a relative path is relative to the config file."""
    path = from_config(text, _base(info))
    try:
        with path.open("rb"):
            return text
    except OSError as error:
        raise ValueError(
            f"{shown(str(path))} cannot be read: {error.strerror}; write the path of a file"
        ) from None


def _base(info: ValidationInfo) -> Path:
    return info.context["base"] if info.context else Path()


def _certificates(text: str, info: ValidationInfo) -> str:
    import ssl

    path = from_config(_existing_file(text, info), _base(info))
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
    except OSError:  # ssl.SSLError is one
        raise ValueError(f"{shown(str(path))} holds no PEM certificate; export the CA as PEM") from None
    return text


def _timezone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            f"{shown(text)} is not a time zone; write UTC, Asia/Seoul or Europe/Berlin"
        ) from None
    return text


def _address(text: str) -> str:
    parse_address(text)
    return text


def _address_alone(text: str) -> str:
    if parse_address(text).port is not None:
        raise ValueError(f"{shown(text)} has a port; write the address alone: all its ports may be reached")
    return text


def from_config(text: str, base: Path) -> Path:
    """Return a path of the config: relative ones start at the config file's folder."""
    return base / Path(text).expanduser()


Name = Annotated[str, AfterValidator(parse_name)]
Url = Annotated[str, AfterValidator(parse_url)]
Text = Annotated[str, Field(min_length=1, max_length=200)]
DurationS = Annotated[float, BeforeValidator(parse_duration_s), AfterValidator(_long_enough)]
TimeoutS = Annotated[float, BeforeValidator(parse_duration_s), AfterValidator(_timeout)]
PositiveMs = Annotated[float, Field(gt=0, le=600_000)]
Status = Annotated[int, Field(ge=100, le=599)]
Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
FileName = Annotated[str, AfterValidator(_existing_file)]
Days = Annotated[int, Field(ge=1, le=36_500)]
Headers = dict[str, Annotated[Secret | str, BeforeValidator(parse_header_value)]]
TextOrPlace = Annotated[Secret | str, BeforeValidator(parse_text_or_place)]


class Section(BaseModel):
    """A mapping of the config: nothing unknown, nothing converted, nothing changed later."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, allow_inf_nan=False, hide_input_in_errors=True
    )


class EndpointSection(Section):
    """One thing asked of the service, and its share of the requests among the others' weights."""

    name: Name
    path: Annotated[str, AfterValidator(parse_path)]
    weight: float = Field(default=1.0, gt=0, le=1_000_000)
    method: Method = "GET"
    body: TextOrPlace | None = None
    expect_status: Status | None = None
    headers: Headers = Field(default_factory=dict)


class ClientCertificateSection(Section):
    """What the client proves itself with: PEM files."""

    cert_file: FileName
    key_file: FileName

    @model_validator(mode="after")
    def _pair(self, info: ValidationInfo) -> Self:
        import ssl

        cert, key = (from_config(name, _base(info)) for name in (self.cert_file, self.key_file))
        try:
            # An empty password instead of a question on the terminal.
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(cert, key, password="")
        except OSError:  # ssl.SSLError is one
            raise ValueError(
                f"{shown(str(cert))} and {shown(str(key))} are no certificate with its key; "
                "export both as PEM, the key without a password"
            ) from None
        return self


class ServiceSection(Section):
    """What is asked for through each node; ``endpoints`` replace the URL's own path."""

    url: Url
    method: Method | None = None
    body: TextOrPlace | None = None
    expect_status: Status = 200
    ca_file: Annotated[str, AfterValidator(_certificates)] | None = None
    insecure_tls: bool = False
    client_certificate: ClientCertificateSection | None = None
    headers: Headers = Field(default_factory=dict)
    endpoints: list[EndpointSection] = Field(default_factory=list)


class NodeSection(Section):
    """Where traffic is sent."""

    name: Annotated[str, AfterValidator(parse_node_name)]
    address: Annotated[str, AfterValidator(_address)]
    kind: Literal["node", "vip"] = "node"


class ProfileSection(Section):
    """Load and duration of one profile: which keys make sense, and their defaults, depends on its kind."""

    kind: Literal["smoke", "load", "soak", "download"] | None = None
    rate_per_s: Annotated[float, Field(gt=0)] | None = None
    ramp: Annotated[float, BeforeValidator(parse_duration_s)] | None = None
    duration: DurationS | None = None
    timeout: TimeoutS | None = None
    vus: Annotated[int, Field(ge=1, le=1000)] | None = None
    script: FileName | None = None
    env: dict[str, TextOrPlace] = Field(default_factory=dict)
    addresses: list[Annotated[str, AfterValidator(_address_alone)]] = Field(default_factory=list)


class ScheduleSection(Section):
    """When a profile runs by itself: at the times of ``cron``, or ``every`` so often."""

    name: Name
    cron: Annotated[str, AfterValidator(parse_cron)] | None = None
    timezone: Annotated[str, AfterValidator(_timezone)] | None = None
    every: DurationS | None = None
    jitter: Annotated[float, BeforeValidator(parse_duration_s), AfterValidator(_within_a_day)] | None = None
    profile: Name = "smoke"
    nodes: list[Name] = Field(default_factory=list)
    duration: DurationS | None = None
    enabled: bool = True
    catch_up: Annotated[float, BeforeValidator(parse_duration_s), AfterValidator(_within_a_day)] = 7200.0


class LimitsSection(Section):
    """What counts as bad, and how much load is allowed."""

    stall_ms: PositiveMs = 200.0
    slowest_ms: PositiveMs = 1000.0
    error_rate: float = Field(default=0.001, ge=0, lt=1)
    max_rate_per_s: float = Field(default=200.0, gt=0, le=100_000)
    spool_bytes: int = Field(default=2_000_000_000, ge=0)


class DetectSection(Section):
    """The stall that a run must be able to show, and how sure a claim must be."""

    stall_s: float = Field(default=1.0, gt=0, le=3600)
    period_s: float = Field(default=60.0, gt=0, le=86_400)
    alpha: float = Field(default=0.005, gt=0, le=0.05)


class HistorySection(Section):
    """How much it takes until a change of level over campaigns alarms."""

    confirmations: int = Field(default=1, ge=0, le=10)
    false_alarms_a_year: float = Field(default=1.0, gt=0, le=1000)


class InfluxSection(Section):
    """Where results are sent beside the local files."""

    url: Url
    org: Text
    bucket: Text
    token: Annotated[Secret, BeforeValidator(parse_secret)]
    retention_days: Days = 90


class ChannelSection(Section):
    """Whom to tell what happened; the URL is a secret, as it lets anybody write there."""

    name: Name
    type: Literal["webhook", "slack", "teams", "mattermost", "apprise", "ping"]
    url: Annotated[Secret, BeforeValidator(parse_secret)]
    events: list[Literal["fail", "recovery", "inconclusive", "not_run"]] | None = None
    schedules: list[Name] = Field(default_factory=list)
    inconclusive_after: int = Field(default=3, ge=1, le=1000)


class RetentionSection(Section):
    """How long what is generated is kept."""

    raw_days: Days = 30
    summary_days: Days = 730
    reports_days: Days = 365
    max_bytes: int | None = Field(default=None, ge=1_000_000)

    @model_validator(mode="after")
    def _figures_outlive_requests(self) -> Self:
        if self.summary_days < self.raw_days:
            raise ValueError(
                f"summary_days ({self.summary_days}) is below raw_days ({self.raw_days}); "
                "figures are kept at least as long as the requests that they are of"
            )
        return self


class K6Section(Section):
    """Which k6 to use."""

    binary: Text | None = None


class ConfigFile(Section):
    """The whole stallwatch.yaml."""

    service: ServiceSection
    nodes: list[NodeSection] = Field(min_length=1)
    profiles: dict[Name, ProfileSection] = Field(default_factory=dict)
    schedules: list[ScheduleSection] = Field(default_factory=list)
    limits: LimitsSection = LimitsSection()
    detect: DetectSection = DetectSection()
    history: HistorySection = HistorySection()
    influxdb: InfluxSection | None = None
    notify: list[ChannelSection] = Field(default_factory=list)
    retention: RetentionSection | None = None
    k6: K6Section = K6Section()
    max_parallel: int = Field(default=8, ge=1, le=64)
