"""What failed: the failed requests of a Campaign by node, error and endpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.findings import NodeResult
from reports import formats
from reports.charts.points import failed, in_scenario

MAX_KINDS = 20
"""Kinds of errors that are listed; the rest are counted."""

STATUS_CODES = 1000
"""What k6 adds to an HTTP status to make an error code of it: that says nothing new."""

_KIND = ["error", "status", "error_code", "endpoint"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorView:
    """Failed requests of one kind: what went wrong, where, how often, first and last end in UTC."""

    node: str
    error: str
    endpoint: str
    count: str
    first: str
    last: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorList:
    """The most frequent kinds of errors; ``more`` kinds with ``more_requests`` requests were left off."""

    listed: tuple[ErrorView, ...]
    more: int
    more_requests: int


def error_kinds(results: Sequence[NodeResult], frames: Mapping[str, pd.DataFrame]) -> ErrorList:
    """List what failed, the most frequent kind first.

    Parameters
    ----------
    results
        The nodes, in the order in which equally frequent kinds are listed.
    frames
        Request tables by node name; a missing one has no errors to show.
    """
    kinds = [
        (count, _view(result.name, kind, count, ends))
        for result in results
        if result.name in frames
        for kind, count, ends in _kinds(frames[result.name])
    ]
    kinds.sort(key=lambda kind: -kind[0])
    left = kinds[MAX_KINDS:]
    return ErrorList(
        listed=tuple(view for _, view in kinds[:MAX_KINDS]),
        more=len(left),
        more_requests=sum(count for count, _ in left),
    )


def _kinds(requests: pd.DataFrame) -> list[tuple[tuple[str, int, int, str], int, tuple[int, int]]]:
    """Return kind, number of requests, and first and last end of each kind of failed request."""
    if requests.empty:
        return []
    bad = requests[failed(requests) & in_scenario(requests)]
    # As plain text, so that a missing error and an empty one are the same kind.
    texts = {
        name: bad[name].astype("object").where(bad[name].notna(), "").astype(str)
        for name in ("error", "endpoint")
    }
    ends = bad.assign(**texts).groupby(_KIND, sort=False)["end_ns"].agg(["count", "min", "max"])
    return [
        ((str(error), int(status), int(code), str(endpoint)), int(count), (int(first), int(last)))
        for (error, status, code, endpoint), count, first, last in ends.itertuples(name=None)
    ]


def _view(node: str, kind: tuple[str, int, int, str], count: int, ends: tuple[int, int]) -> ErrorView:
    error, status, code, endpoint = kind
    parts = [error] if error else []
    parts += [f"status {status}"] if status else []
    parts += [f"k6 error {code}"] if code not in (0, STATUS_CODES + status) else []
    return ErrorView(
        node=node,
        error=", ".join(parts) or "failed without a reason",
        endpoint=endpoint,
        count=formats.count(count),
        first=formats.clock(ends[0], millis=True),
        last=formats.clock(ends[1], millis=True),
    )
