"""How far a run has come, from what is on disk."""

from __future__ import annotations

from pathlib import Path

from orchestrator.web import progress
from orchestrator.web.progress import Watching
from tests.orchestrator.stores.batches import batch
from tests.orchestrator.web.shown import add_running, empty, showing


def test_rows_are_counted_as_they_come(tmp_path: Path) -> None:
    """Before the first, while the stream grows, and after it became Parquet; time comes from the record."""
    kept = empty(tmp_path)
    run_id = add_running(kept)
    [row] = kept.catalog.list_runs()
    watching, found = Watching(kept.home), []
    later_ns = row["started_ns"] + 75 * 10**9

    def look() -> None:
        [one] = watching.look([row], later_ns).values()
        assert (one.elapsed_s, one.planned_s, one.share, one.behind) == (75, 300, 0.25, False)
        found.append(one.rows)

    look()
    writer = kept.store.writer(run_id)
    for rows in (100, 23):
        writer.append(batch(rows, seed=rows))
        writer.flush()
        look()
    writer.append(batch(7))
    writer.close()
    look()
    assert found == [0, 100, 123, 130]
    assert watching.look([], later_ns) == {}


def test_a_look_reads_no_more_than_so_much(tmp_path: Path) -> None:
    """A page that comes to a long run catches up look by look, and says that there are more."""
    kept = empty(tmp_path)
    run_id = add_running(kept)
    writer = kept.store.writer(run_id)
    for _ in range(3):
        writer.append(batch(progress.TAKE_ROWS * 4))
    writer.flush()
    watching, [row] = Watching(kept.home), kept.catalog.list_runs()
    looks = [watching.look([row], row["started_ns"])[run_id] for _ in range(2)]
    writer.close()
    assert [(one.rows, one.behind) for one in looks] == [
        (progress.TAKE_ROWS * 8, True),
        (progress.TAKE_ROWS * 12, False),
    ]


def test_a_page_shows_progress(tmp_path: Path) -> None:
    """The rows that are stored now, a bar, and a page that loads itself again; broken files show less."""
    kept = empty(tmp_path)
    run_id = add_running(kept)
    add_running(kept, "other", "broken")
    (kept.home.run_dir("other.broken") / "run.json").write_text("{")
    writer = kept.store.writer(run_id)
    writer.append(batch(1234))
    writer.flush()
    with showing(kept.home) as page:
        front, own = page.get("/").text, page.get("/campaigns/now").text
    writer.close()
    for text in (front, own):
        assert ">1,234</td>" in text
        assert '<progress max="1" value="0.0' in text
        assert '<meta http-equiv="refresh" content="5">' in text
    assert "broken" in front
