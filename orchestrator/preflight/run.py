"""All tests in order: config, k6, home, profiles, nodes, InfluxDB."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from orchestrator.config import Settings, load_settings
from orchestrator.errors import K6Error, UsageError
from orchestrator.home import Home
from orchestrator.k6.binary import find_k6
from orchestrator.k6.inspect import inspected
from orchestrator.model import InfluxSettings, Profile, ProfileKind, Service
from orchestrator.preflight.check import CONFIG, Check, State
from orchestrator.preflight.influxdb import Fix, check_influxdb
from orchestrator.preflight.machine import (
    check_home,
    check_profile,
    need_of,
    open_files,
)
from orchestrator.preflight.request import check_nodes
from orchestrator.processes import available_memory_mb


def run_checks(config: Path, home: Home, environ: Mapping[str, str], *, fix: bool = False) -> list[Check]:
    """Test everything that a campaign needs; what does not depend on a broken config is tested anyway.

    ``fix`` makes what is missing and can be made: the bucket of InfluxDB.
    """
    try:
        settings = load_settings(config, environ)
        service = settings.service_value()
        profiles = [settings.profile(name) for name in _checked(settings)]
        influxdb = settings.influxdb_value()
    except UsageError as error:
        return [*_config_problems(error), check_k6(None, environ), check_home(home, requests=0)]
    return [
        *_config(settings, len(profiles)),
        check_k6(settings.k6_binary, environ),
        *_machine(settings, *_known(settings, profiles, service, environ), home),
        *_nodes(settings, service),
        *_influxdb(settings, influxdb, fix=fix),
    ]


def _checked(settings: Settings) -> tuple[str, ...]:
    """Return the profiles that somebody means to use: the smoke, and those that the config names.

    The other built-in ones must not fail the check of a machine that was never meant for them.
    """
    return tuple(dict.fromkeys(("smoke", *settings.config.profiles)))


def check_k6(configured: Path | None, environ: Mapping[str, str]) -> Check:
    """Look for k6 and ask its version."""
    try:
        binary = find_k6(configured, environ)
    except K6Error as error:
        return Check(name="k6", state=State.FAILED, text=error.message, hint=error.hint)
    return Check(
        name="k6",
        state=State.WARNING if binary.warning else State.OK,
        text=f"{binary.path} is k6 {binary.version_text}",
        hint=binary.warning,
        figures={"path": str(binary.path), "version": binary.version_text},
    )


def _config_problems(error: UsageError) -> list[Check]:
    *lines, last = error.message.split("\n")
    checks = [Check(name=CONFIG, state=State.FAILED, text=line) for line in lines]
    return [*checks, Check(name=CONFIG, state=State.FAILED, text=last, hint=error.hint)]


def _config(settings: Settings, profiles: int) -> list[Check]:
    nodes = len(settings.config.nodes)
    figures: dict[str, str | float | None] = {
        "nodes": nodes,
        "profiles": profiles,
        "schedules": len(settings.config.schedules),
    }
    said = ", ".join(f"{what} {count}" for what, count in figures.items() if count)
    text = f"{settings.path} is valid: {said}"
    return [Check(name=CONFIG, state=State.OK, text=text, figures=figures)]


def _known(
    settings: Settings, profiles: Sequence[Profile], service: Service, environ: Mapping[str, str]
) -> tuple[list[Profile], list[Check]]:
    """Return the profiles with what k6 says of users' scripts, and a failed test for what it cannot read."""
    known, failed = [], []
    for profile in profiles:
        if profile.kind is not ProfileKind.SCRIPT:
            known.append(profile)
            continue
        try:
            binary = find_k6(settings.k6_binary, environ)
            known.append(inspected(binary, profile, service, settings.node_list()[0], environ=environ))
        except (UsageError, K6Error) as error:
            name = f"profile {profile.name}"
            failed.append(Check(name=name, state=State.FAILED, text=error.message, hint=error.hint))
    return known, failed


def _machine(
    settings: Settings, profiles: Sequence[Profile], failed: Sequence[Check], home: Home
) -> list[Check]:
    needs = [need_of(profile, len(settings.config.nodes), settings.max_parallel) for profile in profiles]
    memory_mb, files = available_memory_mb(), open_files()
    return [
        check_home(home, requests=max((need.requests for need in needs), default=0)),
        *(
            check_profile(profile, need, available_mb=memory_mb, open_files=files)
            for profile, need in zip(profiles, needs, strict=True)
        ),
        *failed,
    ]


def _nodes(settings: Settings, service: Service) -> list[Check]:
    return check_nodes(service, settings.node_list(), now_s=time.time())


def _influxdb(settings: Settings, influxdb: InfluxSettings | None, *, fix: bool) -> list[Check]:
    section = settings.config.influxdb
    if influxdb is None or section is None:
        return []
    return check_influxdb(influxdb, Fix(wanted=fix, retention_days=section.retention_days))
