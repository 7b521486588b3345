"""run.json: what a Run was, kept beside its requests, so that it can be judged again years later."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from analysis.findings import Detection, Limits, RunFacts
from orchestrator.errors import StoreError
from orchestrator.model import NodeKind, RunState

FILE = "run.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where an imported Run came from; ``sha256`` is that of the content, unpacked."""

    file: str
    format: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """A Run without its requests; holds no secret (headers are not kept).

    ``notes`` are what a reader of the verdict should know and the analysis cannot; ``error`` says why
    a failed Run failed. ``max_rate_per_s`` is what a user's script was held to.
    """

    id: str
    campaign_id: str
    node: str
    kind: NodeKind
    address: str
    url: str
    profile: str
    rate_per_s: float | None
    max_rate_per_s: float | None = None
    limits: Limits
    detection: Detection
    facts: RunFacts
    versions: dict[str, str]
    started_ns: int = 0
    ended_ns: int | None = None
    state: RunState = RunState.RUNNING
    rows: int = 0
    notes: tuple[str, ...] = ()
    error: str = ""
    settings: dict[str, str] = field(default_factory=dict)
    origin: Origin | None = None

    def write(self, folder: Path) -> None:
        """Write run.json, whole or not at all.

        Raises
        ------
        StoreError
            The folder cannot be written.
        """
        part = folder / f"{FILE}.part"
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            part.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")
            part.replace(folder / FILE)
        except OSError as error:
            raise StoreError(
                f"{folder / FILE}: {error.strerror or error}", hint="is the disk full?"
            ) from error

    def closed(self, **changes: Any) -> RunRecord:
        """Return the record with other values."""
        return replace(self, **changes)


def read_record(folder: Path) -> RunRecord:
    """Return the record of a Run's folder.

    Raises
    ------
    StoreError
        There is none, or it is not whole.
    """
    path = folder / FILE
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        values |= {
            "kind": NodeKind(values["kind"]),
            "state": RunState(values["state"]),
            "limits": Limits(**values["limits"]),
            "detection": Detection(**values["detection"]),
            "facts": RunFacts(**values["facts"]),
            "notes": tuple(values["notes"]),
            "origin": Origin(**origin) if (origin := values.get("origin")) else None,
        }
        return RunRecord(**values)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"{path} cannot be read: {error}", hint="the run's requests may still be whole"
        ) from error
