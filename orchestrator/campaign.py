"""The main line: plan -> k6 -> samples -> store -> analysis -> verdict -> report."""

from __future__ import annotations

import os
import platform
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import pyarrow as pa

from analysis.findings import RunFacts, Verdict
from orchestrator.catalog import Catalog
from orchestrator.errors import ExitCode, StallwatchError
from orchestrator.home import Home
from orchestrator.judging import Judged, judge, write_report
from orchestrator.k6.binary import K6Binary
from orchestrator.k6.wrapper import prepare
from orchestrator.loopback.process import loopback_server
from orchestrator.model import Node, NodeKind, Profile, ProfileKind, RunState, Service
from orchestrator.plan import Plan
from orchestrator.runs.interrupts import Interrupts
from orchestrator.runs.record import RunRecord
from orchestrator.runs.recovery import close_abandoned, close_campaign
from orchestrator.runs.run import Run
from orchestrator.runs.waves import Starter, Tick, run_side_by_side
from orchestrator.stores.parquet import ParquetStore

EXIT_CODES = {
    Verdict.PASS: ExitCode.PASS,
    Verdict.FAIL: ExitCode.FAIL,
    Verdict.INCONCLUSIVE: ExitCode.INCONCLUSIVE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignResult:
    """A Campaign that ended: what was measured, what it means, where the report is."""

    id: str
    judged: Judged
    report: Path
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
    """Open a home and close what a crash left open in it."""
    home.create()
    records = Records(
        home=home, catalog=Catalog(home.catalog_db, home.path / "locks"), store=ParquetStore(home.run_dir)
    )
    close_abandoned(records.catalog, records.store, home.runs_dir)
    return records


def run_campaign(plan: Plan, home: Home, binary: K6Binary, on_tick: Tick = lambda _: None) -> CampaignResult:
    """Run a Campaign from its plan to its report.

    Raises
    ------
    StallwatchError
        k6 cannot be started, or the home cannot be written.
    KeyboardInterrupt
        It was interrupted before anything ran, or for the second time.
    """
    # Arrow's own allocator keeps several MB for each thread that ever decoded, and is no faster here.
    pa.set_memory_pool(pa.system_memory_pool())
    kept = open_records(home)
    with Interrupts() as interrupts, kept.catalog.holding(plan.id):
        kept.catalog.add_campaign(
            id=plan.id, profile=plan.profile.name, state=RunState.RUNNING, started_ns=time.time_ns()
        )
        runs = _measured(plan, kept, binary, interrupts, on_tick)
        judged = judge(runs, kept.store)
        report = write_report(judged, home, plan.id)
        _conclude(kept.catalog, plan.id, judged, interrupted=interrupts.asked.is_set())
    return CampaignResult(
        id=plan.id,
        judged=judged,
        report=report,
        failures=tuple(f"{run.node}: {run.error}" for run in runs if run.error),
        interrupted=interrupts.asked.is_set(),
    )


def _measured(
    plan: Plan, kept: Records, binary: K6Binary, interrupts: Interrupts, on_tick: Tick
) -> list[RunRecord]:
    """Run all there is to run; when that comes to nothing, close the campaign before saying so."""
    try:
        runs = _run_all(plan, kept, binary, interrupts, on_tick)
    except StallwatchError as error:
        _close(kept, plan, RunState.FAILED, str(error))
        raise
    if not runs:
        _close(kept, plan, RunState.INTERRUPTED, "interrupted before anything ran")
        raise KeyboardInterrupt
    return runs


def _close(kept: Records, plan: Plan, state: RunState, why: str) -> None:
    close_campaign(kept.catalog, kept.store, kept.home.runs_dir, plan.id, state=state, why=why)


def _run_all(
    plan: Plan, kept: Records, binary: K6Binary, interrupts: Interrupts, on_tick: Tick
) -> list[RunRecord]:
    """Run wave after wave, each beside a control of its own; what is interrupted starts no new one."""
    ended: list[RunRecord] = []
    with loopback_server() as port:
        for number, wave in enumerate(plan.waves()):
            if interrupts.asked.is_set():
                break
            nodes = (plan.control(number, port), *wave)
            starters = [_starter(plan, node, kept, binary) for node in nodes]
            for run in run_side_by_side(starters, interrupts, on_tick):
                kept.catalog.update_run(
                    run.id, state=run.state, requests=run.rows, ended_ns=run.ended_ns, error=run.error
                )
                ended.append(run)
    return sorted(ended, key=lambda run: run.kind is NodeKind.CONTROL)


def _starter(plan: Plan, node: Node, kept: Records, binary: K6Binary) -> Starter:
    """Return what starts a Node's Run."""
    # The control is plain HTTP on loopback, whatever the service: it measures the generator alone.
    control = Service(url="http://control.invalid/")
    controlled = node.kind is NodeKind.CONTROL
    service = control if controlled else plan.service
    profile = plan.control_profile() if controlled else plan.profile
    record = RunRecord(
        id=plan.run_id(node),
        campaign_id=plan.id,
        node=node.name,
        kind=node.kind,
        address=node.address,
        url=service.url,
        profile=plan.profile.name,
        rate_per_s=profile.rate_per_s,
        max_rate_per_s=profile.max_rate_per_s,
        limits=plan.limits,
        detection=plan.detection,
        facts=RunFacts(planned_s=profile.duration_s, timeout_s=profile.timeout_s),
        versions=_versions(binary),
        settings=_settings(plan),
    )

    def start() -> Run:
        folder = kept.home.run_dir(record.id)
        command = prepare(binary, profile, service, node, folder=folder / "k6", environ=os.environ)
        started = record.closed(started_ns=time.time_ns())
        # Record and table come first: whatever the catalog names can be read, whenever a crash comes.
        started.write(folder)
        writer = kept.store.writer(record.id)
        kept.catalog.add_run(
            id=record.id,
            campaign_id=plan.id,
            node=node.name,
            kind=node.kind,
            profile=plan.profile.name,
            state=RunState.RUNNING,
            started_ns=started.started_ns,
        )
        return Run(started, command, writer, folder)

    return start


def _conclude(catalog: Catalog, campaign_id: str, judged: Judged, *, interrupted: bool) -> None:
    for result in judged.results():
        catalog.update_run(f"{campaign_id}.{result.name}", verdict=result.analysis.verdict)
    failed = any(record.error for record in judged.records)
    catalog.update_campaign(
        campaign_id,
        state=RunState.INTERRUPTED if interrupted else RunState.FAILED if failed else RunState.DONE,
        ended_ns=time.time_ns(),
        verdict=judged.analysis.verdict,
        sentence=judged.analysis.sentence,
    )


def _versions(binary: K6Binary) -> dict[str, str]:
    """Return the versions that a report names."""
    return {
        "stallwatch": version("stallwatch"),
        "k6": binary.version_text,
        "Python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
    }


def _load(profile: Profile) -> dict[str, str]:
    if profile.kind is ProfileKind.SCRIPT:
        return {
            "script": str(profile.script),
            "VUs": f"at most {profile.vus}",
            "duration": f"at most {profile.duration_s:g} s",
        }
    return {
        "rate": f"{profile.rate_per_s:g} requests/s a node, half kept, half fresh",
        "duration": f"{profile.duration_s:g} s",
    }


def _settings(plan: Plan) -> dict[str, str]:
    profile, limits, detection = plan.profile, plan.limits, plan.detection
    return {
        "service": plan.service.url,
        "expected status": str(plan.service.expect_status),
        "profile": profile.name,
        **_load(profile),
        "client timeout": f"{profile.timeout_s:g} s",
        "limits": f"stall {limits.stall_ms:g} ms, slowest {limits.slowest_ms:g} ms,"
        f" error rate {limits.error_rate:g}",
        "reference stall": f"{detection.stall_s:g} s every {detection.period_s:g} s",
        "claim level": f"p <= {detection.alpha:g}",
    }
