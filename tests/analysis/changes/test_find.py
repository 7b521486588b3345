"""Findings beside periodic stalls: each kind in words, none in quiet Runs, none that changes a verdict."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.findings import Detection, FindingKind, Limits, RunFacts, Verdict
from analysis.requests import NS_PER_S
from analysis.run import analyze_run
from tests.analysis.changes.quiet import false_alarms, found_in, quiet_table
from tests.analysis.generate import Load, Noise, Scene, Source, simulate


def made(
    seed: int = 0, *, stalls_s: tuple[float, ...] = (), stall_s: float = 2.0, **noise: float
) -> pd.DataFrame:
    """Ten minutes at 8 requests/s."""
    sources = (Source(times_s=stalls_s, stall_s=stall_s),) if stalls_s else ()
    scene = Scene(load=Load(run_s=600, rate=8), noise=Noise(**noise), sources=sources)  # type: ignore[arg-type]
    return simulate(np.random.default_rng(seed), scene)


def test_an_isolated_episode_says_when_how_slow_and_how_many() -> None:
    """One stall of two seconds, five minutes into the Run."""
    (found,) = found_in(made(stalls_s=(300.0,)))
    assert found.kind is FindingKind.EPISODE
    assert found.words.startswith(
        "isolated slow episode 300 s into the run: 14 of 14 requests slow, slowest 1,947 ms"
    )
    assert found.p_value < 1e-3
    assert (found.end_ns - found.start_ns) / 1e9 < 2.3


def test_stalls_of_a_claim_are_not_isolated() -> None:
    """Of a stall each minute and one beside only the one beside is isolated."""
    table = made(stalls_s=(30.0, 90.0, 150.0, 210.0, 270.0, 300.0, 330.0, 390.0, 450.0, 510.0, 570.0))
    analysis = analyze_run(table, facts=RunFacts(), limits=Limits(), detection=Detection())
    assert len(analysis.periodic_stalls) == 1
    (found,) = analysis.findings
    assert "300 s into the run" in found.words


def test_a_level_shift_changes_no_verdict() -> None:
    """The median that jumps is a finding with both n, and the Run passes all the same."""
    analysis = analyze_run(made(step=0.6), facts=RunFacts(), limits=Limits(), detection=Detection())
    (found,) = analysis.findings
    assert found.kind is FindingKind.LEVEL
    assert "level shift: the median rose from 4" in found.words
    assert (
        "at the change point 330 s into the run (x 1.8, p = 0.0005, n = 2,640 and 2,160 requests)"
        in found.words
    )
    assert analysis.verdict is Verdict.PASS


def test_an_error_burst_says_how_many_failed() -> None:
    """Ten errors in a row among a few by chance."""
    table = made()
    failed = np.random.default_rng(1).random(len(table)) < 0.002
    failed[2000:2010] = True
    table["failed"] = failed
    (found,) = found_in(table)
    assert found.kind is FindingKind.ERRORS
    assert "10 of 10 requests failed within 1" in found.words
    table["failed"] = True
    assert found_in(table) == ()


def test_saturation_is_dropped_iterations_and_latency_with_load() -> None:
    """What could not be sent is counted; what rose with the load has its factor and p-value."""
    (found,) = found_in(made(), dropped=1234)
    assert found.words == "saturation: 1,234 iterations were dropped beside n = 4,800 requests"
    scene = Scene(load=Load(run_s=600, rate=8, shape="stages"), noise=Noise(load_factor=0.8))
    (found,) = found_in(simulate(np.random.default_rng(1), scene))
    assert found.kind is FindingKind.SATURATION
    assert "latency rises with load, x " in found.words


def test_a_throughput_collapse_says_to_which_share() -> None:
    """Transfers at a fifth of their speed for a twentieth of the Run."""
    table = quiet_table(np.random.default_rng(4), "noise")
    receiving = table["receiving_ns"].to_numpy().copy()
    slow = slice(len(table) // 2, len(table) // 2 + max(len(table) // 20, 20))
    receiving[slow] *= 5
    table["receiving_ns"] = receiving
    found = [one for one in found_in(table) if one.kind is FindingKind.THROUGHPUT]
    assert len(found) == 1
    assert 0.1 < found[0].size < 0.4
    assert "of the usual" in found[0].words
    assert "e+" not in found[0].words


def test_a_few_milliseconds_more_are_no_collapse() -> None:
    """Large files over loopback take 1 or 5 ms by turns of the machine: that costs nobody anything."""
    rng = np.random.default_rng(6)
    table = made()
    receiving_s = 0.0012 * np.exp(rng.normal(0, 0.1, len(table)))
    receiving_s[1000:1200] *= 4
    table["receiving_ns"] = np.round(receiving_s * NS_PER_S).astype(np.int64)
    table["received_bytes"] = 3e6
    assert found_in(table) == ()


def test_an_empty_table_has_no_findings() -> None:
    """Nothing measured, nothing found."""
    assert found_in(made().iloc[:0]) == ()


def test_quiet_runs_have_no_findings() -> None:
    """Of 26 quiet Runs, each kind of finding is false in at most one."""
    for false, runs in false_alarms(2, family=17).values():
        assert runs >= 14
        assert false <= 1
