"""How numbers and times are written in a report: one way each, with their unit."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from analysis.requests import NS_PER_MS, NS_PER_S

UNKNOWN = "–"
"""What is shown where there is no number."""

_UNITS = ("kB", "MB", "GB", "TB", "PB")
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def count(number: int) -> str:
    """Write a count with thousands separators: ``12,034``."""
    return f"{number:,}"


def counted(number: int, noun: str) -> str:
    """Write a count with its noun in the right number: ``1 request``, ``12,034 requests``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def ms(value_ms: float) -> str:
    """Write milliseconds without unit, for a column of a table: one decimal, two below 1 ms."""
    if not math.isfinite(value_ms):
        return UNKNOWN
    return f"{value_ms:,.1f}" if value_ms >= 1 else f"{value_ms:.2f}"


def latency(value_ms: float) -> str:
    """Write a latency in a sentence: ``0.42 ms``, ``4.2 ms``, ``212 ms``, ``1.52 s``."""
    if not math.isfinite(value_ms):
        return UNKNOWN
    if value_ms >= 999.5:
        return f"{value_ms / 1000:,.2f} s"
    return f"{value_ms:.0f} ms" if value_ms >= 99.95 else f"{ms(value_ms)} ms"


def limit(value_ms: float) -> str:
    """Write a latency that somebody set, as they would: ``200 ms``, ``1 s``, ``1.5 s``."""
    return f"{value_ms / 1000:g} s" if value_ms >= 1000 else f"{value_ms:g} ms"


def seconds(value_s: float, digits: int = 2) -> str:
    """Write seconds with a fixed number of decimals: ``12.00 s``."""
    return f"{value_s:,.{digits}f} s" if math.isfinite(value_s) else UNKNOWN


def duration(value_s: float) -> str:
    """Write a length of time as people say it: ``75 s``, ``5 min 30 s``, ``8 h``."""
    if not math.isfinite(value_s):
        return UNKNOWN
    if value_s < 10:
        return f"{value_s:.2g} s"
    whole = round(value_s)
    if whole < 120:
        return f"{whole} s"
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    parts = [f"{hours} h"] if hours else []
    parts += [f"{minutes} min"] if minutes else []
    parts += [f"{rest} s"] if rest and not hours else []
    return " ".join(parts)


def length(value_s: float) -> str:
    """Write how long a stall lasts: ``45.0 ms``, ``1.50 s``."""
    return latency(1000 * value_s) if value_s < 1 else seconds(value_s)


def period(value_s: float, interval_s: tuple[float, float]) -> str:
    """Write a period as precisely as its interval allows: ``12.00 s``."""
    return seconds(value_s, interval_digits(*interval_s))


def size(number: float) -> str:
    """Write a number of bytes with three digits: ``834 B``, ``12.3 MB``, ``1.25 GB``."""
    if not math.isfinite(number):
        return UNKNOWN
    if number < 999.5:
        return f"{number:.0f} B"
    power = _power(number * 1.0005)
    value = number / 1000**power
    digits = 0 if value >= 99.95 else 1 if value >= 9.995 else 2
    return f"{value:,.{digits}f} {_UNITS[power - 1]}"


def rate(bytes_per_s: float) -> str:
    """Write bytes a second with three digits: ``12.3 MB/s``."""
    return f"{size(bytes_per_s)}/s" if math.isfinite(bytes_per_s) else UNKNOWN


def rates_like(highest: float) -> tuple[float, str]:
    """Return the unit in which bytes a second up to this many are written, in bytes, and its name."""
    power = _power(highest) if highest >= 1000 else 0
    return 1000.0**power, f"{_UNITS[power - 1] if power else 'B'}/s"


def percent(share: float, digits: int = 2) -> str:
    """Write a share of 1 as percent; what is not quite 0 or 1 never reads as 0% or 100%."""
    if not math.isfinite(share):
        return UNKNOWN
    if share in (0, 1):
        return f"{100 * share:.0f}%"
    step = 10.0**-digits
    if 100 * share < step / 2:
        return f"<{step:.{digits}f}%"
    if 100 * (1 - share) < step / 2:
        return f">{100 - step:.{digits}f}%"
    return f"{100 * share:.{digits}f}%"


def p_value(value: float) -> str:
    """Write a p-value with two significant digits: ``0.004``, ``1.2 × 10⁻⁹``."""
    if not math.isfinite(value):
        return UNKNOWN
    if value <= 0:
        return "< 1 × 10⁻³⁰⁰"
    if value >= 0.001:
        return f"{value:.2g}"
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa} × 10{str(int(exponent)).translate(_SUPERSCRIPTS)}"


def interval_digits(low_s: float, high_s: float) -> int:
    """Decimals that show the first digit of an interval's half width: 1 to 5."""
    half_s = (high_s - low_s) / 2
    if not math.isfinite(half_s) or half_s <= 0:
        return 2
    return min(5, max(1, -math.floor(math.log10(half_s))))


def clock(instant_ns: int, *, millis: bool = False) -> str:
    """Write the UTC time of day of an instant: ``02:00:10``, with ``millis`` ``02:00:10.250``."""
    text = f"{_utc(instant_ns):%H:%M:%S}"
    return f"{text}.{instant_ns % NS_PER_S // NS_PER_MS:03d}" if millis else text


def day(instant_ns: int) -> str:
    """Write the UTC day of an instant: ``12 Mar 2026``."""
    moment = _utc(instant_ns)
    return f"{moment.day} {moment:%b %Y}"


def timestamp(moment: datetime) -> str:
    """Write an aware datetime in UTC: ``2026-03-12 02:00:10 UTC``."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _power(number: float) -> int:
    return min(int(math.log10(number)) // 3, len(_UNITS))


def _utc(instant_ns: int) -> datetime:
    return datetime.fromtimestamp(instant_ns // NS_PER_S, UTC)
