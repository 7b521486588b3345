"""Work in a process of its own: with nothing imported and nothing allocated before it."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any


def in_a_child(work: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function of a module in a new process and return what it returns."""
    context = multiprocessing.get_context("spawn")
    reader, writer = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(writer, work, arguments))
    process.start()
    writer.close()
    try:
        return reader.recv()
    finally:
        process.join()


def _answer(writer: Connection, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    writer.send(work(*arguments))
