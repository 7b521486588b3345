"""Families of made-up Runs: periodic ones of three tiers, and quiet ones of many kinds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.analysis.generate import Load, Noise, Scene, Source, timer

QUIET = (
    "noise",
    "heavy_tail",
    "poisson",
    "clustered",
    "burst",
    "two_spikes",
    "step",
    "ramp",
    "sawtooth",
    "wander",
    "warmup",
    "chirp",
    "pauses",
)
KINDS = ("general", "incident", "few_cycles", "two_sources")
TIERS = ("easy", "medium", "hard")
UNRELATED = (0.43, 0.64, 0.72, 1.39, 1.55, 2.3, 2.8)
"""Ratios of two periods that are no simple fraction of each other."""
SHAPES = ("freeze", "drop", "delay", "slow", "syn", "syn_upstream")


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """A number whose logarithm is uniform."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def background(rng: np.random.Generator, run_s: float, *, rough: bool) -> tuple[Load, Noise]:
    """Load and noise as runs have them; ``rough`` ones have tails, drift, gaps and coarse clocks."""
    rate = log_uniform(rng, 1, 30)
    vus = int(rng.integers(1, 20)) if rng.random() < 0.45 else 0
    rate = min(rate, 60_000 / run_s, vus * 8.0) if vus else min(rate, 60_000 / run_s)
    shape = str(rng.choice(["flat", "flat", "ramp", "stages"]))
    noise = Noise(
        base_s=float(rng.uniform(0.01, 0.08)),
        sigma=float(rng.uniform(0.1, 0.4)),
        pauses_per_s=float(rng.uniform(0, 0.2)) if rng.random() < 0.5 else 0.0,
        pause_s=float(rng.uniform(0.003, 0.03)),
        warmup=1.0 if rng.random() < 0.2 else 0.0,
        resolution_s=float(rng.choice([0.0, 0.0, 0.001, 1.0])),
    )
    if rough:
        noise = replace(
            noise,
            tail_share=float(rng.choice([0.0, 0.01])),
            wander=float(rng.choice([0.0, 0.3])),
            drift=float(rng.choice([0.0, 0.5])),
            gaps=int(rng.choice([0, 0, 1, 2])),
        )
    return Load(run_s=run_s, rate=rate, vus=vus, shape=shape), noise


def fault_times(rng: np.random.Generator, kind: str, run_s: float) -> tuple[float, ...]:
    """Times of one-off stalls of a quiet kind; none for most kinds."""
    at = np.zeros(0)
    if kind == "poisson":
        at = rng.uniform(0, run_s, int(log_uniform(rng, 3, 200)))
    elif kind == "clustered":
        centres = rng.uniform(0, run_s, int(rng.integers(2, 12)))
        spread = rng.normal(0, run_s / 60, (len(centres), 5)) * (rng.random((len(centres), 5)) < 0.7)
        at = np.unique(np.clip(centres[:, None] + spread, 0, run_s))
    elif kind == "burst":
        at = rng.uniform(0, run_s - 40) + rng.uniform(0, 30, int(rng.integers(2, 6)))
    elif kind == "two_spikes":
        at = rng.uniform(0, run_s, 2)
    elif kind == "chirp":
        gaps = np.cumprod(np.full(int(rng.integers(6, 12)), rng.choice([0.75, 0.85, 1.15, 1.3, 1.5])))
        at = np.cumsum(gaps) / gaps.sum() * run_s * 0.95
    return tuple(np.sort(at))


def disturbed(rng: np.random.Generator, kind: str, noise: Noise) -> Noise:
    """Noise with what makes the quiet kind; unchanged for kinds that are stalls or load."""
    changes = {
        "heavy_tail": {
            "tail_share": log_uniform(rng, 0.004, 0.04),
            "tail_index": float(rng.uniform(1, 2)),
        },
        "step": {"step": float(rng.uniform(0.3, 1.5))},
        "ramp": {"drift": float(rng.uniform(0.5, 2))},
        "sawtooth": {"load_factor": float(rng.uniform(0.3, 1.2))},
        "wander": {"wander": float(rng.uniform(0.3, 1.0))},
        "warmup": {"warmup": float(rng.uniform(1, 3))},
        "pauses": {"pauses_per_s": float(rng.uniform(0.05, 0.5)), "pause_s": float(rng.uniform(0.01, 0.05))},
    }
    return replace(noise, **changes.get(kind, {}))  # type: ignore[arg-type]  # every change is a float


def quiet(rng: np.random.Generator, kind: str) -> Scene:
    """A Run without a periodic stall."""
    run_s = log_uniform(rng, 120, 1800)
    load, noise = background(rng, run_s, rough=bool(rng.random() < 0.3))
    noise = disturbed(rng, kind, noise)
    at = fault_times(rng, kind, run_s)
    if kind == "sawtooth":
        load = replace(load, shape="sawtooth", vus=0, teeth=int(rng.integers(3, 8)))
    stall_s = log_uniform(rng, 0.2, 5)
    return Scene(load=load, noise=noise, sources=(Source(times_s=at, stall_s=stall_s),) if at else ())


def source(rng: np.random.Generator, tier: str, period_s: float, run_s: float, stall_s: float) -> Source:
    """A periodic source of one tier."""
    hard, easy = tier == "hard", tier == "easy"
    jitter = float(rng.uniform(0, 0.004 if easy else 0.016))
    if hard and rng.random() < 0.35:
        jitter = float(rng.uniform(0.02, 0.1))
    missed = 0.0 if easy else float(rng.choice([0, 0.1, 0.3 if hard else 0.1]))
    at = timer(
        rng, period_s, run_s, jitter=jitter, adds_up=bool(not easy and rng.random() < 0.3), missed=missed
    )
    shape = str(rng.choice(SHAPES))
    amount = float(rng.uniform(0.3, 4.0)) if shape == "delay" else log_uniform(rng, 8, 60)
    hit, by = 1.0, "request"
    if not easy and rng.random() < 0.4:
        by = str(rng.choice(["request", "vu", "endpoint"]))
        hit = 0.34 if by == "endpoint" else float(rng.uniform(0.2 if hard else 0.4, 0.9))
    return Source(times_s=at, stall_s=stall_s, shape=shape, amount=amount, hit=hit, by=by, period_s=period_s)


def cycles_of(rng: np.random.Generator, tier: str, kind: str) -> float:
    """Number of periods in the Run."""
    low, high = {"easy": (8, 45), "medium": (5, 30)}.get(tier, (4, 45))
    return float(rng.uniform(3.1, 4.6)) if kind == "few_cycles" else log_uniform(rng, low, high)


def length_of(rng: np.random.Generator, tier: str, period_s: float) -> float:
    """Length of a stall: a share of its period; a hard one may be too short to stand out."""
    if tier == "hard" and rng.random() < 0.35:
        return log_uniform(rng, 0.1, 0.4)
    least = 0.15 if tier == "hard" else 0.4
    return min(max(log_uniform(rng, 0.003, 0.15) * period_s, least), 0.2 * period_s, 10.0)


def periodic(rng: np.random.Generator, tier: str, kind: str = "general") -> Scene:
    """A Run with a periodic stall: tier easy, medium or hard; one of ``KINDS``."""
    period_s = 60.0 if kind == "incident" else log_uniform(rng, 5, 770)
    run_s = min(max(cycles_of(rng, tier, kind) * period_s, 120.0), 7200.0)
    period_s = min(period_s, run_s / 3.1)
    load, noise = background(rng, run_s, rough=tier == "hard")
    stall_s = float(rng.uniform(3.7, 4.2)) if kind == "incident" else length_of(rng, tier, period_s)
    sources = [source(rng, tier, period_s, run_s, stall_s)]
    if kind == "two_sources":
        other_s = min(period_s * float(rng.choice(UNRELATED)), run_s / 3.1)
        sources.append(source(rng, tier, other_s, run_s, min(stall_s * 1.3, 0.1 * other_s)))
    if tier in {"medium", "hard"} and rng.random() < 0.5:
        strays = rng.uniform(0, run_s, int(rng.integers(1, 3 if tier == "medium" else 10)))
        sources.append(Source(times_s=tuple(np.sort(strays)), stall_s=stall_s * float(rng.uniform(0.5, 1.5))))
    if tier == "hard" and rng.random() < 0.2:
        noise = replace(noise, timeout_s=max(0.3, 0.5 * stall_s))
    return Scene(load=load, noise=noise, sources=tuple(sources))
