"""The parts of a Run that are searched, all requests and each scenario, and what they come to together."""

from __future__ import annotations

import numpy as np

from analysis.normal.samples import Floats, Samples
from analysis.stalls.comb import Exposure
from analysis.stalls.search import Candidate
from analysis.stalls.sources import related, sources

MIN_REQUESTS = 12
"""Fewer requests are not searched: no comb of three cycles could be told from chance."""
MIN_SCENARIO = 60
MOST_SCENARIOS = 4
SAME_START_S, MOSTLY = 1.0, 0.75

Found = list[tuple[Candidate, Samples, str]]


def searched_parts(samples: Samples) -> list[tuple[str, Samples]]:
    """All requests pooled, and each scenario with enough of them when there are several."""
    parts = [("all", samples)]
    sizes = np.bincount(samples.scenario, minlength=len(samples.scenario_names))
    large = [i for i in np.argsort(-sizes, kind="stable") if sizes[i] >= MIN_SCENARIO][:MOST_SCENARIOS]
    if len(large) > 1:
        parts.extend((samples.scenario_names[i], samples.select(samples.scenario == i)) for i in large)
    return parts


def searches_within(samples: Samples, span_s: float) -> int:
    """How many parts a Run like this one would be searched in, were it ``span_s`` long."""
    sizes = np.bincount(samples.scenario, minlength=len(samples.scenario_names))
    large = int((sizes * span_s / max(samples.span_s, 1e-9) >= MIN_SCENARIO).sum())
    return 1 + (min(large, MOST_SCENARIOS) if large > 1 else 0)


def find(
    samples: Samples, residual: Floats, exposure: Exposure, parts: list[tuple[str, Samples]], alpha: float
) -> tuple[Found, float]:
    """Search every part; of claims of one stall keep one, that of all requests first.

    Returns them, and the smallest p-value whether or not it may be claimed.
    """
    found: Found = []
    p_value = 1.0
    for name, part in parts:
        if part.n < MIN_REQUESTS:
            continue
        mine = residual[np.isin(samples.row, part.row)]
        candidates, p = sources(part, mine, exposure, alpha, len(parts))
        p_value = min(p_value, p)
        found.extend((candidate, part, name) for candidate in candidates)
    kept: Found = []
    for item in sorted(found, key=lambda item: (item[2] != "all", item[0].p_value)):
        if not any(same_stall(item[0], other[0]) for other in kept):
            kept.append(item)
    return kept, p_value


def same_stall(one: Candidate, other: Candidate) -> bool:
    """Tell whether two combs of different parts are one stall: by their period, or by their Episodes."""
    if related(one.fit.period_s, other.fit.period_s):
        return True
    starts, others = one.episodes.start_s[one.hit], other.episodes.start_s[other.hit]
    near = np.abs(starts[:, None] - others[None, :]).min(axis=1) <= SAME_START_S
    return float(near.mean()) >= MOSTLY
