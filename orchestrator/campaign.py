"""The main line: plan -> k6 -> samples -> store -> analysis -> verdict -> report."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

import pyarrow as pa

from analysis.findings import RunFacts, Verdict
from orchestrator.catalog import Catalog
from orchestrator.errors import ExitCode, StallwatchError, StoreError
from orchestrator.history.summary import keep_figures
from orchestrator.home import Home, Reserve
from orchestrator.judging import Judged, judge, write_report
from orchestrator.k6.binary import K6Binary
from orchestrator.k6.wrapper import prepare
from orchestrator.loopback.process import loopback_server
from orchestrator.model import Node, NodeKind, ProfileKind, RunState
from orchestrator.plan import Plan
from orchestrator.preflight.files import make_room
from orchestrator.preflight.machine import need_of, shortage
from orchestrator.runs.interrupts import Interrupts
from orchestrator.runs.outcome import Outcome
from orchestrator.runs.record import RunRecord
from orchestrator.runs.recovery import close_abandoned, close_campaign, remove_broken_imports
from orchestrator.runs.run import Run
from orchestrator.runs.turns import sockets_of, taking_turns
from orchestrator.runs.waves import Starter, Tell, Tick, run_side_by_side
from orchestrator.stores.parquet import ParquetStore

EXIT_CODES = {
    Verdict.PASS: ExitCode.PASS,
    Verdict.FAIL: ExitCode.FAIL,
    Verdict.INCONCLUSIVE: ExitCode.INCONCLUSIVE,
}


SideBySide = Callable[..., list[RunRecord]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignResult:
    """A Campaign that ended: what was measured, what it means, where the report is, if it is anywhere."""

    id: str
    judged: Judged
    report: Path | None
    failures: tuple[str, ...]
    interrupted: bool

    @property
    def exit_code(self) -> ExitCode:
        """Interrupted before failed before the verdict."""
        if self.interrupted:
            return ExitCode.INTERRUPTED
        return ExitCode.INFRASTRUCTURE if self.failures else EXIT_CODES[self.judged.analysis.verdict]


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """A home that is open: its catalog and its store."""

    home: Home
    catalog: Catalog
    store: ParquetStore


def open_records(home: Home) -> Records:
    """Open a home, close what a crash left open in it, and take away half an import."""
    home.create()
    records = Records(
        home=home, catalog=Catalog(home.catalog_db, home.locks_dir), store=ParquetStore(home.run_dir)
    )
    close_abandoned(records.catalog, records.store, home.runs_dir)
    remove_broken_imports(records.catalog, home)
    return records


def run_campaign(
    plan: Plan,
    home: Home,
    binary: K6Binary,
    on_tick: Tick = lambda _: None,
    tell: Tell = lambda _: None,
    *,
    wait: bool = True,
) -> CampaignResult:
    """Run a Campaign from its plan to its report, when no other one of this home loads its nodes.

    While another one does, this one waits, or with ``wait`` false is refused.

    ``tell`` gets one line whenever something happens that a person should know at once. What cannot be
    written at the end, as the disk is full, costs only itself: it is one of the result's ``failures``.

    Raises
    ------
    StallwatchError
        k6 cannot be started, the home cannot be written, or disk or memory do not suffice.
    KeyboardInterrupt
        It was interrupted before a node was measured, or for the second time.
    """
    # Arrow's own allocator keeps several MB for each thread that ever decoded, and is no faster here.
    pa.set_memory_pool(pa.system_memory_pool())
    kept = open_records(home)
    turns = taking_turns(
        sockets_of(plan.nodes, plan.service), home.node_locks_dir, plan.id, wait=wait, tell=tell
    )
    with turns, Interrupts() as interrupts, kept.catalog.holding(plan.id):
        _announce(plan, kept, tell)
        outcome, report = Outcome(interrupts), None
        side_by_side = partial(run_side_by_side, interrupts=interrupts, on_tick=on_tick, tell=tell)
        _measure(plan, kept, binary, side_by_side, outcome)
        judged = judge(sorted(outcome.runs, key=lambda run: run.kind is NodeKind.CONTROL), kept.store)
        keep_figures(judged, home)
        with outcome.noting():
            report = write_report(judged, home, plan.id)
        with outcome.noting():
            _conclude(kept.catalog, plan.id, judged, interrupted=interrupts.asked.is_set())
    return CampaignResult(
        id=plan.id,
        judged=judged,
        report=report,
        failures=outcome.failures(),
        interrupted=interrupts.asked.is_set(),
    )


def _announce(plan: Plan, kept: Records, tell: Tell) -> None:
    """Say in the catalog what is coming, unless this machine is too small for it."""
    need = need_of(plan.profile, len(plan.nodes), plan.max_parallel)
    if short := shortage(kept.home, need):
        raise short
    kept.catalog.add_campaign(
        id=plan.id, profile=plan.profile.name, state=RunState.RUNNING, started_ns=time.time_ns()
    )
    if files := make_room(need):
        tell(f"warning: {files}")


def _measure(plan: Plan, kept: Records, binary: K6Binary, side_by_side: SideBySide, outcome: Outcome) -> None:
    """Run all there is to run; when that comes to nothing, close the campaign before saying so."""
    try:
        _run_all(plan, kept, binary, side_by_side, outcome)
    except StallwatchError as error:
        with outcome.noting():
            _close(kept, plan, RunState.FAILED, str(error))
        if not outcome.runs:
            raise
        outcome.note(error)
    if all(run.kind is NodeKind.CONTROL for run in outcome.runs):
        _close(kept, plan, RunState.INTERRUPTED, "interrupted before a node was measured")
        raise KeyboardInterrupt


def _close(kept: Records, plan: Plan, state: RunState, why: str) -> None:
    close_campaign(kept.catalog, kept.store, kept.home.runs_dir, plan.id, state=state, why=why)


def _run_all(plan: Plan, kept: Records, binary: K6Binary, side_by_side: SideBySide, outcome: Outcome) -> None:
    """Run wave after wave, each beside a control of its own; what is interrupted starts no new one."""
    with loopback_server() as port:
        for number, nodes in enumerate(plan.waves()):
            starters = [_starter(plan, node, kept, binary) for node in (plan.control(number, port), *nodes)]
            with Reserve(kept.home) as reserve:
                for run in side_by_side(starters, on_measured=reserve.release):
                    outcome.runs.append(run)
                    with outcome.noting():
                        kept.catalog.update_run(run.id, **run.columns())
            if outcome.interrupts.asked.is_set():
                break


def _starter(plan: Plan, node: Node, kept: Records, binary: K6Binary) -> Starter:
    """Return what starts a Node's Run."""
    profile, service = plan.profile_of(node), plan.service_of(node)
    record = RunRecord(
        id=plan.run_id(node),
        campaign_id=plan.id,
        node=node.name,
        kind=node.kind,
        address=node.address,
        url=service.url,
        profile=profile.name,
        rate_per_s=profile.rate_per_s,
        max_rate_per_s=profile.max_rate_per_s if profile.rate_per_s is None else None,
        limits=plan.limits_of(node),
        detection=plan.detection,
        facts=RunFacts(
            planned_s=profile.duration_s,
            timeout_s=profile.timeout_s,
            own_length=plan.profile.kind is ProfileKind.SCRIPT,
        ),
        versions=versions(binary),
        settings=plan.settings(),
    )

    def start() -> Run:
        folder = kept.home.run_dir(record.id)
        try:
            command = prepare(binary, profile, service, node, folder=folder / "k6", environ=os.environ)
        except OSError as error:
            raise StoreError(f"{folder}: {error.strerror or error}", hint="is the disk full?") from error
        started = record.closed(started_ns=time.time_ns())
        # Record and table come first: whatever the catalog names can be read, whenever a crash comes.
        started.write(folder)
        writer = kept.store.writer(record.id)
        kept.catalog.add_run(
            id=record.id,
            campaign_id=plan.id,
            node=node.name,
            kind=node.kind,
            profile=profile.name,
            state=RunState.RUNNING,
            started_ns=started.started_ns,
        )
        downloads = profile.kind is ProfileKind.DOWNLOAD
        return Run(started, command, writer, folder, bytes_received=downloads)

    return start


def _conclude(catalog: Catalog, campaign_id: str, judged: Judged, *, interrupted: bool) -> None:
    for result in judged.results():
        catalog.update_run(f"{campaign_id}.{result.name}", verdict=result.analysis.verdict)
    catalog.update_campaign(
        campaign_id,
        state=_state(judged.records, interrupted=interrupted),
        ended_ns=time.time_ns(),
        verdict=judged.analysis.verdict,
        sentence=judged.analysis.sentence,
    )


def _state(records: Sequence[RunRecord], *, interrupted: bool) -> RunState:
    """Say how far a Campaign came: stopped when every Node's Run was."""
    if interrupted:
        return RunState.INTERRUPTED
    if any(record.error for record in records):
        return RunState.FAILED
    nodes = {record.state for record in records if record.kind is not NodeKind.CONTROL}
    return RunState.STOPPED if nodes == {RunState.STOPPED} else RunState.DONE


def versions(binary: K6Binary | None = None) -> dict[str, str]:
    """Return the versions that a report names."""
    return {
        "stallwatch": version("stallwatch"),
        **({"k6": binary.version_text} if binary else {}),
        "Python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
    }
