"""Frozen values that the orchestrator passes along the main line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


class NodeKind(StrEnum):
    """What a Node's address is."""

    NODE = "node"
    VIP = "vip"
    CONTROL = "control"


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """Where traffic is sent: ``host`` is an IP literal (no brackets), ``port`` None for the URL's own."""

    name: str
    host: str
    port: int | None = None
    kind: NodeKind = NodeKind.NODE

    @property
    def address(self) -> str:
        """The address as k6's ``hosts`` takes it: ``ip``, ``ip:port`` or ``[ip6]:port``."""
        if self.port is None:
            return self.host
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What is asked for through each Node; Host and SNI stay this URL's.

    ``headers`` holds resolved values (they may be secret and never leave the environment of k6).
    """

    url: str
    expect_status: int = 200
    ca_file: Path | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A k6 script with its load: ``rate_per_s`` in total, half kept and half fresh."""

    name: str
    script: Path
    rate_per_s: float
    duration_s: float
    timeout_s: float = 60.0


class RunState(StrEnum):
    """How far a Run or a Campaign came."""

    RUNNING = "running"
    DONE = "done"
    INTERRUPTED = "interrupted"
    FAILED = "failed"
