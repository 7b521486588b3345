"""The commented example that `stallwatch init` writes."""

from __future__ import annotations

import os
import tempfile
from importlib import resources
from pathlib import Path

from orchestrator.errors import StallwatchError, UsageError


def write_example(path: Path, *, force: bool) -> None:
    """Write the example config; an existing file is replaced only by ``force``, and then as a whole.

    Raises
    ------
    UsageError
        The file exists and ``force`` was not given.
    StallwatchError
        It cannot be written.
    """
    text = resources.files("orchestrator.config").joinpath("example.yaml").read_bytes()
    try:
        if not force:
            with path.open("xb") as file:
                file.write(text)
            return
        handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(text)
            Path(scratch).replace(path)
        except OSError:
            Path(scratch).unlink()
            raise
    except FileExistsError as error:
        raise UsageError(f"{path} exists", hint="--force replaces it, --path names another file") from error
    except OSError as error:
        raise StallwatchError(
            f"{path} cannot be written: {error.strerror}", hint="name another file with --path"
        ) from error
