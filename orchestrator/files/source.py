"""Bytes of a file or of standard input: unpacked, hashed, and counted while they are read."""

from __future__ import annotations

import gzip
import hashlib
import os
import stat
import sys
import zlib
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from orchestrator.errors import K6Error, StoreError, UsageError

READ_BYTES = 4 << 20
GZIP_MAGIC = b"\x1f\x8b"
STANDARD_INPUT = "-"
EXPECTED = "expected what `k6 run -o csv=FILE` or `-o json=FILE` writes, plain or with gzip"


class Source:
    """The content of a file, or of standard input for ``-``; a gzip is known by its first bytes.

    Parameters
    ----------
    name
        A path, or ``-``.

    Raises
    ------
    OSError
        It cannot be opened; see `telling`.
    """

    def __init__(self, name: str) -> None:
        self.label = label_of(name)
        self.is_standard_input = name == STANDARD_INPUT
        self._file: IO[bytes] = (
            sys.stdin.buffer if self.is_standard_input else Path(name).open("rb")  # noqa: SIM115 # see close
        )
        status = os.fstat(self._file.fileno())
        self.size = status.st_size if stat.S_ISREG(status.st_mode) else None
        self.taken = 0
        """Bytes of the file that were read, packed as they are."""
        self._hash = hashlib.sha256()
        # On a thread of its own: it takes about as long as all else that is done with a block here.
        self._hashing = ThreadPoolExecutor(1)
        self._hashed: Future[None] | None = None
        self._first = self._file.read(len(GZIP_MAGIC))
        self.packed = self._first == GZIP_MAGIC
        counted = cast("IO[bytes]", _Counted(self))  # it does all that is asked of one here
        self._stream = gzip.GzipFile(fileobj=counted) if self.packed else counted

    def read(self) -> bytes:
        """Return more of the unpacked content; nothing at its end."""
        data = self._stream.read(READ_BYTES)
        self._wait()
        self._hashed = self._hashing.submit(self._hash.update, data)
        return data

    def sha256(self) -> str:
        """Return the hash of the unpacked content read so far."""
        self._wait()
        return self._hash.hexdigest()

    def close(self) -> None:
        """Close the file; standard input is left open."""
        self._hashing.shutdown()
        if not self.is_standard_input:
            self._file.close()

    def _wait(self) -> None:
        if self._hashed is not None:
            self._hashed.result()

    def take(self, size: int) -> bytes:
        """Return bytes as they are in the file, those first that told what it is."""
        first, self._first = self._first[:size], self._first[size:]
        data = first + self._file.read(size - len(first))
        self.taken += len(data)
        return data


class _Counted:
    """What `gzip` asks of a file."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def read(self, size: int) -> bytes:
        return self._source.take(size)


def label_of(name: str) -> str:
    """Return how a source is called in messages."""
    return "standard input" if name == STANDARD_INPUT else name


@contextmanager
def telling(name: str) -> Iterator[None]:
    """Say which file it was that could not be read, and what to do.

    Raises
    ------
    UsageError
        In place of whatever went wrong with the file; what goes wrong with the home is left as it is.
    """
    label = label_of(name)
    try:
        yield
    except StoreError:
        raise
    except FileNotFoundError:
        raise UsageError(
            f"{label}: there is no such file", hint="give the path of samples of k6, or the id of a run"
        ) from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UsageError(
            f"{label}: {error}",
            hint="the gzip is cut off or damaged; what is whole of it reads as"
            " `gzip -dc FILE 2>/dev/null | stallwatch analyze -`",
        ) from error
    except OSError as error:
        raise UsageError(f"{label}: {error.strerror or error}", hint=EXPECTED) from error
    except K6Error as error:
        raise UsageError(f"{label}: {error.message}", hint=error.hint or EXPECTED) from error
