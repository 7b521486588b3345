"""Change points of a series, night by night: candidate first, confirmed by the campaigns after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.history.counts import CountLevels
from analysis.history.levels import LogLevels
from analysis.history.series import ChangePoint, Floats, Kind, Sensitivity, Series, State
from analysis.history.starts import Levels, Starts

YEAR_NS = 365.25 * 86_400e9
LEAST_BASELINE = 7
"""Nothing is normal before a week of campaigns."""
LEAST_AGAIN = 2
"""After a change the spread is known already, and the level soon."""
LEAST_CAMPAIGNS = LEAST_BASELINE + 2
"""So many make a history: a week that is normal, a change, and the campaign that confirms it."""
SHORTEST_ALARM = 20.0
INSIDE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """When to alarm: ``level`` is how many campaigns pass between two false alarms of one series."""

    level: float
    a_year: float
    confirmations: int
    false_alarms_a_year: float

    @property
    def candidate(self) -> float:
        """Log of the level from which on a change is a candidate: half way, on the log scale."""
        return float(np.log(self.level)) / 2

    @property
    def confirmed(self) -> float:
        """Log of the level at which it may be confirmed."""
        return float(np.log(self.level))


def alarm_of(series: Series, sensitivity: Sensitivity, all_series: int) -> Alarm:
    """Return when to alarm.

    So that all series together make ``false_alarms_a_year``, each may make only its part of them.
    """
    span_years = float(series.at_ns[-1] - series.at_ns[0]) / YEAR_NS if series.n > 1 else 0.0
    a_year = (series.n - 1) / span_years if span_years > 0 else 365.25
    return Alarm(
        level=max(a_year * all_series / sensitivity.false_alarms_a_year, SHORTEST_ALARM),
        a_year=a_year,
        confirmations=sensitivity.confirmations,
        false_alarms_a_year=sensitivity.false_alarms_a_year,
    )


def change_points(
    series: Series, sensitivity: Sensitivity | None = None, *, all_series: int = 1
) -> tuple[ChangePoint, ...]:
    """Find the changes of a series' level as whoever had watched it every night would have.

    The statistic is Shiryaev's and Roberts's (Shiryaev 1963, Roberts 1966): R, the sum over all nights at
    which a change may have begun of the likelihood ratio of that change to none, averaged over its size
    (Pollak 1987). Without a change R less the number of nights is a martingale: on average, A nights pass
    before R reaches A. What is normal is learned before each possible start, and anew after each
    confirmed change.

    Parameters
    ----------
    series
        At least ``LEAST_CAMPAIGNS``, or nothing can be found.
    sensitivity
        How much it takes.
    all_series
        Among how many series this one is looked at.

    Returns
    -------
    The confirmed change points in the order of time, and a candidate that still waits at the end.
    """
    sensitivity = sensitivity or Sensitivity()
    levels: Levels = (
        CountLevels(series, sensitivity) if series.metric.counted else LogLevels(series, sensitivity)
    )
    alarm = alarm_of(series, sensitivity, all_series)
    found: list[ChangePoint] = []
    segment = Segment(levels, first=0, least=LEAST_BASELINE, known=None)
    for night in range(series.n):
        sure = segment.see(night, alarm)
        if sure is State.CONFIRMED:
            found.append(described(series, segment, night, alarm, State.CONFIRMED))
            segment = segment.after()
    if segment.waited >= 0:
        found.append(described(series, segment, series.n - 1, alarm, State.CANDIDATE))
    return tuple(found)


class Segment:
    """The nights since the last confirmed change, and whether there is a new one among them.

    ``waited`` counts the campaigns since the one that made a candidate; -1 while there is none.
    """

    def __init__(self, levels: Levels, *, first: int, least: int, known: Any) -> None:
        self.levels, self.first = levels, first
        self._least, self._known = least, known
        self.starts = Starts(levels)
        self.ratios: Floats = np.zeros((2, 0))
        self.ahead = 0
        self.waited = -1

    def see(self, night: int, alarm: Alarm) -> State | None:
        """Take a night in; tell whether there is a candidate now, or a confirmed change."""
        if night - self.first >= self._least:
            self.starts.add(night, self.levels.normal(self.first, night, self._known))
        if not len(self.starts.at):
            return None
        self.ratios = self.starts.see(night)
        sums = np.logaddexp.reduce(self.ratios, axis=1)
        ahead = int(np.argmax(sums))
        if sums[ahead] < alarm.candidate:
            self.waited = -1
            return None
        self.waited = self.waited + 1 if self.waited >= 0 and ahead == self.ahead else 0
        self.ahead = ahead
        sure = sums[ahead] >= alarm.confirmed and self.waited >= alarm.confirmations
        return State.CONFIRMED if sure else State.CANDIDATE

    @property
    def best(self) -> int:
        """The most likely of the starts."""
        return int(np.argmax(self.ratios[self.ahead]))

    def after(self) -> Segment:
        """Return the segment that begins with the change found."""
        return Segment(
            self.levels,
            first=int(self.starts.at[self.best]),
            least=LEAST_AGAIN,
            known=self.starts.normals[self.best],
        )


def described(series: Series, segment: Segment, night: int, alarm: Alarm, state: State) -> ChangePoint:
    """Return the change that a segment shows at a night, with its size and its bounds."""
    ratios, levels = segment.ratios[segment.ahead], segment.levels
    strength = float(np.logaddexp.reduce(ratios))
    share = np.exp(ratios - strength)
    order = np.argsort(-share, kind="stable")
    inside = segment.starts.at[order[: int(np.searchsorted(np.cumsum(share[order]), INSIDE)) + 1]]
    first = int(segment.starts.at[order[0]])
    # Shiryaev's posterior odds, for a prior of one change a year.
    odds = float(np.exp(min(strength, 600.0))) / alarm.a_year
    up = segment.ahead == 0
    return ChangePoint(
        state=state,
        kind=Kind.REGRESSION if up == (series.metric.worse > 0) else Kind.RECOVERY,
        first=first,
        earliest=int(inside.min()),
        latest=int(inside.max()),
        seen=night,
        before=levels.level(segment.first, first),
        after=levels.level(first, night + 1),
        n_before=first - segment.first,
        n_after=night + 1 - first,
        confidence=odds / (1 + odds),
        false_alarm_years=float(np.exp(min(strength, 600.0) - alarm.confirmed)) / alarm.false_alarms_a_year,
    )
