"""Memory and open files of the daemon over a hundred campaigns of 2 s, its children not counted.

The daemon is the command itself against nginx, with one schedule a second: a campaign begins as soon as the
last has ended, far closer than in any real use, and all others are recorded as skipped.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks._servers import nginx, program

CAMPAIGNS = 100
WARM = 10
FLAT_MB = 2.0
ROOT = Path(__file__).resolve().parents[1]
CONFIG = """\
service: {{url: "http://shop.test/healthz"}}
nodes: [{{name: node-1, address: "127.0.0.1:{port}"}}]
profiles: {{smoke: {{rate_per_s: 10, duration: 2s}}}}
schedules: [{{name: all-the-time, every: 1s}}]
k6: {{binary: {k6}}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The daemon at the end of one campaign."""

    resident_mb: float
    files: int
    threads: int
    state: str


def live(k6: Path) -> tuple[list[Look], int]:
    """Run a daemon for so many campaigns; return what it took after each, and the bytes of its catalog."""
    found: list[Look] = []
    with nginx() as port, tempfile.TemporaryDirectory(prefix="stallwatch-bench-") as folder:
        config = Path(folder) / "stallwatch.yaml"
        config.write_text(CONFIG.format(port=port, k6=k6), encoding="utf-8")
        argv = [sys.executable, "-m", "orchestrator.cli.app", "serve", "--log-format", "json", "--no-web"]
        argv += ["--config", str(config), "--home", f"{folder}/home"]
        with subprocess.Popen(
            argv,
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stderr is not None
            for line in process.stderr:
                said = json.loads(line)
                if said["event"] == "campaign ended":
                    found.append(_look(process.pid, said["state"]))
                if len(found) == CAMPAIGNS:
                    break
            process.terminate()
            process.stderr.read()
        return found, (Path(folder) / "home/catalog.db").stat().st_size


def _look(pid: int, state: str) -> Look:
    folder = Path(f"/proc/{pid}")
    pages = int((folder / "statm").read_text().split()[1])
    return Look(
        resident_mb=pages * os.sysconf("SC_PAGE_SIZE") / 1e6,
        files=len(list((folder / "fd").iterdir())),
        threads=len(list((folder / "task").iterdir())),
        state=state,
    )


def main() -> int:
    """Print the figures; 1 when the daemon grew."""
    found, catalog_bytes = live(program("k6-2.2"))
    warm, late = found[WARM - 1], found[-1]
    print(f"the daemon over {len(found)} campaigns of 2 s ({sum(x.state == 'done' for x in found)} done)")
    print(f"  resident memory after {WARM}   {warm.resident_mb:6.1f} MB")
    print(f"  resident memory after {len(found)}  {late.resident_mb:6.1f} MB  (bar {FLAT_MB:g} MB more)")
    print(f"  highest                    {max(x.resident_mb for x in found):6.1f} MB")
    print(
        f"  open files                 {warm.files:3} and {late.files}, highest {max(x.files for x in found)}"
    )
    print(f"  threads                    {warm.threads:3} and {late.threads}")
    print(f"  catalog                    {catalog_bytes / 1e3:6.0f} kB")
    grew = late.resident_mb - warm.resident_mb > FLAT_MB or late.files > warm.files
    return int(grew or len(found) < CAMPAIGNS)
