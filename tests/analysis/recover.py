"""Inject and recover: clear stalls of any size under one condition at a time, and what is said of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from analysis.findings import Detection, Limits, RunFacts
from analysis.requests import NS_PER_S
from analysis.run import analyze_run
from tests.analysis.families import UNRELATED, log_uniform
from tests.analysis.generate import Load, Noise, Scene, Source, simulate, timer
from tests.analysis.tables import EPOCH_NS

CONDITIONS = (
    "open model",
    "closed model",
    "jitter to 10 %",
    "drifting timer",
    "whole seconds",
    "gaps",
    "censored end",
    "timeout below the stall",
    "two sources",
)
SHAPES = ("freeze", "drop", "delay")
RIGHT = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """One source: whether its period was found, and whether the 95 % interval holds it."""

    found: bool
    held: bool


def injected(condition: str, rng: np.random.Generator, most_rows: int) -> Scene:
    """A Run with a stall each 4 s to 15 min, of 50 ms to 10 s, at 1 to 500 requests/s.

    Few rows leave out the longest Runs, and the shortest stalls of long ones: each stall meets four requests.
    """
    coarse = condition == "whole seconds"
    period_s = log_uniform(rng, 10 if coarse else 4, min(900, most_rows / 20))
    run_s = period_s * log_uniform(rng, 12, 20)
    rate = min(log_uniform(rng, 1, 500), most_rows / run_s)
    stall_s = min(max(log_uniform(rng, 1 if coarse else 0.05, 10), 4 / rate), 0.2 * period_s)
    jitter = {
        "jitter to 10 %": float(rng.uniform(0.02, 0.1)),
        "drifting timer": log_uniform(rng, 3e-4, 0.02),
    }.get(condition, log_uniform(rng, 1e-4, 0.01))
    adds_up = condition == "drifting timer"

    def source(every_s: float) -> Source:
        at = timer(rng, every_s, run_s, jitter=jitter, adds_up=adds_up)
        shape = str(rng.choice(SHAPES))
        return Source(times_s=at, stall_s=stall_s, shape=shape, amount=max(stall_s, 0.1), period_s=every_s)

    sources = [source(period_s)]
    if condition == "two sources":
        sources.append(source(period_s * float(rng.choice(UNRELATED[:3]))))
    noise = Noise(base_s=0.01, sigma=0.2, resolution_s=float(coarse), gaps=2 * (condition == "gaps"))
    if condition == "timeout below the stall":
        noise = replace(noise, timeout_s=max(0.5 * stall_s, 0.1))
    vus = int(min(np.ceil(rate), 40)) if condition == "closed model" else 0
    return Scene(load=Load(run_s=run_s, rate=rate, vus=vus), noise=noise, sources=tuple(sources))


def recovered(condition: str, seed: tuple[int, ...], most_rows: int) -> list[Recovered]:
    """What is said of each source of one injected Run."""
    rng = np.random.default_rng(seed)
    scene = injected(condition, rng, most_rows)
    requests, facts = simulate(rng, scene), RunFacts()
    if condition == "censored end":  # k6 is ended within the last stall: what waits there leaves no row
        ended_s = scene.sources[0].times_s[-1] + scene.sources[0].stall_s / 2
        ended = requests["end_ns"] <= EPOCH_NS + round(ended_s * NS_PER_S)
        started = requests["end_ns"] - requests["total_ns"] <= EPOCH_NS + ended_s * NS_PER_S
        facts = RunFacts(censored=int((started & ~ended).sum()), interrupted=True)
        requests = requests[ended].reset_index(drop=True)
    claims = analyze_run(requests, facts=facts, limits=Limits(), detection=Detection()).periodic_stalls
    answers = []
    for source in scene.sources:
        mine = [claim for claim in claims if abs(claim.period_s / source.period_s - 1) < RIGHT]
        held = bool(mine) and mine[0].period_ci_s[0] <= source.period_s <= mine[0].period_ci_s[1]
        answers.append(Recovered(found=bool(mine), held=held))
    return answers
