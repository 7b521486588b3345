"""The folder that holds what is generated: catalog, runs, reports."""

from __future__ import annotations

import errno
import os
import re
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from orchestrator.errors import StallwatchError, StoreError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_HOME = Path("var")
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")


@dataclass(frozen=True, slots=True)
class Home:
    """$STALLWATCH_HOME, readable by its owner only."""

    path: Path

    @classmethod
    def find(cls, option: Path | None, environ: Mapping[str, str]) -> Home:
        """Return the home: ``--home``, else $STALLWATCH_HOME, else ./var."""
        return cls((option or Path(environ.get("STALLWATCH_HOME") or DEFAULT_HOME)).expanduser())

    @property
    def catalog_db(self) -> Path:
        """What ran, with what result."""
        return self.path / "catalog.db"

    @property
    def runs_dir(self) -> Path:
        """One folder a run."""
        return self.path / "runs"

    @property
    def reports_dir(self) -> Path:
        """The rendered reports."""
        return self.path / "reports"

    @property
    def spool_dir(self) -> Path:
        """What waits or was set aside on its way to InfluxDB, beside the runs themselves."""
        return self.path / "spool"

    @property
    def locks_dir(self) -> Path:
        """Locks of what goes on."""
        return self.path / "locks"

    @property
    def node_locks_dir(self) -> Path:
        """One lock a node: see `orchestrator.runs.turns`."""
        return self.locks_dir / "nodes"

    def run_dir(self, run_id: str) -> Path:
        """Return the folder of a run.

        Raises
        ------
        UsageError
            When the id could lead out of the home.
        """
        if not _RUN_ID.fullmatch(run_id) or ".." in run_id:
            raise UsageError(
                f"{run_id!r} is not the id of a run", hint="`stallwatch list runs` shows the ids"
            )
        return self.runs_dir / run_id

    def create(self) -> Home:
        """Make the folders that are missing, mode 0700, and see that they can be written to.

        Raises
        ------
        StallwatchError
            When the home is read-only, not a folder, or the disk is full.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            for folder in (self.path, self.runs_dir, self.reports_dir):
                folder.mkdir(mode=0o700, exist_ok=True)
                # Really writing: permission bits say nothing of read-only mounts, quotas, or root.
                with tempfile.TemporaryFile(dir=folder) as file:
                    file.write(b"\0")
        except OSError as error:
            raise StallwatchError(
                f"the home {str(self.path)!r} cannot be written to: {error.strerror}",
                hint="name another folder with --home PATH or STALLWATCH_HOME",
            ) from error
        return self


class Reserve:
    """Space kept back in a home while entered, so that a Campaign whose disk fills up can be closed.

    A file without a name: whatever becomes of this process, the space is free again.

    Raises
    ------
    StoreError
        There is not as much space.
    """

    BYTES = 1 << 20

    def __init__(self, home: Home) -> None:
        self._file = tempfile.TemporaryFile(dir=home.path)  # noqa: SIM115 # open on purpose
        try:
            self._file.write(os.urandom(self.BYTES))  # no zeros: some file systems keep none of them
            self._file.flush()
        except OSError as error:
            self.release()
            if error.errno == errno.EFBIG:  # a limit of the size of files says nothing of the disk
                return
            raise StoreError(
                f"{home.path}: 1 MB cannot be kept back for the end of the campaign: {error.strerror}"
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def release(self) -> None:
        """Give the space back."""
        with suppress(OSError):  # what did not go in is tried once more
            self._file.close()


def write_whole(path: Path, text: str) -> None:
    """Write a file of the home, whole or not at all.

    Raises
    ------
    StoreError
        It cannot be written; what stood there before still does.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise StoreError(f"{path}: {error.strerror or error}", hint="is the disk full?") from error
