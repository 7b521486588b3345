"""Findings made ready to show: claimed periodic stalls, and the slow episodes outside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from analysis.findings import CampaignAnalysis, Limits, NodeResult, PeriodicStall
from analysis.requests import NS_PER_S
from reports import formats
from reports.charts.points import ANY_SCENARIO
from reports.views import all_results

MAX_EPISODES = 20
"""Single slow episodes that are listed; the rest are counted."""

PHASE_MEANINGS: Mapping[str, str] = {
    "blocked": "waiting for a free connection",
    "connecting": "TCP handshake",
    "tls": "TLS handshake",
    "sending": "sending the request",
    "waiting": "waiting for the first byte of the answer",
    "receiving": "receiving the answer",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingView:
    """One claimed periodic stall: its headline, whether it reaches the limit, its numbers by name.

    ``evidence`` says what speaks for its shape, and what against.
    """

    node: str
    kind: str
    heading: str
    reaches_limit: bool
    limit: str
    scenario_label: str
    figures: tuple[tuple[str, str], ...]
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeView:
    """One slow episode that belongs to no claimed periodic stall."""

    node: str
    start: str
    length: str
    peak: str
    requests: str
    phase: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeList:
    """The slowest single episodes in the order of time; ``more`` were left off, up to ``more_peak``."""

    listed: tuple[EpisodeView, ...]
    more: int
    more_peak: str


def finding_view(result: NodeResult, stall: PeriodicStall, limits: Limits) -> FindingView:
    """Make one claimed periodic stall ready to show."""
    period = formats.period(stall.period_s, stall.period_ci_s)
    low, high = (formats.period(edge_s, stall.period_ci_s) for edge_s in stall.period_ci_s)
    reaches = stall.added_ms >= limits.stall_ms
    limit = formats.limit(limits.stall_ms)
    return FindingView(
        node=result.name,
        kind=result.kind,
        heading=f"stalls for {formats.length(stall.stall_s)} every {period}",
        reaches_limit=reaches,
        limit=f"reaches the limit of {limit}" if reaches else f"below the limit of {limit}",
        scenario_label="all scenarios" if stall.scenario == ANY_SCENARIO else f"scenario {stall.scenario}",
        figures=(
            ("Added latency", formats.latency(stall.added_ms)),
            ("Period", period),
            ("95% interval", f"{low} to {high}"),
            ("Stall length", formats.length(stall.stall_s)),
            ("Peak", formats.latency(stall.peak_ms)),
            ("Cycles hit", f"{formats.count(stall.cycles_hit)} of {formats.count(stall.cycles_expected)}"),
            ("p-value", formats.p_value(stall.p_value)),
            ("Requests (n)", formats.count(result.analysis.requests)),
            ("Scenario", stall.scenario),
            ("Dominant phase", _phase(stall.dominant_phase)),
            ("Shape", stall.shape),
            ("First stall", f"{formats.clock(stall.first_stall_ns, millis=True)} UTC"),
            ("Offset in the run", formats.seconds(stall.phase_s)),
        ),
        evidence=stall.shape_evidence,
    )


def single_episodes(campaign: CampaignAnalysis) -> EpisodeList:
    """List the episodes outside every claimed periodic stall: the slowest, in the order of time."""
    single = [
        (result.name, episode)
        for result in all_results(campaign)
        for episode in result.analysis.episodes
        if not any(_belongs(episode.start_ns, episode.end_ns, s) for s in result.analysis.periodic_stalls)
    ]
    single.sort(key=lambda pair: -pair[1].peak_ms)
    listed = sorted(single[:MAX_EPISODES], key=lambda pair: pair[1].start_ns)
    left = single[MAX_EPISODES:]
    return EpisodeList(
        listed=tuple(
            EpisodeView(
                node=name,
                start=formats.clock(episode.start_ns, millis=True),
                length=formats.length((episode.end_ns - episode.start_ns) / NS_PER_S),
                peak=formats.latency(episode.peak_ms),
                requests=formats.count(episode.requests),
                phase=episode.dominant_phase,
            )
            for name, episode in listed
        ),
        more=len(left),
        more_peak=formats.latency(left[0][1].peak_ms) if left else formats.UNKNOWN,
    )


def _phase(phase: str) -> str:
    meaning = PHASE_MEANINGS.get(phase)
    return f"{phase} ({meaning})" if meaning else phase


def _belongs(start_ns: int, end_ns: int, stall: PeriodicStall) -> bool:
    """Tell whether an episode overlaps one of a stall's windows, give or take half its length."""
    slack_s = stall.stall_s / 2
    middle_s = ((start_ns + end_ns) / 2 - stall.first_stall_ns) / NS_PER_S
    half_s = (end_ns - start_ns) / NS_PER_S / 2
    centre_s = middle_s - stall.stall_s / 2
    distance_s = abs(centre_s - round(centre_s / stall.period_s) * stall.period_s)
    return distance_s <= half_s + stall.stall_s / 2 + slack_s
