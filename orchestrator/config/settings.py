"""Settings: the config of one file, as the frozen values that the main line takes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from analysis.findings import Detection, Limits
from orchestrator.config.notify import channel_problems, channels_of
from orchestrator.config.problems import across_keys, from_pydantic
from orchestrator.config.profiles import BUILT_IN, profile_of
from orchestrator.config.schedules import schedule_of, schedule_problems
from orchestrator.config.schema import ConfigFile, ProfileSection, from_config
from orchestrator.config.service import Reader, endpoint_of, itself, too_large
from orchestrator.config.source import Source, read_source
from orchestrator.config.values import nearest, parse_address, shown
from orchestrator.errors import UsageError
from orchestrator.model import (
    Channel,
    ClientCertificate,
    InfluxSettings,
    Node,
    NodeKind,
    Profile,
    Retention,
    Schedule,
    Service,
    Shipping,
)
from orchestrator.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from analysis.history.series import Sensitivity

DEFAULT_CONFIG = Path("stallwatch.yaml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A valid config. Secrets are read when `service_value` is called, not before."""

    config: ConfigFile
    source: Source = field(repr=False)
    environ: Mapping[str, str] = field(repr=False)

    @property
    def path(self) -> Path:
        """The config file."""
        return self.source.path

    @property
    def base(self) -> Path:
        """The folder that relative paths of the config start at."""
        return self.path.parent

    @property
    def max_parallel(self) -> int:
        """How many k6 processes may run side by side."""
        return self.config.max_parallel

    @property
    def max_rate_per_s(self) -> float:
        """The highest load that any profile may have."""
        return self.config.limits.max_rate_per_s

    @property
    def k6_binary(self) -> Path | None:
        """The k6 that the config names, or None to look for one."""
        binary = self.config.k6.binary
        return None if binary is None else from_config(binary, self.base)

    @property
    def profile_names(self) -> tuple[str, ...]:
        """The profiles that can run: stallwatch's own, and the config's."""
        return tuple(dict.fromkeys((*BUILT_IN, *self.config.profiles)))

    def node_list(self) -> tuple[Node, ...]:
        """Return the nodes in the config's order."""
        return tuple(
            Node(name=n.name, host=at.host, port=at.port, kind=NodeKind(n.kind))
            for n in self.config.nodes
            for at in (parse_address(n.address),)
        )

    def service_value(self) -> Service:
        """Return the service with the values of its headers and bodies read.

        Raises
        ------
        ConfigError
            When an environment variable or a file is missing or unusable, or all of it is too large.
        """
        section = self.config.service
        reader = Reader(environ=self.environ, base=self.base)
        headers = reader.headers(section.headers, "service")
        endpoints = tuple(
            endpoint_of(section, endpoint, headers, reader, index)
            for index, endpoint in enumerate(section.endpoints)
        ) or itself(section, headers, reader)
        if reader.problems:
            raise self.source.error(reader.problems)
        certificate = section.client_certificate
        service = Service(
            url=section.url,
            expect_status=section.expect_status,
            ca_file=None if section.ca_file is None else from_config(section.ca_file, self.base),
            headers=headers,
            endpoints=endpoints,
            insecure_tls=section.insecure_tls,
            client_certificate=None
            if certificate is None
            else ClientCertificate(
                cert_file=from_config(certificate.cert_file, self.base),
                key_file=from_config(certificate.key_file, self.base),
            ),
        )
        if problem := too_large(service):
            raise self.source.error([problem])
        return service

    def profile(
        self, name: str, *, rate_per_s: float | None = None, duration_s: float | None = None
    ) -> Profile:
        """Return a profile, with another rate or duration when these are given.

        Raises
        ------
        UsageError
            When there is no such profile, or the rate or duration is out of bounds or makes no sense for it.
        ConfigError
            When a variable of its script cannot be read.
        """
        if name not in self.profile_names:
            hint = f"the profiles are {', '.join(self.profile_names)}"
            raise UsageError(f"no profile {shown(name)}{nearest(name, self.profile_names)}", hint=hint)
        section = self.config.profiles.get(name, ProfileSection())
        reader = Reader(environ=self.environ, base=self.base)
        environ = reader.texts(section.env, "profiles", name, "env")
        if reader.problems:
            raise self.source.error(reader.problems)
        return profile_of(
            name,
            section,
            base=self.base,
            environ=environ,
            max_rate_per_s=self.max_rate_per_s,
            rate_per_s=rate_per_s,
            duration_s=duration_s,
        )

    def influxdb_value(self) -> InfluxSettings | None:
        """Return the InfluxDB that results are sent to, its token read; None when the config has none.

        Raises
        ------
        ConfigError
            When the token is missing or unusable.
        """
        section = self.config.influxdb
        if section is None:
            return None
        reader = Reader(environ=self.environ, base=self.base)
        token = reader.secret("token", section.token, "influxdb")
        if reader.problems:
            raise self.source.error(reader.problems)
        return InfluxSettings(
            url=section.url.rstrip("/"), org=section.org, bucket=section.bucket, token=token
        )

    def influxdb_name(self) -> str | None:
        """Return the name of the config's InfluxDB in the catalog, for which no token is needed."""
        from orchestrator.shipping.shipper import target_name

        section = self.config.influxdb
        if section is None:
            return None
        url = section.url.rstrip("/")
        return target_name(InfluxSettings(url=url, org=section.org, bucket=section.bucket, token=""))

    def channels(self) -> tuple[Channel, ...]:
        """Return whom to tell what happened, their URLs read.

        Raises
        ------
        ConfigError
            When a URL is missing or unusable; it is never repeated.
        """
        problems, channels = channels_of(self.config, self.environ, self.base)
        if problems:
            raise self.source.error(problems)
        return channels

    def retention_value(self) -> Retention | None:
        """Return how long what is generated is kept; None, for ever, when the config does not say."""
        section = self.config.retention
        return None if section is None else Retention(**section.model_dump())

    def shipping(self) -> Shipping | None:
        """Return where Campaigns are sent to; None, and errors, as `influxdb_value`."""
        influxdb = self.influxdb_value()
        if influxdb is None:
            return None
        return Shipping(influxdb=influxdb, spool_bytes=self.config.limits.spool_bytes)

    def schedules(self) -> tuple[Schedule, ...]:
        """Return when which profile runs by itself."""
        return tuple(schedule_of(section) for section in self.config.schedules)

    def plan(
        self,
        campaign_id: str,
        *,
        profile: str,
        nodes: Sequence[str] = (),
        rate_per_s: float | None = None,
        duration_s: float | None = None,
    ) -> Plan:
        """Return the plan of a campaign of a profile against the named nodes, against all when none is named.

        Raises
        ------
        UsageError
            As `profile`, `service_value` and `select_nodes`.
        """
        return Plan(
            id=campaign_id,
            profile=self.profile(profile, rate_per_s=rate_per_s, duration_s=duration_s),
            service=self.service_value(),
            nodes=select_nodes(self, nodes),
            limits=self.limits_value(),
            detection=self.detection(),
            max_parallel=self.max_parallel,
        )

    def limits_value(self) -> Limits:
        """Return what counts as bad."""
        limits = self.config.limits
        return Limits(stall_ms=limits.stall_ms, slowest_ms=limits.slowest_ms, error_rate=limits.error_rate)

    def detection(self) -> Detection:
        """Return what a run must be able to show, and how sure a claim must be."""
        detect = self.config.detect
        return Detection(stall_s=detect.stall_s, period_s=detect.period_s, alpha=detect.alpha)

    def sensitivity(self) -> Sensitivity:
        """Return how much it takes until a change over campaigns alarms."""
        from analysis.history.series import Sensitivity

        history = self.config.history
        return Sensitivity(
            confirmations=history.confirmations, false_alarms_a_year=history.false_alarms_a_year
        )


def find_config(option: Path | None, environ: Mapping[str, str]) -> Path:
    """Return the config file: ``--config``, else $STALLWATCH_CONFIG, else ./stallwatch.yaml."""
    return option or Path(environ.get("STALLWATCH_CONFIG") or DEFAULT_CONFIG)


def load_settings(path: Path, environ: Mapping[str, str]) -> Settings:
    """Read and validate a config file.

    Raises
    ------
    ConfigError
        With one line a problem, up to 20: file, line, key, value, what was expected.
    """
    source = read_source(path)
    problems = list(across_keys(source.values))
    try:
        config = ConfigFile.model_validate(source.values, context={"base": path.parent})
    except ValidationError as error:
        raise source.error([*problems, *from_pydantic(error)]) from None
    problems += schedule_problems(config, path.parent)
    problems += channel_problems(config)
    if problems:
        raise source.error(problems)
    return Settings(config=config, source=source, environ=environ)


def select_nodes(settings: Settings, names: Sequence[str]) -> tuple[Node, ...]:
    """Return the named nodes in the config's order; all when none is named.

    Raises
    ------
    UsageError
        When a name is unknown: the nearest one and all known ones are listed.
    """
    nodes = settings.node_list()
    known = [node.name for node in nodes]
    for name in names:
        if name not in known:
            listed = ", ".join(known[:20]) + (", ..." if len(known) > 20 else "")
            raise UsageError(f"no node {shown(name)}{nearest(name, known)}", hint=f"the nodes are {listed}")
    return tuple(node for node in nodes if not names or node.name in names)
