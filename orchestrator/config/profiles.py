"""Profiles of the config: what each kind takes, what no single key shows, and the Profile that is meant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orchestrator.config.schema import MAX_DURATION_S, ProfileSection, from_config
from orchestrator.config.secret import variable_problem
from orchestrator.config.source import Problem
from orchestrator.config.values import nearest, parse_duration_s
from orchestrator.errors import UsageError
from orchestrator.model import Profile, ProfileKind
from orchestrator.resources import k6_script

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

BUILT_IN = tuple(kind.value for kind in ProfileKind if kind is not ProfileKind.SCRIPT)
LONGEST_RAMP_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """The keys that a kind of profile may have, and their defaults."""

    keys: tuple[str, ...]
    rate_per_s: float | None = None
    vus: int | None = None
    duration_s: float | None = None
    timeout_s: float = 60.0


KINDS = {
    ProfileKind.SMOKE: Kind(
        keys=("kind", "rate_per_s", "duration", "timeout"), rate_per_s=10.0, duration_s=300.0
    ),
    ProfileKind.LOAD: Kind(
        keys=("kind", "rate_per_s", "ramp", "duration", "timeout"), rate_per_s=50.0, duration_s=600.0
    ),
    ProfileKind.SOAK: Kind(
        keys=("kind", "rate_per_s", "duration", "timeout"), rate_per_s=10.0, duration_s=4 * 3600.0
    ),
    # A large response may take minutes: that is what is measured.
    ProfileKind.DOWNLOAD: Kind(
        keys=("kind", "vus", "duration", "timeout"), vus=2, duration_s=300.0, timeout_s=300.0
    ),
    ProfileKind.SCRIPT: Kind(keys=("script", "env", "addresses", "duration", "timeout")),
}


def kind_of(name: str, section: Mapping[str, Any]) -> ProfileKind:
    """Return the kind of a profile from its name and its keys, which may be wrong."""
    if section.get("script") is not None:
        return ProfileKind.SCRIPT
    named = section.get("kind") or name
    return ProfileKind(named) if named in BUILT_IN else ProfileKind.SMOKE


def problems_of(name: str, section: Mapping[str, Any], highest_rate_per_s: float) -> Iterator[Problem]:
    """Yield what no single key of a profile shows, on plain values that may have other problems too."""
    kind = kind_of(name, section)
    known = KINDS[kind].keys
    for key in section:
        if key in ProfileSection.model_fields and key not in known:
            hint = nearest(key, known) or f"; the keys here are {', '.join(known)}"
            yield _problem(name, key, f"a profile {_with(kind)} has no such key{hint}")
    if name in BUILT_IN and kind != name:
        key = "script" if kind is ProfileKind.SCRIPT else "kind"
        yield _problem(name, key, f"the profile {name} is stallwatch's own; give yours another name")
    rate = section.get("rate_per_s")
    if isinstance(rate, int | float) and rate > highest_rate_per_s:
        text = f"{rate:g} is above limits.max_rate_per_s ({highest_rate_per_s:g})"
        yield _problem(name, "rate_per_s", f"{text}; lower it, or raise that limit")
    yield from _ramp(name, section)
    variables = section.get("env")
    for variable, value in variables.items() if isinstance(variables, dict) else ():
        refused = variable_problem(variable, value) if isinstance(variable, str) else None
        if refused:
            yield _problem(name, "env", refused, variable)


def _with(kind: ProfileKind) -> str:
    return "with a script of its own" if kind is ProfileKind.SCRIPT else f"of kind {kind}"


def _problem(name: str, key: str, text: str, *more: str) -> Problem:
    return Problem(loc=("profiles", name, key, *more), text=text)


def _ramp(name: str, section: Mapping[str, Any]) -> Iterator[Problem]:
    try:
        ramp_s = parse_duration_s(section["ramp"])
        duration_s = parse_duration_s(section.get("duration", KINDS[ProfileKind.LOAD].duration_s))
    except (KeyError, ValueError):  # there is none, or it is said already
        return
    if 2 * ramp_s > duration_s:
        yield _problem(name, "ramp", _too_long(ramp_s, duration_s) + "; shorten it, or lengthen duration")


def _too_long(ramp_s: float, duration_s: float) -> str:
    return f"{ramp_s:g} s up and {ramp_s:g} s down do not fit into {duration_s:g} s"


def profile_of(
    name: str,
    section: ProfileSection,
    *,
    base: Path,
    environ: Mapping[str, str],
    max_rate_per_s: float,
    rate_per_s: float | None = None,
    duration_s: float | None = None,
) -> Profile:
    """Return the Profile that a section means, with another rate or duration when these are given by hand.

    A default rate above the limit is lowered to it: only what somebody asked for is refused.

    Raises
    ------
    UsageError
        What was given by hand makes no sense for this kind, or is out of bounds.
    """
    kind = kind_of(name, section.model_dump())
    _refuse_what_it_lacks(name, kind, rate_per_s, duration_s)
    if kind is ProfileKind.DOWNLOAD and max_rate_per_s < 1:
        raise UsageError(
            f"profile {name} needs a limits.max_rate_per_s of at least 1, not {max_rate_per_s:g}"
        )
    defaults = KINDS[kind]
    rate = section.rate_per_s if rate_per_s is None else rate_per_s
    if rate is None and defaults.rate_per_s is not None:
        rate = min(defaults.rate_per_s, max_rate_per_s)
    duration = (section.duration or defaults.duration_s) if duration_s is None else duration_s
    _check_bounds(rate, duration, max_rate_per_s)
    return Profile(
        name=name,
        kind=kind,
        script=from_config(section.script, base) if section.script else k6_script(kind),
        rate_per_s=rate,
        max_rate_per_s=max_rate_per_s,
        duration_s=duration,
        ramp_s=_ramp_s(kind, section, duration),
        timeout_s=section.timeout or defaults.timeout_s,
        vus=section.vus or defaults.vus,
        environ=environ,
        addresses=tuple(section.addresses),
    )


def _refuse_what_it_lacks(
    name: str, kind: ProfileKind, rate_per_s: float | None, duration_s: float | None
) -> None:
    if rate_per_s is not None and "rate_per_s" not in KINDS[kind].keys:
        what = "its script sets its own pace" if kind is ProfileKind.SCRIPT else "its load is vus"
        raise UsageError(f"profile {name} has no rate: {what}", hint="leave --rate out")
    if duration_s is not None and kind is ProfileKind.SCRIPT:
        raise UsageError(
            f"profile {name} has no duration to choose: its script sets its own", hint="leave --duration out"
        )


def _check_bounds(rate: float | None, duration_s: float | None, max_rate_per_s: float) -> None:
    if rate is not None and not 0 < rate <= max_rate_per_s:
        raise UsageError(
            f"rate {rate:g}/s: expected above 0 and up to {max_rate_per_s:g} (max_rate_per_s)",
            hint="choose another rate, or raise that limit in the config",
        )
    if duration_s is not None and not 1 <= duration_s <= MAX_DURATION_S:
        raise UsageError(f"a duration of {duration_s:g} s is not from 1 s to 7 days", hint="write 5m or 90s")


def _ramp_s(kind: ProfileKind, section: ProfileSection, duration_s: float | None) -> float:
    """Return the ramp of a load: what the config says, else a tenth of the duration, a minute at most."""
    if kind is not ProfileKind.LOAD or duration_s is None:
        return 0.0
    if section.ramp is None:
        return min(LONGEST_RAMP_S, duration_s / 10)
    if 2 * section.ramp > duration_s:
        raise UsageError(
            f"a ramp of {_too_long(section.ramp, duration_s)}",
            hint="give a longer --duration, or shorten ramp in the config",
        )
    return section.ramp
