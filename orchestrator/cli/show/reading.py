"""How far a file is read, on stderr: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from orchestrator.cli.show.output import console, say
from orchestrator.cli.show.progress import PLAIN_EVERY_S

if TYPE_CHECKING:
    from orchestrator.files.samples import Progress
    from orchestrator.files.source import Source


REFRESH_S = 0.1


@contextmanager
def reading() -> Iterator[Progress]:
    """Give what is called after each block of a file."""
    screen = console()
    if not screen.is_terminal:
        yield _plain()
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=screen, transient=True, auto_refresh=False)
    tasks: dict[Source, TaskID] = {}
    shown = 0.0

    def tick(source: Source) -> None:
        nonlocal shown
        if source not in tasks:
            tasks[source] = bar.add_task(source.label, total=source.size)
        bar.update(tasks[source], completed=source.taken)
        if time.monotonic() - shown >= REFRESH_S:
            shown = time.monotonic()
            with suppress(OSError):  # the terminal is gone: what is read is read on
                bar.refresh()

    bar.start()
    try:
        yield tick
    finally:
        with suppress(OSError):
            bar.stop()


def _plain() -> Progress:
    told = time.monotonic()

    def tick(source: Source) -> None:
        nonlocal told
        if time.monotonic() - told >= PLAIN_EVERY_S:
            told = time.monotonic()
            of = f" of {source.size / 1e6:,.0f}" if source.size else ""
            say(f"{source.label}: {source.taken / 1e6:,.0f}{of} MB read")

    return tick
