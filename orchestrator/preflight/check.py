"""One test's outcome, and what all of them come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from orchestrator.errors import ExitCode

CONFIG = "config"


class State(StrEnum):
    """How one test went."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One test: what was tested, how it went, in words, what to do, and the figures behind the words."""

    name: str
    state: State
    text: str
    hint: str = ""
    figures: Mapping[str, str | float | None] = field(default_factory=dict)


def exit_code(checks: Sequence[Check]) -> ExitCode:
    """Return 0 when nothing failed, 2 when the config did, 4 when anything else did."""
    failed = {check.name for check in checks if check.state is State.FAILED}
    if CONFIG in failed:
        return ExitCode.USAGE
    return ExitCode.INFRASTRUCTURE if failed else ExitCode.PASS
