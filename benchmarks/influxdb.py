"""What InfluxDB costs a Run, and how late its points come; `k6 -o influxdb` on the same load beside it.

Saturated: a script of 20 VUs in a closed loop, with and without InfluxDB, in turns. At a fixed rate: 1,000
requests/s into a real InfluxDB, once undisturbed and once with the server killed and started again in the
middle; what k6 counted against what InfluxDB has.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import statistics
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import numpy as np
import numpy.typing as npt

from analysis.findings import Detection, Limits
from benchmarks._children import in_a_child
from benchmarks._influxdb import MemoryWatch, influxd
from benchmarks._servers import nginx, program
from orchestrator.campaign import run_campaign
from orchestrator.home import Home
from orchestrator.k6.binary import find_k6
from orchestrator.k6.wrapper import SCRIPT_TAGS
from orchestrator.model import InfluxSettings, Node, Profile, ProfileKind, Service, Shipping
from orchestrator.plan import Plan
from orchestrator.shipping.beside import beside
from orchestrator.stores.influxdb.client import InfluxClient
from tests.servers.influxdb import InfluxServer

ROUNDS = 3
SECONDS = 10
FIXED_SECONDS = 20
KILL_S = 3.0
"""After the first points have come."""
RATE = 1_000
BAR, LATE_S, LATE_BAR = 0.9, 3.0, 0.05
K6 = "k6-1.1"
PROCESSES = {
    b"k6\0run": "k6",
    b"multiprocessing.spawn": "orchestrator",
    b"orchestrator.shipping.child": "shipper",
    b"--http-bind-address": "influxd",
}
"""What arguments tell a process by; stallwatch's k6 processes are two, the node's and the control's."""
SCRIPT = """\
import http from 'k6/http';
const rate = Number(__ENV.BENCH_RATE);
const load = rate
  ? { executor: 'constant-arrival-rate', rate, preAllocatedVUs: 100, maxVUs: 400 }
  : { executor: 'constant-vus', vus: 20 };
export const options = {
  scenarios: { main: { ...load, duration: `${__ENV.BENCH_SECONDS}s` } },
  hosts: __ENV.BENCH_ADDRESS ? { 'shop.test': __ENV.BENCH_ADDRESS } : {},
};
export default function () {
  http.get('http://shop.test/healthz');
}
export function handleSummary(data) {
  return { [__ENV.BENCH_SUMMARY]: JSON.stringify(data.metrics) };
}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One way, once: requests that k6 counted, points of them in InfluxDB, all points sent, MB by process."""

    requests: int
    stored: int
    points: int
    memory_mb: dict[str, float]


def ours(k6: str, port: int, folder: str, rate: int, seconds: int, settings: InfluxSettings | None) -> int:  # noqa: PLR0917 # pickled
    """Run a Campaign of the script beside its control, and return how many requests k6 counted."""
    script = Path(folder) / "script.js"
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
            environ={"BENCH_SECONDS": str(seconds), "BENCH_RATE": str(rate)},
            max_rate_per_s=1_000_000.0,
        ),
        service=Service(url="http://shop.test/healthz"),
        nodes=(Node(name="node-1", host="127.0.0.1", port=port),),
        limits=Limits(),
        detection=Detection(),
    )
    home = Home(Path(folder) / "home")
    shipping = None if settings is None else Shipping(influxdb=settings, spool_bytes=10**9)
    with beside(shipping, home, plan.id, lambda text: print(f"    {text}", flush=True)) as finish:
        result = run_campaign(plan, home, find_k6(Path(k6), os.environ))
        finish(result.judged)
    assert not result.failures, result.failures
    return _requests(home.run_dir(plan.run_id(plan.nodes[0])) / "k6" / "summary.json")


def k6_alone(k6: str, port: int, folder: str, rate: int, seconds: int, settings: InfluxSettings) -> int:  # noqa: PLR0917 # as ours
    """Let k6 itself send to InfluxDB's v1 endpoint, and return how many requests it counted."""
    script, summary = Path(folder) / "script.js", Path(folder) / "summary.json"
    script.write_text(SCRIPT, encoding="utf-8")
    argv = [k6, "run", "--quiet", "--no-color", "--address", "", f"--system-tags={SCRIPT_TAGS}"]
    argv += ["-o", f"influxdb={settings.url}/{settings.bucket}", str(script)]
    env = {
        "PATH": os.environ["PATH"],
        "HOME": "/nonexistent",
        "K6_NO_USAGE_REPORT": "true",
        "K6_INFLUXDB_USERNAME": "bench",
        "K6_INFLUXDB_PASSWORD": settings.token,
        "BENCH_ADDRESS": f"127.0.0.1:{port}",
        "BENCH_SECONDS": str(seconds),
        "BENCH_RATE": str(rate),
        "BENCH_SUMMARY": str(summary),
    }
    done = subprocess.run(argv, env=env, capture_output=True, text=True, check=True, timeout=120)
    said = [line for line in done.stderr.splitlines() if "level=error" in line]
    for line in said[:2]:
        print(f"    k6: {line[:160]}", flush=True)
    return _requests(summary)


def _requests(summary: Path) -> int:
    return int(json.loads(summary.read_text(encoding="utf-8"))["http_reqs"]["values"]["count"])


def rates(port: int) -> dict[str, list[float]]:
    """Return requests a second of the saturated script: without InfluxDB, with it, and k6's own output."""
    found: dict[str, list[float]] = {"without InfluxDB": [], "with InfluxDB": [], "k6 -o influxdb": []}
    for number in range(ROUNDS):
        names = list(found) if number % 2 == 0 else list(reversed(found))
        for name in names:
            with tempfile.TemporaryDirectory(prefix="stallwatch-bench-") as folder, influxd() as server:
                arguments = (str(program(K6)), port, folder, 0, SECONDS)
                if name == "k6 -o influxdb":
                    _map_database(server.settings)
                    requests = k6_alone(*arguments, server.settings)
                else:
                    settings = server.settings if name == "with InfluxDB" else None
                    requests = in_a_child(ours, *arguments, settings)
            found[name].append(requests / SECONDS)
    return found


def at_a_fixed_rate(port: int, *, alone: bool, killed: bool) -> Outcome:
    """Send RATE requests a second into InfluxDB, which is killed and started again when asked."""
    with (
        tempfile.TemporaryDirectory(prefix="stallwatch-bench-") as folder,
        influxd() as server,
        MemoryWatch(*PROCESSES) as watch,
    ):
        arguments = (str(program(K6)), port, folder, RATE, FIXED_SECONDS, server.settings)
        if alone:
            _map_database(server.settings)
        killer = threading.Thread(target=_kill_once, args=(server,))
        if killed:
            killer.start()
        requests = k6_alone(*arguments) if alone else in_a_child(ours, *arguments)
        if killed:
            killer.join()
        measurements = _measurements(server.settings)
    points = sum(measurements.values())
    stored = measurements.get("http_reqs" if alone else "request", 0) - (
        0 if alone else _control(measurements)
    )
    return Outcome(
        requests=requests,
        stored=stored,
        points=points,
        memory_mb={name: watch.most_mb[word] for word, name in PROCESSES.items() if watch.most_mb[word]},
    )


def _kill_once(server: InfluxServer) -> None:
    until = time.monotonic() + FIXED_SECONDS
    while not _measurements(server.settings) and time.monotonic() < until:
        time.sleep(0.5)
    time.sleep(KILL_S)
    server.kill()
    time.sleep(1.0)
    server.start()


def _control(measurements: dict[str, int]) -> int:
    return measurements.pop("control", 0)


def _map_database(settings: InfluxSettings) -> None:
    """Make the mapping through which the v1 endpoint finds the bucket."""
    with InfluxClient(settings) as client:
        bucket, org = client.find_bucket(), client.org_id()
    assert bucket is not None
    body = {"bucketID": bucket.id, "orgID": org, "database": settings.bucket, "retention_policy": "autogen"}
    headers = {"Authorization": f"Token {settings.token}"}
    httpx.post(
        f"{settings.url}/api/v2/dbrps", json=body | {"default": True}, headers=headers, trust_env=False
    ).raise_for_status()


def _measurements(settings: InfluxSettings) -> dict[str, int]:
    """Return the number of points by measurement; those of the control apart."""
    found: dict[str, int] = {}
    with InfluxClient(settings) as client:
        with client.query("SHOW MEASUREMENTS") as pieces:
            names = re.findall(r"measurements,,(\w+)", b"".join(pieces).decode())
        for name in names:
            field = {"request": "row", "run": "rows", "finding": "end_ns", "evidence": "requests"}.get(
                name, "value"
            )
            found[name] = _count(client, f'SELECT count("{field}") FROM "{name}"')  # noqa: S608
        control = _count(client, "SELECT count(\"row\") FROM request WHERE node = 'control'")
    return found | ({"control": control} if control else {})


def _count(client: InfluxClient, query: str) -> int:
    with client.query(query) as pieces:
        last = b"".join(pieces).decode().strip().rpartition(",")[2]
    return int(last) if last.isdigit() else 0


def lateness(port: int) -> tuple[float, float, float, int]:
    """Return the share of points that arrive later than LATE_S, the median and worst lateness in s, and n."""
    from tests.servers.proxy import Proxy

    late: list[npt.NDArray[np.float64]] = []
    with (
        tempfile.TemporaryDirectory(prefix="stallwatch-bench-") as folder,
        influxd() as server,
        Proxy(urlsplit(server.settings.url).port or 0, lambda *_: None).running() as proxy,
    ):
        proxy.on_write = lambda body, at_ns: late.append(_ages_s(body, at_ns))
        settings = replace(server.settings, url=proxy.url)
        in_a_child(ours, str(program(K6)), port, folder, RATE, FIXED_SECONDS, settings)
    ages = np.concatenate(late)
    return float((ages > LATE_S).mean()), float(np.median(ages)), float(ages.max()), len(ages)


def _ages_s(body: bytes, at_ns: int) -> npt.NDArray[np.float64]:
    lines = [line for line in gzip.decompress(body).splitlines() if line.startswith(b"request,")]
    return np.array([(at_ns - int(line.rpartition(b" ")[2])) / 1e9 for line in lines])


def main() -> int:
    """Print all of it; 1 when a bar is missed."""
    with nginx() as port:
        share, median, most, n = lateness(port)
        print(
            f"lateness at {RATE:,} requests/s, {FIXED_SECONDS} s, n = {n:,} points: median {median:.2f} s,"
            f" worst {most:.2f} s, {share:.2%} later than {LATE_S:g} s (bar {LATE_BAR:.0%})"
        )
        for killed in (False, True):
            state = "killed in the middle, started 1 s later" if killed else "undisturbed"
            print(f"at {RATE:,} requests/s for {FIXED_SECONDS} s, InfluxDB {state}")
            for alone in (False, True):
                one = at_a_fixed_rate(port, alone=alone, killed=killed)
                memory = ", ".join(f"{name} {mb:,.0f}" for name, mb in one.memory_mb.items())
                print(
                    f"  {'k6 -o influxdb' if alone else 'stallwatch':<16} {one.requests:,} requests,"
                    f" {one.points:,} points, lost {one.requests - one.stored:,} requests; MB: {memory}"
                )
        found = rates(port)
    base = found["without InfluxDB"]
    print(f"saturated, 20 VUs, {ROUNDS} rounds of {SECONDS} s: requests/s")
    for name, values in found.items():
        ratios = [value / other for value, other in zip(values, base, strict=True)]
        print(
            f"  {name:<18}{statistics.median(values):>8,.0f}  ratio {statistics.median(ratios):.2f}"
            f" ({min(ratios):.2f} to {max(ratios):.2f})"
        )
    kept = statistics.median(a / b for a, b in zip(found["with InfluxDB"], base, strict=True))
    return int(share > LATE_BAR or kept < BAR)
