"""Prior weights of what may have happened to a level: nothing, up, down."""

from __future__ import annotations

import numpy as np

from analysis.history.series import Floats


def prior(same: Floats, up: Floats, down: Floats) -> Floats:
    """Return weights, shape (3, grid), from their logs up to a constant: 1 for none, a half each way.

    A direction in which nothing can happen has no weight.
    """
    weights = np.exp(np.stack([row - max(float(row.max()), -1e300) for row in (same, up, down)]))
    total = weights.sum(axis=1, keepdims=True)
    return np.asarray(weights / np.where(total > 0, total, 1.0) * np.array([[1.0], [0.5], [0.5]]))
