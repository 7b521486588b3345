"""JUnit XML: what each verdict becomes, that sums are right, and that nothing breaks out of it."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

import pytest

from analysis.findings import CampaignAnalysis, Limits
from reports.junit import Case, Outcome, Suite, cases_of, to_xml
from tests.reports.samples import STARTED


def cases(campaign: CampaignAnalysis, **changes: object) -> tuple[Case, ...]:
    """Return the testcases of a campaign."""
    wanted = [node.name for node in campaign.nodes]
    known: dict[str, Any] = {"wanted": wanted, "errors": {}, "failures": []}
    return cases_of(campaign, Limits(), **(known | changes))


def read(*found: Case, said: str = "") -> ET.Element:
    """Return the XML of one suite, read again."""
    suite = Suite(campaign="c1", profile="smoke", started=STARTED, cases=found, said=said)
    return ET.fromstring(to_xml([suite]))  # noqa: S314 # our own


def test_what_each_verdict_becomes(campaign: CampaignAnalysis) -> None:
    """A pass stands alone, a fail is a failure with its sentence and n, an inconclusive one is skipped."""
    root = read(*cases(campaign), said=campaign.sentence)
    one, two, three = root.iter("testcase")
    assert [case.get("name") for case in (one, two, three)] == ["node-1", "node-2", "vip"]
    assert list(one) == []
    failure = two.find("failure")
    assert failure is not None
    assert failure.get("message", "").startswith("node-2 stalls ")
    assert "n = 1,500 requests" in failure.get("message", "")
    skipped = three.find("skipped")
    assert skipped is not None
    assert skipped.get("message") == (
        "inconclusive: Too short: run 3 min longer.; 17 iterations were dropped."
    )
    [suite] = root.iter("testsuite")
    for counted in (suite, root):
        sums = {name: counted.get(name) for name in ("tests", "failures", "errors", "skipped")}
        assert sums == {"tests": "3", "failures": "1", "errors": "0", "skipped": "1"}
    assert suite.findtext("system-out") == campaign.sentence


def test_trouble_of_stallwatch_is_an_error(campaign: CampaignAnalysis) -> None:
    """A run that failed by itself, whatever its verdict; and what is no node's has a testcase of its own."""
    found = cases(campaign, errors={"node-1": "k6 ended"}, failures=["report.html: No space left"])
    by_name = {case.name: (case.outcome, case.message) for case in found}
    assert by_name["node-1"] == (Outcome.ERROR, "k6 ended")
    assert by_name["stallwatch"] == (Outcome.ERROR, "report.html: No space left")


def test_a_node_that_was_not_reached_is_not_a_pass(campaign: CampaignAnalysis) -> None:
    """An interrupted campaign has measured some nodes only: the others are skipped, not missing."""
    found = cases(campaign, wanted=["node-1", "node-9"])
    assert [(case.name, case.outcome) for case in found] == [("node-1", None), ("node-9", Outcome.SKIPPED)]


@pytest.mark.parametrize("hostile", ['"/><failure>', "]]>&<", "a\x00b\x1b[31m", "\ud800", "zwei\nZeilen"])
def test_nothing_breaks_out(hostile: str) -> None:
    """Quotes, tags, control characters and half characters in an error are text of a valid file."""
    case = Case(name=hostile, outcome=Outcome.ERROR, message=hostile, text=hostile)
    root = read(case, said=hostile)
    suite = Suite(campaign=hostile, profile=hostile, started=STARTED, cases=(case,))
    assert ET.fromstring(to_xml([suite]).encode()).tag == "testsuites"  # noqa: S314 # our own
    assert len(list(root.iter("testcase"))) == len(list(root.iter("error"))) == 1
    expected = hostile.translate({0: "\ufffd", 27: "\ufffd", 0xD800: "\ufffd"})
    assert root.findtext(".//error") == expected
    assert root.findtext(".//system-out") == expected
