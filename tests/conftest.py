"""Real parts as fixtures, a home of its own for each test, and what this machine had to skip."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from orchestrator.model import InfluxSettings
from tests.servers import parts
from tests.servers.influxdb import InfluxServer, drop_bucket, influxd, running_server, with_new_bucket

# Elapsed time says nothing on a busy machine, and a test that failed in CI must fail again at the desk.
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.register_profile("desk", deadline=None)
hypothesis.settings.load_profile("ci" if parts.in_ci() else "desk")

RUNNING_INFLUXDB = running_server(os.environ)  # read here, before `own_environment` takes it away


@pytest.fixture(autouse=True)
def own_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Give each test its own STALLWATCH_HOME, and none of the developer's settings for k6 or proxies."""
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            if name.upper().endswith("_PROXY") or name.startswith(("K6_", "STALLWATCH_")):
                patch.delenv(name)
        patch.setenv("STALLWATCH_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="session", params=["k6-1.1", "k6-2.2"])
def k6_binary(request: pytest.FixtureRequest) -> Path:
    """Each supported major version of k6 in turn."""
    return parts.require(request.param)


@pytest.fixture(scope="session")
def k6_1() -> Path:
    """Name the oldest supported k6, for tests that prove nothing about versions."""
    return parts.require("k6-1.1")


@pytest.fixture(scope="session")
def k6_2() -> Path:
    """Name the newest supported k6."""
    return parts.require("k6-2.2")


@pytest.fixture(scope="session")
def chromium() -> Path:
    """Name a real Chromium, to look at reports."""
    return parts.require("chromium")


@pytest.fixture(scope="session")
def nginx() -> Path:
    """Name a real nginx, to send requests to."""
    return parts.require("nginx")


@pytest.fixture(scope="session")
def ip() -> Path:
    """Name the program of iproute2."""
    return parts.require("ip")


@pytest.fixture(scope="session")
def influxdb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxSettings]:
    """Give a real InfluxDB that all tests share: the one that STALLWATCH_TEST_INFLUXDB_URL names, or our own.

    Nobody may stop it or rely on its bucket; see `influx_bucket` and `own_influxdb`.
    """
    if RUNNING_INFLUXDB:
        yield RUNNING_INFLUXDB
        return
    with influxd(tmp_path_factory.mktemp("influxd")) as server:
        yield server.settings


@pytest.fixture
def influx_bucket(influxdb: InfluxSettings) -> Iterator[InfluxSettings]:
    """Give an empty bucket of the shared InfluxDB."""
    bucket = with_new_bucket(influxdb)
    yield bucket
    drop_bucket(bucket)


@pytest.fixture
def own_influxdb(tmp_path: Path) -> Iterator[InfluxServer]:
    """Give an InfluxDB that a test may kill, stop and start again; it is set up and runs."""
    with influxd(tmp_path / "influxd") as server:
        yield server


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which real parts this machine lacks, and how to get them."""
    missing = [part for part in parts.PARTS if parts.locate(part) is None]
    if missing:
        terminalreporter.section("real parts that are missing here")
    for part in missing:
        terminalreporter.line(f"{part}: {parts.why_missing(part)}")
