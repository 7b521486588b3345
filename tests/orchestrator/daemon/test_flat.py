"""A daemon that has run some campaigns holds no more than before; benchmarks/daemon.py does a hundred."""

from __future__ import annotations

import os
from pathlib import Path

from tests.orchestrator.daemon.served import schedules, serving
from tests.orchestrator.runs.stage import Answering, Stage, answering

CAMPAIGNS = 3
GROWTH_MB = 2.0


def resident_mb(pid: int) -> float:
    """Return the memory of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def open_files(pid: int) -> list[str]:
    """Return what a process has open, without numbers that differ each time."""
    return sorted(str(path.readlink()).partition(":[")[0] for path in Path(f"/proc/{pid}/fd").iterdir())


def test_campaigns_leave_nothing_behind(tmp_path: Path, k6_1: Path) -> None:
    """Neither memory nor open files grow from campaign to campaign, and no child stays."""
    stage, server = Stage(tmp_path, k6_1), Answering()
    with answering(server):
        nodes = {"n0": f"127.0.0.1:{server.port}"}
        stage.configure(nodes, duration="1s", more=schedules("name: often, every: 1s"))
        with serving(stage) as served:
            found = []
            for count in range(1, CAMPAIGNS + 1):
                served.wait_for("campaign ended", count)
                served.wait_for("campaign started", count + 1)
                found.append((resident_mb(served.process.pid), open_files(served.process.pid)))
    first, last = found[0], found[-1]
    assert last[1] == first[1]
    assert last[0] - first[0] < GROWTH_MB
