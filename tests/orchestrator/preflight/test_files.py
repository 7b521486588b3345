"""Open files: how far the limit of this process is raised, and when a warning says that it is not enough."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
RAISING = """\
import resource, sys
from pathlib import Path
from orchestrator.model import Profile
from orchestrator.preflight.files import make_room
from orchestrator.preflight.machine import need_of
profile = Profile(name="smoke", script=Path("smoke.js"), rate_per_s=20, duration_s=60)
print(make_room(need_of(profile, nodes=3, max_parallel=8)))
print(*resource.getrlimit(resource.RLIMIT_NOFILE))
"""
# 100 VUs for `fresh`, one for `kept`, 6 connections, and 64 files of k6 itself.
NEED = 264


@pytest.mark.parametrize(
    ("soft", "hard", "raised", "warned"),
    [
        (50, 1000, NEED, False),
        (500, 1000, 500, False),
        (50, 150, 150, True),
        (150, 150, 150, True),
    ],
)
def test_the_soft_limit_is_raised_to_the_need(soft: int, hard: int, raised: int, warned: bool) -> None:
    """Never lowered, never above the hard limit, which stays; a warning says what to type."""
    done = subprocess.run(
        [sys.executable, "-c", RAISING],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_NOFILE, (soft, hard)
        ),  # sets a limit and nothing else
    )
    warning, limits = done.stdout.splitlines()
    assert limits == f"{raised} {hard}"
    assert bool(warning) == warned
    if warned:
        assert f"may need {NEED} open files, and 150 are allowed" in warning
        assert f"ulimit -Hn {NEED}" in warning
