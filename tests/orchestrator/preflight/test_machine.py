"""What a campaign needs of the machine, against what there is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.home import Home
from orchestrator.model import Profile, ProfileKind
from orchestrator.preflight.check import Check, State, exit_code
from orchestrator.preflight.machine import (
    check_home,
    check_profile,
    need_of,
    open_files,
    shortage,
)

SMOKE = Profile(name="smoke", script=Path("smoke.js"), rate_per_s=10, duration_s=300)


def test_what_a_profile_needs() -> None:
    """Ten nodes, eight at a time: nine processes at once, 50 fresh VUs and the kept one, a control a wave."""
    need = need_of(SMOKE, nodes=10, max_parallel=8)
    assert (need.runs_at_once, need.vus_per_run, need.sockets_per_run) == (9, 51, 100)
    assert need.requests == 10 * 300 * (10 + 2)
    assert need.memory_mb == pytest.approx(9 * (50 + 0.33 * 51))


def test_what_is_short_is_said_with_figures(tmp_path: Path) -> None:
    """A campaign that fits is let through; disk and memory that do not suffice each refuse it."""
    home, need = Home(tmp_path), need_of(SMOKE, nodes=1, max_parallel=8)
    assert shortage(home, need) is None
    disk, memory = (
        shortage(home, replace(need, requests=10**15)),
        shortage(home, replace(need, memory_mb=1e9)),
    )
    assert disk is not None
    assert memory is not None
    assert "may store 150,000,000,000 MB" in disk.message
    assert "needs about 1,000,000,000 MB of memory" in memory.message


def test_what_other_kinds_need() -> None:
    """A load at twenty times the rate beside a small control; downloads hold one connection a VU."""
    load = replace(SMOKE, kind=ProfileKind.LOAD, rate_per_s=200, ramp_s=60)
    need = need_of(load, nodes=2, max_parallel=8)
    assert (need.runs_at_once, need.vus_per_run, need.sockets_per_run) == (3, 1001, 2000)
    assert need.requests == 200 * (300 - 60) * 2 + 10 * 300
    assert need.memory_mb == pytest.approx(2 * (50 + 0.33 * 1001) + 50 + 0.33 * 51)
    download = replace(SMOKE, kind=ProfileKind.DOWNLOAD, rate_per_s=None, vus=4, max_rate_per_s=20)
    need = need_of(download, nodes=1, max_parallel=8)
    assert (need.vus_per_run, need.sockets_per_run, need.requests) == (4, 4, 20 * 300 + 10 * 300)


def test_a_script_of_ones_own_is_bounded_too() -> None:
    """What k6 says that a script may need is held against the machine, and the script is what to change."""
    script = replace(SMOKE, kind=ProfileKind.SCRIPT, rate_per_s=None, duration_s=5, vus=10)
    need = need_of(script, 1, 8)
    assert (need.vus_per_run, need.sockets_per_run) == (10, 60)
    check = check_profile(script, need, available_mb=1.0, open_files=(999, 999))
    assert (check.state, check.hint.partition(" or ")[0]) == (State.FAILED, "let the script have fewer VUs")


@pytest.mark.parametrize(
    ("available_mb", "files", "state", "said"),
    [
        (10_000.0, (1024, 4096), State.OK, "about 267 MB in all"),
        (None, (1024, 4096), State.OK, "4 k6 processes at once, each up to 51 VUs and 100 sockets"),
        (300.0, (1024, 4096), State.WARNING, "300 MB are available"),
        (200.0, (1024, 4096), State.FAILED, "only 200 MB are available"),
        (10_000.0, (100, 4096), State.WARNING, "the soft limit is 100 open files"),
        (10_000.0, (100, 100), State.FAILED, "only 100 open files are allowed"),
    ],
)
def test_a_profile_against_the_machine(
    available_mb: float | None, files: tuple[int, int], state: State, said: str
) -> None:
    """Too little memory or too few files fails, little is a warning, and each says what to do."""
    need = need_of(SMOKE, nodes=3, max_parallel=8)
    check = check_profile(SMOKE, need, available_mb=available_mb, open_files=files)
    assert check.state is state
    assert said in check.text
    assert bool(check.hint) == (state is not State.OK)


def test_a_home_that_is_well(tmp_path: Path) -> None:
    """A home that is missing is made, and the free space is told beside what is needed."""
    check = check_home(Home(tmp_path / "home"), requests=12_000)
    assert (check.state, check.figures["needed_mb"]) == (State.OK, 1)
    assert (tmp_path / "home" / "runs").is_dir()


def test_a_disk_that_is_too_small(tmp_path: Path) -> None:
    """More requests than any disk holds fails before anything starts."""
    check = check_home(Home(tmp_path / "home"), requests=10**15)
    assert check.state is State.FAILED
    assert "--home" in check.hint


def test_a_home_that_others_can_read(tmp_path: Path) -> None:
    """A home of somebody else's making that is open to others is a warning with the command to type."""
    (tmp_path / "open").mkdir(mode=0o755)
    check = check_home(Home(tmp_path / "open"), requests=0)
    assert (check.state, check.hint) == (State.WARNING, f"chmod 700 {tmp_path / 'open'}")


def test_a_home_that_is_a_file(tmp_path: Path) -> None:
    """A home that cannot be made is one failed line."""
    (tmp_path / "file").touch()
    assert check_home(Home(tmp_path / "file"), requests=0).state is State.FAILED


def test_open_files_of_this_process() -> None:
    """The limits are those that the system reports, the soft one not above the hard one."""
    soft, hard = open_files()
    assert 0 < soft <= hard


@pytest.mark.parametrize(
    ("failed", "code"), [((), 0), (("k6",), 4), (("config",), 2), (("config", "k6"), 2), (("node a",), 4)]
)
def test_exit_codes(failed: tuple[str, ...], code: int) -> None:
    """A broken config is 2 whatever else failed, anything else that failed 4, warnings alone 0."""
    checks = [Check(name="home", state=State.WARNING, text="")]
    checks += [Check(name=name, state=State.FAILED, text="") for name in failed]
    assert exit_code(checks) == code
