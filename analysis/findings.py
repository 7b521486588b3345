"""The values that the analysis speaks in: findings, the analysis of a Run and of a Campaign."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from analysis.fleet.seen import Sighting


class Verdict(StrEnum):
    """What a Run, a Campaign or several inputs come to."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"

    @classmethod
    def worst(cls, verdicts: list[Verdict]) -> Verdict:
        """Return the worst of several: fail, then inconclusive, then pass; inconclusive of none."""
        order = (cls.FAIL, cls.INCONCLUSIVE, cls.PASS)
        return next((v for v in order if v in verdicts), cls.INCONCLUSIVE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What counts as bad (``limits`` of the config)."""

    stall_ms: float = 200.0
    slowest_ms: float = 1000.0
    error_rate: float = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """What must be seen, and how sure a claim must be (``detect`` of the config)."""

    stall_s: float = 1.0
    period_s: float = 60.0
    alpha: float = 0.005
    power: float = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """What is known of a Run beside its request table.

    ``planned_s`` is the duration asked for, ``timeout_s`` the client's; ``expected_requests`` is
    k6's own ``http_reqs`` count (None when k6 could not give it: killed, or an imported file).
    ``unreadable`` counts requests that stand in a file, but not whole.
    ``own_length`` tells a script that says itself how long it takes.
    ``unfit`` says why the Run cannot pass, whatever its requests look like; empty when it can.
    """

    dropped_iterations: int = 0
    censored: int = 0
    expected_requests: int | None = None
    unreadable: int = 0
    interrupted: bool = False
    planned_s: float | None = None
    timeout_s: float = 60.0
    own_length: bool = False
    unfit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One stretch of slow requests: one stall as seen once."""

    start_ns: int
    end_ns: int
    peak_ms: float
    requests: int
    dominant_phase: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodicStall:
    """Episodes that return with a period: one claim with its numbers.

    ``phase_s`` is the first expected stall's offset from the first request's start;
    ``first_stall_ns`` the same instant in ns UTC; ``added_ms`` the typical added latency of the
    slowest request a cycle; ``scenario`` where it was seen ("kept", "fresh", ... or "all"); ``timer``
    whether the stalls keep to a grid ("fixed"), each counts from the one before ("re-armed"), or "unknown".
    ``shape`` says what it looks like (`analysis.extent.naming.StallShape`), ``shape_evidence`` why.
    """

    period_s: float
    period_ci_s: tuple[float, float]
    stall_s: float
    phase_s: float
    first_stall_ns: int
    peak_ms: float
    added_ms: float
    cycles_expected: int
    cycles_hit: int
    p_value: float
    dominant_phase: str
    scenario: str
    timer: str = "unknown"
    shape: str = "unclear"
    shape_evidence: tuple[str, ...] = ()


class FindingKind(StrEnum):
    """What a Run can show beside periodic stalls."""

    EPISODE = "isolated episode"
    LEVEL = "level shift"
    ERRORS = "error burst"
    SATURATION = "saturation"
    THROUGHPUT = "throughput collapse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One confirmed change that does not return with a period; a note, which changes no verdict.

    ``size`` is the slowest request in ms (episode), the factor on the median (level shift) or on latency
    at high load (saturation; iterations, where some were dropped), errors (burst), or the share of the
    usual speed (throughput); ``n`` the requests it was seen in.
    """

    kind: FindingKind
    start_ns: int
    end_ns: int
    size: float
    n: int
    p_value: float
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Quantiles of the total latency over ``n`` requests whose time is known; NaN when n is 0."""

    n: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Throughput:
    """Bytes received a second, as k6 counts them (with headers), over ``requests`` whose bytes are known.

    ``bytes_per_s`` has one rate a bin of ``bin_s``, from ``first_bin_ns`` on; mean, median, 5 % quantile
    and lowest are of its first ``counted_bins``, in which the load was whole.
    """

    requests: int
    total_bytes: int
    first_bin_ns: int
    bin_s: float
    bytes_per_s: tuple[float, ...]
    counted_bins: int
    mean_bytes_per_s: float
    median_bytes_per_s: float
    p5_bytes_per_s: float
    lowest_bytes_per_s: float
    lowest_at_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunAnalysis:
    """All that the analysis says of one Run.

    ``reasons`` says in words why the verdict is not a pass (one short sentence each),
    ``notes`` what else a reader should know. ``power`` is the probability that this Run would have
    shown the reference stall; ``needed_duration_s`` the least length in all that would, None when this
    Run's does or none would. ``kept_share`` is the share of answered requests
    without a new connection, NaN when none was answered.
    ``rows`` counts all rows of the table (with ``setup`` and ``teardown``), ``facts`` is what the
    verdict was told. ``throughput`` is None where no request's bytes are known; ``findings`` is what was
    confirmed beside the periodic stalls.
    """

    verdict: Verdict
    requests: int
    first_start_ns: int
    duration_s: float
    latency: Latency
    errors: int
    error_rate: float
    kept_share: float
    periodic_stalls: tuple[PeriodicStall, ...]
    periodicity_p_value: float
    episodes: tuple[Episode, ...]
    dropped_iterations: int
    censored: int
    power: float
    needed_duration_s: float | None
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    rows: int = 0
    facts: RunFacts = field(default_factory=RunFacts)
    throughput: Throughput | None = None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeResult:
    """One Run of a Campaign under its Node's name; ``kind`` is node, vip or control."""

    name: str
    kind: str
    analysis: RunAnalysis


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignAnalysis:
    """All that the analysis says of a Campaign: verdict, one sentence, and each Node's analysis.

    In ``nodes`` the verdicts and claims are those that survive the correction over Nodes (Holm) and
    the comparison with the control; the control stands in ``control`` (None when there was none).
    ``sightings`` say of each stall who shows it and who does not; their words are among the notes.
    """

    verdict: Verdict
    sentence: str
    nodes: tuple[NodeResult, ...]
    control: NodeResult | None = None
    notes: tuple[str, ...] = field(default=())
    sightings: tuple[Sighting, ...] = ()

    def everything(self) -> tuple[NodeResult, ...]:
        """Return the nodes' results and then, where there is one, the control's."""
        return self.nodes if self.control is None else (*self.nodes, self.control)
