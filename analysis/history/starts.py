"""Nights at which a change may have begun, and what the nights since say of each."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from analysis.history.series import Floats, Ints

MOST_STARTS = 45
"""A change that did not show in so many campaigns is too small to wait for."""
LOWEST = -700.0


class Levels(Protocol):
    """How likely a series' nights are, were its level shifted; what its normal is, is its own matter."""

    def normal(self, first: int, end: int, known: Any) -> Any:
        """Learn what is usual from nights first to end - 1, and from the segment before."""

    def weights(self, normal: Any) -> Floats:
        """Return the prior weights of shifts, shape (3, grid): none, up, down."""

    def log_density(self, night: int, at: Ints, normals: Any) -> Floats:
        """Log density of a night at every shift of every normal, shape (normals, grid)."""

    def level(self, first: int, end: int) -> float:
        """Return the level of nights first to end - 1."""


class Starts:
    """The last ``MOST_STARTS`` nights of a segment, each with the normal before it."""

    def __init__(self, levels: Levels) -> None:
        self._levels = levels
        self.at: Ints = np.zeros(0, dtype=np.int64)
        self.normals: list[Any] = []
        self._weights: list[Floats] = []
        self._likelihood: Floats = np.zeros((0, 0))

    def add(self, night: int, normal: Any) -> None:
        """Let a change begin at a night."""
        weights = self._levels.weights(normal)
        row = np.zeros((1, weights.shape[1]))
        seen = np.concatenate([self._likelihood, row]) if len(self.at) else row
        self._likelihood = seen[-MOST_STARTS:]
        self.at = np.append(self.at, night)[-MOST_STARTS:]
        self.normals = [*self.normals, normal][-MOST_STARTS:]
        self._weights = [*self._weights, weights][-MOST_STARTS:]

    def see(self, night: int) -> Floats:
        """Take a night in; return each start's log likelihood ratios, shape (2, starts): up, down."""
        self._likelihood += self._levels.log_density(night, self.at, self.normals)
        likely = np.exp(self._likelihood - self._likelihood.max(axis=1, keepdims=True))
        same, up, down = np.einsum("sg,skg->ks", likely, np.stack(self._weights))
        with np.errstate(divide="ignore"):
            logs = np.log([same, up, down])
        return np.asarray(np.clip(logs[1:] - np.maximum(logs[0], LOWEST), LOWEST, -LOWEST))
