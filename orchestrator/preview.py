"""What a plan is going to send, where, and for how long: all that can be said without starting anything."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from orchestrator.k6.load import most_requests_of, requests_of, sockets_of, vus_of
from orchestrator.model import Node, Profile, ProfileKind
from orchestrator.plan import Plan, control_profile, shares_of
from orchestrator.preflight.machine import need_of

DEFAULT_PORTS = {"http": 80, "https": 443}


def preview(plan: Plan) -> dict[str, Any]:
    """Return the plan as plain values for JSON; None where nobody knows yet. It holds no secret.

    Connections are the most that are open at once; what stalls takes more of them than what is well.
    """
    profile, waves = plan.profile, list(plan.waves())
    need = need_of(profile, len(plan.nodes), plan.max_parallel)
    control = control_profile(profile)
    return {
        "profile": profile.name,
        "kind": profile.kind.value,
        "asks_first": profile.kind is not ProfileKind.SMOKE,
        **_load(profile),
        "max_rate_per_s": profile.max_rate_per_s,
        "service": plan.service.url,
        "host": urlsplit(plan.service.url).netloc,
        "certificate_checked": not plan.service.insecure_tls,
        "client_certificate": plan.service.client_certificate is not None,
        **(_script(profile) if profile.kind is ProfileKind.SCRIPT else {"endpoints": _endpoints(plan)}),
        "nodes": [
            {"name": node.name, "kind": node.kind.value, "address": _address(plan, node), "wave": number}
            for number, wave in enumerate(waves, start=1)
            for node in wave
        ],
        "waves": len(waves),
        "k6_processes_at_once": need.runs_at_once,
        "memory_mb": round(need.memory_mb),
        "all_waves_s": None if profile.duration_s is None else profile.duration_s * len(waves),
        "all_requests": _times(requests_of(profile), len(plan.nodes)),
        "all_requests_at_most": _times(most_requests_of(profile), len(plan.nodes)),
        "control": {"kind": control.kind.value, "address": "127.0.0.1", **_load(control)},
    }


def _load(profile: Profile) -> dict[str, Any]:
    """Return the load of one node."""
    return {
        "rate_per_s": profile.rate_per_s,
        "duration_s": profile.duration_s,
        "ramp_s": profile.ramp_s,
        "timeout_s": profile.timeout_s,
        "vus": vus_of(profile),
        "connections_at_most": sockets_of(profile),
        "requests": requests_of(profile),
        "requests_at_most": most_requests_of(profile),
    }


def _times(count: int | None, nodes: int) -> int | None:
    return None if count is None else count * nodes


def _script(profile: Profile) -> dict[str, Any]:
    return {
        "script": str(profile.script),
        "variables": sorted(profile.environ),
        "may_reach_too": list(profile.addresses),
    }


def _endpoints(plan: Plan) -> list[dict[str, Any]]:
    asked = plan.service.asked
    return [
        {
            "name": endpoint.name,
            "method": endpoint.method,
            "url": endpoint.url,
            "weight": endpoint.weight,
            "share": share,
            "expect_status": endpoint.expect_status,
            "body_bytes": len((endpoint.body or "").encode()),
            "headers": sorted(endpoint.headers),
        }
        for endpoint, share in zip(asked, shares_of(asked), strict=True)
    ]


def _address(plan: Plan, node: Node) -> str:
    """Return where a node's connections go, with the port that they go to."""
    url = urlsplit(plan.service.url)
    port = node.port or url.port or DEFAULT_PORTS[url.scheme]
    return f"[{node.host}]:{port}" if ":" in node.host else f"{node.host}:{port}"
