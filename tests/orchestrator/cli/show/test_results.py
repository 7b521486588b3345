"""What commands say of a Run and of a Campaign."""

from __future__ import annotations

from dataclasses import replace

from analysis.findings import CampaignAnalysis, NodeResult, Verdict
from orchestrator.cli.show.results import campaign_lines, run_lines
from tests.reports.samples import quiet_run, throughput_of

THROUGHPUT = throughput_of(12e6, 14e6, 3e6, 13e6)
SAID = (
    "throughput (n = 900, 21.0 MB): mean 10.5 MB/s, median 12.5 MB/s, p5 4.35 MB/s,"
    " lowest 0.5 s 3.00 MB/s at 02:00:01 UTC"
)


def test_a_run_says_its_throughput() -> None:
    """Where bytes are known, one line says the figures with n; elsewhere nothing is said."""
    assert f"  {SAID}" in run_lines("a", replace(quiet_run(), throughput=THROUGHPUT))
    assert not [line for line in run_lines("a", quiet_run()) if "throughput" in line]


def test_a_campaign_says_the_throughput_of_each_node() -> None:
    """The figures stand below the table under the node's name, and the control's are left out."""
    run = replace(quiet_run(), throughput=THROUGHPUT)
    campaign = CampaignAnalysis(
        verdict=Verdict.PASS,
        sentence="pass: a and b show no stall.",
        nodes=(
            NodeResult(name="a", kind="node", analysis=run),
            NodeResult(name="b", kind="node", analysis=quiet_run()),
        ),
        control=NodeResult(name="control", kind="control", analysis=run),
    )
    assert [line for line in campaign_lines(campaign) if "throughput" in line] == [f"a: {SAID}"]
