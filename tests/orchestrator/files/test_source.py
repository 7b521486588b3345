"""Bytes of files: unpacked, counted, hashed; what goes wrong with a file is one line."""

from __future__ import annotations

import gzip
import hashlib
import os
from pathlib import Path

import pytest

from orchestrator.errors import K6Error, StoreError, UsageError
from orchestrator.files import source
from orchestrator.files.source import Source, telling


def read(path: Path) -> tuple[bytes, Source]:
    """Return all that a source gives."""
    opened = Source(str(path))
    content = b""
    while data := opened.read():
        content += data
    return content, opened


CONTENT = os.urandom(5_000) + b"\n" * 5_000


@pytest.mark.parametrize("piece", [1, 2, 3, 4096, 1 << 22])
@pytest.mark.parametrize("packed", [False, True])
def test_content_is_read_in_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: int, packed: bool
) -> None:
    """Whatever the size of the pieces, plain or packed: all bytes, their hash, and how far it got."""
    monkeypatch.setattr(source, "READ_BYTES", piece)
    content = CONTENT if piece > 3 else CONTENT[:50]
    path = tmp_path / "a"
    path.write_bytes(gzip.compress(content) if packed else content)
    found, opened = read(path)
    assert found == content
    assert opened.packed is packed
    assert opened.sha256() == hashlib.sha256(content).hexdigest()
    assert opened.taken == opened.size == path.stat().st_size
    opened.close()


def test_a_gzip_of_several_parts_is_one_content(tmp_path: Path) -> None:
    """As `cat a.gz b.gz` and k6's own rotation make them."""
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(b"one") + gzip.compress(b"two") + b"\0" * 512)
    content, opened = read(path)
    opened.close()
    assert content == b"onetwo"


@pytest.mark.parametrize("content", [b"", b"\x1f"])
def test_less_than_a_magic_number(tmp_path: Path, content: bytes) -> None:
    """An empty file is no gzip, nor is a single byte."""
    path = tmp_path / "a"
    path.write_bytes(content)
    found, opened = read(path)
    opened.close()
    assert (found, opened.packed) == (content, False)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (FileNotFoundError(2, "gone"), "a.csv: there is no such file"),
        (PermissionError(13, "Permission denied"), "a.csv: Permission denied"),
        (EOFError("ended before"), "a.csv: ended before; the gzip is cut off"),
        (gzip.BadGzipFile("CRC"), "a.csv: CRC; the gzip is cut off"),
        (K6Error("no samples", hint="look"), "a.csv: no samples; look"),
    ],
)
def test_what_goes_wrong_names_the_file(error: Exception, said: str) -> None:
    """One usage error, whatever it was."""
    with pytest.raises(UsageError) as raised, telling("a.csv"):
        raise error
    assert str(raised.value).startswith(said)
    assert raised.value.hint


def test_a_full_disk_is_not_the_files_fault() -> None:
    """What goes wrong with the home stays what it is."""
    with pytest.raises(StoreError, match="full"), telling("a.csv"):
        raise StoreError("the disk is full")
