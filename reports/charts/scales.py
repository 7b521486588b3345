"""Axes: where a value stands in a chart, and which values are named beside it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.requests import NS_PER_S
from reports.formats import clock, day, limit, rates_like

FLOOR_MS = 0.01
"""A log scale has no 0: anything faster than 10 microseconds is drawn here."""

FOOT_PX = 9
"""No label this close to the bottom: what stands below the axis has its own."""

STEPS_S = (
    *(1, 2, 5, 10, 15, 30),
    *(60, 120, 300, 600, 900, 1800),
    *(3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class XTick:
    """A named place on the x axis: percent of the width; ``minor`` ones go where there is no room."""

    at: float
    label: str
    minor: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class YTick:
    """A named place on the y axis, in pixels from the top."""

    at: float
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogScale:
    """Latency on a logarithmic y axis of ``height_px`` pixels; the slowest is at the top."""

    low_ms: float
    high_ms: float
    height_px: float

    @classmethod
    def around(cls, low_ms: float, high_ms: float, height_px: float) -> LogScale:
        """Return a scale that holds both values with some air, at least one decade wide."""
        low = max(FLOOR_MS, low_ms / 1.4)
        return cls(low_ms=low, high_ms=max(high_ms * 1.6, low * 10), height_px=height_px)

    @classmethod
    def with_limit(cls, low_ms: float, high_ms: float, limit_ms: float, height_px: float) -> LogScale:
        """Return a scale around both values that shows the limit too; an infinite one is no limit."""
        shown = [limit_ms] if math.isfinite(limit_ms) else []
        return cls.around(min([low_ms, *shown]), max([high_ms, *shown]), height_px)

    def y(self, value_ms: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return the pixels from the top of each value, kept inside the axis; same shape."""
        inside = np.clip(value_ms, self.low_ms, self.high_ms)
        share = np.log(inside / self.low_ms) / math.log(self.high_ms / self.low_ms)
        return self.height_px * (1 - share)

    def y_of(self, value_ms: float) -> float:
        """Return the pixels from the top of one value."""
        return round(float(self.y(np.array([value_ms]))[0]), 1)

    def ticks(self) -> tuple[YTick, ...]:
        """Return the powers of ten on the axis, with 2 and 5 between them when there are few."""
        powers = range(math.floor(math.log10(self.low_ms)), math.ceil(math.log10(self.high_ms)) + 1)
        few = math.log10(self.high_ms / self.low_ms) < 1.6
        values = [m * 10.0**power for power in powers for m in ((1, 2, 5) if few else (1,))]
        inside = [value for value in values if self.low_ms <= value <= self.high_ms]
        ticks = [YTick(at=self.y_of(value), label=limit(value)) for value in inside]
        return tuple(tick for tick in ticks if tick.at <= self.height_px - FOOT_PX)


@dataclass(frozen=True, slots=True, kw_only=True)
class RateScale:
    """Bytes a second on a linear y axis of ``height_px`` pixels, from 0 at the bottom."""

    high: float
    height_px: float

    @classmethod
    def up_to(cls, highest: float, height_px: float) -> RateScale:
        """Return a scale that holds 0 and a value with some air."""
        return cls(high=1.08 * highest or 1.0, height_px=height_px)

    def y(self, rates: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return the pixels from the top of each rate, kept inside the axis; same shape."""
        return self.height_px * (1 - np.clip(rates / self.high, 0.0, 1.0))

    def y_of(self, rate_per_s: float) -> float:
        """Return the pixels from the top of one rate."""
        return round(float(self.y(np.array([rate_per_s]))[0]), 1)

    def ticks(self, most: int = 4) -> tuple[YTick, ...]:
        """Return round rates on the axis."""
        step = _decimal_step(self.high / most)
        unit, name = rates_like(self.high)
        values = [number * step for number in range(int(self.high / step) + 1)]
        return tuple(YTick(at=self.y_of(value), label=f"{value / unit:g} {name}") for value in values)


def limit_label(limit_ms: float) -> str:
    """Return what stands at the line of a limit; empty where there is none to draw."""
    return f"limit {limit(limit_ms)}" if math.isfinite(limit_ms) else ""


def time_ticks(start_ns: int, span_ns: int, most: int = 9) -> tuple[XTick, ...]:
    """Return round UTC times between an instant and ``span_ns`` later, at most ``most`` of them."""
    step_s = _step_s(span_ns / NS_PER_S, most)
    step_ns = step_s * NS_PER_S
    first = -(-start_ns // step_ns) * step_ns
    places = range(first, start_ns + span_ns + 1, step_ns)
    return tuple(
        XTick(
            at=_percent(place - start_ns, span_ns),
            label=_clock_label(place, step_s),
            minor=(place // step_ns) % 2 == 1,
        )
        for place in places
    )


def elapsed_ticks(span_ns: int, most: int = 9) -> tuple[XTick, ...]:
    """Return round times since the beginning, at most ``most`` of them."""
    step_s = _step_s(span_ns / NS_PER_S, most)
    return tuple(
        XTick(at=_percent(s * NS_PER_S, span_ns), label=_elapsed_label(s), minor=(s // step_s) % 2 == 1)
        for s in range(0, span_ns // NS_PER_S + 1, step_s)
    )


def offset_ticks(low_s: float, high_s: float, most: int = 9) -> tuple[XTick, ...]:
    """Return round offsets in seconds between two, 0 among them when it is inside."""
    step_s = _decimal_step((high_s - low_s) / most)
    digits = max(0, -math.floor(math.log10(step_s)))
    return tuple(
        XTick(
            at=round(100 * (k * step_s - low_s) / (high_s - low_s), 3),
            label="0" if k == 0 else f"{k * step_s:+.{digits}f}".replace("-", "−"),
            minor=k % 2 == 1,
        )
        for k in range(math.ceil(low_s / step_s), math.floor(high_s / step_s) + 1)
    )


def _step_s(span_s: float, most: int) -> int:
    fitting = (step for step in STEPS_S if span_s / step <= most)
    return next(fitting, STEPS_S[-1] * math.ceil(span_s / STEPS_S[-1] / most))


def _decimal_step(least: float) -> float:
    power = 10.0 ** math.floor(math.log10(least))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= least)


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 3)


def _clock_label(instant_ns: int, step_s: int) -> str:
    if step_s >= 86400:
        return day(instant_ns).rsplit(" ", 1)[0]
    text = clock(instant_ns)
    return text if step_s < 60 else text[:5]


def _elapsed_label(value_s: int) -> str:
    minutes, rest = divmod(value_s, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
