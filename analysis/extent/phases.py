"""Where the added latency of a stall is: the dominant phase."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.normal.samples import Floats, Ints
from analysis.requests import NS_PER_S, PHASES

CARRIES = 0.1
"""A phase carries a stall when it holds a tenth of the latency added outside the queue."""


def own_phases_s(requests: pd.DataFrame) -> Floats:
    """Seconds of each request in each of ``PHASES``, shape (n, 6).

    ``blocked`` contains connecting and TLS; what is left of it is the wait for a connection.
    """
    own = np.column_stack([requests[f"{phase}_ns"].to_numpy(dtype=np.float64) for phase in PHASES]) / NS_PER_S
    own[:, 0] = np.maximum(own[:, 0] - own[:, 1] - own[:, 2], 0.0)
    return own


def dominant_phase(own_s: Floats, rows: Ints, usual_s: Floats) -> str:
    """Phase with the most added latency over ``rows``.

    Requests that wait in ``blocked`` without connecting queue behind others, whose phase is the cause:
    the queue is named only when no other phase carries the stall.

    Parameters
    ----------
    own_s
        From `own_phases_s`, shape (n, 6).
    rows
        The slow requests.
    usual_s
        Median of each phase over all requests, shape (6,).
    """
    if len(rows) == 0:
        return "waiting"
    added = np.maximum(own_s[rows] - usual_s, 0.0)
    total = added.sum(axis=0)
    longest = added.max(axis=0)
    rest = int(np.argmax(total[1:])) + 1
    queue_only = total[rest] < CARRIES * total.sum() and longest[rest] < 0.5 * longest[0]
    return PHASES[0] if queue_only else PHASES[rest]
