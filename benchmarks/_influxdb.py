"""A real InfluxDB for benchmarks, and memory of processes."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from tests.servers.influxdb import InfluxServer

SAMPLE_S = 0.2


@contextmanager
def influxd() -> Iterator[InfluxServer]:
    """Run an InfluxDB that is set up."""
    with tempfile.TemporaryDirectory(prefix="stallwatch-bench-") as folder:
        server = InfluxServer(Path(folder))
        try:
            server.start()
            server.set_up()
            yield server
        finally:
            server.stop()


def rss_mb(pids: Iterable[int]) -> float:
    """Return the resident memory of processes; those that are gone have none."""
    pages = 0
    for pid in pids:
        with suppress(OSError):
            pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def cpu_of(pid: int) -> float:
    """Return the seconds of CPU that a process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def named(*words: bytes) -> dict[bytes, list[int]]:
    """Return the processes that we started, directly or not, whose arguments hold a word, by word."""
    arguments, parents = dict[int, bytes](), dict[int, int]()
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            arguments[int(folder.name)] = (folder / "cmdline").read_bytes()
            stat = (folder / "stat").read_text().rpartition(")")[2].split()
            parents[int(folder.name)] = int(stat[1])
    ours = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in ours} - ours:
        ours |= more
    return {word: [pid for pid in ours if word in arguments.get(pid, b"")] for word in words}


class MemoryWatch:
    """The most memory that what we started had together, in MB by a word of the arguments."""

    def __init__(self, *words: bytes) -> None:
        self.most_mb = dict.fromkeys(words, 0.0)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(SAMPLE_S):
            for word, pids in named(*self.most_mb).items():
                self.most_mb[word] = max(self.most_mb[word], rss_mb(pids))
