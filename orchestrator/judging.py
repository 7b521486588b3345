"""From stored Runs to analyses and a report: the same for a Campaign that just ended and for an old one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.findings import CampaignAnalysis, NodeResult, RunAnalysis, Verdict
from orchestrator.catalog import Row
from orchestrator.errors import StoreError
from orchestrator.home import Home
from orchestrator.model import NodeKind, RunState
from orchestrator.runs.record import RunRecord, read_record
from orchestrator.stores.contract import RunStore

if TYPE_CHECKING:
    import pandas as pd

MAX_ERRORS = 3
"""Kinds of errors that are said beside the verdict; the report lists more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Runs with what the analysis says of them; ``frames`` are by node name.

    ``spare`` are the controls of further waves: the analysis compares with the worst one only.
    """

    records: tuple[RunRecord, ...]
    frames: dict[str, pd.DataFrame]
    analysis: CampaignAnalysis
    spare: tuple[NodeResult, ...] = ()

    def results(self) -> tuple[NodeResult, ...]:
        """Return the result of every Run."""
        return (*self.analysis.everything(), *self.spare)


def stored_records(runs: Sequence[Row], home: Home) -> tuple[list[RunRecord], list[str]]:
    """Return the records of runs that the catalog names, and what is said of those that are gone.

    Raises
    ------
    StoreError
        None of them can be read.
    """
    records, gone = [], []
    for run in runs:
        try:
            records.append(read_record(home.run_dir(run["id"])))
        except StoreError as error:
            gone.append(error)
    if not records:
        raise (
            gone[0]
            if gone
            else StoreError(
                "this campaign ended before any run had started: there are no requests",
                hint="`stallwatch list campaigns` shows the others",
            )
        )
    return records, [str(error) for error in gone]


def judge_run(record: RunRecord, frame: pd.DataFrame) -> RunAnalysis:
    """Analyze one Run with the limits it was made under, and add what only its record knows."""
    from analysis.run import analyze_run

    facts = replace(record.facts, unfit=_unfit(record))
    analysis = analyze_run(frame, facts=facts, limits=record.limits, detection=record.detection)
    return replace(
        analysis,
        notes=(*error_notes(record.node, analysis, frame), *analysis.notes, *record.notes),
    )


def _unfit(record: RunRecord) -> str:
    """Say why a Run, whatever its requests look like, is none to pass."""
    if record.error:
        return f"the run failed: {record.error}"
    if record.state is RunState.RUNNING:
        return "the run still goes on: this is what it has stored so far"
    return record.facts.unfit


def error_notes(name: str, analysis: RunAnalysis, frame: pd.DataFrame) -> list[str]:
    """Say in words which errors there were, each with its count, the most frequent first."""
    from reports.errors import error_kinds

    kinds = error_kinds([NodeResult(name=name, kind="", analysis=analysis)], {name: frame})
    shown = kinds.listed[:MAX_ERRORS]
    several = len({kind.endpoint for kind in kinds.listed}) > 1
    notes = [
        f"{kind.count} of {analysis.requests:,} requests: {kind.error}"
        + (f" at {kind.endpoint}" if several else "")
        for kind in shown
    ]
    more = len(kinds.listed) - len(shown) + kinds.more
    return [*notes, f"and {more} other kinds of errors"] if more else notes


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
    control, spare = _worst_first(controls) if nodes and controls else (None, ())
    analysis = analyze_campaign(
        nodes or controls, control, limits=records[0].limits, detection=records[0].detection
    )
    if control is not None and spare:
        note = f"{len(controls)} controls ran, one a wave: the worst of them is {control.name}"
        analysis = replace(analysis, notes=(*analysis.notes, note))
    return Judged(records=tuple(records), frames=frames, analysis=analysis, spare=spare)


def _worst_first(controls: list[NodeResult]) -> tuple[NodeResult, tuple[NodeResult, ...]]:
    """Return the control that says most against the generator, and the others."""
    worst = Verdict.worst([control.analysis.verdict for control in controls])
    chosen = next(control for control in controls if control.analysis.verdict is worst)
    return chosen, tuple(control for control in controls if control is not chosen)


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
