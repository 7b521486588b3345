"""How a k6 ended, in words: what is an error, what stopped the script, and what a reader should know."""

from __future__ import annotations

import re

from orchestrator.k6.console import FILE
from orchestrator.k6.log import K6Log
from orchestrator.k6.process import ABORTED_CODE, AFTERMATH_CODES, SUCCESS_CODES, exit_meaning
from orchestrator.k6.summary import K6Totals

MAX_TOLD = 5
ABORTED_AT = re.compile(r"\s+at (?:\S+ \()?\S+:\d+:\d+\)?$")


def error_of(code: int, rows: int, totals: K6Totals, log: K6Log) -> str:
    """Say why a k6 that nobody interrupted has failed; empty when what it measured is a result."""
    if code == ABORTED_CODE or (code in AFTERMATH_CODES and totals.iterations):
        return ""
    said = log.message() or "it said nothing"
    if code not in SUCCESS_CODES:
        return f"k6 {exit_meaning(code)}: {said}"
    if rows == 0:
        others = f" ({_listed(totals)}, which are not analyzed)" if totals.others else ""
        return f"k6 made no request at all{others}: {said}"
    return ""


def unfit_by(code: int, log: K6Log) -> str:
    """Say why a script's Run cannot pass, whatever its requests look like; empty when it can."""
    reasons = _refused(log)
    if code == ABORTED_CODE:
        words = ABORTED_AT.sub("", log.after("test aborted")).removeprefix(": ")
        reasons.insert(0, f"the script called test.abort(){f': {words}' if words else ''}")
    return "; ".join(reasons)


def notes_of(code: int, totals: K6Totals, log: K6Log) -> list[str]:
    """Say what the script made of its Run: thresholds, checks, exceptions, and what is not analyzed."""
    # k6 takes what it refused to send for requests of no time; nothing of ours counts them.
    beside = ", what was refused included" if log.refused else ""
    notes = [
        f"threshold failed: {threshold}{beside if ' of http_req' in threshold else ''}"
        for threshold in totals.thresholds
    ]
    if log.after("stopping test prematurely") or "stopping test prematurely" in log.message():
        notes.append("k6 ended the run early, as a threshold with abortOnFail asks")
    if code == 110:
        words = log.after("test marked as failed: ")
        notes.append(f"the script marked its test as failed{f': {words}' if words else ''}")
    failed, checks = totals.checks
    if failed:
        notes.append(f"{failed:,} of {checks:,} checks failed")
    if log.exceptions:
        notes.append(
            f"{log.exceptions:,} iterations ended with an exception, the last: {log.last_exception()}"
        )
    if code in AFTERMATH_CODES and totals.iterations:
        notes.append(f"teardown() failed after all was measured: {log.message()}")
    if totals.others:
        notes.append(f"beside the requests {_listed(totals)} were made: not analyzed, nor held to any rate")
    if log.console is not None and log.console.lines:
        notes.append(f"the script wrote {log.console.lines:,} lines: k6/{FILE} of the run's folder")
    return [*notes, *_summary(totals, log)]


def _listed(totals: K6Totals) -> str:
    return " and ".join(f"{count:,} {words}" for count, words in totals.others)


def _refused(log: K6Log) -> list[str]:
    if not log.refused:
        return []
    asked = [f"{address} ({host})" if host else address for address, host in log.refused.items()]
    more = f" and {len(asked) - MAX_TOLD} more" if len(asked) > MAX_TOLD else ""
    allowed = ", ".join([*log.refused][:MAX_TOLD])
    what = f"the script asked for {', '.join(asked[:MAX_TOLD])}{more}"
    return [f"{what}, not for the node: refused; `addresses: [{allowed}]` in its profile would allow that"]


def _summary(totals: K6Totals, log: K6Log) -> list[str]:
    notes = []
    if totals.summary_error:
        notes.append(f"its handleSummary failed: {log.readable(totals.summary_error)}")
    if totals.files:
        where = (
            "" if all(file.startswith("/") for file in totals.files) else ", in k6/output of the run's folder"
        )
        notes.append(f"its handleSummary wrote {', '.join(totals.files)}{where}")
    return notes
