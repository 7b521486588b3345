"""From stored Runs to analyses and a report: the same for a Campaign that just ended and for an old one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.findings import CampaignAnalysis, NodeResult, RunAnalysis, Verdict
from orchestrator.catalog import Row
from orchestrator.errors import StoreError
from orchestrator.home import Home, write_whole
from orchestrator.model import NodeKind, RunState
from orchestrator.runs.record import RunRecord, read_record
from orchestrator.stores.contract import RunStore

if TYPE_CHECKING:
    import pandas as pd

    from analysis.history.figures import RunFigures

REFUSED_CODES = (1110, 1111)
"""k6's codes for an address and for a name that it may not ask for: they say nothing of the path."""
NEAR = 0.95
"""Share of the highest rate from which on a script may have been held back by it."""
_CONNECTIONS = (
    ("fresh", True, "opened a connection: the service leaves others open against `Connection: close`"),
    ("kept", False, "found a connection open: the service closes it after an answer"),
)
"""Scenario, whether its requests are to open a connection, and what is said when most do otherwise."""
FEWEST = 20
"""Answered requests that show how a service treats connections."""
MAX_ERRORS = 3
"""Kinds of errors that are said beside the verdict; the report lists more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Runs with what the analysis says of them; ``frames``, as far as a report draws them, by node name.

    ``spare`` are the controls of further waves: the analysis compares with the worst one only.
    ``figures`` are what the history keeps of each Run, by node name.
    """

    records: tuple[RunRecord, ...]
    frames: dict[str, pd.DataFrame]
    analysis: CampaignAnalysis
    spare: tuple[NodeResult, ...] = ()
    figures: dict[str, RunFigures] = field(default_factory=dict)

    def results(self) -> tuple[NodeResult, ...]:
        """Return the result of every Run."""
        return (*self.analysis.everything(), *self.spare)


def stored_records(
    runs: Sequence[Row], home: Home, *, elsewhere: bool = False
) -> tuple[list[RunRecord], list[str]]:
    """Return the records of runs that the catalog names, and what is said of those that are gone.

    A Run whose requests were pruned is gone, unless they are read ``elsewhere``.

    Raises
    ------
    StoreError
        None of them can be read.
    """
    records, gone = [], []
    for run in runs:
        try:
            if run["pruned_ns"] is not None and not elsewhere:
                raise _pruned(run)
            records.append(_as_listed(read_record(home.run_dir(run["id"])), run))
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


def _pruned(run: Row) -> StoreError:
    at = datetime.fromtimestamp(run["pruned_ns"] / 1e9, UTC)
    return StoreError(
        f"the requests of run {run['id']} were pruned on {at:%Y-%m-%d %H:%M:%S}Z, as retention asks",
        hint="`stallwatch history` has its figures, and `stallwatch analyze --from influxdb` what was sent",
    )


def _as_listed(record: RunRecord, run: Row) -> RunRecord:
    """Return the record as the catalog knows it, where a full disk kept its own end from being written."""
    state = RunState(run["state"])
    if record.state is not RunState.RUNNING or state is RunState.RUNNING:
        return record
    return record.closed(state=state, ended_ns=run["ended_ns"], error=run["error"] or "")


def judge_run(record: RunRecord, frame: pd.DataFrame) -> RunAnalysis:
    """Analyze one Run with the limits it was made under, and add what only its record knows."""
    from analysis.run import analyze_run

    sent, refused = _sent(frame)
    expected = record.facts.expected_requests
    facts = replace(
        record.facts,
        unfit=_unfit(record, sent),
        expected_requests=None if expected is None else expected - refused,
    )
    analysis = analyze_run(sent, facts=facts, limits=record.limits, detection=record.detection)
    # Of a fail the reasons are the failures.
    unfit = (facts.unfit,) if facts.unfit and analysis.verdict is Verdict.FAIL else ()
    return replace(
        analysis,
        notes=(
            *unfit,
            *error_notes(record.node, analysis, sent),
            *analysis.notes,
            *record.notes,
            *_held_back(record, sent),
            *_reused(record, sent),
            *([f"{refused:,} requests were refused and never sent: they are left out"] if refused else []),
        ),
    )


def _sent(frame: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Return the requests without those that k6 refused to send, and how many these are."""
    refused = frame["error_code"].isin(REFUSED_CODES)
    return (frame[~refused], int(refused.sum())) if refused.any() else (frame, 0)


def _held_back(record: RunRecord, frame: pd.DataFrame) -> list[str]:
    """Say so when a script's rate came near to the one that it was held to."""
    import numpy as np

    from analysis.requests import NS_PER_S, start_ns

    if record.max_rate_per_s is None or frame.empty:
        return []
    starts = np.sort(start_ns(frame))
    most = int((np.searchsorted(starts, starts + NS_PER_S) - np.arange(len(starts))).max())
    if most < NEAR * record.max_rate_per_s:
        return []
    bound = f"limits.max_rate_per_s ({record.max_rate_per_s:g})"
    return [f"{most:,} requests were made in one second: {bound} may have held the run back"]


def _reused(record: RunRecord, frame: pd.DataFrame) -> list[str]:
    """Say so when a service did not let our scripts keep a connection, or open a new one."""
    from analysis.requests import is_fresh

    if record.rate_per_s is None:
        return []
    notes = []
    for scenario, wanted, lacks in _CONNECTIONS:
        mine = frame[(frame["scenario"] == scenario) & (frame["status"] > 0)]
        as_wanted = int((is_fresh(mine) == wanted).sum())
        if len(mine) >= FEWEST and 2 * as_wanted < len(mine):
            notes.append(f"{as_wanted:,} of {len(mine):,} {scenario} requests {lacks}")
    return notes


def _unfit(record: RunRecord, frame: pd.DataFrame) -> str:
    """Say why a Run, whatever its requests look like, is none to pass."""
    reasons = [*([record.facts.unfit] if record.facts.unfit else []), *generator_notes(frame)]
    if record.error:
        reasons.insert(0, f"the run failed: {record.error}")
    if record.state is RunState.RUNNING:
        reasons.append("the run still goes on: this is what it has stored so far")
    return "; ".join(reasons)


def generator_notes(frame: pd.DataFrame) -> list[str]:
    """Say which errors were the generator's own, each with its count: they say nothing of the Node."""
    from analysis.generator import own_fault, own_faults

    counts = frame["error"][own_faults(frame)].astype("object").map(own_fault).value_counts()
    return [
        f"{count:,} of {len(frame):,} requests failed in the generator itself, not at the node: {what}"
        for what, count in counts.items()
    ]


def error_notes(name: str, analysis: RunAnalysis, frame: pd.DataFrame) -> list[str]:
    """Say in words which errors there were, each with its count, the most frequent first."""
    from reports.errors import error_kinds

    kinds = error_kinds([NodeResult(name=name, kind="", analysis=analysis)], {name: frame})
    shown = kinds.listed[:MAX_ERRORS]
    several = frame["endpoint"].nunique() > 1
    notes = [
        f"{kind.count} of {analysis.requests:,} requests: {kind.error}"
        + (f" at {kind.endpoint}" if several else "")
        for kind in shown
    ]
    more = len(kinds.listed) - len(shown) + kinds.more
    return [*notes, f"and {more} other kinds of errors"] if more else notes


def figures_of_run(record: RunRecord, frame: pd.DataFrame, analysis: RunAnalysis) -> RunFigures:
    """Return what the history keeps of a Run: figures of the requests that were sent."""
    from analysis.history.figures import figures_of

    return figures_of(_sent(frame)[0], analysis, record.limits)


def judge(records: Sequence[RunRecord], store: RunStore) -> Judged:
    """Analyze Runs that were made together."""
    from analysis.campaign import analyze_campaign
    from orchestrator.stores.frames import to_frame
    from reports.render import FRAME_COLUMNS

    frames, results, figures = {}, [], {}
    for record in records:  # one table at a time: of each, only what a report draws is kept
        frame = to_frame(store.batches(record.id), rows=store.count(record.id))
        analysis = judge_run(record, frame)
        results.append(NodeResult(name=record.node, kind=record.kind.value, analysis=analysis))
        figures[record.node] = figures_of_run(record, frame, analysis)
        frames[record.node] = _sent(frame)[0][list(FRAME_COLUMNS)]
    nodes = [result for result in results if result.kind != NodeKind.CONTROL]
    controls = [result for result in results if result.kind == NodeKind.CONTROL]
    control, spare = _worst_first(controls) if nodes and controls else (None, ())
    campaign = analyze_campaign(
        nodes or controls, control, limits=records[0].limits, detection=records[0].detection
    )
    if control is not None and spare:
        note = f"{len(controls)} controls ran, one a wave: the worst of them is {control.name}"
        campaign = replace(campaign, notes=(*campaign.notes, note))
    return Judged(records=tuple(records), frames=frames, analysis=campaign, spare=spare, figures=figures)


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
    write_whole(path, render_campaign(judged.analysis, judged.frames, facts))
    return path
