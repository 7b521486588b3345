"""The last good night: the newest campaign before another one that passed, with its profile and nodes."""

from __future__ import annotations

from orchestrator.catalog import Catalog, Row
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


def _verdicts(catalog: Catalog, campaign: Row) -> dict[str, str | None]:
    """Return the verdict of each Node of a campaign."""
    return {
        row["node"]: row["verdict"]
        for row in catalog.list_runs(campaign["id"])
        if row["kind"] != NodeKind.CONTROL
    }
