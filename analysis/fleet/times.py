"""When stalls strike: the same period, the same times, the same times at the control."""

from __future__ import annotations

from analysis.findings import PeriodicStall
from analysis.requests import NS_PER_S

SAME_PERIOD = 0.01
COMPARABLE = 0.25
"""What is seen elsewhere is the same stall with at least this share of its added latency."""


def coincide(stall: PeriodicStall, other: PeriodicStall) -> bool:
    """Tell two stalls that have one period and strike at the same time."""
    return same_period(stall, other) and apart_s(stall, other) <= max(
        stall.stall_s, other.stall_s, 0.05 * stall.period_s
    )


def same_period(stall: PeriodicStall, other: PeriodicStall) -> bool:
    """Tell two stalls of one period."""
    return abs(stall.period_s / other.period_s - 1) <= SAME_PERIOD


def apart_s(stall: PeriodicStall, other: PeriodicStall) -> float:
    """How far two stalls of one period are apart in time, at most half the period."""
    off_s = abs(stall.first_stall_ns - other.first_stall_ns) / NS_PER_S % stall.period_s
    return min(off_s, stall.period_s - off_s)


def explains(control: PeriodicStall, stall: PeriodicStall) -> bool:
    """Tell whether a stall of the control is the cause of a Node's: the same times, a comparable size."""
    return coincide(stall, control) and control.added_ms >= COMPARABLE * stall.added_ms
