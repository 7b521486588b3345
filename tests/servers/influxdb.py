"""A real InfluxDB for tests: one that lives for the session, and others to kill."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from orchestrator.model import InfluxSettings
from orchestrator.stores.influxdb.client import InfluxClient
from tests.servers import parts

START_S = 60.0
ORG, BUCKET = "ops", "stallwatch"
URL, TOKEN, ORG_NAME = (f"STALLWATCH_TEST_INFLUXDB_{name}" for name in ("URL", "TOKEN", "ORG"))


class InfluxServer:
    """An influxd of its own on a free port of 127.0.0.1, which keeps what it has when it is killed.

    Parameters
    ----------
    folder
        Where it keeps its data and its log.
    wrapper
        A program, with arguments, that runs influxd (such as one that sets limits).
    """

    def __init__(self, folder: Path, *, wrapper: tuple[str, ...] = ()) -> None:
        self._folder = folder
        self._wrapper = wrapper
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self.settings = InfluxSettings(
            url=f"http://127.0.0.1:{self.port}", org=ORG, bucket=BUCKET, token=secrets.token_hex(16)
        )

    @property
    def pid(self) -> int:
        """The process that runs."""
        assert self._process is not None, "influxd is not running"
        return self._process.pid

    def start(self) -> None:
        """Start it, again after `kill` or `stop`, and wait until it answers."""
        binary = parts.require("influxd")
        self._folder.mkdir(parents=True, exist_ok=True)
        arguments = [f"--{name}-path={self._folder / name}" for name in ("bolt", "engine", "sqlite")]
        arguments += [f"--http-bind-address=127.0.0.1:{self.port}", "--reporting-disabled"]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._wrapper, str(binary), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Its own settings could come from the environment.
                env={n: v for n, v in os.environ.items() if not n.startswith(("INFLUXD_", "STALLWATCH_"))},
            )
        self._wait_until_healthy()

    def set_up(self) -> None:
        """Make the org, the bucket and the token of its settings."""
        answer = httpx.post(
            f"{self.settings.url}/api/v2/setup",
            json={
                "username": "tests",
                "password": secrets.token_hex(16),
                "org": self.settings.org,
                "bucket": self.settings.bucket,
                "token": self.settings.token,
            },
            timeout=START_S,
            trust_env=False,
        )
        answer.raise_for_status()

    def kill(self) -> None:
        """Take it away at once, as a power cut does."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Have it end in order; nothing happens when it does not run."""
        self._end(signal.SIGTERM)

    def log(self) -> str:
        """Return what it said."""
        return (self._folder / "log").read_text(encoding="utf-8", errors="replace")

    def _end(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(number)
        try:
            self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _wait_until_healthy(self) -> None:
        assert self._process is not None
        until = time.monotonic() + START_S
        while time.monotonic() < until:
            if self._process.poll() is not None:
                break
            try:
                if httpx.get(f"{self.settings.url}/health", timeout=5, trust_env=False).is_success:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.05)
        code = self._process.poll()
        self.stop()
        raise AssertionError(f"influxd did not start ({code=}):\n{self.log()[-2000:]}")


@contextmanager
def influxd(folder: Path) -> Iterator[InfluxServer]:
    """Run an InfluxDB of its own, set up."""
    server = InfluxServer(folder)
    try:
        server.start()
        server.set_up()
        yield server
    finally:
        server.stop()


def running_server(environ: Mapping[str, str]) -> InfluxSettings | None:
    """Return the server that the environment names, with a token that may make buckets; or None."""
    if URL not in environ:
        return None
    missing = [name for name in (TOKEN, ORG_NAME) if not environ.get(name)]
    if missing:
        raise pytest.UsageError(f"{URL} is set, and {' and '.join(missing)} must be too")
    return InfluxSettings(
        url=environ[URL].rstrip("/"), org=environ[ORG_NAME], bucket=BUCKET, token=environ[TOKEN]
    )


def with_new_bucket(server: InfluxSettings) -> InfluxSettings:
    """Make a bucket that nobody else has."""
    settings = replace(server, bucket=f"test-{secrets.token_hex(8)}")
    with InfluxClient(settings) as client:
        client.create_bucket()
    return settings


def drop_bucket(settings: InfluxSettings) -> None:
    """Take a bucket away again."""
    with (
        httpx.Client(
            base_url=settings.url, headers={"Authorization": f"Token {settings.token}"}, trust_env=False
        ) as http,
        InfluxClient(settings) as client,
    ):
        if bucket := client.find_bucket():
            http.delete(f"/api/v2/buckets/{bucket.id}", timeout=START_S).raise_for_status()


def free_port() -> int:
    """Return a port of 127.0.0.1 that was free a moment ago."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
    return port
