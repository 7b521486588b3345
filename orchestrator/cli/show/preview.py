"""How commands show what a plan is going to send."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.cli.show.results import table
from reports.formats import duration

if TYPE_CHECKING:
    from typing import Any

    from orchestrator.plan import Plan


def preview_lines(plan: Plan) -> list[str]:
    """Return what would be sent where, for how long, and with how much of this machine."""
    from orchestrator.preview import preview

    seen = preview(plan)
    return [
        plan.in_words(),
        "",
        *_asked(seen),
        "",
        *table(
            ("node", "address", "kind", "wave"),
            [[n["name"], n["address"], n["kind"], str(n["wave"])] for n in seen["nodes"]],
        ),
        "",
        *_figures(seen),
    ]


def _asked(seen: dict[str, Any]) -> list[str]:
    said = f"Host {seen['host']}"
    said += "" if seen["certificate_checked"] else ", its certificate not checked"
    said += ", with a client certificate" if seen["client_certificate"] else ""
    if "script" in seen:
        lines = [f"script {seen['script']}, {said}"]
        if seen["variables"]:
            lines.append(f"variables: {', '.join(seen['variables'])}")
        if seen["may_reach_too"]:
            lines.append(f"may reach too: {', '.join(seen['may_reach_too'])}")
        return lines
    rows = [
        [
            e["name"],
            e["method"],
            f"{e['share']:.1%}",
            str(e["expect_status"]),
            f"{e['body_bytes']:,}" if e["body_bytes"] else "-",
            e["url"],
        ]
        for e in seen["endpoints"]
    ]
    return [said, *table(("endpoint", "method", "share", "expected", "body bytes", "URL"), rows)]


def _figures(seen: dict[str, Any]) -> list[str]:
    control = seen["control"]
    waves = "1 wave" if seen["waves"] == 1 else f"{seen['waves']} waves"
    requests = _requests(seen["all_requests"], seen["all_requests_at_most"])
    return [
        f"each node: {_load(seen)}",
        f"control:   {_load(control)}, to a server on {control['address']}",
        f"in all:    {requests} to the nodes, {waves}, {duration(seen['all_waves_s'])}",
        f"here:      {seen['k6_processes_at_once']} k6 at once, about {seen['memory_mb']:,} MB",
    ]


def _load(load: dict[str, Any]) -> str:
    return (
        f"{_requests(load['requests'], load['requests_at_most'])}, {load['vus']:,} VUs, "
        f"up to {load['connections_at_most']:,} connections, timeout {load['timeout_s']:g} s"
    )


def _requests(count: int | None, most: int | None) -> str:
    if count is not None:
        return f"{count:,} requests"
    return "as many requests as it sends" if most is None else f"at most {most:,} requests"
