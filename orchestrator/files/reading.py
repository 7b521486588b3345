"""Files that `analyze` is given: samples as k6 writes them, or a request table of stallwatch."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.findings import RunFacts
from orchestrator.errors import StallwatchError, UsageError
from orchestrator.files.samples import Progress, SampleFile
from orchestrator.files.source import STANDARD_INPUT, telling

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class FileTable:
    """A file's request table, what is known of its Run, and what a reader should know of the file."""

    frame: pd.DataFrame
    facts: RunFacts = field(default_factory=RunFacts)
    notes: tuple[str, ...] = ()


def looks_like_file(name: str) -> bool:
    """Tell a path, or standard input, from the id of a Run."""
    return (
        name == STANDARD_INPUT
        or Path(name).exists()
        or "/" in name
        or re.search(r"\.(csv|gz|json|parquet)$", name) is not None
    )


def read_file(name: str, on_progress: Progress = lambda _: None) -> FileTable:
    """Return what a file holds; a Parquet table is known by its name, the rest by its content.

    Raises
    ------
    UsageError
        The file is missing, empty, damaged, or no samples of k6.
    """
    from orchestrator.stores.frames import to_frame

    if name.endswith(".parquet"):
        return _read_parquet(Path(name))
    samples = SampleFile(name, on_progress)
    return FileTable(frame=to_frame(samples.batches()), facts=samples.facts(), notes=samples.notes())


def _read_parquet(path: Path) -> FileTable:
    from orchestrator.stores.frames import to_frame
    from orchestrator.stores.parquet import read_parquet

    with telling(str(path)), path.open("rb"):  # whatever keeps it from being opened is said as for any file
        pass
    try:
        return FileTable(frame=to_frame(read_parquet(path)))
    except StallwatchError as error:
        raise UsageError(error.message, hint=error.hint) from error
