"""How long a stall lasts: bounds of each cycle, pooled over cycles."""

from __future__ import annotations

import numpy as np

from analysis.stalls.samples import Bools, Floats, Samples

REACH = 3.0


def stall_length_s(samples: Samples, slow: Bools, starts_s: Floats, ends_s: Floats) -> float:
    """Length of the stall whose Episodes span [starts_s, ends_s], from pooled bounds.

    Parameters
    ----------
    samples
        n requests, sorted by start.
    slow
        Which requests are slow, shape (n,).
    starts_s, ends_s
        First slow start and last end of each Episode, shape (m,).
    """
    usual = float(np.median(samples.total_s[~slow])) if not slow.all() else 0.0
    longest, spread = [], []
    for start, end in zip(starts_s, ends_s, strict=True):
        low, high = np.searchsorted(samples.start_s, [start, end], side="left")
        inside = np.arange(low, max(high, low + 1))
        inside = inside[slow[inside]] if slow[inside].any() else inside
        longest.append(float(samples.total_s[inside].max() - usual))
        spread.append(float(samples.start_s[inside].max() - start))
    return max(float(np.median(longest)), float(np.median(spread)), 1e-3)
