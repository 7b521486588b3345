"""Every sample script, run once with each version of k6, side by side, against one shop."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestrator.home import Home
from tests.orchestrator.scripts.runs import SAMPLES, Ended, run_all, script
from tests.orchestrator.scripts.servers import Shop, echoing, greeting, shop

PASSWORD = "swordfish-of-the-shop"
ELSEWHERE = "127.0.0.3"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """The Runs by the name of their script, and what the servers saw of them together."""

    runs: dict[str, Ended]
    shop: Shop
    elsewhere: Shop
    grpc_calls: list[bytes]
    texts: list[str]
    home: Home
    samples_before: dict[Path, bytes]

    def __getitem__(self, name: str) -> Ended:
        return self.runs[name]


def everything_under(folder: Path) -> dict[Path, bytes]:
    """Return the files of a folder with what is in them."""
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture(scope="session")
def ran(k6_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    """Run every sample."""
    home, before = Home(tmp_path_factory.mktemp("scripts")), everything_under(SAMPLES)
    with ExitStack() as stack:
        server, elsewhere = stack.enter_context(shop()), stack.enter_context(shop(ELSEWHERE))
        grpc_address, calls = stack.enter_context(greeting())
        ws_url, texts = stack.enter_context(echoing())
        environ = {
            "USER": "demo",
            "PASSWORD": PASSWORD,
            "GRPC_ADDRESS": grpc_address,
            "WS_URL": ws_url,
            "CDN": elsewhere.address,
            "TRACKER": elsewhere.address,
            "PARTNER": "198.51.100.7",
        }
        allowed = {"redirects": [ELSEWHERE], "stray": ["198.51.100.7"]}
        names = [path.relative_to(SAMPLES) for path in sorted(before) if _is_script(path)]
        profiles = [script(str(n), environ=environ, addresses=allowed.get(n.stem, ())) for n in names]
        runs = run_all(k6_binary, home, server.port, profiles)
        yield Ran(
            runs=runs,
            shop=server,
            elsewhere=elsewhere,
            grpc_calls=calls,
            texts=texts,
            home=home,
            samples_before=before,
        )


def _is_script(path: Path) -> bool:
    return path.suffix in {".js", ".ts"} and path.parent.name != "lib"
