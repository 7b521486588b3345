"""Ask k6 what a user's script is going to need, before anything starts."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from orchestrator.errors import K6Error, UsageError
from orchestrator.k6.binary import K6Binary
from orchestrator.k6.log import K6Log
from orchestrator.k6.process import exit_meaning, started
from orchestrator.k6.wrapper import K6Command, prepare
from orchestrator.model import Node, Profile, ProfileKind, Service
from orchestrator.plan import Plan

INSPECT_S = 60.0
UNUSABLE_CODES = (104, 107, 108)
_PREFIX = re.compile(r"^could not initialize '.*?': could not load JS test '.*?': ")
_DURATION = re.compile(r"([\d.]+)(h|ms|m|s|us|µs|ns)")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_HINTS = {
    "found on local disk": "imports and open() are relative to the file that they stand in",
    "no such file or directory": "imports and open() are relative to the file that they stand in",
    "retrieved from the resolved url": "k6 cannot download it: keep a copy beside the script and import that",
    "k6/x/": "it needs an extension of k6: build a k6 that has it (xk6) and name that in k6.binary",
    "unknown module": "this version of k6 does not have it: another one can be named in k6.binary",
}


def inspected_plan(plan: Plan, binary: K6Binary, environ: Mapping[str, str]) -> Plan:
    """Return the plan with what k6 says of a user's own script; ours say all themselves."""
    if plan.profile.kind is not ProfileKind.SCRIPT:
        return plan
    profile = inspected(binary, plan.profile, plan.service, plan.nodes[0], environ=environ)
    return replace(plan, profile=profile)


def inspected(
    binary: K6Binary, profile: Profile, service: Service, node: Node, *, environ: Mapping[str, str]
) -> Profile:
    """Return the profile of a user's script with the VUs and the duration that k6 says it may take.

    k6 runs the script's init code, in the environment of a Run, and sends nothing (it downloads what
    the script imports by URL). A duration that the profile has already stays: it is how long the
    Run is expected to take. k6's own is the longest: with ``gracefulStop``, and with ten minutes for
    iterations that are counted.

    Raises
    ------
    UsageError
        The script cannot be used: its syntax, an import, an exception, its options, no end.
    K6Error
        k6 cannot be asked.
    """
    if not profile.script.is_file():
        raise UsageError(f"there is no script {profile.script}")
    with tempfile.TemporaryDirectory(prefix="stallwatch-") as folder:
        command = prepare(binary, profile, service, node, folder=Path(folder), environ=environ)
        needs = _asked(replace(command, argv=_argv(command, Path(folder))), profile)
    longest_s = _seconds(needs["totalDuration"])
    if longest_s == 0:
        raise UsageError(f"{profile.script}: it never ends by itself", hint="give its scenario a duration")
    return replace(profile, duration_s=profile.duration_s or longest_s, vus=int(needs["maxVUs"]))


def _argv(command: K6Command, folder: Path) -> tuple[str, ...]:
    config = str(folder.resolve() / "config.json")
    asked = ("inspect", "--execution-requirements", "--include-system-env-vars")
    return (command.argv[0], *asked, "--no-color", "--log-output=stderr", "--config", config, "-")


def _asked(command: K6Command, profile: Profile) -> dict[str, Any]:
    log = K6Log(command.secrets)
    try:
        process, _, _ = started(command)
        with process:
            try:
                out, err = process.communicate(timeout=INSPECT_S)
            except BaseException:
                process.kill()
                raise
    except OSError as error:
        raise K6Error(f"k6 cannot be started: {command.argv[0]}: {error.strerror or error}") from error
    except subprocess.TimeoutExpired as error:
        raise UsageError(
            f"{profile.script}: k6 had not read it after {INSPECT_S:.0f} s",
            hint="does its init code loop, or open very large files?",
        ) from error
    for line in err.decode("utf-8", "replace").splitlines():
        log.take(line)
    if process.returncode in UNUSABLE_CODES:
        raise _unusable(profile.script, log.message())
    try:
        needs: dict[str, Any] = json.loads(out)
        _ = needs["totalDuration"], needs["maxVUs"]
    except (ValueError, KeyError, TypeError) as error:
        said = log.message() or "it said nothing of use"
        raise K6Error(f"k6 inspect {exit_meaning(process.returncode)}: {said}") from error
    return needs


def _unusable(script: Path, said: str) -> UsageError:
    words = _PREFIX.sub("", said).partition(". Make sure that you've")[0]
    hint = next((hint for mark, hint in _HINTS.items() if mark in words), "")
    begins_with_place = words.startswith(f"{script.name}:")
    return UsageError(
        f"{script}{words.removeprefix(script.name)}" if begins_with_place else f"{script}: {words}", hint=hint
    )


def _seconds(duration: object) -> float:
    """Seconds of a duration as Go writes it: 1h30m0s, 2.5s, 250ms."""
    return sum(float(value) * _SECONDS[unit] for value, unit in _DURATION.findall(str(duration)))
