"""The daemon's log: one line an event on standard error, as text or as JSON."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any


class LogFormat(StrEnum):
    """How a line is written."""

    TEXT = "text"
    JSON = "json"


class Level(StrEnum):
    """How much a line matters."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Log:
    """Writes lines; what is None is left out."""

    def __init__(self, how: LogFormat) -> None:
        self._how = how

    def write(self, event: str, *, level: Level = Level.INFO, **values: Any) -> None:
        """Write one event with its values."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        known = {name: value for name, value in values.items() if value is not None}
        if self._how is LogFormat.JSON:
            line = json.dumps({"at": at, "level": level, "event": event, **known}, default=str)
        else:
            said = "".join(f" {name}={_word(value)}" for name, value in known.items())
            line = f"{at} {level} {event}:{said}" if said else f"{at} {level} {event}"
        # Nobody may read it any more: what runs is not to suffer, and no buffer to grow.
        if sys.stderr is not None:
            with suppress(OSError):
                os.write(sys.stderr.fileno(), f"{line}\n".encode())


def _word(value: object) -> str:
    """Return a value as one word, or in quotes; nothing in it can steer a terminal or begin a line."""
    text = str(value)
    return text if text.isascii() and text.isprintable() and text and " " not in text else json.dumps(text)
