"""The stretch of time that each panel of the timeline shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.requests import NS_PER_S
from reports.formats import day


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of the x axis, in percent of the width, and what it stands for.

    ``crowded`` is a stretch of several episodes, too close together to be told apart at this width.
    """

    left: float
    width: float
    title: str
    crowded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """``span_ns`` of UTC time from ``start_ns`` on, in so many pixel columns."""

    start_ns: int
    span_ns: int
    columns: int

    def share(self, instant_ns: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Return where instants stand, as a share of the width; same shape."""
        return (instant_ns - self.start_ns) / self.span_ns

    def span(self, start_ns: int, end_ns: int, title: str, *, crowded: bool = False) -> Span:
        """Return a stretch of time as a span, what lies outside cut off."""
        left = min(max((start_ns - self.start_ns) / self.span_ns, 0.0), 1.0)
        right = min(max((end_ns - self.start_ns) / self.span_ns, left), 1.0)
        width = round(100 * (right - left), 3)
        return Span(left=round(100 * left, 3), width=width, title=title, crowded=crowded)


def windows_of(starts_ns: Sequence[npt.NDArray[np.int64]], columns: int) -> tuple[list[Window], bool]:
    """Give each panel its stretch of time; tell whether all panels share one UTC axis.

    Parameters
    ----------
    starts_ns
        The starts of each panel's requests, ns UTC, in any order; some may be empty.
    columns
        Pixel columns of the chart.
    """
    held = [starts for starts in starts_ns if len(starts)]
    if not held:
        return [Window(start_ns=0, span_ns=NS_PER_S, columns=columns) for _ in starts_ns], True
    first, last = min(int(starts.min()) for starts in held), max(int(starts.max()) for starts in held)
    longest = max(NS_PER_S, *(int(np.ptp(starts)) for starts in held))
    if last - first <= 2 * longest:
        span = max(last - first, NS_PER_S)
        return [Window(start_ns=first, span_ns=span, columns=columns) for _ in starts_ns], True
    own = [int(starts.min()) if len(starts) else first for starts in starts_ns]
    return [Window(start_ns=start, span_ns=longest, columns=columns) for start in own], False


def axis_label(axis: Window, *, clocked: bool) -> str:
    """Say what the x axis counts: UTC, or the time of each run."""
    if not clocked:
        return "time since the start of each run (the runs did not overlap)"
    first, last = day(axis.start_ns), day(axis.start_ns + axis.span_ns)
    return f"UTC, {first}" if first == last else f"UTC, {first} to {last}"
