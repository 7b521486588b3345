"""Live figures of a Campaign on stderr: a table on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from rich.live import Live
from rich.table import Table

from orchestrator.cli.show.output import console, say
from orchestrator.k6.recording import Snapshot
from reports.formats import latency

if TYPE_CHECKING:
    from orchestrator.runs.waves import Tick

PLAIN_EVERY_S = 10.0  # what a line says covers 10 s: none is left out
COLUMNS = ("node", "requests", "failed", "rate", "p50", "slowest of last 10 s")


@contextmanager
def progress(title: str, duration_s: float) -> Iterator[Tick]:
    """Give what a Campaign calls four times a second with each Run's figures."""
    elapsed_s = _stopwatch()
    screen = console()
    if not screen.is_terminal:
        yield _while_heard(_plain(title, duration_s, elapsed_s))
        return
    live = Live(console=screen, auto_refresh=False, transient=True)

    def tick(snapshots: Mapping[str, Snapshot]) -> None:
        live.update(_table(title, duration_s, elapsed_s(), snapshots), refresh=True)

    live.start()
    try:
        yield _while_heard(tick)
    finally:
        with suppress(OSError):
            live.stop()


def _stopwatch() -> Callable[[], float]:
    """Return what tells the seconds since it was first asked: a campaign may wait before it begins."""
    began: list[float] = []

    def elapsed_s() -> float:
        now = time.monotonic()
        if not began:
            began.append(now)
        return now - began[0]

    return elapsed_s


def _while_heard(tick: Tick) -> Tick:
    """Fall silent when the terminal is gone or nobody reads: what is measured goes on."""
    heard = True

    def quiet(snapshots: Mapping[str, Snapshot]) -> None:
        nonlocal heard
        if heard:
            try:
                tick(snapshots)
            except OSError:
                heard = False

    return quiet


def _plain(title: str, duration_s: float, elapsed_s: Callable[[], float]) -> Tick:
    told = 0.0

    def tick(snapshots: Mapping[str, Snapshot]) -> None:
        nonlocal told
        now = elapsed_s()
        if now - told >= PLAIN_EVERY_S:
            told = now
            figures = "; ".join(
                f"{name} {s.requests:,} requests"
                + (f", {s.failed:,} failed" if s.failed else "")
                + f", slowest {latency(s.slowest_ms)}"
                for name, s in snapshots.items()
            )
            say(f"{title}: {_state(now, duration_s)} (slowest of the last 10 s): {figures}")

    return tick


def _state(elapsed_s: float, duration_s: float) -> str:
    if elapsed_s <= duration_s:
        return f"{elapsed_s:.0f} of {duration_s:.0f} s"
    return f"{elapsed_s:.0f} s, waiting for the last requests"


def _table(title: str, duration_s: float, elapsed_s: float, snapshots: Mapping[str, Snapshot]) -> Table:
    table = Table(title=f"{title} · {_state(elapsed_s, duration_s)}", title_justify="left")
    for column in COLUMNS:
        table.add_column(column, justify="left" if column == "node" else "right", no_wrap=True)
    for name, s in snapshots.items():
        table.add_row(
            name,
            f"{s.requests:,}",
            f"{s.failed:,}",
            f"{s.rate_per_s:.1f}/s",
            latency(s.p50_ms),
            latency(s.slowest_ms),
        )
    return table
