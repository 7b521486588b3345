"""Claimed periodic stalls and single slow episodes, made ready to show."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analysis.findings import CampaignAnalysis, NodeResult, PeriodicStall
from reports.findings import MAX_EPISODES, finding_view, single_episodes
from reports.views import ReportFacts
from tests.reports.samples import FIRST_S, PERIOD_S, STALL_S, episode_at, quiet_run


@pytest.mark.parametrize(("added_ms", "reaches"), [(199.9, False), (200.0, True)])
def test_a_finding_says_whether_it_reaches_the_limit(
    facts: ReportFacts, stall: PeriodicStall, added_ms: float, reaches: bool
) -> None:
    """A stall of exactly the limit reaches it, a smaller one is called so."""
    node = NodeResult(name="n", kind="node", analysis=quiet_run())
    view = finding_view(node, replace(stall, added_ms=added_ms), facts.limits)
    assert view.reaches_limit is reaches
    assert view.limit == ("reaches the limit of 200 ms" if reaches else "below the limit of 200 ms")


def test_a_short_stall_is_written_in_ms(facts: ReportFacts, stall: PeriodicStall) -> None:
    """A stall below a second is not rounded away."""
    node = NodeResult(name="n", kind="node", analysis=quiet_run())
    assert finding_view(node, replace(stall, stall_s=0.045), facts.limits).heading.startswith(
        "stalls for 45.0 ms every 12.00 s"
    )


def test_a_shape_stands_with_its_evidence(facts: ReportFacts, stall: PeriodicStall) -> None:
    """The shape is a figure of the finding; what speaks for it follows as sentences."""
    shaped = replace(stall, shape="SYN ladder", shape_evidence=("31 of 33 delays",))
    view = finding_view(NodeResult(name="n", kind="node", analysis=quiet_run()), shaped, facts.limits)
    assert ("Shape", "SYN ladder") in view.figures
    assert view.evidence == ("31 of 33 delays",)


def test_episodes_of_a_claimed_stall_are_not_single(campaign: CampaignAnalysis) -> None:
    """The six hits of node-2 belong to its claim; what is left is the one of vip."""
    assert [episode.node for episode in single_episodes(campaign).listed] == ["vip"]


def test_an_episode_between_the_cycles_is_single(campaign: CampaignAnalysis) -> None:
    """An episode far from every expected stall is listed although its node has a claim."""
    node = campaign.nodes[1]
    between = episode_at(FIRST_S + 2 * PERIOD_S + PERIOD_S / 2, STALL_S, peak_ms=777.0)
    run = replace(node.analysis, episodes=(*node.analysis.episodes, between))
    listed = single_episodes(replace(campaign, nodes=(replace(node, analysis=run),), control=None)).listed
    assert [(episode.node, episode.peak) for episode in listed] == [("node-2", "777 ms")]


def test_a_long_list_of_episodes_is_cut_and_says_so(campaign: CampaignAnalysis) -> None:
    """The slowest are listed in the order of time; how many more there are and how slow is said."""
    many = tuple(episode_at(10.0 * k, 1.0, peak_ms=300.0 + k) for k in range(MAX_EPISODES + 5))
    node = replace(campaign.nodes[0], analysis=replace(quiet_run(), episodes=many))
    episodes = single_episodes(replace(campaign, nodes=(node,), control=None))
    assert len(episodes.listed) == MAX_EPISODES
    assert (episodes.more, episodes.more_peak) == (5, "304 ms")
    starts = [episode.start for episode in episodes.listed]
    assert starts == sorted(starts)
