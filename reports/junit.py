"""JUnit XML, the form of results that CI systems read: a testsuite a campaign, a testcase a node."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from analysis.campaign import first_failure
from analysis.findings import CampaignAnalysis, Limits, NodeResult, Verdict

if TYPE_CHECKING:
    from datetime import datetime

_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Outcome(StrEnum):
    """What a testcase holds: a fail, stallwatch's own trouble, or that nothing can be said."""

    FAILURE = "failure"
    ERROR = "error"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One testcase; it passed when it has no outcome."""

    name: str
    duration_s: float = 0.0
    outcome: Outcome | None = None
    message: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """One testsuite; ``said`` is what a reader of all of it should know."""

    campaign: str
    profile: str
    started: datetime
    cases: tuple[Case, ...]
    said: str = ""


def cases_of(
    analysis: CampaignAnalysis,
    limits: Limits,
    *,
    wanted: Sequence[str],
    errors: Mapping[str, str],
    failures: Sequence[str],
) -> tuple[Case, ...]:
    """Return a testcase for each wanted Node, in that order, and one for each failure that is no Node's.

    ``errors`` are those of Runs that failed by themselves, by Node.
    """
    measured = {result.name: result for result in analysis.nodes}
    cases = [
        _case(measured[name], limits, errors.get(name, ""))
        if name in measured
        else Case(name=name, outcome=Outcome.SKIPPED, message="not measured: the campaign ended before")
        for name in wanted
    ]
    return (*cases, *(Case(name="stallwatch", outcome=Outcome.ERROR, message=text) for text in failures))


def _case(result: NodeResult, limits: Limits, error: str) -> Case:
    analysis = result.analysis
    message, outcome = "", None
    if error:
        outcome, message = Outcome.ERROR, error
    elif analysis.verdict is Verdict.FAIL:
        outcome, message = Outcome.FAILURE, f"{result.name} {first_failure(analysis, limits)}"
    elif analysis.verdict is Verdict.INCONCLUSIVE:
        outcome, message = Outcome.SKIPPED, f"inconclusive: {'; '.join(analysis.reasons) or 'no data'}"
    return Case(
        name=result.name,
        duration_s=analysis.duration_s,
        outcome=outcome,
        message=message,
        text="\n".join((*analysis.reasons, *analysis.notes)) if outcome else "",
    )


def to_xml(suites: Sequence[Suite]) -> str:
    """Return the text of a JUnit file."""
    totals = _totals([case for suite in suites for case in suite.cases])
    root = ET.Element("testsuites", {"name": "stallwatch", **totals})
    for suite in suites:
        _add_suite(root, suite)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _add_suite(root: ET.Element, suite: Suite) -> None:
    name = _clean(f"{suite.profile} {suite.campaign}")
    about = {"name": name, "timestamp": suite.started.isoformat(timespec="seconds")}
    element = ET.SubElement(root, "testsuite", about | _totals(suite.cases))
    for case in suite.cases:
        # The class is the same in every campaign, so that CI systems show a node's results over time.
        one = ET.SubElement(
            element,
            "testcase",
            classname=_clean(f"stallwatch.{suite.profile}"),
            name=_clean(case.name),
            time=_seconds(case.duration_s),
        )
        if case.outcome is not None:
            found = ET.SubElement(one, case.outcome.value, message=_clean(case.message))
            if case.outcome is not Outcome.SKIPPED:
                found.set("type", case.outcome.value)
            found.text = _clean(case.text)
    if suite.said:
        ET.SubElement(element, "system-out").text = _clean(suite.said)


def _totals(cases: Sequence[Case]) -> dict[str, str]:
    found = {
        name: str(sum(case.outcome is outcome for case in cases))
        for name, outcome in (
            ("failures", Outcome.FAILURE),
            ("errors", Outcome.ERROR),
            ("skipped", Outcome.SKIPPED),
        )
    }
    return {
        "tests": str(len(cases)),
        **found,
        # Nodes are measured side by side.
        "time": _seconds(max((case.duration_s for case in cases), default=0.0)),
    }


def _seconds(value: float) -> str:
    return f"{value if math.isfinite(value) else 0.0:.3f}"


def _clean(text: str) -> str:
    """Return text without what XML cannot hold in any way: control characters and half characters."""
    return _NOT_XML.sub("\ufffd", text)
