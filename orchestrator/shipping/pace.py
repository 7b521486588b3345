"""When to try again: twice as late each time, with jitter, and as late as the server asks."""

from __future__ import annotations

import random

FIRST_S = 0.5
MOST_S = 10.0
SLOW_S = 30.0
MOST_ASKED_S = 300.0
"""A server that asks for more gets this."""


class Pace:
    """Gives the seconds to wait after each failure, until something succeeds.

    ``chance`` spreads shippers that failed together, so that they do not come back together.
    """

    def __init__(self, chance: random.Random | None = None) -> None:
        self._chance = chance or random.Random()  # noqa: S311 # no secret: when to try again
        self.failures = 0

    def failed(self, *, asked_s: float | None = None, slow: bool = False) -> float:
        """Return how long to wait now.

        Parameters
        ----------
        asked_s
            Retry-After, when the server sent it.
        slow
            Only a person can mend it: a token, a bucket.
        """
        doubled_s = min(MOST_S, FIRST_S * 2 ** min(self.failures, 10))
        self.failures += 1
        jitter = self._chance.uniform(0.5, 1.0)
        if asked_s is not None:
            return min(asked_s, MOST_ASKED_S) + FIRST_S * jitter
        return jitter * (SLOW_S if slow else doubled_s)

    def succeeded(self) -> None:
        """Begin again with the shortest wait."""
        self.failures = 0
