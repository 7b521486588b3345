"""Locks that end with the process that holds them: files under flock(2) that say who that is."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from orchestrator.errors import StoreError

MAX_CHARS = 300


@contextmanager
def held(path: Path, who: str, *, busy: Callable[[str], None]) -> Iterator[None]:
    """Hold a lock while entered.

    When somebody else holds it, ``busy`` is called with what that one wrote; once it returns, the lock is
    waited for, and whoever does not want to wait raises there. The file stays: were it removed, one who
    waits would hold a lock on nothing.

    Raises
    ------
    StoreError
        The lock cannot be made.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or error}", hint="is the disk full?") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            busy(file.read(MAX_CHARS))
            fcntl.flock(file, fcntl.LOCK_EX)
        try:
            file.truncate(0)
            file.write(who)
            file.flush()
        except OSError as error:
            raise StoreError(f"{path}: {error.strerror or error}", hint="is the disk full?") from error
        yield
