"""Real k6, both versions at once, five minutes: a freeze of 1 s each 20 s, a full accept queue, and none."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from benchmarks._servers import program
from tests.orchestrator.runs.stalling import FROZEN, QUIET, SHUT, Faults, measured

FAULTS = Faults(run_s=300, freeze_s=1.0, freeze_every_s=20.0, shut_s=2.5, shut_every_s=20.0)
NEAR = 0.01
PLANTED = {
    FROZEN: f"{FAULTS.freeze_s:g} s each {FAULTS.freeze_every_s:g} s",
    SHUT: f"{FAULTS.shut_s:g} s each {FAULTS.shut_every_s:g} s",
    QUIET: "none",
}


def stall_words(stall: dict[str, Any]) -> str:
    """One stall in figures."""
    low, high = stall["period_ci_s"]
    return (
        f"{stall['stall_s']:.3f} s every {stall['period_s']:.4f} s [{low:.4f}, {high:.4f}], "
        f"{stall['cycles_hit']} of {stall['cycles_expected']}, p = {stall['p_value']:.1g}, "
        f"{stall['dominant_phase']}, {stall['scenario']} requests, {stall['shape']}"
    )


def main() -> int:
    """Print what was said of each server; 1 when a fault was missed or a quiet server blamed."""
    programs = {part: program(part) for part in ("k6-1.1", "k6-2.2")}
    with tempfile.TemporaryDirectory(prefix="stallwatch-bench-") as folder:
        found = measured(Path(folder), programs, FAULTS)
    missed = False
    for version, (code, campaign, nodes) in found.items():
        print(f"{version}: exit code {code}: {campaign['sentence']}")
        for name, planted in PLANTED.items():
            node = nodes[name]
            stalls = node["periodic_stalls"]
            print(f"  {name:7} planted {planted}: {node['verdict']}, n = {node['requests']:,}")
            for stall in stalls:
                print(f"    {stall_words(stall)}")
            right = [abs(stall["period_s"] / FAULTS.freeze_every_s - 1) < NEAR for stall in stalls]
            missed |= bool(stalls) if name == QUIET else not any(right)
        own = campaign["control"]["periodic_stalls"]
        print(
            f"  control: {campaign['control']['verdict']}" + "".join(f"\n    {stall_words(s)}" for s in own)
        )
    return int(missed)
