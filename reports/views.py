"""Numbers made ready to show: from the analysis of a Campaign to what the templates print."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from analysis.findings import (
    CampaignAnalysis,
    Detection,
    Limits,
    NodeResult,
    PeriodicStall,
    Verdict,
)
from reports import formats

VERDICT_SIGNS: Mapping[Verdict, str] = {Verdict.PASS: "✓", Verdict.FAIL: "✕", Verdict.INCONCLUSIVE: "?"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFacts:
    """What a report says beside the analysis.

    ``started`` is aware; ``addresses`` are by node name. ``settings`` and ``versions`` are printed as
    they are: nothing secret belongs into them.

    Raises
    ------
    ValueError
        When ``started`` has no time zone.
    """

    title: str
    campaign_id: str
    started: datetime
    profile_name: str
    settings: Mapping[str, str]
    versions: Mapping[str, str]
    limits: Limits
    addresses: Mapping[str, str]
    detection: Detection = field(default_factory=Detection)

    def __post_init__(self) -> None:
        if self.started.utcoffset() is None:
            raise ValueError(f"started must be an aware datetime, got {self.started!r}; give it tzinfo=UTC")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number as shown: its words, and why it is marked when it is beyond a limit."""

    text: str
    beyond: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeView:
    """One row of the table of nodes, and what stands below its name further down."""

    name: str
    kind: str
    address: str
    verdict: Verdict
    sign: str
    requests: str
    p50: str
    p95: str
    p99: str
    slowest: Figure
    errors: str
    error_rate: Figure
    stalls: tuple[Figure, ...]
    kept: str
    facts: tuple[tuple[str, str], ...]
    reasons: tuple[str, ...]
    notes: tuple[str, ...]


def all_results(campaign: CampaignAnalysis) -> tuple[NodeResult, ...]:
    """Return the nodes' results, the control's last."""
    return (*campaign.nodes, *([campaign.control] if campaign.control else []))


def node_view(result: NodeResult, facts: ReportFacts) -> NodeView:
    """Make one node's numbers ready to show."""
    run, limits = result.analysis, facts.limits
    return NodeView(
        name=result.name,
        kind=result.kind,
        address=facts.addresses.get(result.name, ""),
        verdict=run.verdict,
        sign=VERDICT_SIGNS[run.verdict],
        requests=formats.count(run.requests),
        p50=formats.ms(run.latency.p50_ms),
        p95=formats.ms(run.latency.p95_ms),
        p99=formats.ms(run.latency.p99_ms),
        slowest=_slowest(run.latency.max_ms, limits),
        errors=formats.count(run.errors),
        error_rate=_error_rate(run.error_rate, limits),
        stalls=tuple(_stall_figure(stall, limits) for stall in run.periodic_stalls),
        kept=formats.percent(run.kept_share, 1),
        facts=_run_facts(result, facts.detection),
        reasons=run.reasons,
        notes=(*run.notes, *(finding.words for finding in run.findings)),
    )


def campaign_facts(campaign: CampaignAnalysis, facts: ReportFacts) -> tuple[tuple[str, str], ...]:
    """Return the facts below the title, each with its name."""
    longest_s = max((result.analysis.duration_s for result in all_results(campaign)), default=float("nan"))
    requests = sum(result.analysis.requests for result in campaign.nodes)
    return (
        ("Campaign", facts.campaign_id),
        ("Started", formats.timestamp(facts.started)),
        ("Duration", formats.duration(longest_s)),
        ("Profile", facts.profile_name),
        ("Nodes", formats.count(len(campaign.nodes)) + (" and a control" if campaign.control else "")),
        ("Requests", formats.count(requests)),
    )


def _slowest(max_ms: float, limits: Limits) -> Figure:
    beyond = f"above the limit of {formats.limit(limits.slowest_ms)}" if max_ms > limits.slowest_ms else ""
    return Figure(text=formats.ms(max_ms), beyond=beyond)


def _error_rate(rate: float, limits: Limits) -> Figure:
    beyond = f"above the limit of {formats.percent(limits.error_rate)}" if rate > limits.error_rate else ""
    return Figure(text=formats.percent(rate), beyond=beyond)


def _stall_figure(stall: PeriodicStall, limits: Limits) -> Figure:
    period = formats.period(stall.period_s, stall.period_ci_s)
    reaches = stall.added_ms >= limits.stall_ms
    return Figure(
        text=f"{formats.length(stall.stall_s)} every {period}",
        beyond=f"adds {formats.latency(stall.added_ms)}" if reaches else "",
    )


def _run_facts(result: NodeResult, detection: Detection) -> tuple[tuple[str, str], ...]:
    run = result.analysis
    reference = f"{detection.stall_s:g} s each {detection.period_s:g} s"
    facts = [
        ("Duration", formats.duration(run.duration_s)),
        (f"Power to show a stall of {reference}", f"{formats.percent(run.power, 1)} (n = {run.requests:,})"),
        ("Slow episodes", formats.count(len(run.episodes))),
    ]
    if not run.periodic_stalls:  # else each finding says its own
        facts.append(("p-value of any period", formats.p_value(run.periodicity_p_value)))
    if run.throughput:
        received = run.throughput
        mean = f"{formats.rate(received.mean_bytes_per_s)} (n = {received.requests:,})"
        facts.append(("Mean throughput", mean))
    if run.verdict is Verdict.INCONCLUSIVE and run.needed_duration_s is not None:
        facts.append(("Duration needed", formats.duration(run.needed_duration_s)))
    if run.censored:
        facts.append(("Censored (in flight at the end)", formats.counted(run.censored, "request")))
    if run.dropped_iterations:
        facts.append(("Dropped (never started)", formats.counted(run.dropped_iterations, "iteration")))
    return tuple(facts)
