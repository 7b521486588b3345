"""Simulated histories: nights of one figure, quiet or with a change that is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

from analysis.history.series import Floats, Ints, Metric, Series

DAY_NS = 86_400_000_000_000
MONDAY_NS = 1_767_578_400 * 1_000_000_000
"""Monday, 2026-01-05 02:00 UTC."""
NIGHTS = 200
HOURS = 1 / 6
QUIET = ("plain", "heavy tails", "memory", "single spikes", "weekdays", "missing nights")
CHANGED = ("step", "drift", "step, weekdays", "step, spikes, missing", "stalls begin", "errors rise")
SHARES = {
    "plain": 50, "heavy tails": 30, "memory": 30, "single spikes": 50, "weekdays": 50, "missing nights": 30,
    "step": 80, "drift": 60, "step, weekdays": 40, "step, spikes, missing": 40,
    "stalls begin": 20, "errors rise": 20,
}  # fmt: skip
"""500 histories."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """A series with what was planted: the first changed campaign's index (None: quiet) and the factor."""

    kind: str
    series: Series
    onset: int | None = None
    factor: float = 1.0


def series_of(
    values: Floats,
    *,
    nights: Floats | Ints | None = None,
    metric: Metric = Metric.P95,
    exposure: float = 3000.0,
) -> Series:
    """Return a series of one figure a night; ``nights`` counts them from the first, a Monday."""
    at = np.arange(len(values)) if nights is None else nights
    return Series(
        node="node-1",
        endpoint="/",
        metric=metric,
        at_ns=(MONDAY_NS + np.asarray(at) * DAY_NS).astype(np.int64),
        values=np.asarray(values, dtype=np.float64),
        exposure=np.full(len(values), exposure),
    )


def history(rng: np.random.Generator, kind: str, nights: int = NIGHTS) -> History:
    """Make one history of a kind."""
    onset = int(rng.integers(60, 140)) if kind in CHANGED else None
    if kind in {"stalls begin", "errors rise"}:
        return _counted(rng, kind, nights, onset or 0)
    spread = rng.uniform(0.03, 0.15)
    logs = np.log(rng.uniform(5, 500)) + _noise(rng, kind, nights, spread)
    at = np.arange(nights)
    if "weekdays" in kind:
        logs += rng.uniform(1.5, 5) * spread * np.where(at % 7 >= 5, rng.choice((-1, 1)), 0)
    if "spikes" in kind:
        logs += (rng.random(nights) < rng.uniform(0.01, 0.05)) * rng.uniform(0.3, 3, nights)
    factor = 1.0
    if onset is not None:
        factor = float(np.exp(rng.uniform(np.log(1.2), np.log(3))))
        length = rng.uniform(20, 50) if kind == "drift" else 1e-9
        logs += np.log(factor) * np.clip((at - onset + (kind != "drift")) / length, 0, 1)
    kept = rng.random(nights) >= (0.15 if "missing" in kind else 0.0)
    if onset is not None:
        kept[onset] = True
        onset = int(kept[:onset].sum())
    return History(
        kind=kind, series=series_of(np.exp(logs[kept]), nights=at[kept]), onset=onset, factor=factor
    )


def _noise(rng: np.random.Generator, kind: str, nights: int, spread: float) -> Floats:
    if kind == "heavy tails":
        return np.asarray(spread * 0.7 * rng.standard_t(3, nights))
    if kind == "memory":
        memory = rng.uniform(0.2, 0.5)
        return np.asarray(
            lfilter([1], [1, -memory], rng.standard_normal(nights)) * spread * np.sqrt(1 - memory**2)
        )
    return np.asarray(spread * rng.standard_normal(nights))


def _counted(rng: np.random.Generator, kind: str, nights: int, onset: int) -> History:
    after = np.arange(nights) >= onset
    if kind == "stalls begin":
        before, rate = rng.uniform(0, 0.1), rng.uniform(1, 6)
        counts = rng.poisson(np.where(after, rate, before)).astype(np.float64)
        made = series_of(counts, metric=Metric.STALLS, exposure=HOURS)
        return History(kind=kind, series=made, onset=onset, factor=rate / max(before, 1e-3))
    before, factor = rng.uniform(1, 10), rng.uniform(2, 6)
    # Nights differ more than chance alone: a gamma around the rate.
    means = np.where(after, before * factor, before) * rng.gamma(10, 0.1, nights)
    counts = rng.poisson(means).astype(np.float64)
    return History(kind=kind, series=series_of(counts, metric=Metric.ERRORS), onset=onset, factor=factor)


def histories(seed: int, shares: dict[str, int] | None = None) -> list[History]:
    """Make as many histories of each kind as ``shares`` says; the same seed makes the same again."""
    return [
        history(np.random.default_rng([seed, number, i]), kind)
        for number, (kind, count) in enumerate((shares or SHARES).items())
        for i in range(count)
    ]
