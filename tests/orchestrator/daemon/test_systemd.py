"""systemd and the daemon: what it is told over a real socket, and that it takes our unit file."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from orchestrator.daemon.systemd import notify, watchdog_s
from tests.orchestrator.daemon.served import serving
from tests.orchestrator.runs.stage import ROOT, Stage
from tests.servers.parts import find_program

UNIT = ROOT / "deploy" / "stallwatch.service"


def test_it_says_when_it_is_ready_alive_and_stopping(
    tmp_path: Path, k6_1: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A daemon of Type=notify with a watchdog, as systemd hears it; its children are not heard."""
    stage = Stage(tmp_path, k6_1)
    stage.configure({"n0": "127.0.0.1:1"})
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(tmp_path / "notify"))
        heard.settimeout(60)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "2000000")
        with serving(stage) as served:
            said = [heard.recv(100) for _ in range(3)]
            served.signal(signal.SIGTERM)
            while said[-1] != b"STOPPING=1":
                said.append(heard.recv(100))
            assert served.ended() == 0
    assert said[:3] == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"]


def test_nobody_is_told_where_nobody_listens(tmp_path: Path) -> None:
    """No systemd, one that is gone, an abstract address: nothing is raised."""
    for environ in (
        {},
        {"NOTIFY_SOCKET": str(tmp_path / "gone")},
        {"NOTIFY_SOCKET": "@stallwatch-test-gone"},
    ):
        notify("READY=1", environ)


def test_the_watchdog_of_another_process_is_not_ours() -> None:
    """WATCHDOG_PID names whom it means; half of the time is what systemd recommends."""
    assert watchdog_s({"WATCHDOG_USEC": "120000000"}) == 60
    assert watchdog_s({"WATCHDOG_USEC": "120000000", "WATCHDOG_PID": str(os.getpid())}) == 60
    assert watchdog_s({"WATCHDOG_USEC": "120000000", "WATCHDOG_PID": "1"}) is None
    assert watchdog_s({}) is None


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    """`systemd-analyze verify` has nothing to say, but for the program that is not installed there."""
    program = find_program("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is missing here: it comes with systemd")
    unit = UNIT.read_text(encoding="utf-8")
    assert "/opt/stallwatch/bin/stallwatch serve " in unit
    (tmp_path / UNIT.name).write_text(unit.replace("/opt/stallwatch/bin/stallwatch", "/bin/true"))
    done = subprocess.run(
        [program, "verify", "--man=no", str(tmp_path / UNIT.name)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
