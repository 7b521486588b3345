"""What Prometheus reads, parsed by its own parser."""

from __future__ import annotations

from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from orchestrator.history.summary import write_figures
from orchestrator.model import RunState
from tests.orchestrator.history.nights import Nights, figures
from tests.orchestrator.shipping.made import CAMPAIGN, home_with
from tests.orchestrator.web.shown import OFTEN, Page, empty, showing

TARGET = "http://influxdb.example.test:8086 ops/stallwatch"


def samples(page: Page) -> dict[tuple[str, ...], float]:
    """Return each sample by its name, without the prefix, and the values of its labels."""
    got = page.get("/metrics")
    assert got.headers["content-type"].startswith("text/plain; version=")
    return {
        (sample.name.removeprefix("stallwatch_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(got.text)
        for sample in family.samples
    }


@pytest.fixture
def nights(tmp_path: Path) -> Nights:
    """Return three nights of two nodes, the last of them stalled at one."""
    nights = Nights(tmp_path / "home", 3)
    for night, verdicts in enumerate(
        [
            {"a": "pass", "b": "pass"},
            {"a": "pass", "b": "pass"},
            {"a": "fail", "b": "pass", "control": "pass"},
        ]
    ):
        name = nights.add(night, verdicts)
        nights.kept.catalog.update_campaign(name, ended_ns=nights.first_ns + night * 10**9)
        write_figures(nights.kept.home.run_dir(f"{name}.a"), figures(stalls=5 * (night == 2)))
    nights.kept.catalog.add_campaign(id="x", profile="smoke", state=RunState.RUNNING, started_ns=1)
    return nights


def test_verdicts_stalls_and_times(nights: Nights) -> None:
    """By node and profile, without controls; the newest run's stalls as they were kept."""
    with showing(nights.kept.home, schedules=[OFTEN]) as page:
        found = samples(page)
    assert found["runs", "a", "smoke", "pass"] == 2
    assert found["runs", "a", "smoke", "fail"] == 1
    assert found["runs", "b", "smoke", "pass"] == 3
    assert not any("control" in key for key in found)
    assert found["last_run_verdict", "a", "smoke", "fail"] == 1
    assert found["last_run_verdict", "a", "smoke", "pass"] == 0
    assert (found["last_run_stalls", "a", "smoke"], found["last_run_stalled_seconds", "a", "smoke"]) == (
        5,
        20,
    )
    assert ("last_run_stalls", "b", "smoke") not in found
    assert found["campaigns_running",] == 1
    second = nights.first_ns / 1e9
    assert found["last_campaign_end_timestamp_seconds", "smoke"] == pytest.approx(second + 2)
    assert found["last_good_campaign_timestamp_seconds", "smoke"] == pytest.approx(second + 1)
    assert found["schedule_overdue", "often"] == 0
    assert found["schedule_next_start_timestamp_seconds", "often"] % 600 == 0
    assert ("influxdb_backlog_rows",) not in found


def test_the_backlog_is_what_influxdb_lacks(tmp_path: Path) -> None:
    """The rows of ended runs, less those that were sent to this very bucket."""
    kept = home_with(tmp_path, "n0", "n1", "n2")
    for run, rows, target in [("n0", 1500, TARGET), ("n1", 400, TARGET), ("n2", 1500, "another")]:
        run_id = f"{CAMPAIGN}.{run}"
        kept.catalog.lease(run_id, target, "test", 1)
        kept.catalog.note(run_id, target, rows=rows)
    with showing(kept.home, influxdb=TARGET) as page:
        assert samples(page)["influxdb_backlog_rows",] == 0 + 1100 + 1500


def test_an_empty_home_has_metrics(tmp_path: Path) -> None:
    """Nothing has run: zero campaigns go on, zero rows wait, and nothing is made up."""
    with showing(empty(tmp_path).home, influxdb=TARGET) as page:
        assert samples(page) == {("campaigns_running",): 0, ("influxdb_backlog_rows",): 0}
