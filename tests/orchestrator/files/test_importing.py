"""Files become a campaign, whole or not at all."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from analysis.findings import Detection, Limits, Verdict
from orchestrator.campaign import CampaignResult, Records, open_records
from orchestrator.catalog import Catalog
from orchestrator.errors import StoreError, UsageError
from orchestrator.files import source
from orchestrator.files.importing import Import, import_files, node_names
from orchestrator.home import Home
from orchestrator.judging import judge, stored_records
from orchestrator.model import RunState
from orchestrator.runs.recovery import import_lock
from orchestrator.stores.parquet import ParquetStore
from tests.orchestrator.files.content import FIRST_NS, ROWS, STEP_NS, csv_samples, json_samples

CAMPAIGN = "20261125-100000-abcd"


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder of files, two of them good, that are read in small blocks."""
    monkeypatch.setattr(source, "READ_BYTES", 10_000)
    (tmp_path / "a.csv").write_bytes(csv_samples())
    (tmp_path / "b.json.gz").write_bytes(gzip.compress(json_samples()))
    (tmp_path / "bad.csv").write_bytes(b"a,b\n1,2\n")
    (tmp_path / "same.gz").write_bytes(gzip.compress(csv_samples()))
    (tmp_path / "torn.csv.gz").write_bytes(gzip.compress(csv_samples(1_000))[:-20])
    return tmp_path


def kept(folder: Path) -> Records:
    """Open a home beside the files."""
    return open_records(Home(folder / "home"))


def imported(folder: Path, *names: str, campaign: str = CAMPAIGN, again: bool = False) -> CampaignResult:
    """Import files of the folder."""
    paths = [str(folder / name) for name in names]
    what = Import(
        id=campaign,
        files=paths,
        nodes=node_names(paths),
        limits=Limits(stall_ms=300),
        detection=Detection(),
        again=again,
    )
    return import_files(what, kept(folder), lambda _: None)


def left(folder: Path) -> set[str]:
    """Name what is in the home, but for the catalog's own files."""
    home = folder / "home"
    return {
        str(path.relative_to(home)) for path in home.rglob("*") if not path.name.startswith("catalog.db")
    } - {"runs", "reports", "locks"}


def test_files_become_one_campaign(files: Path) -> None:
    """One run a file, with table, record, verdict and report, found as any other by `last`."""
    result = imported(files, "a.csv", "b.json.gz")
    records = kept(files)
    campaign, runs = records.catalog.find("last")
    assert campaign["id"] == result.id == CAMPAIGN
    assert (campaign["profile"], campaign["state"]) == ("import", RunState.DONE)
    assert campaign["verdict"] == result.judged.analysis.verdict == Verdict.INCONCLUSIVE
    assert {(run["node"], run["requests"], run["verdict"]) for run in runs} == {
        ("a", ROWS, Verdict.INCONCLUSIVE),
        ("b", ROWS, Verdict.INCONCLUSIVE),
    }
    assert result.report is not None
    assert result.report.exists()
    stored, gone = stored_records(runs, records.home)
    assert not gone
    assert judge(stored, records.store).analysis.verdict is Verdict.INCONCLUSIVE
    assert [record.limits.stall_ms for record in stored] == [300, 300]
    [a] = [record for record in stored if record.node == "a"]
    assert a.origin is not None
    assert (a.origin.file, a.origin.format) == (str(files / "a.csv"), "CSV")
    assert a.started_ns == FIRST_NS - 5_000_000
    assert a.ended_ns == FIRST_NS + (ROWS - 1) * STEP_NS
    assert (a.rows, a.facts.unreadable) == (ROWS, 0)


@pytest.mark.parametrize("name", ["a.csv", "same.gz"])
def test_the_same_content_is_refused_by_the_name_of_its_run(files: Path, name: str) -> None:
    """Under another name and packed too; nothing of the second import stays, nor of its other files."""
    imported(files, "a.csv")
    before = left(files)
    with pytest.raises(UsageError, match=rf"{name}: the same content .* run {CAMPAIGN}\.a; `--again`"):
        imported(files, "b.json.gz", name, campaign="20261125-100001-abcd")
    assert left(files) == before
    assert len(kept(files).catalog.list_campaigns()) == 1
    imported(files, name, campaign="20261125-100002-abcd", again=True)
    assert len(kept(files).catalog.list_runs()) == 2


def test_the_same_content_twice_in_one_import(files: Path) -> None:
    """It is refused as well, and with `--again` kept as two runs."""
    with pytest.raises(UsageError, match="the same content"):
        imported(files, "a.csv", "same.gz")
    assert left(files) == set()
    result = imported(files, "a.csv", "same.gz", again=True)
    assert [record.node for record in result.judged.records] == ["a", "same"]


@pytest.mark.parametrize("name", ["bad.csv", "missing.csv", "torn.csv.gz"])
def test_a_bad_file_leaves_nothing_of_any(files: Path, name: str) -> None:
    """Neither in the catalog nor in a folder, wherever in the file it turns out."""
    with pytest.raises(UsageError, match=name):
        imported(files, "a.csv", name, "b.json.gz")
    assert left(files) == set()
    assert kept(files).catalog.list_campaigns() == kept(files).catalog.list_runs() == []


def test_a_report_that_cannot_be_written_leaves_nothing(files: Path) -> None:
    """The last step is the catalog's: what fails before it is as if nothing had been."""
    kept(files)
    (files / "home" / "reports").rmdir()
    (files / "home" / "reports").touch()
    records = Records(
        home=Home(files / "home"),
        catalog=Catalog(files / "home" / "catalog.db", files / "home" / "locks"),
        store=ParquetStore(Home(files / "home").run_dir),
    )
    what = Import(
        id=CAMPAIGN, files=[str(files / "a.csv")], nodes=["a"], limits=Limits(), detection=Detection()
    )
    with pytest.raises(StoreError, match="reports"):
        import_files(what, records, lambda _: None)
    assert left(files) == set()
    assert records.catalog.list_campaigns() == []


def test_what_a_killed_import_left_is_taken_away(files: Path) -> None:
    """The next command removes its folders and its report; those of whole imports stay."""
    imported(files, "a.csv")
    whole, home = left(files), Home(files / "home")
    (home.path / "locks" / import_lock("20261125-110000-dead")).touch()
    (home.path / "locks" / import_lock(CAMPAIGN)).touch()  # killed after its last step
    writer = ParquetStore(home.run_dir).table_writer("20261125-110000-dead.x")
    writer.abandon()
    (home.reports_dir / "20261125-110000-dead.html").touch()
    kept(files)
    assert left(files) == whole


def test_an_import_that_goes_on_is_left_alone(files: Path) -> None:
    """Whoever holds its lock makes it."""
    records = kept(files)
    with records.catalog.holding(import_lock(CAMPAIGN)):
        records.store.table_writer(f"{CAMPAIGN}.x").close()
        kept(files)
        assert f"runs/{CAMPAIGN}.x" in left(files)


@pytest.mark.parametrize(
    ("names", "nodes"),
    [
        (["a.csv", "x/node-2.json.gz", "-"], ["a", "node-2", "stdin"]),
        (["a.csv", "b/a.csv", "a.json", "a-2.csv"], ["a", "a-2", "a-3", "a-2-2"]),
        (
            ["node.example.com.csv", "ä ö.csv", "...", "_.csv"],
            ["node-example-com", "file", "file-2", "file-3"],
        ),
        (["a-2.csv", "a.csv", "b/a.csv"], ["a-2", "a", "a-3"]),
        (["control.csv", "control-2.csv.gz"], ["file-control", "file-control-2"]),
        (["x" * 300 + ".csv"], ["x" * 50]),
    ],
)
def test_nodes_are_called_as_their_files(names: list[str], nodes: list[str]) -> None:
    """Safe in paths, distinct, and never one of the names of control runs."""
    assert node_names(names) == nodes
