"""The control's server: answers, freezes, and never outlives who started it."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.errors import StallwatchError
from orchestrator.loopback.process import loopback_server

ROOT = Path(__file__).parents[3]
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
CLOSE = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def read_answers(connection: socket.socket, count: int) -> bytes:
    """Read until this many bodies have come."""
    data = b""
    while data.count(b"\r\n\r\nok\n") < count:
        more = connection.recv(65536)
        assert more, data
        data += more
    return data


def test_connections_are_kept_until_asked_to_close() -> None:
    """Requests share a connection, in pieces or several at once; `Connection: close` ends it."""
    with loopback_server() as port, socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(GET + GET)
        assert read_answers(connection, 2).count(b"HTTP/1.1 200 OK") == 2
        for part in (GET[:9], GET[9:-2], GET[-2:]):
            connection.sendall(part)
        read_answers(connection, 1)
        connection.sendall(CLOSE)
        assert b"Connection: close\r\n" in read_answers(connection, 1)
        assert connection.recv(1) == b""


def test_head_without_end_is_cut_off() -> None:
    """A client that sends headers for ever is dropped, and others are still served."""
    with loopback_server() as port:
        with (
            socket.create_connection(("127.0.0.1", port), 10) as endless,
            pytest.raises(ConnectionError),
        ):
            endless.sendall(b"x" * 64_000_000)
        with socket.create_connection(("127.0.0.1", port), 10) as connection:
            connection.sendall(GET)
            assert read_answers(connection, 1)


def test_freeze_delays_what_comes_during_it() -> None:
    """A server told to freeze for 0.5 s each second makes some request of a second wait for it."""
    with (
        loopback_server(freeze_s=0.5, period_s=1.0, phase_s=0.2) as port,
        socket.create_connection(("127.0.0.1", port), 10) as connection,
    ):
        waits = 0
        for _ in range(100_000):
            connection.sendall(GET)
            if not select.select([connection], [], [], 0.2)[0]:
                waits += 1
            read_answers(connection, 1)
            if waits == 2:
                break
        assert waits == 2


def test_server_ends_with_the_block() -> None:
    """Behind the block nobody listens."""
    with loopback_server() as port:
        pass
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 5)


def test_users_folder_and_settings_do_not_reach_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither modules in the folder a user stands in nor PYTHON* variables can break the server."""
    (tmp_path / "orchestrator").mkdir()
    (tmp_path / "asyncio.py").write_text("raise SystemExit('wrong asyncio')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHONSTARTUP", "/nonexistent")
    with loopback_server() as port:
        assert port > 0


def test_server_that_cannot_start_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the server said last is in the error, and no process is left."""
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho 'no room for a server' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(broken))
    with pytest.raises(StallwatchError, match="did not start: no room for a server"), loopback_server():
        pass


ORPHANING = """\
import os
from orchestrator.loopback.process import loopback_server
with loopback_server() as port:
    print(port, flush=True)
    os.read(0, 1)
"""


def test_server_does_not_outlive_its_starter() -> None:
    """After SIGKILL of its starter the server is gone: its connections end."""
    starter = subprocess.Popen(
        [sys.executable, "-c", ORPHANING], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with starter:
        assert starter.stdout is not None
        port = int(starter.stdout.readline())
        with socket.create_connection(("127.0.0.1", port), 10) as connection:
            connection.sendall(GET)
            read_answers(connection, 1)
            os.kill(starter.pid, signal.SIGKILL)
            connection.settimeout(30)
            with contextlib.suppress(ConnectionResetError):
                assert connection.recv(1) == b""
