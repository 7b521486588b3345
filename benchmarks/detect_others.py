"""Usual methods on the same Runs: who finds the period, at a threshold that 2 % of quiet Runs pass.

Each method sees the slowest request of each second, less a slow running median (else steps and drift
would set its threshold), and gives a period with a score. Its threshold is tuned on quiet Runs; false
alarms are counted on others. Ours claims at its own level and is tuned on none.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd
from astropy.timeseries import BoxLeastSquares, LombScargle

from analysis.findings import Detection, Limits, RunFacts
from analysis.normal.samples import samples_of
from analysis.run import analyze_run
from benchmarks._scoring import KIND_SHARES, RIGHT, in_parallel, periodic_case, share
from tests.analysis.families import QUIET, TIERS, quiet
from tests.analysis.generate import simulate

SEED = 20_261_126
PERIODIC_RUNS, QUIET_RUNS = 180, 390
FALSE_ALARMS = 0.02
FEWEST_CYCLES, SHORTEST_S = 3.0, 4.0
MOST_BINS = 4096
SLOW_BINS = 61
"""Length of the running median, far longer than a stall."""
OURS = "stallwatch"

Floats = npt.NDArray[np.float64]
Answer = tuple[float, float]
"""Score, and the period in seconds."""


def maxima(requests: pd.DataFrame) -> tuple[Floats, Floats]:
    """Log of the slowest request by second, above its running median; seconds without any are usual."""
    samples = samples_of(requests)
    step = max(1.0, samples.span_s / MOST_BINS)
    place = (samples.start_s / step).astype(np.int64)
    slowest = np.full(place[-1] + 1, np.median(samples.total_s))
    np.maximum.at(slowest, place, samples.total_s)
    middles = (np.arange(len(slowest), dtype=np.float64) + 0.5) * step
    level = np.log(slowest)
    usual = pd.Series(level).rolling(SLOW_BINS, center=True, min_periods=1).median().to_numpy()
    return middles, np.asarray(level - usual)


def periods(t: Floats) -> Floats:
    """Trial periods, ten a cycle of the whole run."""
    cycles = np.arange(FEWEST_CYCLES, max(t[-1] / SHORTEST_S, FEWEST_CYCLES + 1), 0.1)
    return np.asarray(t[-1] / cycles)


def lomb_scargle(t: Floats, y: Floats) -> Answer:
    """Least squares of a sine (Lomb 1976, Scargle 1982)."""
    tried = periods(t)
    power = LombScargle(t, y).power(1 / tried, assume_regular_frequency=False, method="fast")
    return float(power.max()), float(tried[np.argmax(power)])


def box_least_squares(t: Floats, y: Floats) -> Answer:
    """Least squares of a box (Kovacs, Zucker and Mazeh 2002)."""
    tried = periods(t)
    found = BoxLeastSquares(t, -y).power(tried, [1.0, 2.0, 3.5], objective="snr")
    return float(found.power.max()), float(tried[np.argmax(found.power)])


def autocorrelation(t: Floats, y: Floats) -> Answer:
    """The highest correlation of the series with itself, later."""
    off = y - y.mean()
    size = 2 ** int(np.ceil(np.log2(2 * len(off))))
    same = np.fft.irfft(np.abs(np.fft.rfft(off, size)) ** 2)[: len(off)]
    step = t[1] - t[0]
    low, high = int(SHORTEST_S / step), max(int(len(off) / FEWEST_CYCLES), int(SHORTEST_S / step) + 3)
    lags = np.arange(low, high)
    scaled = same[low:high] / max(same[0], 1e-12) * np.sqrt(len(off) - lags)
    best = int(np.argmax(scaled))
    return float(scaled[best]), float((lags[best] + peak_offset(scaled, best)) * step)


def fourier(t: Floats, y: Floats) -> Answer:
    """The highest line of the spectrum over its median."""
    power = np.abs(np.fft.rfft((y - y.mean()) * np.hanning(len(y)))) ** 2
    low, high = int(FEWEST_CYCLES), max(int(t[-1] / SHORTEST_S), int(FEWEST_CYCLES) + 3)
    cut = power[low:high]
    best = int(np.argmax(cut))
    line = low + best + peak_offset(cut, best)
    return float(cut[best] / max(np.median(cut), 1e-12)), float(len(y) * (t[1] - t[0]) / line)


def peak_offset(values: Floats, best: int) -> float:
    """Where between its neighbours a peak is highest, by a parabola."""
    if not 0 < best < len(values) - 1:
        return 0.0
    left, middle, right = values[best - 1 : best + 2]
    bend = left - 2 * middle + right
    return float((left - right) / (2 * bend)) if bend < 0 else 0.0


METHODS: dict[str, Callable[[Floats, Floats], Answer]] = {
    "Lomb-Scargle": lomb_scargle,
    "box least squares": box_least_squares,
    "autocorrelation": autocorrelation,
    "Fourier": fourier,
}


def answers(requests: pd.DataFrame) -> dict[str, list[Answer]]:
    """Every method's answer; ours may name several."""
    t, y = maxima(requests)
    found = {name: [method(t, y)] for name, method in METHODS.items()}
    analysis = analyze_run(requests, facts=RunFacts(), limits=Limits(), detection=Detection())
    found[OURS] = [(1.0, stall.period_s) for stall in analysis.periodic_stalls]
    return found


def quiet_answers(seed: tuple[int, ...]) -> dict[str, list[Answer]]:
    """Answers for a quiet Run."""
    rng = np.random.default_rng(seed)
    return answers(simulate(rng, quiet(rng, QUIET[seed[-1] % len(QUIET)])))


def periodic_answers(seed: tuple[int, ...]) -> tuple[str, str, list[float], dict[str, list[Answer]]]:
    """Tier, kind and true periods of a periodic Run, with the answers."""
    tier, kind, scene = periodic_case(seed)
    true_s = [source.period_s for source in scene.sources if source.period_s]
    return tier, kind, true_s, answers(simulate(np.random.default_rng([*seed, 1]), scene))


def right(found: list[Answer], true_s: list[float], threshold: float) -> bool:
    """Tell whether a period within 2 % of a true one passes the threshold."""
    return any(
        score > threshold and abs(period_s / true - 1) <= RIGHT
        for score, period_s in found
        for true in true_s
    )


def main() -> int:
    """Print the share found by tier, and the false alarms; 1 when another method finds more than ours."""
    tuning = in_parallel(quiet_answers, [(SEED, 1, i) for i in range(QUIET_RUNS)])
    others = in_parallel(quiet_answers, [(SEED, 2, i) for i in range(QUIET_RUNS)])
    cases = in_parallel(periodic_answers, [(SEED, 3, i) for i in range(PERIODIC_RUNS)])
    print(f"Found with a period within 2 % (seeds {SEED}; thresholds from {QUIET_RUNS} quiet runs)")
    totals = {}
    for name in (*METHODS, OURS):
        scores = [run[name][0][0] for run in tuning] if name in METHODS else [0.0]
        threshold = float(np.quantile(scores, 1 - FALSE_ALARMS))
        print(name)
        for group in (*TIERS, *list(KIND_SHARES)[:2]):
            rows = [case for case in cases if group in case[:2]]
            print(f"  {group:12s} {share(right(case[3][name], case[2], threshold) for case in rows)}")
        alarms = [any(score > threshold for score, _ in run[name]) for run in others]
        print(f"  false alarms {share(alarms)}")
        totals[name] = sum(right(case[3][name], case[2], threshold) for case in cases)
    return int(max(totals, key=lambda name: totals[name]) != OURS)
