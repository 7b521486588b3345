"""How far rows are sent, on stderr: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from orchestrator.cli.show.output import console, say
from orchestrator.cli.show.progress import PLAIN_EVERY_S


@contextmanager
def sending(total: int) -> Iterator[Callable[[int], None]]:
    """Give what is called with the number of rows that are there, of a total."""
    screen = console()
    if not screen.is_terminal:
        yield _plain(total)
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.completed:,.0f} of {task.total:,.0f} requests"),
        BarColumn(),
        TimeRemainingColumn(),
    )
    bar = Progress(*columns, console=screen, transient=True)
    task = bar.add_task("", total=total)
    bar.start()
    try:
        yield lambda rows: bar.update(task, completed=rows)
    finally:
        with suppress(OSError):  # the terminal is gone
            bar.stop()


def _plain(total: int) -> Callable[[int], None]:
    told = time.monotonic()

    def tick(rows: int) -> None:
        nonlocal told
        if time.monotonic() - told >= PLAIN_EVERY_S:
            told = time.monotonic()
            say(f"{rows:,} of {total:,} requests sent")

    return tick
