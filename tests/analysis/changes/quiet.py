"""Quiet Runs with errors and transfers that come by chance, and which finding each kind is quiet for."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.changes.find import findings_of
from analysis.findings import Detection, Finding, FindingKind, Limits, PeriodicStall, RunFacts
from analysis.normal.baseline import residuals
from analysis.normal.samples import samples_of
from tests.analysis.families import QUIET, log_uniform, quiet
from tests.analysis.generate import simulate

NOT_QUIET = {
    FindingKind.EPISODE: {"poisson", "clustered", "burst", "two_spikes", "chirp", "warmup"},
    FindingKind.LEVEL: {"step"},
    FindingKind.SATURATION: {"sawtooth"},
    FindingKind.ERRORS: set(),
    FindingKind.THROUGHPUT: set(),
}
"""Kinds that hold what a finding looks for; all others are quiet for it."""


def quiet_table(rng: np.random.Generator, kind: str) -> pd.DataFrame:
    """A quiet Run whose requests fail, and carry bytes at speeds, by chance alone."""
    table = simulate(rng, quiet(rng, kind))
    n = len(table)
    table["failed"] = rng.random(n) < log_uniform(rng, 1e-3, 0.1)
    table["received_bytes"] = np.round(np.exp(rng.normal(np.log(log_uniform(rng, 3e4, 3e6)), 0.5, n)))
    speed = log_uniform(rng, 1e6, 1e8) * np.exp(rng.normal(0, rng.uniform(0.1, 0.6), n))
    table["receiving_ns"] = np.round(table["received_bytes"] / speed * 1e9).astype(np.int64)
    return table


def found_in(
    table: pd.DataFrame, claims: tuple[PeriodicStall, ...] = (), dropped: int = 0
) -> tuple[Finding, ...]:
    """Findings of a table with the defaults."""
    samples = samples_of(table)
    return findings_of(
        table,
        samples,
        residuals(samples),
        claims,
        facts=RunFacts(dropped_iterations=dropped),
        limits=Limits(),
        detection=Detection(),
    )


def false_alarms(runs_a_kind: int, family: int) -> dict[FindingKind, tuple[int, int]]:
    """False findings and quiet Runs, by kind of finding."""
    alarms = {kind: [0, 0] for kind in FindingKind}
    for name in QUIET:
        for seed in range(runs_a_kind):
            rng = np.random.default_rng([family, seed, *map(ord, name)])
            kinds = {finding.kind for finding in found_in(quiet_table(rng, name))}
            for kind in FindingKind:
                if name not in NOT_QUIET[kind]:
                    alarms[kind][0] += kind in kinds
                    alarms[kind][1] += 1
    return {kind: (false, runs) for kind, (false, runs) in alarms.items()}
