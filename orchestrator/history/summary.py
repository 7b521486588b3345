"""summary.json: a Run's figures, kept beside its requests and after they are gone."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.errors import StoreError
from orchestrator.home import Home, write_whole
from orchestrator.runs.record import RunRecord

if TYPE_CHECKING:
    from analysis.history.figures import RunFigures
    from orchestrator.judging import Judged
    from orchestrator.stores.contract import RunStore

FILE = "summary.json"


def keep_figures(judged: Judged, home: Home) -> None:
    """Write the figures of every Run that was judged; on a full disk they can be made again later."""
    with suppress(StoreError):
        for record in judged.records:
            write_figures(home.run_dir(record.id), judged.figures[record.node])


def kept_figures(record: RunRecord, home: Home, store: RunStore) -> RunFigures:
    """Return a Run's figures; where none were kept they are computed from its requests, once.

    Raises
    ------
    StoreError
        There are neither figures nor requests.
    """
    from orchestrator.judging import figures_of_run, judge_run
    from orchestrator.stores.frames import to_frame

    folder = home.run_dir(record.id)
    if (kept := _read(folder)) is not None:
        return kept
    frame = to_frame(store.batches(record.id), rows=store.count(record.id))
    figures = figures_of_run(record, frame, judge_run(record, frame))
    with suppress(StoreError):
        write_figures(folder, figures)
    return figures


def write_figures(folder: Path, figures: RunFigures) -> None:
    """Write summary.json, whole or not at all.

    Raises
    ------
    StoreError
        The folder cannot be written.
    """
    write_whole(folder / FILE, json.dumps(figures.to_json()))


def _read(folder: Path) -> RunFigures | None:
    """Return the figures that were kept; none also when they are not whole: then they are made again."""
    from analysis.history.figures import figures_from_json

    try:
        return figures_from_json(json.loads((folder / FILE).read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return None
    except OSError as error:
        raise StoreError(f"{folder / FILE} cannot be read: {error.strerror}") from error
