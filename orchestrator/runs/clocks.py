"""Clocks that step, a host that slept, and a stallwatch that stood still: noticed, with size and time."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from analysis.requests import NS_PER_MS, NS_PER_S

MAX_TOLD = 3
AT_ONCE_NS = 10 * NS_PER_MS
# Of Linux: CLOCK_MONOTONIC stands while the host sleeps, CLOCK_BOOTTIME does not. macOS has them as
# CLOCK_UPTIME_RAW and CLOCK_MONOTONIC.
_AWAKE: int = getattr(time, "CLOCK_UPTIME_RAW", time.CLOCK_MONOTONIC)
_SINCE_BOOT: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Three clocks at one moment: UTC, time since boot, and time since boot without sleep."""

    utc_ns: int
    boot_ns: int
    awake_ns: int


def read_clocks() -> Reading:
    """Read the clocks together; again when something came between."""
    for _ in range(10):
        began_ns = time.clock_gettime_ns(_AWAKE)
        reading = Reading(
            utc_ns=time.time_ns(),
            boot_ns=time.clock_gettime_ns(_SINCE_BOOT),
            awake_ns=time.clock_gettime_ns(_AWAKE),
        )
        if reading.awake_ns - began_ns < AT_ONCE_NS:
            break
    return reading


class Kind(StrEnum):
    """What may happen to the time of a Run."""

    STEP = "step"
    SLEEP = "sleep"
    LATE = "late"


LEAST_NS = {Kind.STEP: NS_PER_S // 4, Kind.SLEEP: NS_PER_S, Kind.LATE: NS_PER_S}
SHORTLY = {
    Kind.STEP: "the clock was set",
    Kind.SLEEP: "the host slept",
    Kind.LATE: "stallwatch itself stood still",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Disturbance:
    """One thing that happened to time: how much of it, and when it was noticed (UTC as it then was)."""

    kind: Kind
    size_ns: int
    at_ns: int

    @property
    def spoils(self) -> bool:
        """Whether times measured across it mean nothing: k6 goes on while only stallwatch stands still."""
        return self.kind is not Kind.LATE

    def __str__(self) -> str:
        size = f"{abs(self.size_ns) / NS_PER_S:,.2f} s"
        at = f"{datetime.fromtimestamp(self.at_ns // NS_PER_MS / 1e3, UTC):%H:%M:%S} UTC"
        match self.kind:
            case Kind.STEP:
                way = "forward" if self.size_ns > 0 else "back"
                return f"{SHORTLY[self.kind]} {way} by {size}, to {at}"
            case Kind.SLEEP:
                return f"{SHORTLY[self.kind]} for {size} until {at}"
            case Kind.LATE:
                return f"{SHORTLY[self.kind]} for {size} until {at}, while k6 went on"


class ClockWatch:
    """Compares the clocks with each other, each time since the last disturbance.

    UTC against the time since boot shows a step: both are slewed alike (adjtimex(2)), and both count
    sleep. The time since boot against the time awake shows sleep. Steps below 0.25 s add up until they
    are that large; sleep counts from 1 s, and so does a look that comes late.
    """

    def __init__(self, first: Reading) -> None:
        self._last = self._base = first

    def look(self, now: Reading) -> list[Disturbance]:
        """Return what happened since the last look."""
        base, sizes = self._base, {}
        sizes[Kind.STEP] = (now.utc_ns - now.boot_ns) - (base.utc_ns - base.boot_ns)
        sizes[Kind.SLEEP] = (now.boot_ns - now.awake_ns) - (base.boot_ns - base.awake_ns)
        sizes[Kind.LATE] = now.awake_ns - self._last.awake_ns
        found = [
            Disturbance(kind=kind, size_ns=size_ns, at_ns=now.utc_ns)
            for kind, size_ns in sizes.items()
            if abs(size_ns) >= LEAST_NS[kind]
        ]
        self._last = now
        if any(one.spoils for one in found):
            self._base = now
        return found


class Disturbances:
    """What happened to the time of one Run: of each kind the three largest, and how many there were."""

    def __init__(self) -> None:
        self._largest: dict[Kind, list[Disturbance]] = {}
        self._count: Counter[Kind] = Counter()

    def add(self, one: Disturbance) -> None:
        """Take one more."""
        self._count[one.kind] += 1
        some = [*self._largest.get(one.kind, []), one]
        self._largest[one.kind] = sorted(some, key=lambda each: -abs(each.size_ns))[:MAX_TOLD]

    def told(self, *, spoiling: bool) -> tuple[str, ...]:
        """Say those that spoil what was measured across them, or those that do not."""
        said = []
        for kind, some in self._largest.items():
            if some[0].spoils is spoiling:
                more = self._count[kind] - len(some)
                said += [str(one) for one in some] + (
                    [f"{SHORTLY[kind]} {more:,} times more"] if more else []
                )
        return tuple(said)
