"""Period and phase by least squares of Episode anchors on integer cycles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.normal.samples import Floats, Ints
from analysis.stalls.comb import Comb, Exposure, evaluate
from analysis.stalls.significance import log_score

ROUNDS = 4
WIDTHS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A straight line through anchors over cycles."""

    period_s: float
    phase_s: float
    anchors_s: Floats


def nearest(times_s: Floats, period_s: float, phase_s: float, width_s: float) -> tuple[Ints, Floats]:
    """Per cycle the Episode nearest to the centre, if one lies in the window: cycle numbers and times."""
    cycle = np.round((times_s - phase_s) / period_s).astype(np.int64)
    off = np.abs(times_s - phase_s - cycle * period_s)
    order = np.lexsort((off, cycle))
    _, first = np.unique(cycle[order], return_index=True)
    chosen = order[first]
    chosen = chosen[off[chosen] <= width_s / 2]
    return cycle[chosen], times_s[chosen]


def fit_line(cycles: Ints, anchors_s: Floats) -> Fit:
    """Least squares of anchors on cycles; needs two different cycles."""
    x = cycles - cycles.mean()
    sxx = float((x * x).sum())
    period = float((x * anchors_s).sum() / sxx)
    phase = float(anchors_s.mean() - period * cycles.mean())
    return Fit(period_s=period, phase_s=phase, anchors_s=anchors_s)


def refine(times_s: Floats, period_s: float, phase_s: float, width_s: float) -> Fit | None:
    """Fit, take the Episodes in the window again, and so on; None when fewer than three cycles are hit."""
    fit: Fit | None = None
    for _ in range(ROUNDS):
        cycles, anchors = nearest(times_s, period_s, phase_s, width_s)
        if len(cycles) < 3:
            return fit
        if fit is not None and np.array_equal(anchors, fit.anchors_s):
            break
        fit = fit_line(cycles, anchors)
        if fit.period_s <= 0 or abs(fit.period_s / period_s - 1) > 0.2:
            return None
        period_s, phase_s = fit.period_s, fit.phase_s
    return fit


def best_width(times_s: Floats, fit: Fit, widest_s: float, narrowest_s: float, exposure: Exposure) -> Comb:
    """The comb on a fitted line whose window width scores best; widths end just beyond an Episode."""
    cycles, anchors = nearest(times_s, fit.period_s, fit.phase_s, widest_s)
    off = np.sort(np.abs(anchors - fit.phase_s - cycles * fit.period_s))
    picks = np.unique(np.linspace(min(2, len(off) - 1), len(off) - 1, WIDTHS).astype(int))
    floor = max(narrowest_s, 1e-4 * fit.period_s)
    widths = np.unique(np.maximum(2.02 * off[picks], floor))
    combs = [evaluate(times_s, fit.period_s, fit.phase_s, float(width), exposure) for width in widths]
    return min(combs, key=log_score)
