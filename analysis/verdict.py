"""The Verdict of a Run: fail, pass, or inconclusive with what is missing."""

from __future__ import annotations

import math
from dataclasses import dataclass

from analysis.findings import Detection, Episode, Limits, PeriodicStall, RunFacts, Verdict

DOUBTFUL_P = 0.05
ERROR_ALPHA = 0.005
"""Chance of calling an error rate too high when it is not."""
LEAST_SHOWN_S = 5e-5


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What the verdict looks at."""

    requests: int
    rows: int
    errors: int
    duration_s: float
    periodic_stalls: tuple[PeriodicStall, ...]
    periodicity_p_value: float
    episodes: tuple[Episode, ...]
    power: float
    needed_duration_s: float | None


def judge(
    measured: Measured, *, facts: RunFacts, limits: Limits, detection: Detection
) -> tuple[Verdict, tuple[str, ...]]:
    """Return the verdict of a Run and the reasons for it (none for a pass)."""
    failures = fail_reasons(measured, limits)
    if failures:
        return Verdict.FAIL, tuple(failures)
    missing = missing_reasons(measured, facts, detection)
    return (Verdict.INCONCLUSIVE, tuple(missing)) if missing else (Verdict.PASS, ())


def fail_reasons(measured: Measured, limits: Limits) -> list[str]:
    """Reasons for a fail: stalls that reach the limit, too many errors, repeated slow Episodes."""
    reasons = [describe(stall) for stall in measured.periodic_stalls if reaches(stall, limits)]
    if too_many_errors(measured.errors, measured.requests, limits.error_rate):
        reasons.append(
            f"{measured.errors:,} of {measured.requests:,} requests failed "
            f"({percent(measured.errors / measured.requests)}); the limit is {percent(limits.error_rate)}"
        )
    broken = [episode for episode in measured.episodes if episode.peak_ms > limits.slowest_ms]
    if len(broken) > 1:
        worst = max(episode.peak_ms for episode in broken)
        reasons.append(
            f"{len(broken)} episodes were slower than {limits.slowest_ms:,.0f} ms "
            f"(slowest {worst:,.0f} ms, n = {measured.requests:,} requests)"
        )
    return reasons


def reaches(stall: PeriodicStall, limits: Limits) -> bool:
    """Tell whether a stall's added latency reaches ``limits.stall_ms``."""
    return stall.added_ms >= limits.stall_ms


def describe(stall: PeriodicStall) -> str:
    """One stall in words, with its numbers."""
    where = "" if stall.scenario == "all" else f" on {stall.scenario} requests"
    return (
        f"stalls for {seconds(stall.stall_s)} every {seconds(stall.period_s)}{where} "
        f"({stall.cycles_hit} of {stall.cycles_expected} cycles, p = {stall.p_value:.1g}, "
        f"phase {stall.dominant_phase})"
    )


def too_many_errors(errors: int, requests: int, limit: float) -> bool:
    """Exact binomial test, its tail as an incomplete beta function: errors significantly above the limit."""
    from scipy.special import betainc  # only now: the words of this module are used while a Run goes on

    if requests == 0 or errors == 0:
        return False
    if limit >= 1:
        return False
    return bool(betainc(errors, requests - errors + 1, max(limit, 0.0)) <= ERROR_ALPHA)


def missing_reasons(measured: Measured, facts: RunFacts, detection: Detection) -> list[str]:
    """Reasons why the Run cannot pass although nothing failed."""
    if measured.requests == 0 and not facts.unfit:
        return ["no requests were measured: check that the Node is reachable and the script sends requests"]
    reasons = [*([facts.unfit] if facts.unfit else []), *lost_reasons(measured, facts)]
    if measured.periodicity_p_value <= DOUBTFUL_P and not measured.periodic_stalls:
        reasons.append(hint_reason(measured, facts, detection))
    if measured.power < detection.power:
        reasons.append(power_reason(measured, facts, detection))
    return reasons


def hint_reason(measured: Measured, facts: RunFacts, detection: Detection) -> str:
    """What it would take to claim a period that is hinted at, or to be rid of it.

    A comb's p-value falls by the same factor with each cycle that holds a stall. A Run that is too short for
    the reference stall needs that length anyway.
    """
    p_value = measured.periodicity_p_value
    said = f"a period is hinted at (p = {p_value:.2g}, "
    if p_value <= detection.alpha:
        return f"{said}too weak among several nodes): run again, longer"
    needed_s = measured.duration_s * max(math.log(detection.alpha) / math.log(p_value), 1.1)
    needed_s = max(needed_s, measured.needed_duration_s or 0.0)
    return f"{said}a claim needs {detection.alpha:g}): {asked(needed_s, facts)}"


def lost_reasons(measured: Measured, facts: RunFacts) -> list[str]:
    """Reasons that lie in the making of the Run: interrupted, rows lost, dropped or censored requests."""
    reasons = []
    if facts.interrupted:
        reasons.append(f"the run was interrupted after {seconds(measured.duration_s)}")
    if facts.expected_requests is not None and facts.expected_requests != measured.rows:
        off = facts.expected_requests - measured.rows
        what = "missing from the table" if off > 0 else "in the table beyond that"
        counted = many(facts.expected_requests, "request", "requests")
        reasons.append(f"k6 counted {counted}, {many(abs(off), 'is', 'are')} {what}")
    if facts.unreadable > 0:
        lost = many(facts.unreadable, "request", "requests")
        reasons.append(f"{lost} of the file could not be read, {measured.rows:,} could")
    if facts.dropped_iterations > 0:
        dropped = many(facts.dropped_iterations, "iteration was", "iterations were")
        reasons.append(f"{dropped} dropped, as no VU was free: give it more VUs")
    if facts.censored > 0:
        censored = many(facts.censored, "request was", "requests were")
        reasons.append(f"{censored} still in flight at the end, and left no row")
    return reasons


def many(count: int, one: str, several: str) -> str:
    """A count with its noun, or its verb."""
    return f"{count:,} {one if count == 1 else several}"


def power_reason(measured: Measured, facts: RunFacts, detection: Detection) -> str:
    """What it would take to show the reference stall."""
    reference = f"a stall of {detection.stall_s:g} s every {detection.period_s:g} s"
    power = math.floor(100 * measured.power) / 100  # never rounded up to what is needed
    said = f"{reference} could have been missed (power {power:.2f}, needed {detection.power:g})"
    if measured.needed_duration_s is None:
        return f"{said}; a longer run would not help: send more requests a second"
    return f"{said}: {asked(measured.needed_duration_s, facts)}"


def asked(total_s: float, facts: RunFacts) -> str:
    """How long a Run has to be in all, with the option for it unless its script decides."""
    total = minutes(total_s)
    if facts.own_length:
        return f"its script would have to send requests for at least {total} in all"
    option = total.replace(" min", "m").replace(" s", "s")
    return f"run for at least {total} in all (--duration {option})"


def minutes(value_s: float) -> str:
    """A duration to ask for: seconds below a minute, else minutes, both whole and rounded up."""
    return f"{max(1, math.ceil(value_s))} s" if value_s < 60 else f"{int(-(-value_s // 60))} min"


def seconds(value_s: float) -> str:
    """Seconds with three digits at most where they matter: 1.9 ms, 0.35 s, 1.5 s, 12.0 s, 640 s."""
    if 0 < value_s < LEAST_SHOWN_S:
        return f"less than {1000 * LEAST_SHOWN_S:g} ms"
    if value_s < 0.1:
        return f"{1000 * value_s:.2g} ms"
    digits = 2 if value_s < 1 else 1 if value_s < 100 else 0
    return f"{value_s:,.{digits}f} s"


def percent(rate: float) -> str:
    """A rate in percent with two significant digits."""
    return f"{100 * rate:.0f} %" if rate >= 0.0995 else f"{100 * rate:.2g} %"


def notes_on(verdict: Verdict, measured: Measured, facts: RunFacts, limits: Limits) -> list[str]:
    """What a verdict leaves unsaid: findings too small for a fail; of a fail, what was lost beside it."""
    notes = small_findings(measured, limits)
    return [*notes, *lost_reasons(measured, facts)] if verdict is Verdict.FAIL else notes


def small_findings(measured: Measured, limits: Limits) -> list[str]:
    """Findings too small for a fail: small periodic stalls and one single slow Episode."""
    notes = [
        f"{describe(stall)}; below the limit"
        for stall in measured.periodic_stalls
        if not reaches(stall, limits)
    ]
    broken = [episode for episode in measured.episodes if episode.peak_ms > limits.slowest_ms]
    if len(broken) == 1:
        notes.append(
            f"one episode was slower than {limits.slowest_ms:,.0f} ms (peak {broken[0].peak_ms:,.0f} ms)"
        )
    return notes
