"""What counts as found: one made-up Run's answer against its truth, and rates with their intervals."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from scipy.stats import binom, binomtest

from analysis.findings import Detection, Limits, PeriodicStall, RunAnalysis, RunFacts
from analysis.run import analyze_run
from tests.analysis.families import QUIET, TIERS, periodic, quiet
from tests.analysis.generate import Scene, Source, simulate

Result = TypeVar("Result")
RIGHT = 0.02
"""A period this close to a true one is right."""
HARMONICS = (1 / 6, 1 / 5, 1 / 4, 1 / 3, 1 / 2, 2 / 3, 3 / 2, 2, 3, 4, 5, 6)
KIND_SHARES = {"general": 0.52, "incident": 0.32, "few_cycles": 0.07, "two_sources": 0.09}


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One periodic Run: what was said of it. Errors are relative, NaN where nothing was called."""

    tier: str
    kind: str
    called: bool
    right: bool
    sources: int
    named: int
    stray: int
    harmonic: bool
    period_error: float
    length_error: float
    covered: bool
    seconds: float


def analyzed(scene: Scene, rng: np.random.Generator) -> tuple[RunAnalysis, float]:
    """Simulate and analyze with the defaults; seconds of CPU are those of the analysis alone."""
    requests = simulate(rng, scene)
    began = time.process_time()
    analysis = analyze_run(requests, facts=RunFacts(), limits=Limits(), detection=Detection())
    return analysis, time.process_time() - began


def periodic_case(seed: tuple[int, ...]) -> tuple[str, str, Scene]:
    """The made-up Run of one seed: tiers in turn, kinds by their shares."""
    rng = np.random.default_rng(seed)
    tier = TIERS[seed[-1] % len(TIERS)]
    kind = str(rng.choice(list(KIND_SHARES), p=list(KIND_SHARES.values())))
    if kind == "few_cycles":
        tier = "hard"
    return tier, kind, periodic(rng, tier, kind)


def score(seed: tuple[int, ...]) -> Score:
    """Make, analyze and judge the Run of one seed."""
    tier, kind, scene = periodic_case(seed)
    analysis, seconds = analyzed(scene, np.random.default_rng([*seed, 1]))
    return judge(tier, kind, scene, analysis, seconds)


def judge(tier: str, kind: str, scene: Scene, analysis: RunAnalysis, seconds: float) -> Score:
    """Hold the claims against the periodic sources."""
    sources = [source for source in scene.sources if source.period_s]
    claims = analysis.periodic_stalls
    off = {(i, j): error(claim, source) for i, claim in enumerate(claims) for j, source in enumerate(sources)}
    matched = {pair for pair, value in off.items() if value <= RIGHT}
    best = min(off, key=lambda pair: off[pair], default=None)
    right = best in matched
    claim, source = (claims[best[0]], sources[best[1]]) if best else (None, None)
    return Score(
        tier=tier,
        kind=kind,
        called=bool(claims),
        right=right,
        sources=len(sources),
        named=len({j for _, j in matched}),
        stray=len(claims) - len({i for i, _ in matched}),
        harmonic=not right and any(harmonic(claim, source) for claim in claims for source in sources),
        period_error=off[best] if best else np.nan,
        length_error=length_error(claim, source) if claim and source and right else np.nan,
        covered=bool(
            claim and source and claim.period_ci_s[0] <= source.period_s <= claim.period_ci_s[1] and right
        ),
        seconds=seconds,
    )


def error(claim: PeriodicStall, source: Source) -> float:
    """Relative error of the period."""
    return abs(claim.period_s / source.period_s - 1)


def harmonic(claim: PeriodicStall, source: Source) -> bool:
    """Tell a claim at a multiple or fraction of the true period."""
    return any(abs(claim.period_s / source.period_s / ratio - 1) < 0.03 for ratio in HARMONICS)


def length_error(claim: PeriodicStall, source: Source) -> float:
    """Relative error of the length, against the nearest that counts as right."""
    return min(abs(claim.stall_s / length_s - 1) for length_s in source.right_lengths_s)


def in_parallel(work: Callable[[tuple[int, ...]], Result], seeds: list[tuple[int, ...]]) -> list[Result]:
    """Do ``work`` for each seed on all cores, in the order of the seeds."""
    with ProcessPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        return list(pool.map(work, seeds, chunksize=4))


def share(hits: Iterable[bool]) -> str:
    """A share in percent with its 95 % interval (Clopper and Pearson 1934) and n."""
    values = list(hits)
    if not values:
        return "        -"
    k, n = sum(values), len(values)
    low, high = binomtest(k, n).proportion_ci(0.95, method="exact")
    return f"{100 * k / n:6.2f} % [{100 * low:.2f}, {100 * high:.2f}]  {k}/{n}"


def quantile(values: Iterable[float], q: float) -> str:
    """A quantile with the 95 % interval that order statistics give, and n."""
    known = np.sort([value for value in values if np.isfinite(value)])
    n = len(known)
    if n == 0:
        return "        -"
    low, high = (int(binom.ppf(tail, n, q)) for tail in (0.025, 0.975))
    return (
        f"{np.quantile(known, q):.2g} [{known[max(low - 1, 0)]:.2g}, {known[min(high, n - 1)]:.2g}]  n = {n}"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """One Run without a periodic stall: its p-value, and whether something was claimed all the same."""

    kind: str
    p_value: float
    claimed: bool


def quiet_run(seed: tuple[int, ...]) -> Quiet:
    """Make and analyze the quiet Run of one seed: kinds in turn."""
    rng = np.random.default_rng(seed)
    kind = QUIET[seed[-1] % len(QUIET)]
    analysis, _ = analyzed(quiet(rng, kind), np.random.default_rng([*seed, 1]))
    return Quiet(kind=kind, p_value=analysis.periodicity_p_value, claimed=bool(analysis.periodic_stalls))
