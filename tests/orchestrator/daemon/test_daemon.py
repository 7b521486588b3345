"""The daemon inside a test, where what it hears can be chosen: clocks that jump, a catalog that breaks."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from orchestrator.catalog import Catalog
from orchestrator.config import load_settings
from orchestrator.daemon.daemon import Daemon
from orchestrator.daemon.log import Level, Log, LogFormat
from orchestrator.daemon.signals import Signals
from orchestrator.daemon.starts import Starts
from orchestrator.home import Home
from orchestrator.runs.clocks import Reading, read_clocks

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


def serve(
    folder: Path, log: Heard, *, every: str = "7d", clocks: Callable[[], Reading] = read_clocks
) -> Signals:
    """Serve in this process until told to stop."""
    (folder / "c.yaml").write_text(CONFIG.format(every=every))
    load = partial(load_settings, folder / "c.yaml", {})
    home = Home(folder / "home").create()
    starts = Starts(Catalog(home.catalog_db, home.locks_dir))
    with Signals() as signals:
        Daemon(home, load(), load, starts, log, environ={}, clocks=clocks).serve(signals)
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
    serve(tmp_path, log, every="1s")
    [text] = log.texts("schedules wait")
    assert "catalog.db cannot be used: file is not a database" in text
    assert [event for event, _, _ in log.lines][-1] == "stopped"
    assert "campaign started" not in [event for event, _, _ in log.lines]
