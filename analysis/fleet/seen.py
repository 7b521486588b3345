"""What is said of one stall across Nodes: who shows it, and what those beside them showed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """One Node that does not claim a stall of another: its Episodes at the expected times, and its power.

    ``p_value`` is Fisher's, one-sided: those who stall against this one; ``free`` tells whether it is
    small enough among all that were tested.
    """

    name: str
    hit: int
    cycles: int
    requests: int
    p_value: float
    power: float
    free: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One stall of a Campaign: the Nodes that show it at the same times, and those beside them.

    ``apart_s`` is how far their phases lie apart, ``p_value`` the chance that as many unrelated timers
    of one period come so close (1 for a single Node).
    """

    nodes: tuple[str, ...]
    period_s: float
    apart_s: float
    p_value: float
    beside: tuple[Beside, ...]
    words: str
