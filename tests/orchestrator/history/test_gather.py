"""Which Runs make a history, and what is said of the others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from analysis.findings import RunFacts
from orchestrator.errors import UsageError
from orchestrator.history import summary
from orchestrator.history.gather import gather
from orchestrator.home import write_whole
from orchestrator.model import RunState
from tests.orchestrator.history.nights import RECORD, Nights, figures

PASS = {"a": "pass", "control": "pass"}


def add(nights: Nights, night: int, p50_ms: float = 5.0, **changes: object) -> None:
    """Add a night with figures."""
    name = nights.add(night, PASS, **changes)  # type: ignore[arg-type]
    folder = nights.kept.home.run_dir(f"{name}.a")
    summary.write_figures(folder, figures(p50_ms))


def test_only_what_can_be_compared_is(tmp_path: Path) -> None:
    """Broken off, disturbed, longer than the others, gone: left out, each with its count and reason."""
    nights = Nights(tmp_path, 20)
    for night in range(9):
        add(nights, night)
    add(nights, 9, state=RunState.STOPPED)
    add(nights, 10, unfit="the host slept for 61 s")
    add(nights, 11, record=replace(RECORD, facts=RunFacts(planned_s=30)))
    add(nights, 12, record=replace(RECORD, facts=RunFacts(planned_s=30)))
    nights.add(13, PASS)
    gathered = gather(nights.kept)
    assert [night.run for night in gathered.nights] == [f"c{n:03d}-smoke.a" for n in range(9)]
    assert gathered.left_out == (
        "1 run left out: the generator was disturbed",
        "1 run left out: they broke off or failed",
        "2 runs left out: another rate, duration or service",
        "1 run left out: their requests are gone",
    )


def test_a_profile_and_nodes_are_chosen(tmp_path: Path) -> None:
    """By default the newest run's profile; an unknown profile or node says what there is."""
    nights = Nights(tmp_path, 5)
    add(nights, 0, profile="soak")
    add(nights, 1)
    assert gather(nights.kept).profile == "smoke"
    assert [night.node for night in gather(nights.kept, nodes=["a"], profile="soak").nights] == ["a"]
    with pytest.raises(UsageError, match="no run of a profile 'load'"):
        gather(nights.kept, profile="load")
    with pytest.raises(UsageError, match="no run of a node 'b'"):
        gather(nights.kept, nodes=["b"])


def test_an_empty_home_says_so(tmp_path: Path) -> None:
    """Nothing has run: one line, and what to try."""
    with pytest.raises(UsageError, match="nothing has run yet"):
        gather(Nights(tmp_path, 1).kept)


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"endpoints": {"/": 3}}', '{"endpoints": []}'])
def test_figures_that_are_not_whole_are_none(tmp_path: Path, text: str) -> None:
    """A broken summary.json is made again from the requests; without these, the run is left out."""
    nights = Nights(tmp_path, 2)
    add(nights, 0)
    write_whole(nights.kept.home.run_dir("c000-smoke.a") / summary.FILE, text)
    assert gather(nights.kept).left_out == ("1 run left out: their requests are gone",)
