"""Pruning a home of real tables: what can be read afterwards, and what a crash in the middle leaves."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from orchestrator.campaign import Records
from orchestrator.catalog import starts
from orchestrator.daemon.starts import Starts, StartState
from orchestrator.daemon.times import Start, from_ns
from orchestrator.errors import StallwatchError, StoreError
from orchestrator.history.summary import kept_figures
from orchestrator.judging import stored_records
from orchestrator.locks import held
from orchestrator.model import Retention
from orchestrator.retention import prune as module
from orchestrator.retention.plan import DAY_NS
from orchestrator.retention.prune import prune
from orchestrator.runs.record import read_record
from orchestrator.shipping.pending import lacks
from tests.orchestrator.shipping.made import CAMPAIGN, home_with

TARGET = "http://influxdb.example.test:8086 ops/stallwatch"


@pytest.fixture
def kept(tmp_path: Path) -> Records:
    """Make a home with one campaign of two runs, which failed."""
    records = home_with(tmp_path, "n0", "n1")
    records.catalog.update_campaign(CAMPAIGN, verdict="fail")
    return records


def days(raw: int = 1, campaign: int = 36_500) -> Retention:
    """Return a retention."""
    return Retention(raw_days=raw, summary_days=campaign, reports_days=campaign)


def pruned(kept: Records, retention: Retention, target: str | None = None) -> tuple[list[str], list[str]]:
    """Prune; return what went, and what was told."""
    told: list[str] = []
    _, gone = prune(kept, retention, target, told.append)
    return [f"{item.kind} {item.name}" for item in gone], told


def files(kept: Records) -> set[str]:
    """Return the files of the runs."""
    return {str(path.relative_to(kept.home.runs_dir)) for path in kept.home.runs_dir.rglob("*")}


def test_requests_go_and_figures_are_made_before(kept: Records) -> None:
    """run.json and the figures stay, made while it was possible; commands say that it was pruned and when."""
    assert pruned(kept, days()) == ([f"requests {CAMPAIGN}"], [])
    ids = [f"{CAMPAIGN}.n0", f"{CAMPAIGN}.n1"]
    assert files(kept) == {f"{one}{end}" for one in ids for end in ("", "/run.json", "/summary.json")}
    record = read_record(kept.home.run_dir(ids[0]))
    assert kept_figures(record, kept.home, kept.store).requests > 0
    rows = kept.catalog.list_runs(CAMPAIGN)
    with pytest.raises(StoreError, match=rf"the requests of run {ids[0]} were pruned on 20\d\d-"):
        stored_records(rows, kept.home)
    assert [one.id for one in stored_records(rows, kept.home, elsewhere=True)[0]] == ids
    assert not any(lacks(row, None) for row in rows), "what is gone is not sent"
    assert pruned(kept, days()) == ([], [])


def test_all_of_a_campaign_goes(kept: Records) -> None:
    """Files and catalog rows; the home is as if it had never been."""
    assert pruned(kept, days(campaign=1))[0] == [f"campaign {CAMPAIGN}"]
    assert files(kept) == set()
    assert (kept.catalog.list_campaigns(), kept.catalog.list_runs()) == ([], [])


def test_the_only_copy_stays(kept: Records) -> None:
    """Until InfluxDB has every request of every run and its verdict, nothing goes, not even after years."""
    for retention in (days(), days(campaign=1)):
        assert pruned(kept, retention, TARGET)[0] == []
    rows = {run["id"]: run["requests"] for run in kept.catalog.list_runs()}
    for run_id, requests in rows.items():
        kept.catalog.lease(run_id, TARGET, "test", 0)
        kept.catalog.note(run_id, TARGET, rows=requests, counted=requests, judged=False)
    assert pruned(kept, days(), TARGET)[0] == []
    for run_id in rows:
        kept.catalog.note(run_id, TARGET, judged=True)
    assert pruned(kept, days(), "another server")[0] == []
    assert pruned(kept, days(), TARGET)[0] == [f"requests {CAMPAIGN}"]


@pytest.mark.parametrize("step", ["_keep_figures", "_mark", "_empty", "_forget"])
@pytest.mark.parametrize("again", [False, True])
def test_a_crash_between_any_two_steps(
    kept: Records, monkeypatch: pytest.MonkeyPatch, step: str, *, again: bool
) -> None:
    """Whatever the catalog calls stored can be read, and the next pruning ends what the first began."""
    real, calls = getattr(module, step), []

    def dies(*arguments: object) -> None:
        calls.append(step)
        if again:  # after its work, or else before it
            real(*arguments)
        raise KeyboardInterrupt

    retention = days(campaign=1) if step == "_forget" else days()
    with monkeypatch.context() as patch:
        patch.setattr(module, step, dies)
        with pytest.raises(KeyboardInterrupt):
            pruned(kept, retention)
    assert calls == [step]
    for run in kept.catalog.list_runs():
        if run["pruned_ns"] is None:
            assert kept.store.count(run["id"]) == run["requests"]
    pruned(kept, retention)
    assert not [name for name in files(kept) if name.endswith("parquet")]
    assert (kept.catalog.list_campaigns() == []) is (step == "_forget")


def test_requests_that_cannot_be_read_stay(kept: Records) -> None:
    """Without figures they are all there is: it is said, and the other campaigns are not held up."""
    (kept.home.run_dir(f"{CAMPAIGN}.n1") / "requests.parquet").write_text("damaged")
    gone, told = pruned(kept, days())
    assert gone == []
    assert told[0].startswith(f"warning: requests {CAMPAIGN} stays: ")
    assert f"{CAMPAIGN}.n0/requests.parquet" in files(kept)


def test_files_that_were_taken_by_hand_are_no_trouble(kept: Records) -> None:
    """A run's folder that is gone already is only noted."""
    shutil.rmtree(kept.home.run_dir(f"{CAMPAIGN}.n0"))
    assert pruned(kept, days()) == ([f"requests {CAMPAIGN}"], [])


def test_one_at_a_time(kept: Records) -> None:
    """A second process is refused, and takes nothing away."""
    with (
        held(kept.home.locks_dir / "prune", "process 1", busy=pytest.fail),
        pytest.raises(StallwatchError, match="this home is being pruned: process 1"),
    ):
        pruned(kept, days())


def test_old_starts_go_but_the_last_of_each_schedule(kept: Records) -> None:
    """The catalog does not grow for ever, and a schedule still knows up to when it was looked at."""
    for name, age in (("often", 900), ("often", 800), ("often", 1), ("seldom", 850)):
        due = from_ns(time.time_ns() - age * DAY_NS)
        Starts(kept.catalog).claim(Start(schedule=name, wall=str(due), due=due), StartState.DONE)
    pruned(kept, days(campaign=730))
    left = kept.catalog.rows(sa.select(starts.c.schedule).order_by(starts.c.due_ns))
    assert [row["schedule"] for row in left] == ["seldom", "often"]
