"""SIGKILL of the daemon at fifty random moments: nothing broken, orphaned, lost or done twice."""

from __future__ import annotations

import random
import signal
import sqlite3
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from orchestrator.catalog import Catalog, campaigns, runs, starts
from orchestrator.runs.record import read_record
from orchestrator.stores.parquet import ParquetStore
from tests.orchestrator.daemon.served import Line, Served, schedules, serving
from tests.orchestrator.runs.stage import POLL_S, Answering, Stage, answering

SEED = 5
HOMES, KILLS = 3, 17
LATEST_S = 1.2
GONE_S = 3.0
RUN = "a run has begun"
# Kills are spread over what a daemon does: beginning and tidying up, launching, running and judging.
AFTER = ("serving", "serving", "campaign started", RUN, RUN)


def lived(stage: Stage, rng: random.Random) -> list[Line]:
    """Let daemons begin and be killed one after the other; return what they logged, and leave no process."""
    lines = []
    for _ in range(KILLS):
        with serving(stage) as served:
            wait_for(stage, served, rng.choice(AFTER))
            time.sleep(rng.uniform(0, LATEST_S))  # any moment, and none that an event tells
            served.process.kill()
        lines += served.lines
        assert stage.left_after(GONE_S) == {}
    with serving(stage) as served:  # the last one tidies up, and lives to see a campaign end
        served.wait_for("campaign ended")
        served.signal(signal.SIGTERM)
        assert served.ended() == 0
    assert stage.left_after(GONE_S) == {}
    return lines + served.lines


def wait_for(stage: Stage, served: Served, event: str) -> None:
    """Wait for a line of the log, or for the folder of another run."""
    if event != RUN:
        served.wait_for(event)
        return
    began = {line["campaign"] for line in served.wait_for("campaign started")}
    while not any((stage.home / "runs" / f"{campaign}.n0").exists() for campaign in began):
        assert served.process.poll() is None
        time.sleep(POLL_S)
        began = {line["campaign"] for line in served.events("campaign started")}


def wrong_with(stage: Stage, lines: list[Line]) -> list[str]:
    """Say what is broken, lost, open or there twice."""
    with sqlite3.connect(stage.home / "catalog.db") as connection:
        [[integrity]] = connection.execute("PRAGMA integrity_check").fetchall()
    connection.close()
    catalog = Catalog(stage.home / "catalog.db", stage.home / "locks")
    of_starts, of_campaigns, of_runs = (catalog.rows(sa.select(table)) for table in (starts, campaigns, runs))
    wrong = [f"integrity: {integrity}"] if integrity != "ok" else []
    wrong += [
        f"still running: {row}" for row in (*of_starts, *of_campaigns, *of_runs) if row["state"] == "running"
    ]
    taken = Counter(row["campaign_id"] for row in of_starts if row["campaign_id"])
    wrong += [f"{name} is the campaign of {count} starts" for name, count in taken.items() if count > 1]
    ended = {row["id"]: row for row in of_campaigns}
    wrong += [f"{name} is of no start" for name in ended.keys() - taken.keys()]
    for line in lines:
        if line["event"] == "campaign ended" and line["state"] == "done":
            campaign = ended.get(line["campaign"])
            if campaign is None or (campaign["state"], campaign["verdict"]) != ("done", line["verdict"]):
                wrong.append(f"lost: {line} is {campaign}")
    told = Counter(line["campaign"] for line in lines if line["event"] == "campaign ended")
    wrong += [f"{name} ended {count} times" for name, count in told.items() if count > 1]
    store = ParquetStore(lambda run_id: stage.home / "runs" / run_id)
    for run in of_runs:
        stored, record = store.count(run["id"]), read_record(stage.home / "runs" / run["id"])
        if (record.state, record.rows, stored) != (run["state"], run["requests"], run["requests"]):
            wrong.append(f"{run['id']}: {stored} rows, run.json {record.state} {record.rows}, catalog {run}")
    wrong += [
        f"{row['id']} has {row['verdict']} and no report"
        for row in of_campaigns
        if row["verdict"] and not (stage.home / "reports" / f"{row['id']}.html").is_file()
    ]
    return wrong


@pytest.mark.timeout(1200)  # 80 s of a processor: under a minute on two idle ones, and they may be busy
def test_fifty_kills_break_nothing(tmp_path: Path, k6_1: Path) -> None:
    """Each home lives through seventeen daemons, and its catalog, runs and reports agree at the end."""
    stages = [Stage(tmp_path / str(number), k6_1) for number in range(HOMES)]
    servers = [Answering() for _ in stages]
    with answering(*servers), ThreadPoolExecutor(HOMES) as pool:
        for stage, server in zip(stages, servers, strict=True):
            nodes = {"n0": f"127.0.0.1:{server.port}"}
            stage.configure(nodes, duration="1s", more=schedules("name: often, every: 1s"))
        rngs = [random.Random(SEED + number) for number in range(HOMES)]
        logs = list(pool.map(lived, stages, rngs))
    assert [wrong_with(stage, lines) for stage, lines in zip(stages, logs, strict=True)] == [[], [], []]
    states = Counter(row["state"] for stage in stages for row in stage.listed("campaigns"))
    assert states["interrupted"] >= 5, states  # kills came while campaigns ran, so that they showed something
    assert states["done"] >= HOMES, states
