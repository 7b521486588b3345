"""What a stall looks like, in words: freeze, queue, ladder of retransmissions, throttling, or unclear.

Kept and fresh requests are looked at each (told apart by the row: a fresh one has ``connecting``) and
then together. What they cannot settle stays "unclear", with the numbers for and against.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from analysis.extent.looks import Look, look_at
from analysis.extent.seen import CONNECTING, LEAST_REQUESTS, NEARLY_ALL, WAITING, Seen
from analysis.normal.samples import Bools, Floats, Ints
from analysis.stalls.episodes import MIN_SLOW

FAINT, EARLY = 0.04, 0.3
"""Least share of the largest delay, in an Episode and in the second before it."""
EARLY_S = 1.0
LEAST_TIMEOUT_S, DELAYED_ACK_S = 0.2, 0.045


class StallShape(StrEnum):
    """What a stall looks like from outside."""

    FREEZE = "freeze"
    QUEUE = "queue released"
    FREEZE_OR_QUEUE = "freeze or queue released"
    DATA_LADDER = "retransmission ladder"
    SYN_LADDER = "SYN ladder"
    BOTH_LADDERS = "retransmission and SYN ladder"
    THROTTLING = "throttling"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """n requests sorted by start: what naming needs of each.

    ``own_s`` (n, 6) are the phases without what ``blocked`` contains of others; ``gave_up`` tells those
    that met the client's timeout.
    """

    start_s: Floats
    added_s: Floats
    residual: Floats
    own_s: Floats
    gave_up: Bools
    resolution_s: float


def name_shape(timings: Timings, spans_s: Floats) -> tuple[StallShape, tuple[str, ...]]:
    """Name the shape of the stalls that span ``spans_s``, with the numbers for and against.

    Parameters
    ----------
    timings
        All requests of the Run, of every scenario.
    spans_s
        First slow start and last end of each Episode, shape (m, 2), sorted.
    """
    index, cycle = slow_within(timings, spans_s)
    fresh_at_all = timings.own_s[:, CONNECTING] > 0
    looks = []
    for kind, chosen in (("kept", ~fresh_at_all), ("fresh", fresh_at_all)):
        mine = chosen[index]
        rows = index[mine]
        looks.append(look_at(seen_of(kind, timings, rows, cycle[mine], chosen)))
    kept, fresh = looks
    shape, against = combined(kept, fresh)
    said = [text for look in looks for text in look.said]
    return shape, (*said, *against)


def slow_within(timings: Timings, spans_s: Floats) -> tuple[Ints, Ints]:
    """Places of the slow requests in and right before each Episode, and the number of their Episode."""
    places, cycles = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    start_s, n = timings.start_s, len(timings.start_s)
    for number, (start, end) in enumerate(spans_s):
        low, high = np.searchsorted(start_s, [start - EARLY_S - timings.resolution_s, end])
        inside = np.arange(low, min(high + 1, n))
        added = timings.added_s[inside]
        least = np.where(start_s[inside] < start, EARLY, FAINT) * added.max(initial=0.0)
        chosen = inside[(timings.residual[inside] > MIN_SLOW) & (added > least)]
        places.append(chosen)
        cycles.append(np.full(len(chosen), number, dtype=np.int64))
    return np.concatenate(places), np.concatenate(cycles)


def seen_of(kind: str, timings: Timings, rows: Ints, cycle: Ints, alike: Bools) -> Seen:
    """Take the slow requests of one kind; what is usual in each phase is the median of their like.

    A stall itself may open the only new connections there are: what is usual is then that of all.
    """
    own = timings.own_s
    calm = np.ones(len(own), dtype=bool)
    calm[rows] = False
    quiet = calm & alike if (calm & alike).sum() >= LEAST_REQUESTS else calm
    usual = np.median(own[quiet], axis=0) if quiet.any() else np.zeros(own.shape[1])
    added = timings.added_s[quiet]
    return Seen(
        kind=kind,
        cycle=cycle,
        start_s=timings.start_s[rows],
        added_s=np.maximum(timings.added_s[rows], 1e-6),
        phases_s=np.maximum(own[rows] - usual, 0.0),
        gave_up=timings.gave_up[rows],
        noise_s=1.4826 * float(np.median(np.abs(added))) if len(added) else 0.0,
        resolution_s=timings.resolution_s,
        timeout_s=first_timeout_s(own[quiet]),
    )


def first_timeout_s(own_s: Floats) -> tuple[float, float]:
    """Least and greatest first retransmission timeout of data on this path.

    0.2 s and the smoothed round trip (Linux); a fast answer carries the acknowledgement, a slow one lets
    it wait for 40 ms at most.
    """
    connecting = own_s[own_s[:, CONNECTING] > 0, CONNECTING]
    trip = float(np.median(connecting)) if len(connecting) else 0.0
    waiting = float(np.median(own_s[:, WAITING])) if len(own_s) else 0.0
    return LEAST_TIMEOUT_S + trip, LEAST_TIMEOUT_S + max(trip, min(waiting, trip + DELAYED_ACK_S))


def combined(kept: Look, fresh: Look) -> tuple[StallShape, Sequence[str]]:
    """Put both kinds together; what contradicts itself is unclear."""
    if not kept.enough and not fresh.enough:
        fewest = f"only {kept.n + fresh.n} slow requests: a shape needs {LEAST_REQUESTS} of one kind"
        return StallShape.UNCLEAR, [fewest]
    found = {look.form for look in (kept, fresh) if look.form}
    if found == {"ladder"}:
        return ladder_name(kept, fresh), []
    if not found and kept.one_rung and kept.timeout_known:
        return StallShape.DATA_LADDER, ["it is a single rung: the same delay for all would look alike"]
    if found == {"together"}:
        return freeze_or_queue(fresh)
    if found == {"throttled"}:
        return StallShape.THROTTLING, []
    return StallShape.UNCLEAR, ["kept and fresh requests tell different shapes"] if found else []


def ladder_name(kept: Look, fresh: Look) -> StallShape:
    """Name a ladder by the connections that show it."""
    if fresh.form and (kept.form or kept.one_rung):
        return StallShape.BOTH_LADDERS
    return StallShape.DATA_LADDER if kept.form else StallShape.SYN_LADDER


def freeze_or_queue(fresh: Look) -> tuple[StallShape, Sequence[str]]:
    """Tell an application that stands still from packets that are held and then released.

    The kernel accepts connections for a frozen application; what holds packets holds SYNs as well.
    """
    if not fresh.enough:
        return StallShape.FREEZE_OR_QUEUE, [
            f"{fresh.n} slow requests opened a connection: only these tell a freeze from held packets"
        ]
    if fresh.connecting_share >= NEARLY_ALL:
        return StallShape.QUEUE, []
    if fresh.connecting_share <= 1 - NEARLY_ALL:
        return StallShape.FREEZE, []
    return StallShape.FREEZE_OR_QUEUE, ["new connections hang partly while connecting, partly after it"]
