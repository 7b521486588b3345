"""How commands show what a Campaign or a Run came to."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from analysis.verdict import seconds
from orchestrator.cli.show.output import Format, one_line, print_json, say
from reports.formats import UNKNOWN, clock, duration, latency, rate, size

if TYPE_CHECKING:
    from collections.abc import Iterable

    from analysis.compare import Comparison
    from analysis.findings import CampaignAnalysis, Limits, NodeResult, RunAnalysis, Throughput
    from orchestrator.campaign import CampaignResult

HEADINGS = ("node", "verdict", "requests", "errors", "p50", "slowest", "periodic stall")
MAX_EPISODES = 10


def print_campaign(result: CampaignResult, output: Format) -> None:
    """Print what a Campaign came to, and say what failed."""
    if output is Format.JSON:
        from analysis.result import campaign_to_json

        print_json(
            {"campaign": result.id, "report": result.report, **campaign_to_json(result.judged.analysis)}
        )
    else:
        for line in campaign_lines(result.judged.analysis):
            print(line)
        if result.report is not None:
            print(f"report: {result.report}")
    for failure in result.failures:
        say(f"error: {failure}")


def campaign_lines(campaign: CampaignAnalysis) -> list[str]:
    """Return the verdict in words, the table of nodes (80 columns where names are short), and why."""
    from analysis.campaign import names

    results = campaign.everything()
    lines = [campaign.sentence, "", *table(HEADINGS, [_row(result) for result in results]), ""]
    said: dict[str, list[NodeResult]] = {}  # what holds for several nodes is said once
    for result in results:
        for text in (*result.analysis.reasons, *result.analysis.notes, *found_words(result.analysis)):
            said.setdefault(text, []).append(result)
    lines += [
        f"{node.name}: {throughput_words(node.analysis.throughput)}"
        for node in campaign.nodes
        if node.analysis.throughput
    ]
    return [*lines, *(f"{names(who)}: {text}" for text, who in said.items()), *campaign.notes]


def run_lines(name: str, analysis: RunAnalysis) -> list[str]:
    """Return what the analysis says of one input."""
    lines = [f"{name}: {analysis.verdict}: {analysis.requests:,} requests in {analysis.duration_s:,.1f} s"]
    quantiles = analysis.latency
    lines.append(
        f"  latency (n = {quantiles.n:,}): p50 {latency(quantiles.p50_ms)}, p95 {latency(quantiles.p95_ms)},"
        f" p99 {latency(quantiles.p99_ms)}, slowest {latency(quantiles.max_ms)}"
    )
    kept = _share(analysis.kept_share)
    lines.append(f"  errors: {analysis.errors:,} of {analysis.requests:,}; connections kept: {kept}")
    if analysis.throughput:
        lines.append(f"  {throughput_words(analysis.throughput)}")
    for stall in analysis.periodic_stalls:
        low, high = stall.period_ci_s
        lines.append(
            f"  periodic stall: {seconds(stall.stall_s)} every {stall.period_s:.3f} s"
            f" (95 % interval {low:.3f} to {high:.3f} s),"
            f" {stall.cycles_hit} of {stall.cycles_expected} cycles, p = {stall.p_value:.2g},"
            f" phase {stall.dominant_phase}, scenario {stall.scenario}, slowest {latency(stall.peak_ms)}"
        )
        lines.append(f"    shape: {'; '.join((stall.shape, *stall.shape_evidence))}")
    if not analysis.periodic_stalls:
        lines.append(f"  no periodic stall (best candidate p = {analysis.periodicity_p_value:.2g})")
    lines += [
        f"  slow episode at {clock(e.start_ns)} UTC: {latency(e.peak_ms)}, {e.requests:,} requests,"
        f" phase {e.dominant_phase}"
        for e in sorted(analysis.episodes, key=lambda e: -e.peak_ms)[:MAX_EPISODES]
    ]
    if len(analysis.episodes) > MAX_EPISODES:
        lines.append(f"  and {len(analysis.episodes) - MAX_EPISODES} smaller slow episodes")
    return lines + [f"  {text}" for text in (*analysis.reasons, *analysis.notes, *found_words(analysis))]


def found_words(analysis: RunAnalysis) -> list[str]:
    """Return the findings beside the periodic stalls, in words."""
    return [finding.words for finding in analysis.findings]


def throughput_words(throughput: Throughput) -> str:
    """Say how many bytes a second came in."""
    t = throughput
    return (
        f"throughput (n = {t.requests:,}, {size(t.total_bytes)}): mean {rate(t.mean_bytes_per_s)},"
        f" median {rate(t.median_bytes_per_s)}, p5 {rate(t.p5_bytes_per_s)},"
        f" lowest {duration(t.bin_s)} {rate(t.lowest_bytes_per_s)} at {clock(t.lowest_at_ns)} UTC"
    )


def comparison_lines(comparison: Comparison, limits: Limits) -> list[str]:
    """Return the outcome in words, and the slowest requests and n of both sides, Node by Node."""
    lines = [comparison.sentence]
    for node in comparison.nodes:
        before, after = node.before, node.after
        lines.append(
            f"  {node.name}: {node.outcome}: slowest request {latency(before.latency.max_ms)} before,"
            f" {latency(after.latency.max_ms)} after (limit {limits.slowest_ms:,.0f} ms;"
            f" n = {before.requests:,} in {before.duration_s:,.0f} s and"
            f" {after.requests:,} in {after.duration_s:,.0f} s)"
        )
        lines += [f"    {check.outcome}: {check.reason}" for check in node.checks]
    return lines


def table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    """Return aligned columns; the first is flush left, the others flush right but for the last."""
    cells = [list(headings), *([one_line(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    last = len(widths) - 1

    def line(row: list[str]) -> str:
        return "  ".join(
            cell.ljust(width) if at in (0, last) else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()

    return [line(row) for row in cells]


def _row(result: NodeResult) -> tuple[str, ...]:
    a = result.analysis
    stalls = "; ".join(f"{seconds(s.stall_s)} every {seconds(s.period_s)}" for s in a.periodic_stalls)
    return (
        result.name,
        a.verdict.value,
        f"{a.requests:,}",
        f"{a.errors:,}",
        latency(a.latency.p50_ms),
        latency(a.latency.max_ms),
        stalls or "none",
    )


def _share(share: float) -> str:
    return UNKNOWN if math.isnan(share) else f"{share:.0%}"
