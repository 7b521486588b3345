"""Where an Episode can be: time and requests, without the gaps of lost output."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from analysis.normal.samples import Floats, Samples
from analysis.stalls.comb import Exposure

BINS = 256


def gaps(samples: Samples) -> Floats:
    """Silences that nothing explains, shape (g, 2): no start, and no request in flight.

    A stall's own silence is covered by requests that wait in it, so it is no gap. A silence counts when
    it is long against the usual spacing (20 times the 90 % quantile, at least 5 s).
    """
    if samples.n < 3:
        return np.zeros((0, 2))
    reach = np.maximum.accumulate(samples.end_s)
    silence = samples.start_s[1:] - reach[:-1]
    spacing = float(np.quantile(np.diff(samples.start_s), 0.9))
    found = np.flatnonzero(silence > max(5.0, 20 * spacing))
    return np.column_stack([reach[found], samples.start_s[found + 1]])


def exposure_of(samples: Samples, censored_s: float = 0.0) -> Exposure:
    """Cumulative share of where an Episode can be: half by requests, half by time outside gaps.

    Requests alone would be thin in a closed model's own stalls, time alone blind to a load that grows.
    The last ``censored_s`` seconds of a Run that was cut off count as a gap: what was slow then has no
    row, so a cycle without an Episode says nothing.
    """
    span = max(float(samples.start_s[-1]), 1e-6) if samples.n else 1e-6
    edges = np.linspace(0, span, BINS + 1)
    lost = gaps(samples)
    if censored_s > 0:
        lost = np.vstack([lost, [[max(span - censored_s, 0.0), span]]])
    by_requests = np.searchsorted(samples.start_s, edges, side="left") / max(samples.n, 1)
    missing = sum((np.clip(edges, a, b) - a for a, b in lost), start=np.zeros(BINS + 1))
    by_time = edges - missing
    by_time = by_time / max(by_time[-1], 1e-9)
    by_requests[-1] = 1.0
    return Exposure(
        span_s=span,
        edges_s=edges,
        share=(by_requests + by_time) / 2,
        gaps_s=apart(lost),
        grain_s=samples.resolution_s,
    )


def apart(stretches_s: Floats) -> Floats:
    """Join stretches that overlap or touch; sorted, shape (g, 2)."""
    if len(stretches_s) == 0:
        return stretches_s
    ordered = stretches_s[np.argsort(stretches_s[:, 0], kind="stable")]
    reach = np.maximum.accumulate(ordered[:, 1])
    heads = np.flatnonzero(np.concatenate([[True], ordered[1:, 0] > reach[:-1]]))
    return np.column_stack([ordered[heads, 0], np.append(reach[heads[1:] - 1], reach[-1])])


def without(exposure: Exposure, stretches_s: Floats) -> Exposure:
    """The exposure when no Episode can be in some stretches any more, and no cycle there counts as missed.

    Parameters
    ----------
    stretches_s
        Begins and ends, shape (g, 2), in any order.
    """
    lost = apart(np.vstack([exposure.gaps_s, np.clip(stretches_s, 0, exposure.span_s)]))
    edges = np.unique(np.concatenate([exposure.edges_s, lost.ravel()]))
    steps = np.diff(np.interp(edges, exposure.edges_s, exposure.share))
    inside = np.searchsorted(lost[:, 0], edges[:-1], side="right") - 1
    steps[(inside >= 0) & (edges[:-1] < lost[inside, 1])] = 0.0
    share = np.concatenate([[0.0], np.cumsum(steps)])
    return replace(exposure, edges_s=edges, share=share / max(share[-1], 1e-9), gaps_s=lost)
