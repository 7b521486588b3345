"""SIGKILL at any moment: nothing left running, what was flushed is readable, the next command tidies up."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from orchestrator.stores.parquet import ParquetStore
from tests.orchestrator.runs.stage import Answering, Stage, answering

Wait = Callable[[Stage, subprocess.Popen[str]], object]

SEED = 20
RANDOM_MOMENTS = 14
LATEST_S = 11.0  # with three campaigns side by side, the report of one of 4 s is being written then
SIDE_BY_SIDE = 3
GONE_S = 3.0
# k6 hands over, decoding takes and the stream is flushed each 0.25 s; three campaigns share two cores.
UNFLUSHED_S = 2.0
NODES = ("n0", "n1", "n2")


@dataclass(frozen=True, slots=True, kw_only=True)
class Killed:
    """One campaign after its kill, and what the next commands said."""

    stage: Stage
    at_ns: int
    left: dict[int, str]
    answered: dict[str, int]
    rows: dict[str, int]
    states: list[str]
    commands: dict[str, tuple[int, str, str]]


def after(seconds: float) -> Wait:
    """Wait for some time, or for the end."""

    def wait(_: Stage, process: subprocess.Popen[str]) -> None:
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            return

    return wait


def at(pattern: str) -> Wait:
    """Wait for a file of the home."""
    return lambda stage, process: stage.await_file(pattern, process)


MOMENTS = {
    "record written": at("runs/*.n2/run.json"),
    "first rows": at("runs/*.n0/k6/wrapper.js"),
    "rewriting": at("runs/*/requests.parquet.part"),
    "one table finished": at("runs/*.control/requests.parquet"),
    "all tables finished": at("runs/*.n2/requests.parquet"),
    "report written": at("reports/*.html"),
}


def kill(stage: Stage, wait: Wait) -> Killed:
    """Run a campaign of three nodes, kill it when ``wait`` returns, and look at what is left."""
    servers = {name: Answering() for name in NODES}
    with answering(*servers.values()):
        addresses = {name: f"127.0.0.1:{server.port}" for name, server in servers.items()}
        stage.configure(addresses, rate_per_s=40, duration="4s")
        with stage.start("run-smoke") as process:
            wait(stage, process)
            at_ns = time.time_ns()
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
        left = stage.left_after(GONE_S)
    rows = {name: rows_of(stage, name) for name in NODES}
    listed = stage.run("list", "campaigns", "--format", "json")
    states = [json.loads(line)["state"] for line in listed[1].splitlines()]
    return Killed(
        stage=stage,
        at_ns=at_ns,
        left=left,
        answered={n: s.answered_before(at_ns - int(UNFLUSHED_S * 1e9)) for n, s in servers.items()},
        rows=rows,
        states=states,
        commands={name: stage.run(name, "last") for name in ("analyze", "report")},
    )


def rows_of(stage: Stage, node: str) -> int:
    """Count a node's stored rows as they are, before any command has tidied up."""
    store = ParquetStore(lambda run_id: stage.home / "runs" / run_id)
    found = [run.name for run in (stage.home / "runs").glob(f"*.{node}") if any(run.glob("requests.*"))]
    return sum(store.count(run_id) for run_id in found)


def wrong_with(killed: Killed) -> list[str]:
    """Say what was lost, left behind, or not told."""
    wrong = [f"still running: {text}" for text in killed.left.values()]
    wrong += [
        f"{name}: {killed.rows[name]} rows of {count} requests"
        for name, count in killed.answered.items()
        if killed.rows[name] < count
    ]
    if not killed.states:  # it came before the catalog had heard of any campaign
        return wrong + [f"{n}: {c}" for n, c in killed.commands.items() if "nothing has run yet" not in c[2]]
    if killed.states not in (["interrupted"], ["done"]):
        wrong.append(f"the catalog says {killed.states}")
    for name, (code, out, err) in killed.commands.items():
        said = "there are no requests" in err if code == 4 else code in {0, 3} and bool(out)
        wrong += [] if said else [f"{name}: exit code {code}: {err}"]
    stored = sum(killed.rows.values())
    if stored and f"{killed.rows['n0']:,} requests" not in killed.commands["analyze"][1]:
        wrong.append(f"analyze does not count the {killed.rows} rows that were stored")
    return wrong


def test_a_kill_at_any_moment_loses_nothing_and_leaves_nothing(tmp_path: Path, k6_1: Path) -> None:
    """Twenty kills, fourteen at seeded times and six at steps of the main line, are all survived."""
    rng = random.Random(SEED)
    moments = {
        f"{moment:.2f} s": after(moment)
        for moment in sorted(rng.uniform(0.2, LATEST_S) for _ in range(RANDOM_MOMENTS))
    } | MOMENTS
    stages = [Stage(tmp_path / str(number), k6_1) for number in range(len(moments))]
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        killed = dict(zip(moments, pool.map(kill, stages, moments.values()), strict=True))
    wrong = {moment: found for moment, one in killed.items() if (found := wrong_with(one))}
    assert wrong == {}
    states = [state for one in killed.values() for state in one.states]
    assert states.count("interrupted") >= 10, states  # most kills came while it ran, so they showed something
