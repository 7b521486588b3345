"""Runs of real k6 that many tests look at: made once for each version, side by side."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from orchestrator.model import Service
from tests.orchestrator.k6.hostile import PROXIES, SETTINGS
from tests.orchestrator.k6.runs import SERVICE, Measured, Measuring
from tests.orchestrator.k6.servers import Server, serving
from tests.orchestrator.preflight.nodes import black_hole, closed_port

SECRET = "Bearer one-that-nobody-may-see"


@dataclass(frozen=True, slots=True, kw_only=True)
class Calm:
    """Runs against servers that answer, and what those saw."""

    plain: Measured
    plain_server: Server
    plain_argvs: tuple[bytes, ...]
    tls: Measured
    tls_server: Server
    hostile: Measured
    hostile_server: Server
    teapot: Measured


@dataclass(frozen=True, slots=True, kw_only=True)
class Faulty:
    """Runs against what does not answer as it should, each with a request timeout of 2 s."""

    freeze: Measured
    freeze_server: Server
    redirect: Measured
    redirect_server: Server
    refused: Measured
    silent: Measured
    hole: Measured
    wrong_ca: Measured

    def untimed(self) -> tuple[Measured, ...]:
        """Return the Runs whose requests k6 has no time for."""
        return self.refused, self.hole, self.wrong_ca


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[trustme.CA, Path, Path]:
    """Make the CA of the TLS servers, its file, and the file of a CA that signed nothing."""
    folder = tmp_path_factory.mktemp("certificates")
    right, wrong = trustme.CA(), trustme.CA()
    right.cert_pem.write_to_path(str(folder / "right.pem"))
    wrong.cert_pem.write_to_path(str(folder / "wrong.pem"))
    return right, folder / "right.pem", folder / "wrong.pem"


@pytest.fixture(scope="session")
def calm(
    k6_binary: Path,
    tmp_path_factory: pytest.TempPathFactory,
    certificates: tuple[trustme.CA, Path, Path],
) -> Iterator[Calm]:
    """Run against servers that answer: plain, TLS, in a hostile environment, with an odd status."""
    folder = tmp_path_factory.mktemp("calm")
    ca, ca_file, _ = certificates
    with ExitStack() as stack:
        plain, hostile = stack.enter_context(serving()), stack.enter_context(serving())
        tls, teapot = stack.enter_context(serving(ca=ca)), stack.enter_context(serving(status=418))
        proxy = stack.enter_context(closed_port())
        settings = SETTINGS | dict.fromkeys(PROXIES, f"http://127.0.0.1:{proxy}") | {"NO_PROXY": ""}
        secret = Service(url=SERVICE.url, headers={"Authorization": SECRET})
        runs = [
            Measuring(k6_binary, folder / "plain", plain.port, service=secret, rate_per_s=40),
            Measuring(
                k6_binary,
                folder / "tls",
                tls.port,
                service=Service(url="https://shop.test/healthz", ca_file=ca_file),
            ),
            Measuring(k6_binary, folder / "hostile", hostile.port, environ=os.environ | settings),
            Measuring(
                k6_binary,
                folder / "teapot",
                teapot.port,
                service=Service(url=SERVICE.url, expect_status=418),
            ),
        ]
        plain.wait_for(1)
        argvs = tuple(Path(f"/proc/{run.process.pid}/cmdline").read_bytes() for run in runs)
        measured = [run.finish() for run in runs]
        yield Calm(
            plain=measured[0],
            plain_server=plain,
            plain_argvs=argvs,
            tls=measured[1],
            tls_server=tls,
            hostile=measured[2],
            hostile_server=hostile,
            teapot=measured[3],
        )


@pytest.fixture(scope="session")
def faulty(
    k6_binary: Path,
    tmp_path_factory: pytest.TempPathFactory,
    certificates: tuple[trustme.CA, Path, Path],
) -> Iterator[Faulty]:
    """Run against a freeze, a redirect, a closed port, silence, a black hole and a strange certificate."""
    folder = tmp_path_factory.mktemp("faulty")
    ca, _, wrong_file = certificates
    with ExitStack() as stack:
        freeze, redirect = (
            stack.enter_context(serving(frozen_at_s=1.5)),
            stack.enter_context(serving(status=302)),
        )
        silent, tls = stack.enter_context(serving(status=None)), stack.enter_context(serving(ca=ca))
        closed, hole = stack.enter_context(closed_port()), stack.enter_context(black_hole())
        strange = Service(url="https://shop.test/healthz", ca_file=wrong_file)

        def run(name: str, port: int, *, service: Service = SERVICE, rate_per_s: float = 20.0) -> Measuring:
            return Measuring(
                k6_binary, folder / name, port, service=service, rate_per_s=rate_per_s, timeout_s=2.0
            )

        runs = [
            run("freeze", freeze.port, rate_per_s=40.0),
            run("redirect", redirect.port),
            run("refused", closed),
            run("silent", silent.port),
            run("hole", hole),
            run("wrong-ca", tls.port, service=strange),
        ]
        measured = [one.finish() for one in runs]
        yield Faulty(
            freeze=measured[0],
            freeze_server=freeze,
            redirect=measured[1],
            redirect_server=redirect,
            refused=measured[2],
            silent=measured[3],
            hole=measured[4],
            wrong_ca=measured[5],
        )
