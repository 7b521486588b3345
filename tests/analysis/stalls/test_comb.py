"""The fast comb test against the slow one spelled out."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.stalls import reference
from analysis.stalls.comb import Exposure, covered_s, evaluate, fold_counts, log_tail, tail

SPAN_S = 100.0
TIMES = st.lists(st.floats(0.0, SPAN_S), min_size=1, max_size=25).map(lambda times: np.sort(np.array(times)))


def steady(gaps: tuple[tuple[float, float], ...] = ()) -> Exposure:
    """Exposure that is the same everywhere."""
    return Exposure(
        span_s=SPAN_S,
        edges_s=np.array([0.0, SPAN_S]),
        share=np.array([0.0, 1.0]),
        gaps_s=np.array(gaps).reshape(-1, 2),
    )


@settings(max_examples=150, deadline=None)
@given(hit=st.integers(0, 40), cycles=st.integers(1, 40), chance=st.floats(0.01, 0.99))
def test_tail_agrees_with_the_sum(hit: int, cycles: int, chance: float) -> None:
    """The binomial tail is the sum of its terms."""
    assert np.isclose(tail(hit, cycles, chance), reference.binomial_tail(hit, cycles, chance), rtol=1e-6)


@settings(max_examples=150, deadline=None)
@given(times=TIMES, period=st.floats(3.0, 40.0), phase=st.floats(0.0, 40.0), share=st.floats(0.02, 0.4))
def test_evaluate_agrees_with_the_loop(times: np.ndarray, period: float, phase: float, share: float) -> None:
    """Cycles expected and hit are those that a loop over windows and Episodes counts."""
    comb = evaluate(times, period, phase, share * period, steady())
    centres = reference.window_centres(period, phase, share * period, SPAN_S)
    assert abs(comb.expected - len(centres)) <= 1  # a window just half inside may round either way
    if comb.expected == len(centres):
        assert comb.hit == reference.cycles_hit(list(times), centres, share * period)


@settings(max_examples=150, deadline=None)
@given(times=TIMES, period=st.floats(3.0, 40.0), bins=st.sampled_from([6, 12, 24]))
def test_fold_counts_agrees_with_the_loop(times: np.ndarray, period: float, bins: int) -> None:
    """Hits of each window of two bins are those of a loop over cycles, at most the cycles there are."""
    hit, cycles = fold_counts(times, np.array([period]), bins, SPAN_S)
    for window in range(bins):
        slow = reference.bins_hit(list(times), period, bins, window)
        assert hit[0, window] == min(slow, cycles[0, window])


def test_gap_is_no_missed_cycle() -> None:
    """Cycles inside a gap of lost output are not expected."""
    times = np.array([5.0, 15.0, 25.0, 75.0, 85.0, 95.0])
    comb = evaluate(times, 10.0, 5.0, 1.0, steady(gaps=((28.0, 70.0),)))
    assert (comb.hit, comb.expected) == (6, 6)


def test_crowded_background_weakens_the_tail() -> None:
    """The same hits say less when Episodes are everywhere."""
    comb_only = np.arange(5.0, SPAN_S, 10.0)
    crowded = np.sort(np.concatenate([comb_only, np.arange(0.5, SPAN_S, 2.0)]))
    alone = evaluate(comb_only, 10.0, 5.0, 1.0, steady())
    among = evaluate(crowded, 10.0, 5.0, 1.0, steady())
    assert alone.hit == among.hit == 10
    assert alone.log_tail < among.log_tail - 5


@settings(max_examples=60, deadline=None)
@given(
    episodes=st.integers(3, 7), cycles=st.integers(3, 7), hit=st.integers(3, 7), share=st.floats(0.005, 0.14)
)
def test_bound_holds_and_beats_the_binomial(episodes: int, cycles: int, hit: int, share: float) -> None:
    """The tail is never below the exact chance, and never above the binomial's."""
    bound = np.exp(log_tail(hit, cycles, episodes, share))
    assert bound >= reference.occupancy_tail(hit, cycles, episodes, share) * (1 - 1e-9)
    assert bound <= tail(hit, cycles, min(episodes * share, 1.0)) * (1 + 1e-9) or hit > cycles


def test_coarse_clock_widens_windows() -> None:
    """Episodes on whole seconds fill a window by the second: 1.4 s catch two of them."""
    assert covered_s(np.array([0.4, 1.0, 1.4, 2.9]), 1.0).tolist() == [1.0, 2.0, 2.0, 3.0]
    assert covered_s(np.array([0.4, 1.4]), 0.0).tolist() == [0.4, 1.4]
