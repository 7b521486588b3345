"""Schedules of the config: what no single key shows, and the Schedule that is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.config.profiles import BUILT_IN, profile_of
from orchestrator.config.schema import ProfileSection
from orchestrator.config.source import Problem
from orchestrator.config.values import nearest, shown
from orchestrator.errors import UsageError
from orchestrator.model import Schedule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from orchestrator.config.schema import ConfigFile, ScheduleSection


def schedule_problems(config: ConfigFile, base: Path) -> Iterator[Problem]:
    """Yield what no single key of a schedule shows."""
    nodes = [node.name for node in config.nodes]
    for index, schedule in enumerate(config.schedules):
        for key, text in (*_timing(schedule), *_target(schedule, config, base)):
            yield Problem(loc=("schedules", index, key) if key else ("schedules", index), text=text)
        for number, name in enumerate(schedule.nodes):
            if name not in nodes:
                loc = ("schedules", index, "nodes", number)
                yield Problem(loc=loc, text=f"{shown(name)} is no node{_hint(name, nodes, 'nodes')}")


def _hint(name: str, known: Iterable[str], what: str) -> str:
    return nearest(name, known) or f"; the {what} are {', '.join(sorted(known))}"


def _timing(schedule: ScheduleSection) -> Iterator[tuple[str, str]]:
    if (schedule.cron is None) == (schedule.every is None):
        yield "", 'takes either cron or every; write cron: "0 2 * * *", or every: 10m'
    if schedule.cron is None and schedule.timezone is not None:
        yield "timezone", "belongs to cron: every takes no notice of time zones"
    if schedule.every is not None and schedule.jitter is not None and schedule.jitter >= schedule.every:
        yield "jitter", f"{schedule.jitter:g} s is not below every ({schedule.every:g} s)"


def _target(schedule: ScheduleSection, config: ConfigFile, base: Path) -> Iterator[tuple[str, str]]:
    profiles = {*BUILT_IN, *config.profiles}
    if schedule.profile not in profiles:
        yield (
            "profile",
            f"{shown(schedule.profile)} is no profile{_hint(schedule.profile, profiles, 'profiles')}",
        )
        return
    section = config.profiles.get(schedule.profile, ProfileSection())
    try:
        profile_of(
            schedule.profile,
            section,
            base=base,
            environ={},
            max_rate_per_s=config.limits.max_rate_per_s,
            duration_s=schedule.duration,
        )
    except UsageError as error:
        yield "duration" if schedule.duration else "profile", error.message


def schedule_of(section: ScheduleSection) -> Schedule:
    """Return the Schedule that a section means."""
    return Schedule(
        name=section.name,
        profile=section.profile,
        cron=section.cron,
        timezone=section.timezone or "UTC",
        every_s=section.every,
        jitter_s=section.jitter or 0.0,
        nodes=tuple(section.nodes),
        duration_s=section.duration,
        enabled=section.enabled,
        catch_up_s=section.catch_up,
    )
