"""Errors of the generator's own making are told from those of the node."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.findings import Detection, Limits, RunFacts, Verdict
from analysis.generator import own_fault, own_faults
from analysis.run import analyze_run
from tests.analysis.tables import table

K6 = "dial: unknown errno {} error with msg `{}`"


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (K6.format(24, "too many open files"), "too many open files"),
        (K6.format(23, "too many open files in system"), "too many open files in system"),
        (K6.format(99, "cannot assign requested address"), "cannot assign requested address"),
        (K6.format(105, "no buffer space available"), "no buffer space available"),
        (K6.format(101, "network is unreachable"), ""),
        ("dial: connection refused", ""),
        ("", ""),
        ('malformed HTTP response "too many open files"', ""),
        (f"server said: {K6.format(24, 'too many open files')}", ""),
    ],
)
def test_what_the_generator_is_short_of(error: str, what: str) -> None:
    """Only the whole text that k6 makes of such an error counts: what a server says excuses nobody."""
    assert own_fault(error) == what


@pytest.mark.parametrize("dtype", ["category", "object"])
def test_only_failed_requests_are_faults(dtype: str) -> None:
    """A row counts when it failed and its error says so, however the text is kept."""
    error = K6.format(24, "too many open files")
    rows = pd.DataFrame({"failed": [True, False, True], "error": [error, error, "EOF"]})
    assert own_faults(rows.astype({"error": dtype})).tolist() == [True, False, False]
    assert own_faults(rows.iloc[:0].astype({"error": dtype})).tolist() == []


def test_faults_of_the_generator_are_no_errors_of_the_node() -> None:
    """Half of the requests fail that way: no error is counted; as many refusals are a fail."""

    def analyzed(error: str) -> Verdict:
        rows = table(np.arange(400) * 0.1, np.full(400, 0.005), failed=np.arange(400) % 2 == 0)
        rows["error"] = pd.Categorical(np.where(rows["failed"], error, ""))
        return analyze_run(rows, facts=RunFacts(), limits=Limits(), detection=Detection()).verdict

    assert analyzed(K6.format(24, "too many open files")) is Verdict.INCONCLUSIVE
    assert analyzed("dial: connection refused") is Verdict.FAIL
