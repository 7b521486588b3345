"""One call an input, on all cores, answered in the order of the inputs."""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import active_children, get_context, parent_process
from typing import Generic, TypeVar

from orchestrator.processes import available_memory_mb

SPARE = 0.8
"""Share of the memory there is that all calls together may take."""

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Work(Generic[Answer]):
    """What is done with each input.

    ``call`` is a function of a module, as it is run in other processes; ``need_mb`` tells what it takes.
    Inputs that are ``here`` are left to this process (standard input is nobody else's). ``lost`` answers
    for an input that ended its process.
    """

    call: Callable[[str], Answer]
    need_mb: Callable[[str], float]
    here: Callable[[str], bool]
    lost: Callable[[str], Answer]


def in_order(work: Work[Answer], inputs: Sequence[str]) -> Iterator[Answer]:
    """Answer each input as soon as all before it are answered.

    When one of them ends its process, what is not answered yet is done again one by one, each in a process
    of its own: only that one is lost.
    """
    answered = 0
    try:
        for answer in _side_by_side(work, inputs):
            answered += 1
            yield answer
    except BrokenProcessPool:
        for name in inputs[answered:]:
            yield work.call(name) if work.here(name) else _alone(work, name)


def _side_by_side(work: Work[Answer], inputs: Sequence[str]) -> Iterator[Answer]:
    waiting, ordered = deque(inputs), deque[Future[Answer] | str]()
    running: dict[Future[Answer], float] = {}
    workers = min(_cores(), len(inputs))
    memory_mb = SPARE * (available_memory_mb() or float("inf"))
    with _pool(workers) as pool:
        while waiting or ordered:
            while waiting and len(running) < workers:
                name = waiting[0]
                need_mb = work.need_mb(name)
                if running and sum(running.values()) + need_mb > memory_mb:
                    break
                waiting.popleft()
                if work.here(name):
                    ordered.append(name)
                    continue
                with _unheard_by_children():
                    future = pool.submit(work.call, name)
                running[future] = need_mb
                ordered.append(future)
            while ordered and (isinstance(ordered[0], str) or ordered[0].done()):
                first = ordered.popleft()
                yield work.call(first) if isinstance(first, str) else first.result()
            for done in wait(running, return_when=FIRST_COMPLETED).done if running else ():
                del running[done]


def _alone(work: Work[Answer], name: str) -> Answer:
    try:
        with _pool(1) as pool:
            with _unheard_by_children():
                future = pool.submit(work.call, name)
            return future.result()
    except BrokenProcessPool:
        return work.lost(name)


@contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Give processes that are ended when something goes wrong here, and waited for when nothing does."""
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_begin)
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in active_children():
            process.terminate()
        raise
    pool.shutdown()


@contextmanager
def _unheard_by_children() -> Iterator[None]:
    """Start processes that a terminal's Ctrl-C never reaches: they inherit what is blocked here."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin() -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End with the process that started this one, however that ends."""
    if (parent := parent_process()) is not None:
        parent.join()
        os._exit(1)


def _cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
