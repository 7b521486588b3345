"""How the slow requests of one kind (kept or fresh) look: on a ladder, ending together, throttled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.extent.seen import (
    BLOCKED,
    CONNECTING,
    LEAST_REQUESTS,
    RECEIVING,
    SENDING,
    Seen,
    ends_ratio,
    same_level,
    spread_words,
)
from analysis.extent.steps import ladder_test, one_rung
from analysis.requests import PHASES
from analysis.verdict import seconds

CARRIED = 0.6
"""A phase carries the stall of a kind of requests when it holds this share of what was added."""
QUEUED = 0.5
HALF = 0.5
TOGETHER, CLOSELY, EXACTLY = 0.3, 0.1, 0.03
"""Ends that spread less than this share of what the starts do."""
TIMEOUT_KNOWN = 1.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What was made of them: ``form`` is ladder, together, throttled or empty; ``said`` the numbers.

    ``connecting_share`` is the share of requests whose delay is mostly in connecting; ``one_rung`` tells
    delays that are all on one rung of a ladder, ``timeout_known`` that few other delays would be.
    """

    n: int
    form: str
    said: tuple[str, ...]
    connecting_share: float = 0.0
    one_rung: bool = False
    timeout_known: bool = False

    @property
    def enough(self) -> bool:
        """Whether there were enough of them to tell a shape."""
        return self.n >= LEAST_REQUESTS


def look_at(seen: Seen) -> Look:
    """Say what the slow requests of one kind look like."""
    all_n = len(seen.start_s)
    queued = seen.phases_s[:, BLOCKED] > QUEUED * seen.added_s
    said = []
    if queued.any():
        said.append(
            f"{int(queued.sum())} of {all_n} slow {seen.kind} requests queued for a connection (blocked)"
        )
    direct = seen.only(~queued)
    n = len(direct.start_s)
    if n < LEAST_REQUESTS:
        return Look(n=n, form="", said=tuple(said), connecting_share=connecting_share(direct))
    said.append(phase_words(direct))
    form, numbers = form_of(direct)
    return Look(
        n=n,
        form=form,
        said=(*said, *numbers),
        connecting_share=connecting_share(direct),
        one_rung=not form and one_rung(direct),
        timeout_known=direct.timeout_s[1] < TIMEOUT_KNOWN * direct.timeout_s[0],
    )


def phase_words(seen: Seen) -> str:
    """The phase that holds most of what was added, with its share and n."""
    by_phase = seen.phases_s.sum(axis=0)
    top = int(np.argmax(by_phase))
    share = by_phase[top] / max(float(by_phase.sum()), 1e-12)
    return f"{seen.kind}: {PHASES[top]} holds {share:.0%} of the added latency (n = {len(seen.start_s)})"


def connecting_share(seen: Seen) -> float:
    """Share of requests whose delay is mostly in connecting."""
    return float((seen.phases_s[:, CONNECTING] > 0.5 * seen.added_s).mean()) if len(seen.start_s) else 0.0


def form_of(seen: Seen) -> tuple[str, list[str]]:
    """The form and the numbers for and against it."""
    by_phase = seen.phases_s.sum(axis=0)
    moving = float((by_phase[RECEIVING] + by_phase[SENDING]) / max(float(by_phase.sum()), 1e-12))
    spread = spread_words(seen)
    if moving >= CARRIED:
        if same_level(seen):
            return "", [
                f"every transfer lost about {seconds(float(np.median(seen.added_s)))}: frozen or throttled"
            ]
        return "throttled", [spread]
    on, n, steps, tells, ladder = ladder_test(seen)
    level = same_level(seen)
    bears = tells or (level and one_rung(seen))
    rungs = [f"{on} of {n} delays of {seen.kind} requests stand on {steps.words}"] if bears else []
    ratio = ends_ratio(seen)
    if ladder and not ratio <= EXACTLY:
        return "ladder", [*rungs, spread]
    doubtful = level or (tells and on >= HALF * n)
    if ratio < (CLOSELY if doubtful else TOGETHER):
        return "together", [spread, *rungs]
    if level:
        return "", [f"all {seen.kind} delays are about {seconds(float(np.median(seen.added_s)))}", *rungs]
    return "", [*rungs, spread]
