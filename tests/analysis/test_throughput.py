"""Throughput over time: against a slow reference, against made Runs, at the edges."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.findings import Throughput
from analysis.requests import NS_PER_S
from analysis.throughput import STEPS_S, received, throughput_of, width_ns
from tests.analysis.tables import EPOCH_NS, table

MB = 1e6


def downloads(
    start_s: npt.ArrayLike, receiving_s: npt.ArrayLike, size: npt.ArrayLike, waiting_s: float = 0.0
) -> pd.DataFrame:
    """Build a table of downloads."""
    receiving = np.broadcast_to(np.asarray(receiving_s, float), np.shape(start_s))
    requests = table(start_s, receiving + waiting_s, receiving=receiving)
    requests["received_bytes"] = np.broadcast_to(np.asarray(size, float), np.shape(start_s)).copy()
    return requests


def measured(requests: pd.DataFrame) -> Throughput:
    """Return the throughput of a table that has one."""
    throughput = throughput_of(requests)
    assert throughput is not None
    return throughput


def slow_received(
    begins: list[int], ends: list[int], sizes: list[float], width: int, count: int
) -> list[float]:
    """Share each request out over each bin, one by one, as the definition says."""
    bins = [0.0] * count
    for begin, end, size in zip(begins, ends, sizes, strict=True):
        first = max(min(begin, end - 1), 0)
        last = max(end, first + 1)
        for number in range(count):
            common = min(last, (number + 1) * width) - max(first, number * width)
            bins[number] += size * max(common, 0) / (last - first)
    return bins


@given(
    st.lists(
        st.tuples(st.integers(0, 900), st.integers(0, 400), st.integers(0, 10**9)), min_size=1, max_size=30
    ),
    st.integers(1, 300),
    st.integers(1, 12),
)
def test_bins_are_those_of_the_definition(
    requests: list[tuple[int, int, int]], width: int, count: int
) -> None:
    """However downloads lie over each other and over the bins, each bin holds what the slow way gives it."""
    begins = np.array([begin for begin, _, _ in requests])
    ends = begins + np.array([length for _, length, _ in requests])
    sizes = np.array([float(size) for _, _, size in requests])
    fast = received(begins, ends, sizes, width, count)
    slow = slow_received(begins.tolist(), ends.tolist(), sizes.tolist(), width, count)
    assert fast == pytest.approx(slow, rel=1e-9, abs=1e-9 * sizes.sum() + 1e-12)


def test_a_steady_run_is_flat() -> None:
    """Four downloads side by side at 10 MB/s each are 40 MB/s in every bin, however long each takes."""
    for length_s in (0.25, 2.0, 40.0):
        starts = np.repeat(np.arange(0, 120, length_s) + 0.1, 4)
        throughput = measured(downloads(starts, length_s, 10 * MB * length_s))
        assert throughput.total_bytes == 4800 * MB
        assert throughput.bin_s == 0.5
        assert throughput.bytes_per_s == pytest.approx([40 * MB] * 240)
        figures = (throughput.mean_bytes_per_s, throughput.median_bytes_per_s, throughput.p5_bytes_per_s)
        assert figures == pytest.approx([40 * MB] * 3)


def test_a_slow_stretch_is_the_lowest_bin() -> None:
    """Five seconds at a tenth of the rate are seen where and as low as they were, and not by the median."""
    starts = np.concatenate([np.arange(0, 50, 0.5), [50.0], np.arange(55, 120, 0.5)])
    lengths = np.where(starts == 50.0, 5.0, 0.5)
    throughput = measured(downloads(starts, lengths, 10 * MB * np.where(starts == 50.0, 0.5, 0.5)))
    assert throughput.lowest_bytes_per_s == pytest.approx(MB)
    assert throughput.lowest_at_ns == EPOCH_NS + 50 * NS_PER_S
    assert throughput.median_bytes_per_s == pytest.approx(10 * MB)


def test_the_end_in_which_nothing_follows_is_drawn_and_not_counted() -> None:
    """When downloads run out one after the other, the rates show it and the figures leave it out."""
    lanes = [np.arange(0, 100, 20.0) for _ in range(4)]
    lengths = [np.full(5, 20.0) for _ in range(4)]
    lengths[3][-1] = 40.0
    throughput = measured(downloads(np.concatenate(lanes), np.concatenate(lengths), 20 * MB))
    assert throughput.counted_bins * throughput.bin_s == 100
    assert len(throughput.bytes_per_s) * throughput.bin_s == 120
    assert throughput.lowest_bytes_per_s == pytest.approx(3.5 * MB)
    assert throughput.bytes_per_s[-1] == pytest.approx(0.5 * MB)


def test_one_that_breaks_off_at_once_does_not_hide_the_others() -> None:
    """A Run whose last start ends at once is counted as a whole."""
    throughput = measured(downloads([0.0, 0.0, 0.0], [60.0, 60.0, 0.001], [60 * MB, 60 * MB, 0]))
    assert throughput.counted_bins == len(throughput.bytes_per_s)
    assert throughput.mean_bytes_per_s == pytest.approx(2 * MB)


def test_short_downloads_far_apart_are_no_comb() -> None:
    """Bins are wide enough to hold several of downloads that leave the line idle most of the time."""
    throughput = measured(downloads(np.arange(0, 60, 0.3), 0.001, 3_000))
    assert throughput.bin_s == 5
    assert throughput.bytes_per_s == pytest.approx([10_000] * 11, rel=0.1)


def test_one_request() -> None:
    """A single download is its bytes by its time, its waiting included; one without any time has no rate."""
    throughput = measured(downloads([0.0], [3.0], [8 * MB], waiting_s=1.0))
    assert throughput.requests == 1
    assert throughput.mean_bytes_per_s == pytest.approx(2 * MB)
    tiny = measured(downloads([0.0], [0.002], [1_000]))
    assert tiny.bytes_per_s == pytest.approx([500_000])
    assert throughput_of(downloads([0.0], [0.0], [1_000])) is None


def test_answers_without_a_body_count_as_nothing_received() -> None:
    """Zero bytes are known bytes: they make bins of 0, not holes in the figures."""
    throughput = measured(downloads(np.arange(0, 60, 0.1), 0.1, 0))
    assert throughput.requests == 600
    assert (throughput.total_bytes, throughput.mean_bytes_per_s, throughput.lowest_bytes_per_s) == (0, 0, 0)


def test_only_known_bytes_are_counted() -> None:
    """Requests whose bytes are unknown are no part of n; without any known there is no throughput."""
    requests = downloads(np.arange(0, 60, 0.1), 0.1, 1_000)
    requests.loc[requests.index % 3 == 0, "received_bytes"] = np.nan
    assert measured(requests).requests == 400
    requests["received_bytes"] = np.nan
    assert throughput_of(requests) is None
    assert throughput_of(requests.iloc[:0]) is None


def test_ends_in_whole_seconds_are_not_cut_finer() -> None:
    """Where the clock knows whole seconds only, no bin is shorter than one."""
    requests = downloads(np.arange(0, 10, 0.05), 0.05, 1_000)
    requests["end_ns"] = requests["end_ns"] // NS_PER_S * NS_PER_S
    assert measured(requests).bin_s == 1


def test_order_of_rows_does_not_matter() -> None:
    """A table in any order gives the same throughput."""
    rng = np.random.default_rng(5)
    requests = downloads(rng.uniform(0, 300, 2_000), rng.uniform(0, 3, 2_000), rng.integers(0, 10**7, 2_000))
    shuffled = measured(requests.sample(frac=1, random_state=1))
    assert shuffled.bytes_per_s == pytest.approx(measured(requests).bytes_per_s)


@pytest.mark.parametrize("span_s", [0.05, 1, 29, 75, 300, 3_600, 43_200, 86_400 * 400])
def test_bins_are_round_and_not_too_many(span_s: float) -> None:
    """A Run of any length has at most 360 bins, of a width that people know."""
    span = int(span_s * NS_PER_S)
    width = width_ns(span, span, 1_000, coarse=False)
    assert span / width <= 360
    assert width / NS_PER_S in STEPS_S or width % (86_400 * NS_PER_S) == 0 or width == span
