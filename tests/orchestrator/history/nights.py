"""A home with many nights in it: catalog, records and figures, as campaigns leave them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from analysis.findings import Detection, Limits, RunFacts
from analysis.history.figures import EndpointFigures, RunFigures
from orchestrator.campaign import Records, open_records
from orchestrator.home import Home
from orchestrator.model import NodeKind, RunState
from orchestrator.runs.record import RunRecord

DAY_NS = 86_400 * 10**9
RECORD = RunRecord(
    id="", campaign_id="", node="", kind=NodeKind.NODE, address="127.0.0.1:9",
    url="http://shop.example.test/", profile="smoke", rate_per_s=20, limits=Limits(), detection=Detection(),
    facts=RunFacts(planned_s=300), versions={}, state=RunState.DONE, rows=3000,
)  # fmt: skip


def figures(p50_ms: float = 5.0, *, stalls: int = 0, errors: int = 0, requests: int = 3000) -> RunFigures:
    """Return figures of one endpoint, its tail in proportion to its median."""
    one = EndpointFigures(
        requests=requests, errors=errors, p50_ms=p50_ms, p95_ms=2 * p50_ms, p99_ms=3 * p50_ms,
        slowest_ms=5 * p50_ms,
    )  # fmt: skip
    return RunFigures(
        requests=requests, duration_s=300, stalls=stalls, stalled_s=4.0 * stalls, bytes_per_s=float("nan"),
        answered_per_s=(requests - errors) / 300, endpoints={"/": one},
    )  # fmt: skip


class Nights:
    """A home to which nights are added, the last of them today."""

    def __init__(self, folder: Path, nights: int) -> None:
        self.kept: Records = open_records(Home(folder))
        self.first_ns = time.time_ns() - nights * DAY_NS

    def add(
        self,
        night: int,
        verdicts: Mapping[str, str | None],
        *,
        state: RunState = RunState.DONE,
        profile: str = "smoke",
        record: RunRecord = RECORD,
        unfit: str | None = None,
    ) -> str:
        """Add a campaign with the verdict of each node; return its id."""
        name, at_ns = f"c{night:03d}-{profile}", self.first_ns + night * DAY_NS
        worst = next((v for v in ("fail", "inconclusive", "pass") if v in verdicts.values()), None)
        catalog = self.kept.catalog
        catalog.add_campaign(id=name, profile=profile, state=state, started_ns=at_ns, verdict=worst)
        for node, verdict in verdicts.items():
            kind = NodeKind.CONTROL if node == "control" else NodeKind.NODE
            made = replace(
                record, id=f"{name}.{node}", campaign_id=name, node=node, kind=kind, profile=profile,
                started_ns=at_ns, state=state,
            )  # fmt: skip
            self.kept.home.run_dir(made.id).mkdir()
            made.write(self.kept.home.run_dir(made.id))
            catalog.add_run(
                id=made.id, campaign_id=name, node=node, kind=kind, profile=profile, state=state,
                started_ns=at_ns, verdict=verdict, unfit=unfit,
            )  # fmt: skip
        return name
