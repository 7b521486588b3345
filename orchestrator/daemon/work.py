"""What the daemon hands to a child: kept apart from how it is done, which takes far more memory."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from orchestrator.home import Home
from orchestrator.model import OVERTIME_S, Channel, Retention, Shipping
from orchestrator.plan import Plan

JUDGING_S = 1800.0
"""Far longer than any analysis and report have taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A campaign; without a plan an errand, the first that its values name, or tidying up.

    ``channels`` are told what happened, ``retention`` is pruned by, InfluxDB is sent what it lacks.
    ``k6`` is the binary that the config names, ``shipping`` where it sends campaigns to, if any.
    """

    home: Home
    plan: Plan | None = None
    k6: Path | None = None
    shipping: Shipping | None = None
    retention: Retention | None = None
    channels: tuple[Channel, ...] = ()


def longest_s(plan: Plan) -> float:
    """Return how long a campaign may take from its beginning to its report; for ever when nobody knows."""
    profile = plan.profile
    if profile.duration_s is None:
        return math.inf
    return len(list(plan.waves())) * (profile.duration_s + profile.timeout_s + OVERTIME_S) + JUDGING_S
