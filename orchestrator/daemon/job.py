"""What a child of the daemon does: one campaign, tidying up what a crash has left, or an errand."""

from __future__ import annotations

import os

from orchestrator.campaign import Records, open_records, run_campaign
from orchestrator.daemon.starts import unjudged
from orchestrator.daemon.work import Job
from orchestrator.errors import ExitCode, StallwatchError
from orchestrator.home import Home
from orchestrator.judging import judge, stored_records, write_report
from orchestrator.k6.binary import find_k6
from orchestrator.k6.inspect import inspected_plan
from orchestrator.model import NodeKind, Retention, Shipping
from orchestrator.retention.prune import prune
from orchestrator.retention.words import summary
from orchestrator.runs.waves import Tell
from orchestrator.shipping.beside import beside
from orchestrator.shipping.pending import pending, send_pending
from orchestrator.shipping.shipper import target_name
from orchestrator.shipping.sync import in_words


def run_job(job: Job, tell: Tell) -> ExitCode:
    """Do a job; ``tell`` gets a line whenever something happens that should be logged.

    Raises
    ------
    StallwatchError
        It cannot be done.
    """
    if job.plan is None:
        return _errand(job, tell)
    binary = find_k6(job.k6, os.environ)
    if binary.warning:
        tell(f"warning: {binary.warning}")
    plan = inspected_plan(job.plan, binary, os.environ)
    with beside(job.shipping, job.home, plan.id, tell) as finish:
        result = run_campaign(plan, job.home, binary, tell=tell)
        finish(result.judged)
    for failure in result.failures:
        tell(f"error: {failure}")
    return result.exit_code


def _errand(job: Job, tell: Tell) -> ExitCode:
    if job.channels:
        from orchestrator.notifying.errand import notify

        return notify(job.home, job.channels, tell)
    if job.retention is not None:
        return prune_daily(job.home, job.retention, job.shipping, tell)
    return tidy(job.home, tell) if job.shipping is None else send(job.home, job.shipping, tell)


def prune_daily(home: Home, retention: Retention, shipping: Shipping | None, tell: Tell) -> ExitCode:
    """Take away what is too old or too much; 4 when something of it could not be taken away."""
    target = None if shipping is None else target_name(shipping.influxdb)
    pruning, gone = prune(open_records(home), retention, target, tell)
    if gone:
        tell(summary(pruning, gone))
    return ExitCode.PASS if len(gone) == len(pruning.items) else ExitCode.INFRASTRUCTURE


def send(home: Home, shipping: Shipping, tell: Tell) -> ExitCode:
    """Send what InfluxDB lacks; 4 when something of it is left."""
    kept = open_records(home)
    waiting = pending(kept.catalog, shipping.influxdb)
    found = send_pending(kept, shipping, waiting, tell)
    if found:
        tell(in_words(found, home))
    left = any(not (one.complete or one.elsewhere) for one in found)
    return ExitCode.INFRASTRUCTURE if left else ExitCode.PASS


def tidy(home: Home, tell: Tell) -> ExitCode:
    """Close the campaigns whose process is gone; judge and report what they had measured."""
    kept = open_records(home)
    for campaign in unjudged(kept.catalog):
        try:
            _judge(kept, campaign["id"])
        except StallwatchError as error:
            tell(f"warning: campaign {campaign['id']} was interrupted and cannot be judged: {error}")
        else:
            tell(f"campaign {campaign['id']} was interrupted: what it had measured is judged and reported")
    return ExitCode.PASS


def _judge(kept: Records, campaign_id: str) -> None:
    records, _ = stored_records(kept.catalog.list_runs(campaign_id), kept.home)
    judged = judge(sorted(records, key=lambda run: run.kind is NodeKind.CONTROL), kept.store)
    write_report(judged, kept.home, campaign_id)
    for result in judged.results():
        kept.catalog.update_run(f"{campaign_id}.{result.name}", verdict=result.analysis.verdict)
    kept.catalog.update_campaign(
        campaign_id, verdict=judged.analysis.verdict, sentence=judged.analysis.sentence
    )
