"""How well stalls are found: on made-up Runs that no constant was chosen on, and on quiet ones.

Seeds are ``HELD_OUT`` and a number each; development used other seeds. Every rate says n and its 95 %
interval. Two cores need about a quarter of an hour.
"""

from __future__ import annotations

import sys

import numpy as np

from analysis.findings import Verdict
from benchmarks._scoring import (
    KIND_SHARES,
    Quiet,
    Score,
    analyzed,
    in_parallel,
    quantile,
    quiet_run,
    score,
    share,
)
from tests.analysis.families import QUIET, TIERS, background, log_uniform
from tests.analysis.generate import Load, Noise, Scene, Source, timer

HELD_OUT = 20_261_130
PERIODIC_RUNS, QUIET_RUNS, NIGHTS, SHORT_RUNS, INJECTED = 720, 5_200, 20, 200, 240
NIGHT_S = 12 * 3600.0
MOST_ROWS = 100_000
VALID = 1.5
"""Bar: so many times its nominal share may a small p-value have on quiet Runs."""
MOST_CLAIMS = 0.01


def night(seed: tuple[int, ...]) -> bool:
    """Tell whether a quiet night of 12 hours, about one request a second, leads to a claim."""
    rng = np.random.default_rng(seed)
    _, noise = background(rng, NIGHT_S, rough=True)
    load = Load(run_s=NIGHT_S, rate=float(rng.uniform(0.5, 2.0)), vus=int(rng.choice([0, 4])))
    strays = Source(times_s=tuple(np.sort(rng.uniform(0, NIGHT_S, rng.integers(0, 40)))), stall_s=1.5)
    return bool(analyzed(Scene(load=load, noise=noise, sources=(strays,)), rng)[0].periodic_stalls)


def reference(rng: np.random.Generator, run_s: float, rate: float, noise: Noise) -> Scene:
    """A Run with the reference stall: 1 s every 60 s."""
    at = timer(rng, 60.0, run_s, jitter=0.001)
    source = Source(times_s=at, stall_s=1.0, period_s=60.0)
    return Scene(load=Load(run_s=run_s, rate=rate), noise=noise, sources=(source,))


def short_run(seed: tuple[int, ...]) -> tuple[bool, bool]:
    """Run a Run that is too short again as long as it asks for.

    Returns whether the stall is then found, and whether the verdict is a pass all the same.
    """
    rng = np.random.default_rng(seed)
    run_s, rate = float(rng.uniform(60, 170)), log_uniform(rng, 2, 20)
    noise = Noise(sigma=float(rng.uniform(0.1, 0.4)), pauses_per_s=float(rng.choice([0.0, 0.05])))
    short, _ = analyzed(reference(rng, run_s, rate, noise), rng)
    if short.needed_duration_s is None:
        return False, False
    longer, _ = analyzed(reference(rng, short.needed_duration_s, rate, noise), rng)
    found = any(abs(stall.period_s / 60.0 - 1) < 0.02 for stall in longer.periodic_stalls)
    return found, longer.verdict is Verdict.PASS


def injected(seed: tuple[int, ...]) -> tuple[bool, bool]:
    """Inject one clear stall of any size: whether its period is found, and whether the interval holds it.

    Periods of 4 s to 15 min, lengths of 50 ms to 10 s, jitter to 10 % of which a third adds up, 1 to 500
    requests a second, closed and open models, lost output, whole seconds.
    """
    rng = np.random.default_rng(seed)
    period_s = log_uniform(rng, 4, 900)
    run_s = period_s * log_uniform(rng, 12, 40)
    resolution_s = float(rng.choice([0.0, 0.0, 0.0, 1.0])) if period_s > 10 else 0.0
    stall_s = min(log_uniform(rng, 0.05, 10), 0.2 * period_s)
    rate = min(max(log_uniform(rng, 1, 500), 4 / stall_s), MOST_ROWS / run_s)
    load = Load(run_s=run_s, rate=rate, vus=int(np.ceil(rate)) if rate < 40 and rng.random() < 0.4 else 0)
    adds_up, jitter = bool(rng.random() < 0.33), log_uniform(rng, 1e-4, 0.1)
    at = timer(rng, period_s, run_s, jitter=jitter, adds_up=adds_up, missed=float(rng.choice([0.0, 0.1])))
    shape = str(rng.choice(["freeze", "drop", "delay"]))
    source = Source(times_s=at, stall_s=stall_s, shape=shape, amount=max(stall_s, 0.1), period_s=period_s)
    noise = Noise(base_s=0.01, sigma=0.2, resolution_s=resolution_s, gaps=int(rng.choice([0, 0, 1])))
    analysis, _ = analyzed(Scene(load=load, noise=noise, sources=(source,)), rng)
    claims = [stall for stall in analysis.periodic_stalls if abs(stall.period_s / period_s - 1) < 0.02]
    held = bool(claims) and claims[0].period_ci_s[0] <= period_s <= claims[0].period_ci_s[1]
    return bool(claims), held


def seeds(kind: int, runs: int) -> list[tuple[int, ...]]:
    """Return the seeds of one table."""
    return [(HELD_OUT, kind, number) for number in range(runs)]


def print_found(scores: list[Score]) -> None:
    """Print what of the periodic Runs was found, and how exactly."""
    print(f"\nPeriodic runs, found with a period within 2 % (seeds {HELD_OUT}, 1, 0...{len(scores) - 1})")
    for name in (*TIERS, *KIND_SHARES):
        print(f"  {name:12s} {share(row.right for row in scores if name in (row.tier, row.kind))}")
    called = [row for row in scores if row.called]
    print(f"  both of two  {share(row.named == row.sources for row in scores if row.sources > 1)}")
    print(f"  harmonic     {share(row.harmonic for row in called)}")
    print(f"  no source    {sum(row.stray for row in scores)} claims that match none")
    for name, values in (
        ("period error", [row.period_error for row in called]),
        ("length error", [row.length_error for row in scores]),
    ):
        print(f"  {name:12s} median {quantile(values, 0.5)}; p90 {quantile(values, 0.9)}")
    print(f"  95 % interval holds the period  {share(row.covered for row in scores if row.right)}")
    spent = np.array([row.seconds for row in scores])
    print(f"  CPU a run    mean {1e3 * spent.mean():.0f} ms, max {1e3 * spent.max():.0f} ms")


def print_quiet(runs: list[Quiet]) -> bool:
    """Print how often quiet Runs look periodic; True when that is within the bar."""
    print(f"\nQuiet runs of {len(QUIET)} kinds (seeds {HELD_OUT}, 2, 0...{len(runs) - 1})")
    for level in (0.05, 0.01):
        print(f"  p <= {level:<5g}   {share(run.p_value <= level for run in runs)}")
    print(f"  claims      {share(run.claimed for run in runs)}")
    for kind in QUIET:
        print(f"    {kind:11s} {share(run.claimed for run in runs if run.kind == kind)}")
    within = [np.mean([run.p_value <= level for run in runs]) <= VALID * level for level in (0.05, 0.01)]
    return bool(all(within) and np.mean([run.claimed for run in runs]) <= MOST_CLAIMS)


def main() -> int:
    """Print the tables; 1 when quiet Runs look periodic more often than they may."""
    print_found(in_parallel(score, seeds(1, PERIODIC_RUNS)))
    sys.stdout.flush()
    valid = print_quiet(in_parallel(quiet_run, seeds(2, QUIET_RUNS)))
    claimed = in_parallel(night, seeds(3, NIGHTS))
    print(f"\nQuiet nights of 12 h with a claim  {share(claimed)}")
    short = in_parallel(short_run, seeds(4, SHORT_RUNS))
    print("\nToo short for 1 s every 60 s, run again as long as asked for")
    print(f"  found                {share(found for found, _ in short)}")
    print(f"  a pass all the same  {share(passed for _, passed in short)}")
    recovered = in_parallel(injected, seeds(5, INJECTED))
    print("\nOne clear stall of any size injected")
    print(f"  found                           {share(found for found, _ in recovered)}")
    print(f"  95 % interval holds the period  {share(held for found, held in recovered if found)}")
    return int(not valid or any(claimed))
