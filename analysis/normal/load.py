"""Explained by load: slow stretches that come where the generator itself sends more."""

from __future__ import annotations

import numpy as np

from analysis.normal.samples import Floats, Samples

RHYTHM = 0.1
"""Least first harmonic of the load, as a share of its mean, that counts as a rhythm of its own."""
SURE = 10.0


def follows_load(samples: Samples, times_s: Floats, period_s: float) -> bool:
    """Tell whether the load swings with the period and the Episodes come where it is high.

    The first harmonic of the request starts at the period, with phases counted from the Episodes: a
    closed model falls silent in a stall, so its load is low there; a latency that follows the load is
    high where that is high. Twice n times the squared length is about chi-squared with two degrees of
    freedom for a steady load (Rayleigh's test).

    Parameters
    ----------
    times_s
        Starts of the Episodes of one comb.
    period_s
        Its period.
    """
    if len(times_s) == 0 or samples.n == 0:
        return False
    episodes = np.mean(np.exp(2j * np.pi * times_s / period_s))
    cycles = np.floor((samples.start_s[-1] + 1e-9) / period_s)
    whole = samples.start_s[samples.start_s <= max(cycles, 1.0) * period_s]
    load = np.mean(np.exp(2j * np.pi * whole / period_s)) * np.conj(episodes) / max(abs(episodes), 1e-9)
    return bool(load.real > 0 and abs(load) > RHYTHM and len(whole) * abs(load) ** 2 > SURE)
