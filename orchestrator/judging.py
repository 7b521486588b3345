"""From stored Runs to analyses and a report: the same for a Campaign that just ended and for an old one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.findings import CampaignAnalysis, NodeResult, RunAnalysis
from orchestrator.errors import StoreError
from orchestrator.home import Home
from orchestrator.model import NodeKind
from orchestrator.runs.record import RunRecord
from orchestrator.stores.contract import RunStore

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Runs with what the analysis says of them; ``frames`` are by node name."""

    records: tuple[RunRecord, ...]
    frames: dict[str, pd.DataFrame]
    analysis: CampaignAnalysis


def judge_run(record: RunRecord, frame: pd.DataFrame) -> RunAnalysis:
    """Analyze one Run with the limits it was made under, and add what only its record knows."""
    from analysis.run import analyze_run

    analysis = analyze_run(frame, facts=record.facts, limits=record.limits, detection=record.detection)
    failed = (f"the run failed: {record.error}",) if record.error else ()
    return replace(analysis, reasons=failed + analysis.reasons, notes=analysis.notes + record.notes)


def judge(records: Sequence[RunRecord], store: RunStore) -> Judged:
    """Analyze Runs that were made together."""
    from analysis.campaign import analyze_campaign

    from orchestrator.stores.frames import to_frame

    frames = {record.node: to_frame(store.batches(record.id)) for record in records}
    results = [
        NodeResult(name=record.node, kind=record.kind.value, analysis=judge_run(record, frames[record.node]))
        for record in records
    ]
    nodes = [result for result in results if result.kind != NodeKind.CONTROL]
    controls = [result for result in results if result.kind == NodeKind.CONTROL]
    analysis = analyze_campaign(
        nodes or controls,
        controls[0] if nodes and controls else None,
        limits=records[0].limits,
        detection=records[0].detection,
    )
    return Judged(records=tuple(records), frames=frames, analysis=analysis)


def write_report(judged: Judged, home: Home, name: str) -> Path:
    """Write the HTML report and return its path."""
    from reports.render import render_campaign
    from reports.views import ReportFacts

    first = judged.records[0]
    facts = ReportFacts(
        title=f"{first.profile} · {name}",
        campaign_id=first.campaign_id,
        started=datetime.fromtimestamp(min(r.started_ns for r in judged.records) / 1e9, UTC),
        profile_name=first.profile,
        settings=first.settings,
        versions=first.versions,
        limits=first.limits,
        detection=first.detection,
        addresses={record.node: record.address for record in judged.records},
    )
    path = home.reports_dir / f"{name}.html"
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_text(render_campaign(judged.analysis, judged.frames, facts), encoding="utf-8")
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or error}", hint="is the disk full?") from error
    return path
