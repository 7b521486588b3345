"""The last good night: the newest campaign before another one that passed, with its profile and nodes."""

from __future__ import annotations

import sqlalchemy as sa

from orchestrator.catalog import Catalog, Row, campaigns, runs
from orchestrator.errors import UsageError
from orchestrator.model import NodeKind

PASS = "pass"


def newest_judged(catalog: Catalog, name: str = "last", node: str | None = None) -> Row:
    """Return a campaign that has a verdict; by default the newest that has, and that measured a Node.

    Raises
    ------
    UsageError
        There is none.
    """
    campaign = catalog.find(name)[0]
    candidates = catalog.list_campaigns() if name == "last" else [campaign]
    for row in candidates:
        if row["verdict"] is not None and (node is None or node in _verdicts(catalog, row)):
            return row
    what = "has a verdict" if node is None else f"has a verdict and measured {node}"
    raise UsageError(
        f"no campaign {what}" if name == "last" else f"{campaign['id']} is none that {what}",
        hint="`stallwatch list campaigns` and `stallwatch list runs` show what there is",
    )


def last_good(catalog: Catalog, after: Row, node: str | None = None) -> Row | None:
    """Return the newest campaign before ``after`` that was good; None when there is none.

    Good is a campaign of the same profile that passed and measured every Node that ``after`` did; of
    one Node, a campaign in which that Node passed.
    """
    wanted = {node} if node is not None else set(_verdicts(catalog, after))
    for campaign in catalog.list_campaigns():
        if campaign["started_ns"] >= after["started_ns"] or campaign["profile"] != after["profile"]:
            continue
        verdicts = _verdicts(catalog, campaign)
        passed = verdicts.get(node) if node is not None else campaign["verdict"]
        if passed == PASS and wanted <= verdicts.keys():
            return campaign
    return None


def good_nights(catalog: Catalog) -> dict[str, str]:
    """Return every campaign that `last_good` may have to find for a later one, with what it is.

    The newest that passed of each profile and set of Nodes, and the newest in which a Node passed.
    """
    passed = (runs.c.verdict == PASS) & (runs.c.kind != NodeKind.CONTROL)
    query = sa.select(campaigns.c.id, campaigns.c.profile, campaigns.c.verdict, runs.c.node)
    by_campaign: dict[tuple[str, str, str | None], set[str]] = {}
    for row in catalog.rows(query.join(runs).where(passed).order_by(campaigns.c.started_ns.desc())):
        by_campaign.setdefault((row["id"], row["profile"], row["verdict"]), set()).add(row["node"])
    good: dict[str, str] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    for (campaign, profile, verdict), nodes in by_campaign.items():
        wholes = [frozenset(nodes)] if verdict == PASS else []
        news = {(profile, names) for names in (*wholes, *(frozenset({node}) for node in nodes))} - seen
        if news:
            good[campaign] = f"the last good one of {profile} on {', '.join(sorted(max(news, key=_size)[1]))}"
        seen |= news
    return good


def _size(found: tuple[str, frozenset[str]]) -> tuple[int, list[str]]:
    return len(found[1]), sorted(found[1])


def _verdicts(catalog: Catalog, campaign: Row) -> dict[str, str | None]:
    """Return the verdict of each Node of a campaign."""
    return {
        row["node"]: row["verdict"]
        for row in catalog.list_runs(campaign["id"])
        if row["kind"] != NodeKind.CONTROL
    }
