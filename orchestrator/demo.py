"""The demo: three loopback nodes, one of which freezes, and whether the analysis found it by itself."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from analysis.findings import CampaignAnalysis, Detection, Limits, Verdict
from analysis.verdict import reaches
from orchestrator.loopback.process import loopback_server
from orchestrator.model import Node, Profile, Service
from orchestrator.plan import Plan
from orchestrator.resources import k6_script

NODES = ("node-1", "node-2", "node-3")
PERIOD_TOLERANCE = 0.01
LENGTH_TOLERANCE = 0.20
LIMITS = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How long a demo runs, how often its frozen node freezes, and for how long."""

    duration_s: float
    period_s: float
    freeze_s: float
    rate_per_s: float = 20.0


FULL = Scale(duration_s=75, period_s=12, freeze_s=1.5)
SHORT = Scale(duration_s=30, period_s=4, freeze_s=0.6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """The fault that was planted; the analysis is never told."""

    node: str
    period_s: float
    freeze_s: float
    phase_s: float


def plant(seed: int, scale: Scale) -> Plant:
    """Choose which node freezes, and when first."""
    rng = random.Random(seed)  # noqa: S311 # a demo to repeat, nothing secret
    return Plant(
        node=rng.choice(NODES),
        period_s=scale.period_s,
        freeze_s=scale.freeze_s,
        phase_s=rng.uniform(0, scale.period_s),
    )


@contextmanager
def demo_plan(campaign_id: str, planted: Plant, scale: Scale) -> Iterator[Plan]:
    """Serve the three nodes while entered, and give the plan of a Campaign against them."""
    with ExitStack() as servers:
        nodes = []
        for name in NODES:
            freeze_s = planted.freeze_s if name == planted.node else 0.0
            port = servers.enter_context(
                loopback_server(freeze_s=freeze_s, period_s=planted.period_s, phase_s=planted.phase_s)
            )
            nodes.append(Node(name=name, host="127.0.0.1", port=port))
        yield Plan(
            id=campaign_id,
            profile=Profile(
                name="demo",
                script=k6_script("smoke.js"),
                rate_per_s=scale.rate_per_s,
                duration_s=scale.duration_s,
            ),
            service=Service(url="http://shop.demo.invalid/healthz"),
            nodes=nodes,
            limits=LIMITS,
            # Nine cycles: enough to pass also where a busy machine makes slow requests of its own.
            detection=Detection(stall_s=scale.duration_s / 75, period_s=scale.duration_s / 9),
        )


def differences(analysis: CampaignAnalysis, planted: Plant) -> list[str]:
    """Say what the analysis got wrong; empty when it named the frozen node, and it alone, and rightly.

    A node is named by a stall that reaches the limits; what lies below is a note on a busy machine.
    """
    wrong = []
    for node in analysis.nodes:
        stalls = [stall for stall in node.analysis.periodic_stalls if reaches(stall, LIMITS)]
        if node.name != planted.node:
            wrong += [
                f"{node.name} was said to stall every {s.period_s:.2f} s, but never froze" for s in stalls
            ]
            continue
        if not stalls or node.analysis.verdict is not Verdict.FAIL:
            wrong.append(f"{node.name} froze every {planted.period_s:g} s, and was not said to stall")
        for stall in stalls:
            wrong += _off(node.name, "period", stall.period_s, planted.period_s, PERIOD_TOLERANCE)
            wrong += _off(node.name, "length", stall.stall_s, planted.freeze_s, LENGTH_TOLERANCE)
    return wrong


def _off(node: str, what: str, found: float, true: float, tolerance: float) -> list[str]:
    if abs(found / true - 1) <= tolerance:
        return []
    return [f"{node}: {what} {found:.3f} s found, {true:g} s planted: more than {tolerance:.0%} off"]
