"""The whole report: what it says, that it escapes, that it needs nothing from anywhere."""

from __future__ import annotations

import re
from dataclasses import replace

import pandas as pd
import pytest

from analysis.findings import CampaignAnalysis, PeriodicStall, Verdict
from reports.render import render_campaign
from reports.views import ReportFacts
from tests.reports.page import Page
from tests.reports.samples import request_table, throughput_of

HOSTILE = (
    "<script>alert(1)</script>",
    '"onload="alert(1)',
    "' onclick='alert(1)",
    "{{ 7 * 7 }}",
    "]]></style>",
)
LOADING_TAGS = {
    "script",
    "link",
    "img",
    "iframe",
    "object",
    "embed",
    "audio",
    "video",
    "base",
    "form",
    "image",
}
LOADING_ATTRIBUTES = {"src", "href", "xlink:href", "srcset", "action", "data", "poster", "background"}

Frames = dict[str, pd.DataFrame]


@pytest.fixture
def page(campaign: CampaignAnalysis, frames: Frames, facts: ReportFacts) -> Page:
    """The report of the campaign."""
    return Page(render_campaign(campaign, frames, facts))


def test_the_verdict_stands_at_the_top(page: Page, campaign: CampaignAnalysis) -> None:
    """Verdict and sentence come before all else but the title, and the verdict is a word and a sign."""
    first = page.text.index(campaign.sentence)
    assert "✕ fail" in page.text[:first]
    assert first < page.text.index("Campaign 2026")


@pytest.mark.parametrize(
    "shown",
    [
        *("20260312T020000-smoke-7f3a", "2026-03-12 02:00:00 UTC", "3 and a control", "4,500"),
        *("203.0.113.11", "[2001:db8::12]:30443", "Corrected over 3 nodes (Holm)."),
        *("rate_per_s 20", "k6 1.1.0", "https://shop.example.com/healthz"),
        *(
            "Added latency 1.48 s",
            "95% interval 11.97 s to 12.03 s",
            "Cycles hit 6 of 6",
            "p-value 2.4 × 10⁻⁷",
        ),
        *("waiting (waiting for the first byte of the answer)", "Peak 1.51 s", "Requests (n) 1,500"),
        *("Too short: run 3 min longer.", "One single slow episode of 640 ms", "Duration needed 4 min"),
        *("Power to show a stall of 1 s each 60 s 43.0%", "3 requests", "17 iterations", "12 errors"),
        "dial: i/o timeout, k6 error 1212 /healthz",
    ],
)
def test_the_report_says(page: Page, shown: str) -> None:
    """What the analysis and the facts hold is in the visible text."""
    assert shown in page.text


def test_the_table_of_nodes_shows_the_analysis(page: Page) -> None:
    """A row holds all numbers of its node and its stalls; the control is the last."""
    rows = [
        "node-1 203.0.113.11 ✓ pass 1,500 9.1 13.6 16.2 21.9 0 0% 49.9% none",
        "node-2 [2001:db8::12]:30443 ✕ fail 1,500 9.4 871.5 1,404.2 1,512.3 above the limit of 1 s 0 0%",
        "1.50 s every 12.00 s adds 1.48 s",
        "vip 203.0.113.100 ? inconclusive 1,500 9.1 13.6 16.2 21.9 12 0.80% above the limit of 0.10% 49.9%",
        "control ✓ pass 1,500 0.40 0.70 1.1 2.2 0 0% 49.9% none",
    ]
    places = [page.text.index(row) for row in rows]
    assert places == sorted(places)


def test_throughput_is_said_with_its_n(
    campaign: CampaignAnalysis, frames: Frames, facts: ReportFacts
) -> None:
    """Where bytes are known, chart, figures and n are there for that node; elsewhere nothing is said."""
    assert "Throughput" not in Page(render_campaign(campaign, frames, facts)).text
    first, *others = campaign.nodes
    downloaded = replace(first.analysis, throughput=throughput_of(12e6, 14e6, 3e6, 13e6))
    nodes = (replace(first, analysis=downloaded), *others)
    page = Page(render_campaign(replace(campaign, nodes=nodes), frames, facts))
    assert "Bytes a second of node-1 over time" in page.text
    assert "Mean 10.5 MB/s Median 12.5 MB/s p5 4.35 MB/s Lowest 0.5 s 3.00 MB/s at 02:00:01" in page.text
    assert "Received 21.0 MB Requests (n) 900" in page.text
    assert "Mean throughput 10.5 MB/s (n = 900)" in page.text
    assert "Bytes a second of node-2" not in page.text


def test_nothing_is_censored_or_dropped_unless_it_is(
    campaign: CampaignAnalysis, frames: Frames, facts: ReportFacts
) -> None:
    """Zero censored requests and dropped iterations, and an unneeded duration, are not mentioned."""
    quiet = replace(campaign, nodes=campaign.nodes[:1], control=None)
    text = Page(render_campaign(quiet, frames, facts)).text
    assert not re.search("Censored|Dropped|Duration needed", text)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_whatever_came_from_outside_is_escaped(
    hostile: str, campaign: CampaignAnalysis, frames: Frames, facts: ReportFacts, stall: PeriodicStall
) -> None:
    """Names, addresses, settings, sentences and phases reach the reader as text, in HTML and in SVG."""
    evil_stall = replace(stall, scenario=hostile, dominant_phase=hostile)
    evil_run = replace(
        campaign.nodes[1].analysis, periodic_stalls=(evil_stall,), reasons=(hostile,), notes=(hostile,)
    )
    evil = replace(
        campaign,
        sentence=hostile,
        notes=(hostile,),
        nodes=(replace(campaign.nodes[1], name=hostile, kind=hostile, analysis=evil_run), campaign.nodes[2]),
    )
    evil_facts = replace(
        facts,
        title=hostile,
        campaign_id=hostile,
        profile_name=hostile,
        settings={hostile: hostile},
        versions={hostile: hostile},
        addresses={hostile: hostile},
    )
    table = request_table(errors=3)
    table[["error", "endpoint"]] = hostile
    page = Page(render_campaign(evil, {hostile: table}, evil_facts))
    assert page.text.count(hostile) >= 18
    assert f"Latency of {hostile} over time" in page.text
    assert not page.named("script")
    assert not [
        element for element in page.elements if any(name.startswith("on") for name in element.attributes)
    ]
    tags = {element.tag for element in page.elements}
    assert tags == {element.tag for element in Page(render_campaign(campaign, frames, facts)).elements}


def test_nothing_is_loaded_from_anywhere(
    campaign: CampaignAnalysis, frames: Frames, facts: ReportFacts
) -> None:
    """No element and no style rule names another resource, and the page's own policy forbids it."""
    html = render_campaign(campaign, frames, facts)
    page = Page(html)
    assert not {element.tag for element in page.elements} & LOADING_TAGS
    assert not {name for element in page.elements for name in element.attributes} & LOADING_ATTRIBUTES
    assert set(re.findall(r"url\(\s*[\"']?(.)", html)) <= {"#"}
    assert "@import" not in html
    policies = [e for e in page.named("meta") if e.attributes.get("http-equiv") == "Content-Security-Policy"]
    assert [policy.attributes["content"] for policy in policies] == [
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    ]


def test_charts_and_tables_can_be_read_aloud(page: Page) -> None:
    """The page names its language, each chart has title and description, each header cell its scope."""
    assert page.named("html")[0].attributes["lang"] == "en"
    ids = {element.attributes["id"] for element in page.elements if "id" in element.attributes}
    charts = [element for element in page.named("svg") if element.attributes.get("role") == "img"]
    assert len(charts) == 5
    for chart in charts:
        assert len(chart.attributes["aria-labelledby"].split()) == 2
        assert set(chart.attributes["aria-labelledby"].split()) <= ids
    assert {cell.attributes.get("scope") for cell in page.named("th")} == {"col", "row"}


def test_every_id_is_there_once(page: Page) -> None:
    """Each id stands for one element, so that labels and patterns are those meant."""
    ids = [element.attributes["id"] for element in page.elements if "id" in element.attributes]
    assert len(ids) == len(set(ids))


def test_a_missing_and_an_empty_frame_are_said(
    campaign: CampaignAnalysis, frames: Frames, facts: ReportFacts
) -> None:
    """A node without stored requests keeps its numbers and says why its chart is empty."""
    some = {"node-1": frames["node-1"], "node-2": frames["node-2"].iloc[:0]}
    text = Page(render_campaign(campaign, some, facts)).text
    # node-2's fold, and the panels of node-2, vip and control.
    assert text.count("No requests are stored for this node.") == 4
    assert "1,404.2" in text


def test_the_verdict_is_not_said_twice(
    campaign: CampaignAnalysis, frames: Frames, facts: ReportFacts
) -> None:
    """A sentence that begins with the verdict, as on the terminal, is not shown behind it once more."""
    spoken = replace(campaign, sentence="fail: node-2 stalls")
    assert "✕ fail node-2 stalls" in Page(render_campaign(spoken, frames, facts)).text


def test_no_frames_at_all(campaign: CampaignAnalysis, facts: ReportFacts) -> None:
    """Without any stored request there is still a report."""
    text = Page(render_campaign(campaign, {}, facts)).text
    assert "No requests are stored for any node: nothing to draw." in text
    assert campaign.sentence in text


def test_a_campaign_of_one_node(campaign: CampaignAnalysis, frames: Frames, facts: ReportFacts) -> None:
    """A single Run's report has one row and one panel, and says that no control ran."""
    one = replace(campaign, nodes=campaign.nodes[:1], control=None, verdict=Verdict.PASS, sentence="Clean.")
    page = Page(render_campaign(one, frames, facts))
    assert "✓ pass Clean." in page.text
    assert "No control ran" in page.text
    assert "No periodic stall was claimed." in page.text
    assert [e.attributes.get("scope") for e in page.named("th")].count("row") == 1


def test_a_campaign_of_no_node(campaign: CampaignAnalysis, facts: ReportFacts) -> None:
    """A Campaign of which nothing is left is still a page."""
    none = replace(campaign, nodes=(), control=None, verdict=Verdict.INCONCLUSIVE, sentence="Nothing ran.")
    assert "Nothing ran." in Page(render_campaign(none, {}, facts)).text


def test_a_stall_of_the_control_is_the_generators_own(
    campaign: CampaignAnalysis, frames: Frames, facts: ReportFacts
) -> None:
    """A periodic stall that the control shows is listed, and not blamed on the network."""
    assert campaign.control is not None
    stalled = replace(campaign.control, analysis=campaign.nodes[1].analysis)
    text = Page(render_campaign(replace(campaign, control=stalled), frames, facts)).text
    assert "the load generator's own" in text


def test_many_requests_stay_a_small_file(campaign: CampaignAnalysis, facts: ReportFacts) -> None:
    """A chart of 300,000 requests of each of four nodes is no larger than one of 1,500."""
    tables = {
        name: request_table(seconds=7500, rate=40, seed=seed, stall=name == "node-2", errors=300)
        for seed, name in enumerate(("node-1", "node-2", "vip", "control"))
    }
    assert {len(table) for table in tables.values()} == {300_000}
    html = render_campaign(campaign, tables, facts)
    assert "n = 300,000" in html
    assert len(html.encode()) < 170_000


def test_the_same_input_gives_the_same_page(
    campaign: CampaignAnalysis, frames: Frames, facts: ReportFacts
) -> None:
    """A report depends on nothing but its input: no clock, no chance."""
    assert render_campaign(campaign, frames, facts) == render_campaign(campaign, frames, facts)
