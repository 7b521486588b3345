"""How numbers and times are written."""

from __future__ import annotations

import math

import pytest

from reports import formats

NAN = math.nan


@pytest.mark.parametrize(
    ("value_ms", "text"),
    [(0.042, "0.04"), (0.996, "1.00"), (4.21, "4.2"), (1512.34, "1,512.3"), (NAN, "–"), (math.inf, "–")],
)
def test_ms(value_ms: float, text: str) -> None:
    """Milliseconds in a table keep one decimal, and a missing number is a dash."""
    assert formats.ms(value_ms) == text


@pytest.mark.parametrize(
    ("value_ms", "text"),
    [
        *((0.42, "0.42 ms"), (4.24, "4.2 ms"), (99.94, "99.9 ms"), (99.96, "100 ms"), (999.4, "999 ms")),
        *((999.6, "1.00 s"), (1512.3, "1.51 s"), (NAN, "–")),
    ],
)
def test_latency(value_ms: float, text: str) -> None:
    """A latency in a sentence changes its unit at one second, also where it rounds up to it."""
    assert formats.latency(value_ms) == text


@pytest.mark.parametrize(("value_ms", "text"), [(200, "200 ms"), (1000, "1 s"), (1500, "1.5 s")])
def test_limit(value_ms: float, text: str) -> None:
    """A limit reads as it was set."""
    assert formats.limit(value_ms) == text


@pytest.mark.parametrize(
    ("value_s", "text"),
    [
        *((0.5, "0.5 s"), (75, "75 s"), (119.6, "2 min"), (330, "5 min 30 s"), (3600, "1 h")),
        *((28800 + 300 + 7, "8 h 5 min"), (NAN, "–")),
    ],
)
def test_duration(value_s: float, text: str) -> None:
    """A length of time is written in the units that people use for it."""
    assert formats.duration(value_s) == text


@pytest.mark.parametrize(
    ("bytes_per_s", "text"),
    [
        *((0, "0 B/s"), (834.4, "834 B/s"), (999.6, "1.00 kB/s"), (12_340_000, "12.3 MB/s")),
        *((99_960_000, "100 MB/s"), (1.25e9, "1.25 GB/s"), (4e18, "4,000 PB/s"), (NAN, "–")),
    ],
)
def test_rate(bytes_per_s: float, text: str) -> None:
    """Bytes a second keep three digits in the unit that people say, also where they round up to it."""
    assert formats.rate(bytes_per_s) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "0%"), (1.0, "100%"), (0.008, "0.80%"), (3e-6, "<0.01%"), (0.99999, ">99.99%"), (NAN, "–")],
)
def test_percent(share: float, text: str) -> None:
    """A share that is not quite none or all never reads as 0% or 100%."""
    assert formats.percent(share) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *((1.0, "1"), (0.0437, "0.044"), (0.004, "0.004"), (2.4e-7, "2.4 × 10⁻⁷"), (1e-12, "1.0 × 10⁻¹²")),
        *((0.0, "< 1 × 10⁻³⁰⁰"), (NAN, "–")),
    ],
)
def test_p_value(value: float, text: str) -> None:
    """A p-value keeps two digits however small it is, and is never written as 0."""
    assert formats.p_value(value) == text


@pytest.mark.parametrize(
    ("low_s", "high_s", "digits"),
    [(11.97, 12.03, 2), (11, 13, 1), (9.9998, 10.0002, 4), (60, 60 + 1e-9, 5), (12, 12, 2)],
)
def test_interval_digits(low_s: float, high_s: float, digits: int) -> None:
    """A period is written as precisely as its interval is wide."""
    assert formats.interval_digits(low_s, high_s) == digits


def test_clock() -> None:
    """An instant is written as the UTC time of day, with milliseconds where asked for."""
    instant_ns = 1_773_280_810_250_999_999
    assert formats.clock(instant_ns) == "02:00:10"
    assert formats.clock(instant_ns, millis=True) == "02:00:10.250"
    assert formats.day(instant_ns) == "12 Mar 2026"


def test_counted() -> None:
    """A count has thousands separators and its noun the right number."""
    assert formats.counted(1, "error") == "1 error"
    assert formats.counted(12034, "error") == "12,034 errors"
