"""The daemon inside a test, where what it hears can be chosen: clocks that jump, a catalog that breaks."""

from __future__ import annotations

import math
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from analysis.findings import Detection, Limits
from orchestrator.catalog import Catalog
from orchestrator.config import load_settings
from orchestrator.daemon.daemon import Daemon
from orchestrator.daemon.log import Level, Log, LogFormat
from orchestrator.daemon.signals import Signals
from orchestrator.daemon.starts import Starts
from orchestrator.daemon.work import longest_s
from orchestrator.home import Home
from orchestrator.model import Node, Profile, Service
from orchestrator.plan import Plan
from orchestrator.runs.clocks import Reading, read_clocks
from tests.orchestrator.daemon.served import schedules
from tests.orchestrator.runs.stage import Answering, Stage, answering

CONFIG = """\
service: {{url: http://127.0.0.1/}}
nodes: [{{name: n, address: 127.0.0.1}}]
schedules: [{{name: often, every: {every}}}]
"""


class Heard(Log):
    """A log that keeps its lines, and does something when a certain one comes."""

    def __init__(self, when: str, then: Callable[[], object]) -> None:
        super().__init__(LogFormat.TEXT)
        self.lines: list[tuple[str, Level, dict[str, Any]]] = []
        self._when, self._then = when, then

    def write(self, event: str, *, level: Level = Level.INFO, **values: Any) -> None:
        """Keep a line."""
        self.lines.append((event, level, values))
        if event == self._when:
            self._then()

    def texts(self, event: str) -> list[str]:
        """Return the reasons of the lines of one kind."""
        return [str(values["reason"]) for name, _, values in self.lines if name == event]


def terminate() -> None:
    """Do what systemd does."""
    os.kill(os.getpid(), signal.SIGTERM)


def serve(folder: Path, log: Heard, config: str = CONFIG.format(every="7d"), **options: Any) -> Signals:
    """Serve in this process until told to stop."""
    (folder / "c.yaml").write_text(config)
    load = partial(load_settings, folder / "c.yaml", {})
    home = Home(folder / "home").create()
    starts = Starts(Catalog(home.catalog_db, home.locks_dir))
    with Signals() as signals:
        Daemon(home, load(), load, starts, log, **options).serve(signals)
    return signals


@pytest.mark.parametrize(
    ("jump", "said"),
    [
        ({"utc_ns": 3600}, "the clock was set forward by 3,600.00 s, to "),
        ({"utc_ns": -5}, "the clock was set back by 5.00 s, to "),
        ({"utc_ns": 900, "boot_ns": 900}, "the host slept for 900.00 s until "),
    ],
)
def test_a_clock_that_jumps_is_noticed(tmp_path: Path, jump: dict[str, int], said: str) -> None:
    """Set forward, set back, or a host that slept: one line with how much and until when."""
    log, looks = Heard("clock disturbed", terminate), count()

    def clocks() -> Reading:
        now = read_clocks()
        later = {name: getattr(now, name) + by * 10**9 for name, by in jump.items()}
        return replace(now, **later) if next(looks) else now

    signals = serve(tmp_path, log, clocks=clocks)
    assert signals.stop is signal.SIGTERM
    [text] = log.texts("clock disturbed")
    assert text.startswith(said)


def test_a_catalog_that_breaks_does_not_end_the_daemon(tmp_path: Path) -> None:
    """It says so once, starts nothing that it cannot write down, and goes on when told to stop."""
    database = tmp_path / "home" / "catalog.db"
    log = Heard("schedules wait", terminate)
    original = log.write

    def write(event: str, *, level: Level = Level.INFO, **values: Any) -> None:
        original(event, level=level, **values)
        if event == "serving":
            database.with_name("catalog.db-wal").unlink(missing_ok=True)
            database.write_bytes(b"no database " * 1000)

    log.write = write  # type: ignore[method-assign] # the moment between reading the config and the first look
    serve(tmp_path, log, CONFIG.format(every="1s"))
    [text] = log.texts("schedules wait")
    assert "catalog.db cannot be used: file is not a database" in text
    assert [event for event, _, _ in log.lines][-1] == "stopped"
    assert "campaign started" not in [event for event, _, _ in log.lines]


def test_a_campaign_that_hangs_is_ended_and_recorded(tmp_path: Path, k6_1: Path) -> None:
    """Counted from when it has begun; what it had measured is kept, and its schedule goes on."""
    stage, server = Stage(tmp_path, k6_1), Answering()
    with answering(server):
        nodes = {"n0": f"127.0.0.1:{server.port}"}
        stage.configure(nodes, more=schedules("name: long, every: 1s, duration: 10m"))
        config = (tmp_path / "stallwatch.yaml").read_text()
        log = Heard("campaign ended", terminate)
        serve(tmp_path, log, config, longest=lambda _: 1.0)
    assert log.texts("campaign ended")[0] == "its process had not ended 1 s after it began, and was killed"
    assert stage.left_after(3) == {}
    [campaign] = stage.listed("campaigns")
    assert campaign["state"] == "running", "the next daemon closes it"


def test_how_long_a_campaign_may_take() -> None:
    """Wave after wave with the time that k6 has to end, and half an hour to judge; a script says nothing."""
    profile = Profile(name="smoke", script=Path("smoke.js"), rate_per_s=10, duration_s=300, timeout_s=60)
    plan = Plan(
        id="a",
        profile=profile,
        service=Service(url="http://127.0.0.1/"),
        nodes=[Node(name=f"n{number}", host="127.0.0.1") for number in range(3)],
        limits=Limits(),
        detection=Detection(),
        max_parallel=2,
    )
    assert longest_s(plan) == 2 * (300 + 60 + 60) + 1800
    assert longest_s(replace(plan, profile=replace(profile, duration_s=None))) == math.inf
