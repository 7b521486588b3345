"""Faults as k6 meets them, connection by connection: what is kept, what is fresh, and in which phase.

The rules are those measured in network namespaces: lost data comes back on a ladder that doubles from
0.2 s and the round trip, lost SYNs after whole seconds, held packets all at once; a frozen application
still has its connections accepted by the kernel; a cap stretches the body.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from tests.analysis.generate import timer
from tests.analysis.tables import table

SYN_NEW = np.array([0.0, 1, 2, 3, 4, 5, 7, 11, 19, 35, 67])
SYN_OLD = np.array([0.0, 1, 3, 7, 15, 31, 63])
LADDERS = "retransmission and SYN ladder"
TRUTH = {
    "drop": (LADDERS,),
    "drop kept": ("retransmission ladder", LADDERS),
    "drop six": ("retransmission ladder", LADDERS),
    "drop fresh": ("SYN ladder",),
    "hold": ("queue released",),
    "hold kept": ("queue released", "freeze or queue released"),
    "freeze": ("freeze",),
    "freeze kept": ("freeze", "freeze or queue released"),
    "cap": ("throttling",),
}
"""What a kind may be called; where only kept connections are asked for, a stall may still open new ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """A path and the faults on it: ``windows_s`` (m, 2) from begin to end of each stall."""

    shape: str
    windows_s: np.ndarray
    rtt_s: float
    service_s: float
    sigma: float
    tls: bool
    syn_s: np.ndarray
    cumulated: bool
    drain_s: float
    timeout_s: float
    connections: int = 6

    def through_s(self, at_s: float, attempts_s: np.ndarray) -> float:
        """Time at which a packet first sent at ``at_s`` gets through."""
        if self.shape == "hold":
            inside = (self.windows_s[:, 0] <= at_s) & (at_s < self.windows_s[:, 1])
            return float(self.windows_s[inside, 1][0]) if inside.any() else at_s
        if self.shape == "drop":
            sent = at_s + attempts_s
            lost = ((sent[:, None] >= self.windows_s[:, 0]) & (sent[:, None] < self.windows_s[:, 1])).any(
                axis=1
            )
            return float(sent[np.argmin(lost)])
        return at_s

    def data_attempts_s(self) -> np.ndarray:
        """When data is sent: at once, then on a ladder that doubles."""
        powers = 2.0 ** np.arange(1, 10)
        return np.concatenate([[0.0], self.timeout_s * (powers - 1 if self.cumulated else powers)])

    def answered_s(self, at_s: float, service_s: float, place: float) -> float:
        """Time of the answer to a request that arrives at ``at_s``; ``place`` orders a queue's release."""
        done = at_s + service_s
        if self.shape != "freeze":
            return done
        inside = (self.windows_s[:, 0] < done) & (at_s < self.windows_s[:, 1])
        return (
            float(self.windows_s[inside, 1][0]) + service_s + place * self.drain_s if inside.any() else done
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One request in seconds."""

    start_s: float
    blocked_s: float
    connecting_s: float
    tls_s: float
    waiting_s: float
    scenario: str


def connect(path: Path, at_s: float) -> tuple[float, float, float]:
    """Connecting, TLS, and the time when both are done."""
    open_s = path.through_s(at_s, path.syn_s) + path.rtt_s
    if not path.tls:
        return open_s - at_s, 0.0, open_s
    hello = path.answered_s(path.through_s(open_s, path.data_attempts_s()), 0.001, 0.0) + path.rtt_s
    return open_s - at_s, hello - open_s, hello


def ask(path: Path, at_s: float, rng: np.random.Generator) -> float:
    """Time of the answer to a request that is sent at ``at_s`` over an open connection."""
    service = path.service_s * float(np.exp(rng.normal(0, path.sigma)))
    arrives = path.through_s(at_s, path.data_attempts_s()) + path.rtt_s / 2
    return path.answered_s(arrives, service, float(rng.random())) + path.rtt_s / 2


def fresh_rows(path: Path, starts_s: np.ndarray, rng: np.random.Generator) -> list[Row]:
    """Requests that open a connection each."""
    rows = []
    for at in starts_s:
        connecting, tls, ready = connect(path, float(at))
        waiting = ask(path, ready, rng) - ready
        rows.append(
            Row(
                start_s=float(at),
                blocked_s=ready - float(at),
                connecting_s=connecting,
                tls_s=tls,
                waiting_s=waiting,
                scenario="fresh",
            )
        )
    return rows


def kept_rows(path: Path, starts_s: np.ndarray, rng: np.random.Generator) -> list[Row]:
    """Requests over a few connections; when all are busy one more is opened, or the request queues."""
    free_s = [-1.0]
    rows = []
    for at in (float(start) for start in starts_s):
        best = int(np.argmin(free_s))
        connecting = tls = 0.0
        ready = max(at, free_s[best])
        if free_s[best] > at and len(free_s) < path.connections:
            connecting, tls, ready = connect(path, at)
            free_s.append(ready)
            best = len(free_s) - 1
        free_s[best] = ask(path, ready, rng)
        rows.append(
            Row(
                start_s=at,
                blocked_s=ready - at,
                connecting_s=connecting,
                tls_s=tls,
                waiting_s=free_s[best] - ready,
                scenario="kept",
            )
        )
    return rows


def drawn_path(rng: np.random.Generator, shape: str, run_s: float, period_s: float, stall_s: float) -> Path:
    """A path with a periodic fault of a shape."""
    rtt_s = float(np.exp(rng.uniform(np.log(0.0003), np.log(0.04))))
    service_s = float(np.exp(rng.uniform(np.log(0.002), np.log(0.06))))
    begins = np.array(timer(rng, period_s, run_s - 2 * stall_s, jitter=float(rng.uniform(0, 0.004))))
    return Path(
        shape=shape,
        windows_s=np.column_stack([begins, begins + stall_s]),
        rtt_s=rtt_s,
        service_s=service_s,
        sigma=float(rng.uniform(0.1, 0.4)),
        tls=bool(rng.random() < 0.5),
        syn_s=SYN_NEW if rng.random() < 0.5 else SYN_OLD,
        cumulated=bool(rng.random() < 0.5),
        drain_s=float(rng.uniform(0, 0.05)),
        timeout_s=0.2 + rtt_s + float(rng.uniform(0, 1)) * min(service_s, 0.04),
    )


def faulty(rng: np.random.Generator, kind: str) -> tuple[pd.DataFrame, np.ndarray]:
    """A Run of a kind in `TRUTH`: a stall of 1.5 to 6 s each 20 to 60 s, 6 to 15 cycles, 4 to 20 requests/s.

    Half kept and half fresh; "kept" is an executor's many VUs with a connection each, "six" the few
    connections of one VU. Returns the table and the stalls' begins and ends, seconds from its epoch.
    """
    shape, _, only = kind.partition(" ")
    period_s, stall_s = float(rng.uniform(20, 60)), float(rng.uniform(1.5, 6))
    run_s = period_s * float(rng.uniform(6, 15))
    rate = float(np.exp(rng.uniform(np.log(4), np.log(20))))
    path = drawn_path(rng, shape, run_s, period_s, stall_s)
    if shape == "cap":
        return capped(rng, path, run_s), path.windows_s
    if only == "kept":
        path = replace(path, connections=int(rng.integers(10, 60)))
    starts = np.arange(0.5 / rate, run_s, 1 / rate)
    starts = starts + rng.uniform(0, 0.02 / rate, len(starts))
    rows = []
    if only != "fresh":
        rows += kept_rows(path, starts[::2], rng)
    if only not in {"kept", "six"}:
        rows += fresh_rows(path, starts[1::2], rng)
    return frame_of(rows), path.windows_s


def frame_of(rows: list[Row]) -> pd.DataFrame:
    """The request table of rows, in order of ends."""
    rows = sorted(rows, key=lambda row: row.start_s + row.blocked_s + row.waiting_s)
    values = {
        name: np.array([getattr(row, name) for row in rows])
        for name in ("start_s", "blocked_s", "connecting_s", "tls_s", "waiting_s")
    }
    return table(
        values["start_s"],
        values["blocked_s"] + values["waiting_s"] + 2e-5,
        scenario=np.array([row.scenario for row in rows], dtype=object),
        blocked=values["blocked_s"],
        connecting=values["connecting_s"],
        tls=values["tls_s"],
        receiving=1e-5,
    )


def capped(rng: np.random.Generator, path: Path, run_s: float) -> pd.DataFrame:
    """Downloads over a link that is shared fairly and narrow inside the windows."""
    rate = float(rng.uniform(1, 5))
    starts = np.arange(0.5 / rate, run_s, 1 / rate)
    starts = starts + rng.uniform(0, 0.2 / rate, len(starts))
    sizes = rng.choice([20e3, 100e3, 200e3], len(starts)) * rng.uniform(0.8, 1.2, len(starts))
    wide, narrow = float(rng.uniform(5e6, 25e6)), float(rng.uniform(1e5, 6e5))
    fresh = rng.random(len(starts)) < 0.5
    connecting = np.where(fresh, path.rtt_s, 0.0)
    waiting = path.service_s * np.exp(rng.normal(0, path.sigma, len(starts)))
    ready = starts + connecting + waiting
    left, done = sizes.copy(), np.full(len(starts), np.nan)
    step, now = 0.005, 0.0
    while np.isnan(done).any() and now < run_s + 600:
        active = np.flatnonzero((ready <= now) & np.isnan(done))
        if len(active) == 0:
            now = max(now + step, float(ready[np.isnan(done)].min()))
            continue
        capped_now = ((path.windows_s[:, 0] <= now) & (now < path.windows_s[:, 1])).any()
        left[active] -= (narrow if capped_now else wide) / len(active) * step
        now += step
        done[active[left[active] <= 0]] = now
    receiving = np.maximum(done - ready, 1e-5)
    frame = table(
        starts,
        connecting + waiting + receiving,
        scenario=np.where(fresh, "fresh", "kept").astype(object),
        blocked=connecting,
        connecting=connecting,
        receiving=receiving,
    )
    frame["received_bytes"] = np.round(sizes)
    return frame
