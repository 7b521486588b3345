"""How long a stall lasts, from the delays that it made."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.extent.length import Waits, extent_of
from analysis.findings import Detection, Limits, PeriodicStall, RunFacts
from analysis.normal.samples import Samples
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
    """Nearly the same delays meet a rung of a ladder, but who starts later waits less by as much."""
    stall = found(1, shape="freeze", stall_s=stall_s, vus=2, rate=80.0)
    assert stall.stall_s == pytest.approx(stall_s, rel=0.05)


@pytest.mark.parametrize("shape", ["drop", "syn"])
def test_one_rung_of_busy_clients_is_a_ladder(shape: str) -> None:
    """Lost packets delay each client by the same from its own start: the fault is shorter than that."""
    stall = found(1, shape=shape, stall_s=1.5, vus=2, rate=80.0)
    assert stall.stall_s == pytest.approx(1.5, rel=0.25)


def test_requests_that_stand_out_only_together_show_how_long() -> None:
    """Where no request is slow by itself the length is that of the Episodes, not nothing."""
    times_s = np.arange(0.0, 60.0, 0.05)
    samples = Samples(
        origin_ns=0,
        row=np.arange(len(times_s)),
        start_s=times_s,
        end_s=times_s + 0.01,
        total_s=np.full(len(times_s), 0.01),
        group=np.zeros(len(times_s), np.int64),
        scenario=np.zeros(len(times_s), np.int64),
        scenario_names=("all",),
        resolution_s=0.0,
    )
    nothing = np.zeros(len(times_s))
    waits = Waits(
        samples=samples, residual=nothing, usual_s=nothing + 0.01, gave_up=np.zeros(len(times_s), bool)
    )
    spans_s = np.array([[10.0, 10.3], [20.0, 20.4], [30.0, 30.3]])
    assert extent_of(waits, spans_s, 3).length_s == pytest.approx(0.3)


def test_one_rung_is_a_ladder_where_others_get_through_meanwhile() -> None:
    """Lost SYNs of 0.4 s delay by 1 s, while who comes later waits for nothing: the fault is the shorter."""
    stall = found(1, shape="syn", stall_s=0.4, vus=0, rate=20.0)
    assert stall.stall_s == pytest.approx(0.4, rel=0.25)
