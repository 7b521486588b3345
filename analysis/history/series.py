"""Series: one figure of one Node (and endpoint) over campaigns, and what is said of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Metric(StrEnum):
    """What a series is of."""

    P50 = "p50"
    P95 = "p95"
    P99 = "p99"
    SLOWEST = "slowest"
    STALLS = "stalls"
    STALLED = "stalled time"
    ERRORS = "errors"
    THROUGHPUT = "throughput"
    ANSWERED = "answered"

    @property
    def counted(self) -> bool:
        """Whether values are events among an exposure, not a level."""
        return self in {Metric.STALLS, Metric.STALLED, Metric.ERRORS}

    @property
    def unit(self) -> str:
        """What values and levels are in."""
        return UNITS.get(self, "ms")

    @property
    def worse(self) -> int:
        """The direction that is a regression: 1 up, -1 down."""
        return -1 if self in {Metric.THROUGHPUT, Metric.ANSWERED} else 1


UNITS = {
    Metric.ERRORS: "share of requests",
    Metric.STALLS: "1/h",
    Metric.STALLED: "s/h",
    Metric.THROUGHPUT: "bytes/s",
    Metric.ANSWERED: "requests/s",
}


class State(StrEnum):
    """How sure a change point is: a candidate waits for the next campaigns, a confirmed one alarms."""

    CANDIDATE = "candidate"
    CONFIRMED = "confirmed"


class Kind(StrEnum):
    """What a change means to whoever uses the service."""

    REGRESSION = "regression"
    RECOVERY = "recovery"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensitivity:
    """How much it takes to alarm (``history`` of the config).

    ``confirmations`` is how many further campaigns must agree; ``false_alarms_a_year`` is for all series
    of a home together; smaller changes than ``least_change`` (a share) or ``least_ms`` are none.
    """

    confirmations: int = 1
    false_alarms_a_year: float = 1.0
    least_change: float = 0.1
    least_ms: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One figure over the n campaigns that have it, in the order of time.

    Parameters
    ----------
    node, endpoint, metric
        Of what; the endpoint is empty where the figure is of the whole Run.
    at_ns
        int64 of shape (n,): when each Run started, ns UTC, increasing.
    values
        float64 of shape (n,): in ``metric.unit``, or for a counted metric the number of events.
    exposure
        float64 of shape (n,): what the events are among (requests, or hours); for other metrics the
        requests that the figure is of.
    """

    node: str
    endpoint: str
    metric: Metric
    at_ns: Ints
    values: Floats
    exposure: Floats

    @property
    def n(self) -> int:
        """Number of campaigns."""
        return len(self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePoint:
    """Where the level of a series changed.

    Parameters
    ----------
    first
        Index of the first campaign at the new level, the most likely one; ``earliest`` and ``latest``
        bound it with a probability of 95 %.
    seen
        Index of the campaign with which the change became what ``state`` says.
    before, after
        The levels: medians of n_before and n_after campaigns, for counts events by exposure.
    confidence
        Probability that it is real, for a series that changes once a year.
    false_alarm_years
        For how long all series together make no alarm as strong as this one by chance, on average.
    """

    state: State
    kind: Kind
    first: int
    earliest: int
    latest: int
    seen: int
    before: float
    after: float
    n_before: int
    n_after: int
    confidence: float
    false_alarm_years: float

    @property
    def factor(self) -> float:
        """The size: how many times the level before; infinite where that was 0."""
        return self.after / self.before if self.before else float("inf")
