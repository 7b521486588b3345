"""run.json: what a Run was, kept beside its requests, so that it can be judged again years later."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from analysis.findings import Detection, Limits, RunFacts
from analysis.result import finite
from orchestrator.errors import StoreError
from orchestrator.home import write_whole
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
    """A Run without its requests; holds no secret (headers and bodies are not kept).

    A limit that does not apply is infinite, and null in the file.

    ``notes`` are what a reader of the verdict should know and the analysis cannot; ``error`` says why
    a failed Run failed. ``max_rate_per_s`` is what a script that
    sets its own pace was held to.
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
        write_whole(folder / FILE, self.to_json(indent=1))

    def columns(self) -> dict[str, Any]:
        """Return what the catalog keeps of a Run that has ended."""
        return {
            "state": self.state,
            "requests": self.rows,
            "ended_ns": self.ended_ns,
            "error": self.error,
            "unfit": self.facts.unfit,
        }

    def to_json(self, indent: int | None = None) -> str:
        """Return the text of run.json."""
        limits = {name: finite(value) for name, value in asdict(self.limits).items()}
        return json.dumps(asdict(self) | {"limits": limits}, indent=indent)

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
        return record_of(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"{path} cannot be read: {error}", hint="the run's requests may still be whole"
        ) from error


def record_of(text: str) -> RunRecord:
    """Return the record whose run.json this is.

    Raises
    ------
    ValueError, KeyError, TypeError
        It is not whole.
    """
    values = json.loads(text)
    values |= {
        "kind": NodeKind(values["kind"]),
        "state": RunState(values["state"]),
        "limits": Limits(
            **{name: math.inf if value is None else value for name, value in values["limits"].items()}
        ),
        "detection": Detection(**values["detection"]),
        "facts": RunFacts(**values["facts"]),
        "notes": tuple(values["notes"]),
        "origin": Origin(**origin) if (origin := values.get("origin")) else None,
    }
    return RunRecord(**values)
