"""How long a stall lasts, from the delays that it made."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.findings import Detection, Limits, PeriodicStall, RunFacts
from analysis.run import analyze_run
from tests.analysis.generate import Load, Noise, Scene, Source, simulate


def found(seed: int, *, shape: str, stall_s: float, vus: int, rate: float) -> PeriodicStall:
    """The claim in a Run of ten stalls, one each 12 s, for clients that wait for their answers."""
    times = tuple(7.0 + 12.0 * np.arange(10))
    source = Source(times_s=times, stall_s=stall_s, shape=shape, period_s=12.0)
    noise = Noise(base_s=0.01, sigma=0.2)
    scene = Scene(load=Load(run_s=120, rate=rate, vus=vus), noise=noise, sources=(source,))
    requests = simulate(np.random.default_rng([17, seed]), scene)
    (stall,) = analyze_run(requests, facts=RunFacts(), limits=Limits(), detection=Detection()).periodic_stalls
    return stall


@pytest.mark.parametrize("stall_s", [0.6, 1.0, 1.5, 3.0])
def test_freeze_of_busy_clients_is_as_long_as_their_delay(stall_s: float) -> None:
    """Where every client waits, all delays are the same, and that they meet a rung shortens nothing."""
    stall = found(1, shape="freeze", stall_s=stall_s, vus=2, rate=80.0)
    assert stall.stall_s == pytest.approx(stall_s, rel=0.05)


def test_one_rung_is_a_ladder_where_others_get_through_meanwhile() -> None:
    """Lost SYNs of 0.4 s delay by 1 s, while who comes later waits for nothing: the fault is the shorter."""
    stall = found(1, shape="syn", stall_s=0.4, vus=0, rate=20.0)
    assert stall.stall_s == pytest.approx(0.4, rel=0.25)
