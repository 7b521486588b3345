"""What a Campaign is going to do, decided before anything starts."""

from __future__ import annotations

import math
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from analysis.findings import CampaignAnalysis, Detection, Limits
from orchestrator.model import Node, NodeKind, Profile, ProfileKind, Service
from orchestrator.resources import k6_script

CONTROL = "control"
CONTROL_RATE_PER_S = 10.0
MAX_CONFIRM_S = 3600.0
"""A second Campaign takes no longer than this without being asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One Profile against some Nodes, in waves of at most ``max_parallel``, each beside a control."""

    id: str
    profile: Profile
    service: Service
    nodes: Sequence[Node]
    limits: Limits
    detection: Detection
    max_parallel: int = 8

    def waves(self) -> Iterator[tuple[Node, ...]]:
        """Yield the Nodes that run side by side."""
        for first in range(0, len(self.nodes), self.max_parallel):
            yield tuple(self.nodes[first : first + self.max_parallel])

    def in_words(self) -> str:
        """Say how much load is coming, how long, and in how many waves."""
        waves = len(list(self.waves()))
        profile = self.profile
        if profile.kind is ProfileKind.SCRIPT:
            vus = f"up to {profile.vus} VUs a node"
            load = f"{profile.script.name} with {vus}, for at most {profile.duration_s:g} s"
        else:
            load = f"{profile.rate_per_s:g} requests/s a node for {profile.duration_s:g} s"
        if waves == 1:
            return f"{load}, beside a control"
        return f"{load}, in {waves} waves of at most {self.max_parallel}, each beside a control"

    def control(self, wave: int, port: int) -> Node:
        """Return the control beside a wave: the loopback server, reached as the service is."""
        name = CONTROL if wave == 0 else f"{CONTROL}-{wave + 1}"
        return Node(name=name, host="127.0.0.1", port=port, kind=NodeKind.CONTROL)

    def control_profile(self) -> Profile:
        """Return what the control does: a user's own script knows nothing of it, so our smallest one."""
        if self.profile.kind is not ProfileKind.SCRIPT:
            return self.profile
        return replace(
            self.profile,
            kind=ProfileKind.SMOKE,
            script=k6_script("smoke"),
            rate_per_s=CONTROL_RATE_PER_S,
            environ={},
            max_rate_per_s=None,
        )

    def run_id(self, node: Node) -> str:
        """Return the id of a Node's Run."""
        return f"{self.id}.{node.name}"


def confirming(plan: Plan, analysis: CampaignAnalysis, campaign_id: str) -> Plan:
    """Return the plan of a second Campaign, as long as the inconclusive one says that it takes."""
    if plan.profile.kind is ProfileKind.SCRIPT:  # it says itself how long it takes
        return replace(plan, id=campaign_id)
    needed_s = [node.analysis.needed_duration_s or 0.0 for node in analysis.nodes]
    duration_s = max(plan.profile.duration_s or 0.0, min(math.ceil(max(needed_s)), MAX_CONFIRM_S))
    return replace(plan, id=campaign_id, profile=replace(plan.profile, duration_s=duration_s))


def new_campaign_id(now: datetime) -> str:
    """Return an id that sorts by time and says it."""
    return f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
