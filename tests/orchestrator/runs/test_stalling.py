"""Real k6 against real faults: a freeze and a full accept queue are found, a quiet server is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.orchestrator.runs.stalling import FROZEN, QUIET, SHUT, Faults, measured

FAULTS = Faults(run_s=56, freeze_s=1.0, freeze_every_s=7.0, shut_s=1.2, shut_every_s=8.0)
NEAR = 0.01
VERSIONS = ("k6_1", "k6_2")


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, k6_1: Path, k6_2: Path) -> dict[str, Any]:
    """Measure all servers with both versions at once."""
    return measured(tmp_path_factory.mktemp("stalling"), {"k6_1": k6_1, "k6_2": k6_2}, FAULTS)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_freeze_is_found(found: dict[str, Any], version: str) -> None:
    """One second each seven: the period within 1 %, in waiting, on all requests; the campaign fails."""
    code, _, nodes = found[version]
    [stall] = [one for one in nodes[FROZEN]["periodic_stalls"] if one["peak_ms"] > 500]
    assert (code, nodes[FROZEN]["verdict"]) == (1, "fail")
    assert stall["period_s"] == pytest.approx(FAULTS.freeze_every_s, rel=NEAR)
    assert stall["stall_s"] == pytest.approx(FAULTS.freeze_s, rel=0.25)
    assert (stall["dominant_phase"], stall["scenario"]) == ("waiting", "all")
    assert stall["p_value"] <= 0.005


@pytest.mark.parametrize("version", VERSIONS)
def test_a_full_accept_queue_is_found(found: dict[str, Any], version: str) -> None:
    """New connections hang in connecting each eight seconds; those that are kept do not."""
    _, _, nodes = found[version]
    [stall] = [one for one in nodes[SHUT]["periodic_stalls"] if one["peak_ms"] > 500]
    assert nodes[SHUT]["verdict"] == "fail"
    assert stall["period_s"] == pytest.approx(FAULTS.shut_every_s, rel=NEAR)
    assert (stall["dominant_phase"], stall["scenario"]) == ("connecting", "fresh")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_quiet_server_is_not_blamed(found: dict[str, Any], version: str) -> None:
    """Nothing periodic that reaches the limit, in as long a run beside them."""
    _, _, nodes = found[version]
    assert [one for one in nodes[QUIET]["periodic_stalls"] if one["peak_ms"] > 200] == []
