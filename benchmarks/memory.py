"""Memory of the orchestrator, k6 not counted: a real campaign of eight nodes, and 2 M requests of one Run.

The campaign is the command itself against nginx; its resident memory is looked at from outside while any
of its k6 runs. 2 M requests are k6's CSV made by rule, fed at full speed into what a Run feeds.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from benchmarks._children import in_a_child
from benchmarks._servers import nginx, program
from benchmarks.decode import make_csv

NODES = 8
RATE_PER_S = 50
SECONDS = 30
REQUESTS = 2_000_000
CHUNK_REQUESTS = 20_000
READ_BYTES = 1 << 16
BAR_MB = 200.0
FLAT_MB = 10.0
ROOT = Path(__file__).resolve().parents[1]
CONFIG = """\
service: {{url: "http://shop.test/healthz"}}
nodes:
{nodes}
profiles: {{smoke: {{rate_per_s: {rate}, duration: {seconds}s}}}}
k6: {{binary: {k6}}}
"""


def campaign_mb(k6: Path) -> list[float]:
    """Run a campaign of eight nodes and return the resident memory of stallwatch, four times a second."""
    found: list[float] = []
    with nginx() as port, tempfile.TemporaryDirectory(prefix="stallwatch-bench-") as folder:
        nodes = "\n".join(f'  - {{name: node-{n}, address: "127.0.0.1:{port}"}}' for n in range(NODES))
        config = Path(folder) / "stallwatch.yaml"
        config.write_text(
            CONFIG.format(nodes=nodes, rate=RATE_PER_S, seconds=SECONDS, k6=k6), encoding="utf-8"
        )
        argv = [sys.executable, "-m", "orchestrator.cli.app", "run-smoke", "--config", str(config)]
        argv += ["--home", f"{folder}/home"]
        environ = os.environ | {"PYTHONPATH": str(ROOT)}
        with subprocess.Popen(
            argv, cwd=folder, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        ) as process:
            while process.poll() is None:
                if "k6" in _children(process.pid):
                    found.append(_resident_mb(process.pid))
                time.sleep(0.25)
            said = process.stderr.read() if process.stderr else ""
        assert len(found) > 2 * SECONDS, f"the campaign did not run: {said[-500:]}"
    return found


def recording_mb() -> list[float]:
    """Feed 2 M requests to a Run and return the memory of this process after every 20,000."""
    from orchestrator.k6.recording import Recording
    from orchestrator.stores.parquet import ParquetStore

    pa.set_memory_pool(pa.system_memory_pool())  # as a campaign does
    found = []
    with tempfile.TemporaryDirectory(prefix="stallwatch-bench-") as folder:
        writer = ParquetStore(lambda _: Path(folder)).writer("bench")
        recording = Recording(writer)
        for chunk in _chunks():
            for at in range(0, len(chunk), READ_BYTES):
                recording.take(chunk[at : at + READ_BYTES])
            found.append(_resident_mb(os.getpid()))
        recording.finish()
        rows = writer.close()
    assert rows == REQUESTS, f"{rows} rows of {REQUESTS}"
    return found


def _chunks() -> Iterator[bytes]:
    """Give k6's CSV 90 s by 90 s, each 100 s after the one before: the seconds' first digits count on."""
    header, _, first = make_csv(CHUNK_REQUESTS, CHUNK_REQUESTS / 90).partition(b"\n")
    yield header + b"\n"
    hundreds = int(first.split(b",", 2)[1][:8])
    for number in range(REQUESTS // CHUNK_REQUESTS):
        yield first.replace(b",%d" % hundreds, b",%d" % (hundreds + number))


def _children(pid: int) -> set[str]:
    """Return the names of a process's children."""
    names = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            name, _, fields = (folder / "stat").read_text().partition("(")[2].rpartition(")")
        except OSError:
            continue  # it ended meanwhile
        if int(fields.split()[1]) == pid:
            names.add(name)
    return names


def _resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> int:
    """Print both; 1 when a bar is missed."""
    real = campaign_mb(program("k6-2.2"))
    print(f"resident memory of stallwatch, {NODES} nodes and a control at {RATE_PER_S} requests/s each")
    print(f"  after 5 s  {real[20]:6.0f} MB")
    print(f"  highest    {max(real):6.0f} MB  (bar {BAR_MB:g} MB)")
    print(f"  at the end {real[-1]:6.0f} MB")
    fed = in_a_child(recording_mb)
    early, late = max(fed[: len(fed) // 10]), max(fed[len(fed) // 2 :])
    print(f"resident memory of one Run fed with {REQUESTS:,} made requests")
    print(f"  highest of the first {REQUESTS // 10:,}  {early:6.0f} MB")
    print(f"  highest of the second half  {late:6.0f} MB  (bar {FLAT_MB:g} MB more)")
    return int(max(real) > BAR_MB or late - early > FLAT_MB)
