"""The timer behind the anchors: period, interval, and whether it keeps to a grid."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.stalls.timer import Timer, clock

PERIOD_S = 30.0


def ticks(seed: int, n: int, jitter: float, *, adds_up: bool) -> Timer:
    """Estimate the timer from n of its ticks; jitter is a share of the period."""
    rng = np.random.default_rng([seed, n])
    steps = rng.normal(0, jitter * PERIOD_S, n)
    cycles = np.flatnonzero(rng.random(n) >= 0.1)
    at = PERIOD_S * np.arange(n) + (np.cumsum(steps) if adds_up else steps)
    return clock(cycles, at[cycles], np.full(len(cycles), 1e-4), PERIOD_S * 1.003)


def test_interval_holds_the_period() -> None:
    """The 95 % interval holds the period in 90 to 99 % of 300 timers, a third of which drift."""
    timers = [ticks(seed, 8 + seed % 25, 0.02, adds_up=seed % 3 == 0) for seed in range(300)]
    held = [timer.interval_s[0] <= PERIOD_S <= timer.interval_s[1] for timer in timers]
    assert 0.9 <= np.mean(held) <= 0.99


def test_timer_that_keeps_to_a_grid_is_sharper() -> None:
    """Jitter that does not add up leaves the period of 30 ticks known to 0.1 %, and the kind is named."""
    timer = ticks(1, 30, 0.01, adds_up=False)
    assert timer.period_s == pytest.approx(PERIOD_S, rel=1e-3)
    assert timer.interval_s[1] - timer.interval_s[0] < 3e-3 * PERIOD_S
    assert timer.kind == "fixed"


def test_timer_set_anew_each_cycle_is_named() -> None:
    """A timer that counts from its last tick is named after 60 ticks; three ticks name none."""
    assert ticks(2, 60, 0.03, adds_up=True).kind == "re-armed"
    assert clock(np.arange(3), np.array([0.0, 30.1, 60.0]), np.zeros(3), 30.0).kind == "unknown"


def test_kinds_are_rarely_mixed_up() -> None:
    """Of 60 timers of each kind at most 3 are given the other's name."""
    named = {kind: [ticks(seed, 40, 0.02, adds_up=kind).kind for seed in range(60)] for kind in (False, True)}
    assert named[False].count("re-armed") <= 3
    assert named[True].count("fixed") <= 3


def test_stray_anchor_is_left_out() -> None:
    """One anchor far off its neighbours moves the period by less than its interval is wide."""
    rng = np.random.default_rng(3)
    at = PERIOD_S * np.arange(20) + rng.normal(0, 0.05, 20)
    clean = clock(np.arange(20), at, np.full(20, 1e-4), PERIOD_S)
    at[17] += 6.0
    stray = clock(np.arange(20), at, np.full(20, 1e-4), PERIOD_S)
    assert abs(stray.period_s - clean.period_s) < clean.interval_s[1] - clean.interval_s[0]


def test_unsure_anchors_count_for_less() -> None:
    """Anchors known to a second do not spoil those known to a millisecond."""
    rng = np.random.default_rng(4)
    cycles = np.arange(24)
    sharp = cycles % 2 == 0
    at = PERIOD_S * cycles + np.where(sharp, 0.0, rng.uniform(-1, 1, 24))
    timer = clock(cycles, np.asarray(at, dtype=np.float64), np.where(sharp, 1e-6, 1 / 3), PERIOD_S)
    assert timer.period_s == pytest.approx(PERIOD_S, rel=1e-5)
