"""The report of a Campaign: one self-contained HTML file, without scripts or anything to load."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

from analysis.findings import CampaignAnalysis
from reports import formats
from reports.charts.fold import fold
from reports.charts.throughput import rate_chart
from reports.charts.timeline import timeline
from reports.errors import error_kinds
from reports.findings import finding_view, single_episodes
from reports.views import (
    VERDICT_SIGNS,
    ReportFacts,
    all_results,
    campaign_facts,
    node_view,
)

FRAME_COLUMNS = ("end_ns", "total_ns", "status", "error_code", "failed", "scenario", "endpoint", "error")
"""The columns of a request table that a report looks at."""


def render_campaign(
    campaign: CampaignAnalysis, frames: Mapping[str, pd.DataFrame], facts: ReportFacts
) -> str:
    """Render a Campaign as one HTML file.

    Parameters
    ----------
    campaign
        What the analysis says; one node without a control is a Run's own report.
    frames
        Request tables (schema in ``analysis.requests``, at least ``FRAME_COLUMNS``) by node name, the
        control's too. A missing or empty one leaves its charts empty.
    facts
        Title, limits, settings and versions to print.

    Returns
    -------
    A whole HTML document. Whatever came from outside is escaped; nothing in it makes a request.
    """
    results = all_results(campaign)
    return (
        _environment()
        .get_template("campaign.html")
        .render(
            campaign=campaign,
            facts=facts,
            sign=VERDICT_SIGNS[campaign.verdict],
            # The verdict stands before the sentence anyway.
            sentence=campaign.sentence.removeprefix(f"{campaign.verdict}: "),
            campaign_facts=campaign_facts(campaign, facts),
            nodes=[node_view(result, facts) for result in results],
            timeline=timeline(results, frames, facts.limits),
            rates=rate_chart(campaign.nodes),
            findings=[
                (
                    finding_view(result, stall, facts.limits),
                    fold(frames.get(result.name), stall, facts.limits),
                )
                for result in results
                for stall in result.analysis.periodic_stalls
            ],
            episodes=single_episodes(campaign),
            errors=error_kinds(results, frames),
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"count": formats.count, "counted": formats.counted}
    return environment
