"""A finding of one stretch of a Run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from analysis.findings import Finding
from analysis.normal.samples import Samples
from analysis.requests import NS_PER_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """A stretch of a Run, in seconds since its first start."""

    start_s: float
    end_s: float


def finding(samples: Samples, where: Where, **values: Any) -> Finding:
    """Make a finding of a stretch of the Run."""
    start_ns, end_ns = (samples.origin_ns + round(at * NS_PER_S) for at in (where.start_s, where.end_s))
    return Finding(start_ns=start_ns, end_ns=end_ns, **values)
