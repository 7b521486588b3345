"""Inputs on all cores: answered in order, within the memory there is, one lost at most."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from functools import partial
from multiprocessing import active_children
from pathlib import Path

import pytest

from orchestrator.inputs import cores
from orchestrator.inputs.cores import Work, in_order


@pytest.fixture(autouse=True)
def _two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores, "_cores", lambda: 2)


def answered(call: Callable[[str], tuple[str, int]], *names: str, mb: float = 1.0) -> list[tuple[str, int]]:
    """Answer names with a function of this module; what is called "here" stays in this process."""
    work = Work(
        call=call, need_mb=lambda _: mb, here=lambda name: name == "here", lost=lambda name: (f"no {name}", 0)
    )
    return list(in_order(work, names))


def itself(name: str) -> tuple[str, int]:
    """Answer with the name and the process."""
    return name, os.getpid()


def meeting(name: str, fifo: Path) -> tuple[str, int]:
    """Answer the first one only once the second is at work."""
    with fifo.open("r" if name == "first" else "w", encoding="utf-8"):
        return name, os.getpid()


def deadly(name: str) -> tuple[str, int]:
    """End the process of a bad one from outside, as a kernel without memory does."""
    if name == "bad":
        os.kill(os.getpid(), signal.SIGKILL)
    return itself(name)


def buggy(name: str) -> tuple[str, int]:
    """Fail as no input should."""
    raise ValueError(name)


def test_inputs_run_side_by_side_and_are_answered_in_their_order(tmp_path: Path) -> None:
    """The first ends after the second has begun, in another process, and is answered first."""
    os.mkfifo(tmp_path / "fifo")
    (one, first), (two, second) = answered(partial(meeting, fifo=tmp_path / "fifo"), "first", "second")
    assert (one, two) == ("first", "second")
    assert len({first, second, os.getpid()}) == 3


def test_memory_bounds_how_many_run_at_once() -> None:
    """Where no two fit, one process does them all; none is refused."""
    found = answered(itself, *"abcd", mb=1e9)
    assert [name for name, _ in found] == list("abcd")
    assert len({process for _, process in found}) == 1


def test_a_process_that_is_ended_loses_its_input_only() -> None:
    """All others are answered, in order, and so is what lay in the other process at that moment."""
    assert [name for name, _ in answered(deadly, "a", "b", "bad", "c", "d")] == ["a", "b", "no bad", "c", "d"]


def test_what_only_this_process_can_read_stays_here() -> None:
    """Standard input is nobody else's; it keeps its place."""
    found = answered(itself, "a", "here", "b")
    assert [name for name, _ in found] == ["a", "here", "b"]
    assert [process == os.getpid() for _, process in found] == [False, True, False]


def test_a_bug_is_raised_here_and_leaves_no_process() -> None:
    """What is no answer is an error of this process; all others are ended."""
    with pytest.raises(ValueError, match="a"):
        answered(buggy, "a", "b", "c")
    for process in active_children():
        process.join(30)
    assert active_children() == []
