"""What stallwatch leaves of k6's request rate: a Run beside its control, against k6's own outputs.

A script as users write them, 20 VUs in a closed loop, saturates nginx on this machine; every way runs the
same script with the same system tags, one after the other, in turns. The rate is k6's own count.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from analysis.findings import Detection, Limits
from benchmarks._servers import nginx, program
from orchestrator.campaign import run_campaign
from orchestrator.home import Home
from orchestrator.k6.binary import K6Binary, find_k6
from orchestrator.k6.wrapper import SCRIPT_TAGS
from orchestrator.model import Node, Profile, ProfileKind, Service
from orchestrator.plan import Plan

VERSIONS = ("k6-1.1", "k6-2.2")
ROUNDS = 5
SECONDS = 10
BESIDE_SECONDS = 5
"""For what is only shown beside."""
BAR = 0.9
PIPE, OURS = "csv=- | cat > /dev/null", "stallwatch, control beside"
SCRIPT = """\
import http from 'k6/http';
export const options = {
  vus: 20,
  duration: `${__ENV.BENCH_SECONDS}s`,
  hosts: __ENV.BENCH_ADDRESS ? { 'shop.test': __ENV.BENCH_ADDRESS } : {},
};
export default function () {
  http.get('http://shop.test/healthz');
}
export function handleSummary(data) {
  return { [__ENV.BENCH_SUMMARY]: JSON.stringify(data.metrics) };
}
"""

Way = Callable[[K6Binary, int, Path, int], float]


def piped(binary: K6Binary, port: int, folder: Path, seconds: int) -> float:
    """Let k6 write CSV into a pipe that is read and thrown away: what the others are compared with."""
    reader = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    assert reader.stdin is not None
    rate = _k6(binary, port, folder, seconds, "csv=-", stdout=reader.stdin.fileno())
    reader.stdin.close()
    reader.wait()
    return rate


def csv_file(binary: K6Binary, port: int, folder: Path, seconds: int) -> float:
    """Let k6 write CSV to a file."""
    return _k6(binary, port, folder, seconds, f"csv={folder / 'out.csv'}")


def json_file(binary: K6Binary, port: int, folder: Path, seconds: int) -> float:
    """Let k6 write JSON to a file."""
    return _k6(binary, port, folder, seconds, f"json={folder / 'out.json'}")


def influxdb(binary: K6Binary, port: int, folder: Path, seconds: int) -> float:
    """Let k6 send to an InfluxDB that takes everything and keeps nothing."""
    return _k6(binary, port, folder, seconds, f"influxdb=http://127.0.0.1:{port}/k6")


def _k6(  # noqa: PLR0917 # as ways are called, and where it writes
    binary: K6Binary, port: int, folder: Path, seconds: int, output: str, stdout: int = subprocess.DEVNULL
) -> float:
    script = folder / "script.js"
    script.write_text(SCRIPT, encoding="utf-8")
    summary = folder / "summary.json"
    argv = [binary.path, "run", "--quiet", "--no-color", "--log-output=stderr", "--address", ""]
    argv += [f"--system-tags={SCRIPT_TAGS}", "-o", output, script]
    env = {
        "PATH": os.environ["PATH"],
        "HOME": "/nonexistent",
        "K6_NO_USAGE_REPORT": "true",
        "K6_CSV_TIME_FORMAT": "unix_nano",
        "BENCH_ADDRESS": f"127.0.0.1:{port}",
        "BENCH_SECONDS": str(seconds),
        "BENCH_SUMMARY": str(summary),
    }
    subprocess.run(
        [str(word) for word in argv],
        env=env,
        stdout=stdout,
        stderr=subprocess.DEVNULL,
        check=True,
        timeout=60,
    )
    return _rate(summary, seconds)


def stallwatch(binary: K6Binary, port: int, folder: Path, seconds: int) -> float:
    """Run a Campaign of the user's script: wrapped, decoded, stored and judged, the control beside."""
    script = folder / "script.js"
    script.write_text(SCRIPT, encoding="utf-8")
    plan = Plan(
        id="bench",
        profile=Profile(
            name="bench",
            script=script,
            rate_per_s=None,
            duration_s=seconds,
            kind=ProfileKind.SCRIPT,
            vus=20,
            environ={"BENCH_SECONDS": str(seconds)},
            max_rate_per_s=1_000_000.0,
        ),
        service=Service(url="http://shop.test/healthz"),
        nodes=(Node(name="node-1", host="127.0.0.1", port=port),),
        limits=Limits(),
        detection=Detection(),
    )
    home = Home(folder / "home")
    result = run_campaign(plan, home, binary)
    assert not result.failures, result.failures
    summary = home.run_dir(plan.run_id(plan.nodes[0])) / "k6" / "summary.json"
    (node,) = result.judged.analysis.nodes
    assert node.analysis.rows == node.analysis.facts.expected_requests, result.judged.analysis.sentence
    return _rate(summary, seconds)


def _rate(summary: Path, seconds: int) -> float:
    metrics = json.loads(summary.read_text(encoding="utf-8"))
    return float(metrics["http_reqs"]["values"]["count"]) / seconds


WAYS: Mapping[str, Way] = {
    PIPE: piped,
    OURS: stallwatch,
    "csv to a file": csv_file,
    "json to a file": json_file,
    "influxdb to a null sink": influxdb,
}


def rates(binary: K6Binary) -> dict[str, list[float]]:
    """Run every way in each round, there and back, and return its rates by round."""
    found: dict[str, list[float]] = {name: [] for name in WAYS}
    with nginx() as port:
        for number in range(ROUNDS):
            names = list(WAYS) if number % 2 == 0 else list(reversed(list(WAYS)))
            for name in names:
                seconds = SECONDS if name in {PIPE, OURS} else BESIDE_SECONDS
                with tempfile.TemporaryDirectory(prefix="stallwatch-bench-") as folder:
                    found[name].append(WAYS[name](binary, port, Path(folder), seconds))
                time.sleep(0.3)  # what the last one left behind: sockets, dirty pages
    return found


def main() -> int:
    """Print medians, and ratios to the pipe; 1 when stallwatch keeps too little of either version."""
    missed = False
    for version in VERSIONS:
        binary = find_k6(program(version), os.environ)
        found = rates(binary)
        print(f"requests/s of k6 {binary.version_text}, 20 VUs, {ROUNDS} rounds of {SECONDS} s")
        print(f"  {'':<28}{'median':>9}{'lowest':>9}{'highest':>9}{'ratio':>7}{'lowest':>8}{'highest':>8}")
        for name, values in found.items():
            ratios = [value / other for value, other in zip(values, found[PIPE], strict=True)]
            print(
                f"  {name:<28}{statistics.median(values):>9,.0f}{min(values):>9,.0f}{max(values):>9,.0f}"
                f"{statistics.median(ratios):>7.2f}{min(ratios):>8.2f}{max(ratios):>8.2f}"
            )
            missed = missed or (name == OURS and statistics.median(ratios) < BAR)
    print(f"ratios are to the pipe in the same round; bar: stallwatch keeps at least {BAR:g}")
    return int(missed)
