"""Runs made up by rule: latency noise, load models, and faults whose truth is known."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from tests.analysis.tables import table

RUNGS = {
    "drop": 0.2 * (2.0 ** np.arange(1, 12) - 1),
    "syn": 2.0 ** np.arange(1, 8) - 1,
    "syn_upstream": 2.0 ** np.arange(1, 8) - 1,
}
"""Retransmission times after the first loss: data 0.2 0.6 1.4 ... s, SYN 1 3 7 ... s."""
ENDPOINTS = 3
OPEN_VUS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A fault at given times. ``amount`` is seconds for delay and a factor for slow.

    ``hit`` is the share that is struck: of the requests, of the ``vu``s, or one ``endpoint`` of three.
    """

    times_s: tuple[float, ...]
    stall_s: float
    shape: str = "freeze"
    amount: float = 1.0
    hit: float = 1.0
    by: str = "request"
    period_s: float = 0.0

    @property
    def right_lengths_s(self) -> tuple[float, ...]:
        """Lengths that count as right: for a delay its window, or the delay itself."""
        return (self.stall_s, self.amount) if self.shape == "delay" else (self.stall_s,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Open: requests on a timer at ``rate``; closed: ``vus`` that wait ``1 / rate`` on average each."""

    run_s: float
    rate: float
    vus: int = 0
    shape: str = "flat"
    teeth: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """Latency without faults, and how its records are damaged."""

    base_s: float = 0.04
    sigma: float = 0.2
    tail_share: float = 0.0
    tail_index: float = 1.5
    wander: float = 0.0
    drift: float = 0.0
    step: float = 0.0
    warmup: float = 0.0
    pauses_per_s: float = 0.0
    pause_s: float = 0.01
    load_factor: float = 0.0
    timeout_s: float = 60.0
    resolution_s: float = 0.0
    gaps: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """All there is to one made-up Run."""

    load: Load
    noise: Noise = field(default_factory=Noise)
    sources: tuple[Source, ...] = ()


def timer(
    rng: np.random.Generator,
    period_s: float,
    run_s: float,
    *,
    jitter: float = 0.0,
    adds_up: bool = False,
    missed: float = 0.0,
) -> tuple[float, ...]:
    """Times of a timer with jitter (a share of the period) and missed cycles; the phase is random."""
    n = int(run_s / period_s) + 2
    steps = rng.normal(0, jitter * period_s, n)
    at = rng.uniform(0, period_s) + period_s * np.arange(n) + (np.cumsum(steps) if adds_up else steps)
    at = at[(at >= 0) & (at < run_s - 0.5) & (rng.random(n) >= missed)]
    return tuple(np.sort(at))


def intensity(load: Load, at: np.ndarray) -> np.ndarray:
    """Offered load relative to its mean."""
    x = at / load.run_s
    steps = np.array([0.6, 1.4, 0.8, 1.2])[np.clip((x * 4).astype(int), 0, 3)]
    shapes = {"ramp": 0.3 + 1.4 * x, "stages": steps, "sawtooth": 0.4 + 1.2 * (x * load.teeth % 1)}
    return np.asarray(shapes.get(load.shape, np.ones_like(x)))


def arrivals(rng: np.random.Generator, load: Load) -> np.ndarray:
    """Starts of an open model: a timer whose speed follows the load, with a little jitter."""
    grid = np.linspace(0, load.run_s, 4001)
    total = np.concatenate([[0], np.cumsum(intensity(load, grid[:-1]) * np.diff(grid))]) * load.rate
    starts = np.interp(np.arange(0.5, total[-1]), total, grid)
    return np.asarray(np.sort(starts + rng.uniform(0, 0.2 / load.rate, len(starts))))


def usual(rng: np.random.Generator, scene: Scene, at: np.ndarray, waves: np.ndarray) -> np.ndarray:
    """Latency without faults of requests started at ``at``."""
    noise, x = scene.noise, at / scene.load.run_s
    level = (
        np.log(noise.base_s) + noise.drift * x + noise.step * (x > 0.55) + noise.warmup * np.exp(-x / 0.03)
    )
    level = level + noise.wander * np.interp(x, np.linspace(0, 1, len(waves)), waves)
    level = level + noise.load_factor * (intensity(scene.load, at) - 1)
    total = np.exp(level + rng.normal(0, noise.sigma, len(at)))
    heavy = rng.random(len(at)) < noise.tail_share
    total = np.where(heavy, total * (1 + rng.pareto(noise.tail_index, len(at))), total)
    pause = rng.random(len(at)) < noise.pauses_per_s / scene.load.rate
    return np.asarray(total + pause * rng.exponential(noise.pause_s, len(at)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Luck:
    """Numbers in [0, 1) that decide who is hit: by request, by VU, by endpoint; each of shape (n,)."""

    request: np.ndarray
    vu: np.ndarray
    endpoint: np.ndarray


def draw(rng: np.random.Generator, vu: np.ndarray) -> Luck:
    """Draw the luck of one request of each VU given by its own luck."""
    n = len(vu)
    return Luck(request=rng.random(n), vu=vu, endpoint=(rng.integers(0, ENDPOINTS, n) + 0.5) / ENDPOINTS)


def struck(source: Source, at: np.ndarray, total: np.ndarray, luck: Luck) -> np.ndarray:
    """Totals under one source."""
    begins = np.asarray(source.times_s)
    if len(begins) == 0:
        return total
    which = np.searchsorted(begins, at + (total if source.shape == "freeze" else 0), side="right") - 1
    begin = begins[np.maximum(which, 0)]
    left = begin + source.stall_s - at
    inside = (which >= 0) & (left > 0) & (getattr(luck, source.by) < source.hit)
    if source.shape == "freeze":
        return np.asarray(np.where(inside, np.maximum(total, left + total * 0.5), total))
    if source.shape == "delay":
        return np.where(inside, total + source.amount, total)
    if source.shape == "slow":
        return np.where(inside, total * source.amount, total)
    rungs = RUNGS[source.shape]
    rung = rungs[np.clip(np.searchsorted(rungs, left), 0, len(rungs) - 1)]
    return np.asarray(np.where(inside, total + rung, total))


def totals(
    rng: np.random.Generator, scene: Scene, at: np.ndarray, waves: np.ndarray, luck: Luck
) -> np.ndarray:
    """Latency of requests started at ``at``, faults and the client's timeout included."""
    total = usual(rng, scene, at, waves)
    for source in scene.sources:
        total = struck(source, at, total, luck)
    return np.asarray(np.minimum(total, scene.noise.timeout_s))


def simulate(rng: np.random.Generator, scene: Scene) -> pd.DataFrame:
    """Make the request table of one scene, in order of ends."""
    load, waves = scene.load, np.cumsum(rng.normal(0, 1, 40)) / 6
    if load.vus:
        starts, total, endpoint = closed(rng, scene, waves)
    else:
        starts = arrivals(rng, load)
        luck = draw(rng, rng.random(OPEN_VUS)[rng.integers(0, OPEN_VUS, len(starts))])
        total, endpoint = totals(rng, scene, starts, waves, luck), luck.endpoint
    kept = np.ones(len(starts), dtype=bool)
    for _ in range(scene.noise.gaps):
        begin, length = rng.uniform(0.05, 0.9) * load.run_s, rng.uniform(0.02, 0.08) * load.run_s
        kept &= (starts + total < begin) | (starts + total > begin + length)
    order = np.flatnonzero(kept)[np.argsort((starts + total)[kept], kind="stable")]
    starts, total = starts[order], total[order]
    if scene.noise.resolution_s:
        step = scene.noise.resolution_s
        starts = np.floor((starts + total) / step) * step - total
    syn = any(source.shape == "syn" for source in scene.sources)
    late = np.where(total > 0.9, total - scene.noise.base_s, 0.0) if syn else np.zeros(len(total))
    several = any(source.by == "endpoint" for source in scene.sources)
    names = np.array(["/a", "/b", "/c"])[(endpoint[order] * ENDPOINTS).astype(int)] if several else "/"
    failed = total >= scene.noise.timeout_s
    return table(starts, total, endpoint=names, failed=failed, blocked=late, connecting=late)


def closed(rng: np.random.Generator, scene: Scene, waves: np.ndarray) -> tuple[np.ndarray, ...]:
    """A closed model: each VU waits for its answer and for a while, and asks again.

    Returns starts, totals and the luck by endpoint.
    """
    load = scene.load
    think = max(load.vus / load.rate - scene.noise.base_s, 0.0)
    now, vu = rng.uniform(0, think + 0.1, load.vus), rng.random(load.vus)
    made = []
    while (now < load.run_s).any():
        luck = draw(rng, vu)
        total = totals(rng, scene, now, waves, luck)
        live = now < load.run_s
        made.append(np.stack([now[live], total[live], luck.endpoint[live]]))
        now = now + total + think * rng.uniform(0.7, 1.3, load.vus)
    return tuple(np.concatenate(made, axis=1))
