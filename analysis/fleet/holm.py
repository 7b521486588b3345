"""Several tests at once: Holm's step-down, and names in a list."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

FAMILY_ALPHA = 0.01
"""Chance of one false claim a Campaign; of calling a Node free of a stall that it has."""


def levels(p_values: Sequence[float], alpha: float, most: float = 1.0) -> list[float]:
    """Level at which each of several tests is held together at ``alpha`` (Holm 1979); 0 once one fails.

    Parameters
    ----------
    most
        No test is held at more than this.
    """
    order = np.argsort(p_values, kind="stable")
    found = [0.0] * len(p_values)
    for rank, i in enumerate(order):
        level = min(alpha / (len(p_values) - rank), most)
        if p_values[i] > level:
            break
        found[i] = level
    return found


def sure(p_values: Sequence[float], alpha: float) -> list[bool]:
    """Tell which of several tests hold together at ``alpha``."""
    return [p <= level for p, level in zip(p_values, levels(p_values, alpha), strict=True)]


def listed(names: Sequence[str]) -> str:
    """Names in a list: a, b and c."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
