"""A Run as a short series: the usual latency and the load, bin by bin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.normal.baseline import group_medians
from analysis.normal.samples import Floats, Samples

MOST_BINS, FEWEST_BINS = 60, 16
IN_A_BIN = 20
PERMUTATIONS = 1999


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """b bins: their middles, the median log-ratio of latency to its group's median, requests a second."""

    middle_s: Floats
    level: Floats
    rate_per_s: Floats

    @property
    def n(self) -> int:
        """Number of bins."""
        return len(self.level)


def series_of(samples: Samples) -> Series | None:
    """Cut a Run into bins of equal length; None when there are too few requests for it."""
    bins = min(MOST_BINS, samples.n // IN_A_BIN)
    if bins < FEWEST_BINS:
        return None
    span_s = float(samples.start_s[-1]) + 1e-9
    width_s = span_s / bins
    number = np.minimum((samples.start_s / width_s).astype(np.int64), bins - 1)
    log_total = np.log(np.maximum(samples.total_s, 1e-6))
    by_bin = pd.Series(log_total - group_medians(log_total, samples.group)).groupby(number)
    medians, counts = by_bin.median(), by_bin.size()
    full = counts.to_numpy() >= IN_A_BIN / 4
    if full.sum() < FEWEST_BINS:
        return None
    return Series(
        middle_s=((medians.index.to_numpy() + 0.5) * width_s)[full],
        level=np.asarray(medians.to_numpy()[full], dtype=np.float64),
        rate_per_s=counts.to_numpy()[full] / width_s,
    )


def shuffled(bins: int, blocks_wanted: int, rng: np.random.Generator) -> np.ndarray:
    """Orders of the bins with their blocks permuted and turned around, shape (permutations, bins).

    Neighbours that resemble each other stay together in a block.
    """
    blocks = np.array_split(np.arange(bins), min(blocks_wanted, bins))
    orders = []
    for _ in range(PERMUTATIONS):
        order = [blocks[i][:: rng.choice((-1, 1))] for i in rng.permutation(len(blocks))]
        orders.append(np.roll(np.concatenate(order), rng.integers(bins)))
    return np.array(orders)


def p_of(observed: float, by_chance: Floats) -> float:
    """p-value of a statistic among its values by chance; large is extreme."""
    return float((1 + (by_chance >= observed - 1e-12).sum()) / (1 + len(by_chance)))
