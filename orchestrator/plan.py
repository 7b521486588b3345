"""What a Campaign is going to do, decided before anything starts."""

from __future__ import annotations

import math
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from analysis.findings import CampaignAnalysis, Detection, Limits
from orchestrator.model import OVERTIME_S, Endpoint, Node, NodeKind, Profile, ProfileKind, Service
from orchestrator.resources import k6_script
from reports.formats import duration

CONTROL = "control"
CONTROL_RATE_PER_S = 10.0
"""A control beside anything but a smoke sends no more: it tells the generator's stalls, and is no load."""
MAX_CONFIRM_S = 3600.0
"""A second Campaign takes no longer than this without being asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One Profile against some Nodes, in waves of at most ``max_parallel``, each beside a control.

    ``limits`` are the config's; which of them hold for a Node's Run, ``limits_of`` says.
    """

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
        load = f"{load_in_words(self.profile)}, for {duration_in_words(self.profile)}"
        control = "a control" if self.profile.kind is ProfileKind.SMOKE else f"a control ({self._control()})"
        if waves == 1:
            return f"{load}, beside {control}"
        return f"{load}, in {waves} waves of at most {self.max_parallel}, each beside {control}"

    def _control(self) -> str:
        return f"smoke at {control_profile(self.profile).rate_per_s:g} requests/s"

    def control(self, wave: int, port: int) -> Node:
        """Return the control beside a wave: the loopback server, reached as the service is."""
        name = CONTROL if wave == 0 else f"{CONTROL}-{wave + 1}"
        return Node(name=name, host="127.0.0.1", port=port, kind=NodeKind.CONTROL)

    def profile_of(self, node: Node) -> Profile:
        """Return what runs against a Node, or against the control.

        Beside a user's script the control goes on as long as the script may: it ends with its nodes.
        """
        if node.kind is not NodeKind.CONTROL:
            return self.profile
        control = control_profile(self.profile)
        if self.profile.kind is ProfileKind.SCRIPT and control.duration_s is not None:
            return replace(control, duration_s=control.duration_s + self.profile.timeout_s + OVERTIME_S)
        return control

    def service_of(self, node: Node) -> Service:
        """Return what is asked of a Node, or of the control."""
        # The control is plain HTTP on loopback, whatever the service: it measures the generator alone.
        control = Service(url="http://control.invalid/")
        return control if node.kind is NodeKind.CONTROL else self.service

    def limits_of(self, node: Node) -> Limits:
        """Return what counts as bad for a Node's Run: a download may take as long as it is large."""
        if self.profile.kind is ProfileKind.DOWNLOAD and node.kind is not NodeKind.CONTROL:
            return replace(self.limits, slowest_ms=math.inf)
        return self.limits

    def run_id(self, node: Node) -> str:
        """Return the id of a Node's Run."""
        return f"{self.id}.{node.name}"

    def settings(self) -> dict[str, str]:
        """Return what a report says of the plan; holds no secret."""
        profile = self.profile
        return {
            "service": self.service.url,
            **self._asked(),
            **self._tls(),
            "profile": profile.name if profile.name == profile.kind else f"{profile.name} ({profile.kind})",
            "load": load_in_words(profile),
            "duration": duration_in_words(profile),
            "client timeout": f"{profile.timeout_s:g} s",
            "control": self._control(),
            **limits_in_words(self.limits_of(self.nodes[0]), self.detection),
        }

    def _asked(self) -> dict[str, str]:
        if self.profile.kind is ProfileKind.SCRIPT:
            return {"script": str(self.profile.script)}
        shares = shares_of(self.service.asked)
        asked = "; ".join(
            endpoint_in_words(e, share) for e, share in zip(self.service.asked, shares, strict=True)
        )
        return {"asks for": asked}

    def _tls(self) -> dict[str, str]:
        said = ["the server's certificate is not checked"] if self.service.insecure_tls else []
        said += ["with a client certificate"] if self.service.client_certificate else []
        return {"TLS": ", ".join(said)} if said else {}


def control_profile(profile: Profile) -> Profile:
    """Return what runs against the loopback server beside a Profile, for as long."""
    if profile.kind is ProfileKind.SMOKE:
        return profile
    return Profile(
        name=CONTROL,
        script=k6_script(ProfileKind.SMOKE),
        rate_per_s=min(profile.rate_per_s or CONTROL_RATE_PER_S, CONTROL_RATE_PER_S),
        duration_s=profile.duration_s,
    )


def limits_in_words(limits: Limits, detection: Detection) -> dict[str, str]:
    """Return the settings that a verdict rests on."""
    slowest = (
        f"slowest {limits.slowest_ms:g} ms"
        if math.isfinite(limits.slowest_ms)
        else "slowest not applied: a download may take as long as it is large"
    )
    return {
        "limits": f"stall {limits.stall_ms:g} ms, {slowest}, error rate {limits.error_rate:g}",
        "reference stall": f"{detection.stall_s:g} s every {detection.period_s:g} s",
        "claim level": f"p <= {detection.alpha:g}",
    }


def load_in_words(profile: Profile) -> str:
    """Say what a Profile sends to one Node."""
    if profile.kind is ProfileKind.DOWNLOAD:
        return f"{profile.vus} downloads at a time a node, one after the other over kept connections"
    if profile.kind is ProfileKind.SCRIPT:
        return f"{profile.script.name} with up to {profile.vus} VUs a node"
    up_to = "up to " if profile.kind is ProfileKind.LOAD else ""
    return f"{up_to}{profile.rate_per_s:g} requests/s a node, half kept, half fresh"


def duration_in_words(profile: Profile) -> str:
    """Say how long a Profile takes, its ramps among it."""
    if profile.duration_s is None:
        return "as long as it takes"
    if profile.kind is ProfileKind.SCRIPT:
        return f"at most {duration(profile.duration_s)}"
    ramp = f", of which {duration(profile.ramp_s)} up and as long down" if profile.ramp_s else ""
    return f"{duration(profile.duration_s)}{ramp}"


def shares_of(endpoints: Sequence[Endpoint]) -> list[float]:
    """Return each endpoint's share of the requests, 0 to 1."""
    total = sum(endpoint.weight for endpoint in endpoints)
    return [endpoint.weight / total for endpoint in endpoints]


def endpoint_in_words(endpoint: Endpoint, share: float) -> str:
    """Say what is asked for, with which share of the requests, and what answer is expected."""
    share_text = "" if share == 1 else f", {share:.3g} of the requests"
    return f"{endpoint.method} {endpoint.url}, status {endpoint.expect_status}{share_text}"


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
