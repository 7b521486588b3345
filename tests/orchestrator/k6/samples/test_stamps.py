"""Stamps of every kind become ns UTC, each judged alone; what is no time is told apart."""

from __future__ import annotations

import pyarrow as pa
import pytest

from orchestrator.k6.samples.stamps import IMPOSSIBLE, times_ns
from tests.orchestrator.k6.made import T_NS

STAMPS = {
    "1780000000": 1_780_000_000 * 10**9,
    "1780000000123": 1_780_000_000_123 * 10**6,
    "1780000000123456": 1_780_000_000_123_456 * 10**3,
    str(T_NS): T_NS,
    "1000000000": 10**18,
    "9199999999": 9_199_999_999 * 10**9,
    "2026-11-25T10:05:43Z": 1_795_601_143 * 10**9,
    "2026-11-25T10:05:43.03Z": 1_795_601_143_030_000_000,
    "2026-11-25T10:05:43.035881135Z": 1_795_601_143_035_881_135,
    "2026-11-25T15:35:43.5+05:30": 1_795_601_143_500_000_000,
    "2001-09-09T01:46:40Z": 10**18,
}
NO_TIMES = [
    "", "never", "0", "1", "-1", "999999999", "9200000000", "17800000001", "178000000012", "99999999999999",
    "-62135596800", "253402300799", "9223372036854775807", "99999999999999999999", "1e9", "1780000000.5",
    "NaN", "0001-01-01T00:00:00Z", "2001-09-09T01:46:39.9Z", "2262-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
    "2026-02-30T00:00:00Z", "2026-11-25", "2026-11-25T10:05:43",
]  # fmt: skip


@pytest.mark.parametrize("stamp", STAMPS)
def test_each_kind_is_told_by_itself(stamp: str) -> None:
    """Seconds, ms, us, ns by their digits; dates with any fraction and any zone."""
    assert times_ns(pa.array([stamp])).tolist() == [STAMPS[stamp]]


@pytest.mark.parametrize("stamp", NO_TIMES)
def test_what_is_no_time_is_impossible(stamp: str) -> None:
    """Before September 2001, after July 2261, digits of no unit, no zone, no such day, or no stamp at all."""
    assert times_ns(pa.array([stamp])).tolist() == [IMPOSSIBLE]


def test_mixed_kinds_never_spoil_each_other() -> None:
    """A file that was put together of several kinds, with stamps between them that are none, or missing."""
    stamps = [*STAMPS, None, *NO_TIMES, *STAMPS]
    expected = [*STAMPS.values(), IMPOSSIBLE, *[IMPOSSIBLE] * len(NO_TIMES), *STAMPS.values()]
    assert times_ns(pa.array(stamps, pa.string())).tolist() == expected
    assert times_ns(pa.array(stamps[::-1], pa.string())).tolist() == expected[::-1]


def test_no_stamps_at_all() -> None:
    """A block without requests has none."""
    assert times_ns(pa.array([], pa.string())).tolist() == []
