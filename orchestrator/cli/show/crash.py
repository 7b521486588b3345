"""Where the traceback of a bug goes: a file for its owner, never the terminal."""

from __future__ import annotations

import os
import tempfile
import traceback
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from orchestrator.errors import StallwatchError
from orchestrator.home import Home

if TYPE_CHECKING:
    from collections.abc import Mapping


def write_crash(error: BaseException, environ: Mapping[str, str]) -> str:
    """Write the traceback, without the values of variables, and say in words where it is."""
    home = Home.find(None, environ)
    now = datetime.now(UTC)
    try:
        home.create()
        # mkstemp makes mode 0600, and a new name for each of several crashes in one second.
        handle, path = tempfile.mkstemp(prefix=f"crash-{now:%Y%m%dT%H%M%SZ}-", suffix=".txt", dir=home.path)
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.writelines(traceback.format_exception(error))
    except (StallwatchError, OSError) as unwritable:
        return f"its traceback could not be written ({unwritable})"
    return f"its traceback is in {path}"
