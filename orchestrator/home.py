"""The folder that holds what is generated: catalog, runs, reports."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.errors import StallwatchError, UsageError

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
