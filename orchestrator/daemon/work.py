"""What the daemon hands to a child: kept apart from how it is done, which takes far more memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from orchestrator.home import Home
from orchestrator.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A campaign, or without a plan tidying up; ``k6`` is the binary that the config names, if any."""

    home: Home
    plan: Plan | None = None
    k6: Path | None = None
