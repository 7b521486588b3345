"""What a Profile sends to one Node, and what its k6 needs for that: VUs, sockets, requests."""

from __future__ import annotations

import math

from orchestrator.model import Profile, ProfileKind

IN_FLIGHT_S = 10
"""A stall of this length is waited for by every request that falls into it; a longer one drops some."""
IDLE_CONNECTIONS = 6


def vus_of(profile: Profile) -> int:
    """Return the VUs of a Profile's k6; of a user's script, what k6 said when it was asked.

    An open model has one VU for ``kept``, and as many for ``fresh`` as a stall of 10 s needs.
    """
    if profile.rate_per_s is None:
        return profile.vus or 0
    return in_flight(profile.rate_per_s) + 1


def in_flight(rate_per_s: float) -> int:
    """Return how many requests of each half of a rate may be in flight: a stall of 10 s drops none."""
    return max(2, math.ceil(rate_per_s / 2 * IN_FLIGHT_S))


def sockets_of(profile: Profile) -> int:
    """Return the most connections that a Profile opens to one Node at once.

    A user's script may open several a VU: k6's own bound of a ``http.batch`` to one host is six.
    """
    if profile.rate_per_s is not None:
        return 2 * max(IDLE_CONNECTIONS, in_flight(profile.rate_per_s))
    return vus_of(profile) * (IDLE_CONNECTIONS if profile.kind is ProfileKind.SCRIPT else 1)


def requests_of(profile: Profile) -> int | None:
    """Return how many requests a Profile sends to one Node; None where the answers set the pace."""
    if profile.rate_per_s is None or profile.duration_s is None:
        return None
    return round(profile.rate_per_s * (profile.duration_s - profile.ramp_s))


def most_requests_of(profile: Profile) -> int | None:
    """Return how many requests a Profile could send to one Node at most; None without a duration."""
    if profile.rate_per_s is not None or profile.duration_s is None:
        return requests_of(profile)
    return round(profile.max_rate_per_s * profile.duration_s)
