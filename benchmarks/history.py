"""Change points of 500 simulated histories: our rule, Apache Otava's engine, and a plain rule.

Each sees a history night by night. Found is an alarm for a regression within 60 nights of its
onset, the delay counts calendar nights (0: the first changed night itself); a false alarm is any alarm
before an onset, or in a quiet history. Otava's and the plain rule's alarms must show two nights in a
row, as ours. Otava needs an environment of its own: ``make bench-history``.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from analysis.history.detect import change_points
from analysis.history.series import Kind, Metric, State
from tests.analysis.history.nights import CHANGED, DAY_NS, NIGHTS, SHARES, History, histories

SEED, TUNING = 20_261_125, 77
ALL_SERIES = 30
"""A home of three nodes and ten figures each: together they may make one false alarm a year."""
WITHIN_NIGHTS = 60
SAME = 5
"""A change point that moves by so many nights is the same alarm."""
OTAVA = Path(__file__).parents[1] / ".venv-otava" / "bin" / "python"
OTAVA_P = (1e-3, 1e-4, 1e-5, 1e-6, 1e-7)
TUNED_ON = {
    "plain": 12,
    "heavy tails": 8,
    "memory": 8,
    "single spikes": 12,
    "weekdays": 12,
    "missing nights": 8,
}
ALLOWED_A_YEAR = 1 / ALL_SERIES

Alarm = tuple[int, bool]
"""The night of an alarm, and whether it is for a regression."""
Rule = Callable[[Sequence[History]], list[list[Alarm]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What a rule came to on some histories."""

    found: int
    changed: int
    delays: list[int]
    false: int
    years: float

    @property
    def false_a_year(self) -> float:
        """False alarms by year and series."""
        return self.false / max(self.years, 1e-9)


def ours(made: Sequence[History]) -> list[list[Alarm]]:
    """Return our confirmed change points."""
    return [
        [
            (point.seen, point.kind is Kind.REGRESSION)
            for point in change_points(one.series, all_series=ALL_SERIES)
            if point.state is State.CONFIRMED
        ]
        for one in made
    ]


def plain(made: Sequence[History]) -> list[list[Alarm]]:
    """Two nights in a row beyond the median of the last 28 by four robust spreads."""
    return [_plain(np.log(one.series.values + 0.5)) for one in made]


def _plain(logs: np.ndarray) -> list[Alarm]:
    alarms, since, out = [], 0, 0
    for night in range(9, len(logs)):
        usual = logs[max(since, night - 28 - abs(out)) : night - abs(out)]
        if len(usual) < 7:
            continue
        middle = np.median(usual)
        spread = max(1.4826 * np.median(np.abs(usual - middle)), 0.02)
        side = int(np.sign(logs[night] - middle)) if abs(logs[night] - middle) > 4 * spread else 0
        out = out + side if side and side * out >= 0 else side
        if abs(out) == 2:
            alarms.append((night, out > 0))
            since, out = night - 1, 0
    return alarms


def otava(max_pvalue: float, *, log: bool, min_magnitude: float) -> Rule:
    """Return Otava's engine with a level, on the figures or their logs."""

    def rule(made: Sequence[History]) -> list[list[Alarm]]:
        asked = {
            "series": [_as_seen(one, log=log) for one in made],
            "options": {"max_pvalue": max_pvalue, "min_magnitude": min_magnitude},
        }
        done = subprocess.run(
            [OTAVA, Path(__file__).with_name("_otava.py")],
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            check=True,
        )
        return [_alarms(nights) for nights in json.loads(done.stdout)]

    return rule


def _as_seen(one: History, *, log: bool) -> list[float]:
    values = one.series.values
    return list(np.log(values) if log and not one.series.metric.counted else values)


def _alarms(nights: list[tuple[int, list[tuple[int, bool]]]]) -> list[Alarm]:
    """Return the night at which each change point shows for the second time in a row."""
    alarms: list[Alarm] = []
    told: list[int] = []
    before: dict[int, list[int]] = {}
    for night, points in nights:
        before[night] = [index for index, _ in points]
        for index, rose in points:
            again = any(abs(index - other) <= SAME for other in before.get(night - 1, []))
            if again and not any(abs(index - other) <= SAME for other in told):
                told.append(index)
                alarms.append((night, rose))
    return alarms


def scored(made: Sequence[History], answers: list[list[Alarm]], kinds: Sequence[str]) -> Score:
    """Count what was found, how late, and the false alarms."""
    found, delays, false, nights, changed = 0, [], 0, 0.0, 0
    for one, alarms in zip(made, answers, strict=True):
        if one.kind not in kinds:
            continue
        at = (one.series.at_ns - one.series.at_ns[0]) // DAY_NS
        onset = len(at) if one.onset is None else one.onset
        false += sum(night < onset for night, _ in alarms)
        nights += NIGHTS if one.onset is None else float(at[onset])
        if one.onset is None:
            continue
        changed += 1
        late = [int(at[night] - at[onset]) for night, worse in alarms if night >= onset and worse]
        if late and late[0] <= WITHIN_NIGHTS:
            found += 1
            delays.append(late[0])
    return Score(found=found, changed=changed, delays=delays, false=false, years=nights / 365.25)


def tuned(log: bool) -> float:
    """Return Otava's largest level that makes no more false alarms than are allowed, on other histories."""
    made = histories(TUNING, TUNED_ON)
    for level in OTAVA_P:
        score = scored(made, otava(level, log=log, min_magnitude=0.0)(made), list(TUNED_ON))
        print(f"  tuning: p {level:g}: {score.false} false alarms in {score.years:.0f} years", flush=True)
        if score.false_a_year <= 2 * ALLOWED_A_YEAR:
            return level
    return OTAVA_P[-1]


def show(name: str, made: Sequence[History], answers: list[list[Alarm]]) -> Score:
    """Print the table of one rule."""
    print(f"\n{name}\n  {'kind':22s} {'n':>4s} {'found':>6s} {'median':>7s} {'p90':>5s}  false alarms a year")
    groups = {**{kind: [kind] for kind in SHARES}, "all": list(SHARES)}
    for label, kinds in groups.items():
        score = scored(made, answers, kinds)
        share = f"{score.found / score.changed:.0%}" if score.changed else ""
        delay = np.quantile(score.delays, (0.5, 0.9)) if score.delays else (np.nan, np.nan)
        late = [f"{value:.0f}" if score.delays else "" for value in delay]
        n = sum(one.kind in kinds for one in made)
        print(
            f"  {label:22s} {n:4d} {share:>6s} {late[0]:>7s} {late[1]:>5s}"
            f"  {score.false_a_year:.3f} ({score.false} in {score.years:.0f} years)",
            flush=True,
        )
    return score


def main() -> int:
    """Print the tables; 1 when another rule finds more than ours without more false alarms."""
    made = histories(SEED)
    assert Metric.P95 in {one.series.metric for one in made}
    print(f"{len(made)} histories of {NIGHTS} nights (seed {SEED}), {len(CHANGED)} kinds with a change")
    rules: dict[str, Rule] = {"stallwatch": ours, "plain rule: two nights beyond four spreads": plain}
    if OTAVA.exists():
        rules["Otava, its defaults (p 0.001)"] = otava(1e-3, log=False, min_magnitude=0.0)
        level = tuned(log=True)
        rules[f"Otava, logs, p {level:g}"] = otava(level, log=True, min_magnitude=0.0)
    else:
        print("Apache Otava is not installed beside this: `make bench-history` does it")
    scores = {name: show(name, made, rule(made)) for name, rule in rules.items()}
    own = scores.pop("stallwatch")
    return int(any(s.found > own.found and s.false <= own.false for s in scores.values()))
