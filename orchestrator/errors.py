"""One root error: what failed, what to do next, and the exit code that says so."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of every command."""

    PASS = 0
    FAIL = 1
    USAGE = 2
    INCONCLUSIVE = 3
    INFRASTRUCTURE = 4
    INTERRUPTED = 130


class StallwatchError(Exception):
    """Something a user can act on: one line of what failed, and a hint of what to try."""

    exit_code = ExitCode.INFRASTRUCTURE

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}; {self.hint}" if self.hint else self.message


class UsageError(StallwatchError):
    """Wrong arguments, unknown names, a config that cannot be used."""

    exit_code = ExitCode.USAGE


class ConfigError(UsageError):
    """stallwatch.yaml cannot be used; the message begins with file and line."""


class K6Error(StallwatchError):
    """k6 is missing, too old, or died."""


class StoreError(StallwatchError):
    """What was measured cannot be written or read."""
